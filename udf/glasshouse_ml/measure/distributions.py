"""What each feature looks like: statistics, and counts by class in bins."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, Table
from glasshouse_ml.measure.numeric_summary import edges, ordered, statistics

MOST_CATEGORIES = 12
MISSING, OTHER = "(missing)", "other"


def look(
    features: list[Feature],
    table: Table,
    classes: np.ndarray,
    names: Sequence[str | None],
    separation: Callable[[np.ndarray], float | None],
) -> Iterator[tuple[dict[str, Any], Records]]:
    """For each feature its statistics, and registry rows of its bins, zero counts included.

    One sort of a feature's numbers serves both. `classes` is the position of each row's class among
    `names`; separation() says how much the values of a feature tell by themselves.
    """
    for feature in features:
        facts: dict[str, Any] = {"name": feature.name, "type": feature.type, "kind": feature.kind}
        if feature.kind == CATEGORY:
            texts = table.texts[feature.name]
            facts |= {
                "rows": table.rows,
                "missing": int((texts.codes < 0).sum()),
                "distinct": len(np.unique(texts.codes[texts.codes >= 0])),
            }
            places, bins = category_bins(texts.codes, texts.levels)
        else:
            values = table.numbers[feature.name]
            known = ordered(values)
            facts |= statistics(known, len(values))
            facts["separation"] = separation(values)
            if feature.kind == BOOLEAN:
                codes = np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(int)
                places, bins = _with_missing(codes, [{"category": "false"}, {"category": "true"}])
            else:
                places, bins = _number_bins(values, known)
        yield facts, _bin_rows(feature, places, bins, classes, names)


def _bin_rows(
    feature: Feature,
    places: np.ndarray,
    bins: list[dict[str, Any]],
    classes: np.ndarray,
    names: Sequence[str | None],
) -> Records:
    cells = np.bincount(places * len(names) + classes, minlength=len(bins) * len(names))
    told = {"feature": feature.name, "kind": feature.kind}
    return [
        {**told, "bin": position, **limits, "class": name, "n": int(n)}
        for position, (limits, counts) in enumerate(
            zip(bins, cells.reshape(len(bins), len(names)), strict=True), start=1
        )
        for name, n in zip(names, counts, strict=True)
    ]


def share_curve(
    curve: str, values: np.ndarray, groups: np.ndarray, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of a curve: for each group the share of its values in each bin of all of them."""
    places, bins = _number_bins(values, ordered(values))
    found = []
    for group, name in enumerate(names):
        counts = np.bincount(places[groups == group], minlength=len(bins))
        for position, (limits, n) in enumerate(zip(bins, counts, strict=True), start=1):
            share = float(n / counts.sum()) if counts.sum() else 0.0
            found.append(
                {
                    "curve": curve,
                    "series": name,
                    "position": position,
                    "x": json_number(limits["lower"]),
                    "y": share,
                    "n": int(n),
                }
            )
    return found


def _with_missing(places: np.ndarray, bins: list[dict]) -> tuple[np.ndarray, list[dict]]:
    """NULL comes last, and only where there is one."""
    if (places < 0).any():
        places = np.where(places < 0, len(bins), places)
        bins = [*bins, {"category": MISSING}]
    return places, bins


def category_bins(codes: np.ndarray, levels: list[str]) -> tuple[np.ndarray, list[dict]]:
    """The bin of each row, and what each bin is: the most frequent by name, then the others."""
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    places = np.full(len(levels) + 1, -1)
    shown = order if len(order) <= MOST_CATEGORIES + 1 else order[:MOST_CATEGORIES]
    places[order] = len(shown)
    places[shown] = np.arange(len(shown))
    bins = [{"category": levels[position]} for position in shown]
    if len(shown) < len(order):
        bins.append({"category": OTHER})
    places[-1] = -1
    return _with_missing(places[codes], bins)


def _number_bins(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, list[dict]]:
    if not len(known):
        return _with_missing(np.full(len(values), -1), [])
    found = edges(known)
    places = np.searchsorted(found[1:-1], np.nan_to_num(values), side="right")
    places = np.where(np.isnan(values), -1, places)
    bins = [{"lower": float(low), "upper": float(high)} for low, high in pairwise(found)]
    return _with_missing(places, bins)
