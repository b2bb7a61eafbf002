"""The curves a person looks at to judge a classifier, as rows of points."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from glasshouse_ml.core.records import json_number
from glasshouse_ml.measure.classification_metrics import ClassificationScores, Ranking
from glasshouse_ml.measure.intervals import wilson

MOST_POINTS = 200
CALIBRATION_BINS = 10
# Fewer rows than this in bins of 0.05 would draw noise.
FINE_FROM = 400


def curve_rows(rows: ClassificationScores, names: list[str]) -> list[dict[str, Any]]:
    """Every curve, for the positive class or for each class against the rest."""
    found: list[dict[str, Any]] = []
    for position in rows.rankings:
        hits = rows.actual == position
        # A class without a row on one side has no curve.
        if not hits.any() or hits.all():
            continue
        scores = rows.probabilities[:, position]
        found += ranking_rows(rows, position, names[position])
        found += _numbered("calibration", names[position], _calibration(hits, scores))
    for position, name in enumerate(names):
        found += _numbered("score_distribution", name, _distribution(rows, position))
    return found


def threshold_rows(rows: ClassificationScores) -> list[dict[str, Any]]:
    """What each threshold from 0 to 1 means for the rows; only two classes have one.

    Where it is known what mistakes cost, so is the mean cost of a row.
    """
    if not rows.binary:
        return []
    hits = rows.actual == rows.positive
    scores = rows.probabilities[:, rows.positive]
    thresholds = np.arange(101) / 100
    flagged = len(hits) - np.searchsorted(np.sort(scores), thresholds)
    found = int(hits.sum()) - np.searchsorted(np.sort(scores[hits]), thresholds)
    wrong, missed = flagged - found, hits.sum() - found
    with np.errstate(divide="ignore", invalid="ignore"):
        curves = {
            "precision": found / flagged,
            "recall": found / hits.sum(),
            "f1": 2 * found / (2 * found + wrong + missed),
            "flagged_share": flagged / len(hits),
        }
    if rows.costs:
        paid = wrong * rows.costs.false_positive + missed * rows.costs.false_negative
        curves["cost"] = paid / len(hits)
    return [
        {
            "curve": "threshold",
            "series": series,
            "position": position + 1,
            "x": float(thresholds[position]),
            "y": json_number(values[position]),
            "threshold": float(thresholds[position]),
            "n": int(flagged[position]),
        }
        for series, values in curves.items()
        for position in range(len(thresholds))
        # Where nothing is flagged there is no precision.
        if np.isfinite(values[position])
    ]


def ranking_rows(rows: ClassificationScores, position: int, name: str) -> list[dict[str, Any]]:
    """The curves that need no more than the order of the rows, about one class."""
    ranking = rows.rankings[position]
    found: list[dict[str, Any]] = []
    for curve, points in (
        ("roc", _roc(ranking)),
        ("precision_recall", _precision_recall(ranking)),
        ("gain", _gain(ranking)),
    ):
        found += _numbered(curve, name, points)
    return found


def _numbered(curve: str, series: str, points: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"curve": curve, "series": series, "position": position, **point}
        for position, point in enumerate(points, start=1)
    ]


def _steps(ranking: Ranking) -> tuple[np.ndarray, np.ndarray]:
    hits, misses = ranking.steps(np.ones((1, len(ranking.order))))
    return hits[0], misses[0]


def _thin(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """At most MOST_POINTS positions, evenly spaced along the way the curve goes."""
    if len(x) <= MOST_POINTS:
        return np.arange(len(x))
    way = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    wanted = np.linspace(0.0, way[-1], MOST_POINTS)
    return np.unique(np.append(np.searchsorted(way, wanted[:-1]), len(x) - 1))


def _roc(ranking: Ranking) -> Iterator[dict[str, Any]]:
    hits, misses = _steps(ranking)
    x, y = np.append(0.0, misses / misses[-1]), np.append(0.0, hits / hits[-1])
    # Nothing is above the first point, so its threshold has no value.
    thresholds = np.append(np.nan, ranking.scores)
    for i in _thin(x, y):
        yield {"x": float(x[i]), "y": float(y[i]), "threshold": json_number(thresholds[i])}


def _precision_recall(ranking: Ranking) -> Iterator[dict[str, Any]]:
    hits, misses = _steps(ranking)
    x, y = hits / hits[-1], hits / (hits + misses)
    for i in _thin(x, y):
        yield {"x": float(x[i]), "y": float(y[i]), "threshold": float(ranking.scores[i])}


def _gain(ranking: Ranking) -> Iterator[dict[str, Any]]:
    hits, misses = _steps(ranking)
    taken = np.append(0.0, (hits + misses) / (hits + misses)[-1])
    reached = np.append(0.0, hits / hits[-1])
    shares = np.arange(101) / 100
    # Rows of equal score are taken together, so the way between two steps is straight.
    for share, value in zip(shares, np.interp(shares, taken, reached), strict=True):
        yield {"x": float(share), "y": float(value)}


def _calibration(hits: np.ndarray, scores: np.ndarray) -> Iterator[dict[str, Any]]:
    edges = np.quantile(scores, np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1])
    # In whole per cents: groups that a reader could not tell apart become one.
    edges = np.unique(np.round(edges, 2))
    bins = np.searchsorted(edges, scores, side="left")
    for position in np.unique(bins):
        inside = bins == position
        n, share = int(inside.sum()), float(hits[inside].mean())
        lower, upper = wilson(share, n)
        yield {
            "x": float(scores[inside].mean()),
            "y": share,
            "lower": lower,
            "upper": upper,
            "n": n,
        }


def _distribution(rows: ClassificationScores, position: int) -> Iterator[dict[str, Any]]:
    """How the scores of one class are spread."""
    inside = rows.actual == position
    shown = rows.positive if rows.binary else position
    bins = 20 if len(rows.actual) >= FINE_FROM else 10
    places = np.minimum((rows.probabilities[inside, shown] * bins).astype(int), bins - 1)
    counts = np.bincount(places, minlength=bins)
    for place, n in enumerate(counts):
        share = float(n / counts.sum()) if counts.sum() else 0.0
        yield {"x": place / bins, "y": share, "n": int(n)}
