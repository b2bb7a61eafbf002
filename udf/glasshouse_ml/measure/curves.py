"""The curves a person looks at to judge a classifier, as rows of points."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from glasshouse_ml.core.records import json_number
from glasshouse_ml.measure.classification_metrics import ClassificationScores, Ranking
from glasshouse_ml.measure.intervals import wilson_interval

MAX_POINTS = 200
CALIBRATION_BINS = 10
# Fewer rows than this in bins of 0.05 would draw noise.
FINE_FROM = 400


def curve_rows(rows: ClassificationScores, names: list[str]) -> list[dict[str, Any]]:
    """Every curve, for the positive class or for each class against the rest."""
    records: list[dict[str, Any]] = []
    for position in rows.rankings:
        is_class = rows.actual == position
        # A class without a row on one side has no curve.
        if not is_class.any() or is_class.all():
            continue
        scores = rows.probabilities[:, position]
        records += ranking_rows(rows, position, names[position])
        records += _numbered("calibration", names[position], _calibration(is_class, scores))
    for position, name in enumerate(names):
        records += _numbered("score_distribution", name, _distribution(rows, position))
    return records


def threshold_rows(rows: ClassificationScores) -> list[dict[str, Any]]:
    """What each threshold from 0 to 1 means for the rows; only two classes have one.

    Where it is known what mistakes cost, so is the mean cost of a row.
    """
    if not rows.binary:
        return []
    is_class = rows.actual == rows.positive
    scores = rows.probabilities[:, rows.positive]
    thresholds = np.arange(101) / 100
    selected = len(is_class) - np.searchsorted(np.sort(scores), thresholds)
    true_positives = int(is_class.sum()) - np.searchsorted(np.sort(scores[is_class]), thresholds)
    false_positives, false_negatives = selected - true_positives, is_class.sum() - true_positives
    with np.errstate(divide="ignore", invalid="ignore"):
        curves = {
            "precision": true_positives / selected,
            "recall": true_positives / is_class.sum(),
            "f1": 2 * true_positives / (2 * true_positives + false_positives + false_negatives),
            "flagged_share": selected / len(is_class),
        }
    if rows.costs:
        cost = (
            false_positives * rows.costs.false_positive
            + false_negatives * rows.costs.false_negative
        )
        curves["cost"] = cost / len(is_class)
    return [
        {
            "curve": "threshold",
            "series": series,
            "position": position + 1,
            "x": float(thresholds[position]),
            "y": json_number(values[position]),
            "threshold": float(thresholds[position]),
            "n": int(selected[position]),
        }
        for series, values in curves.items()
        for position in range(len(thresholds))
        # Where nothing is flagged there is no precision.
        if np.isfinite(values[position])
    ]


def ranking_rows(rows: ClassificationScores, position: int, name: str) -> list[dict[str, Any]]:
    """The curves that need no more than the order of the rows, about one class."""
    ranking = rows.rankings[position]
    records: list[dict[str, Any]] = []
    for curve, points in (
        ("roc", _roc(ranking)),
        ("precision_recall", _precision_recall(ranking)),
        ("gain", _gain(ranking)),
    ):
        records += _numbered(curve, name, points)
    return records


def _numbered(curve: str, series: str, points: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"curve": curve, "series": series, "position": position, **point}
        for position, point in enumerate(points, start=1)
    ]


def _steps(ranking: Ranking) -> tuple[np.ndarray, np.ndarray]:
    true_positives, false_positives = ranking.steps(np.ones((1, len(ranking.order))))
    return true_positives[0], false_positives[0]


def _thin(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """At most MAX_POINTS positions, evenly spaced along the way the curve goes."""
    if len(x) <= MAX_POINTS:
        return np.arange(len(x))
    path_length = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    positions_wanted = np.linspace(0.0, path_length[-1], MAX_POINTS)
    return np.unique(np.append(np.searchsorted(path_length, positions_wanted[:-1]), len(x) - 1))


def _roc(ranking: Ranking) -> Iterator[dict[str, Any]]:
    true_positives, false_positives = _steps(ranking)
    x, y = (
        np.append(0.0, false_positives / false_positives[-1]),
        np.append(0.0, true_positives / true_positives[-1]),
    )
    # Nothing is above the first point, so its threshold has no value.
    thresholds = np.append(np.nan, ranking.scores)
    for i in _thin(x, y):
        yield {"x": float(x[i]), "y": float(y[i]), "threshold": json_number(thresholds[i])}


def _precision_recall(ranking: Ranking) -> Iterator[dict[str, Any]]:
    true_positives, false_positives = _steps(ranking)
    x, y = true_positives / true_positives[-1], true_positives / (true_positives + false_positives)
    for i in _thin(x, y):
        yield {"x": float(x[i]), "y": float(y[i]), "threshold": float(ranking.scores[i])}


def _gain(ranking: Ranking) -> Iterator[dict[str, Any]]:
    true_positives, false_positives = _steps(ranking)
    fraction_selected = np.append(
        0.0, (true_positives + false_positives) / (true_positives + false_positives)[-1]
    )
    fraction_found = np.append(0.0, true_positives / true_positives[-1])
    shares = np.arange(101) / 100
    # Rows of equal score are taken together, so the way between two steps is straight.
    for share, value in zip(
        shares, np.interp(shares, fraction_selected, fraction_found), strict=True
    ):
        yield {"x": float(share), "y": float(value)}


def _calibration(is_class: np.ndarray, scores: np.ndarray) -> Iterator[dict[str, Any]]:
    bin_edges = np.quantile(scores, np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1])
    # In whole per cents: groups that a reader could not tell apart become one.
    bin_edges = np.unique(np.round(bin_edges, 2))
    bins = np.searchsorted(bin_edges, scores, side="left")
    for position in np.unique(bins):
        in_bin = bins == position
        n, share = int(in_bin.sum()), float(is_class[in_bin].mean())
        lower, upper = wilson_interval(share, n)
        yield {
            "x": float(scores[in_bin].mean()),
            "y": share,
            "lower": lower,
            "upper": upper,
            "n": n,
        }


def _distribution(rows: ClassificationScores, position: int) -> Iterator[dict[str, Any]]:
    """How the scores of one class are spread."""
    in_bin = rows.actual == position
    column = rows.positive if rows.binary else position
    bins = 20 if len(rows.actual) >= FINE_FROM else 10
    bin_codes = np.minimum((rows.probabilities[in_bin, column] * bins).astype(int), bins - 1)
    counts = np.bincount(bin_codes, minlength=bins)
    for bin_code, n in enumerate(counts):
        share = float(n / counts.sum()) if counts.sum() else 0.0
        yield {"x": bin_code / bins, "y": share, "n": int(n)}
