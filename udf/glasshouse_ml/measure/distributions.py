"""The distribution of each feature: summary statistics, and counts by class in bins."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, LIST, Table
from glasshouse_ml.data.documents import word_counts
from glasshouse_ml.data.item_lists import item_counts
from glasshouse_ml.measure.numeric_summary import bin_edges, sorted_values, summary_statistics

MAX_CATEGORIES = 12
# How the bin of NULL and that of the rarer categories are shown. A category may have the same name:
# what tells bins apart is their type.
MISSING, OTHER = "(missing)", "other"
RANGE_BIN, VALUE_BIN, OTHER_BIN, MISSING_BIN = "range", "value", "other", "missing"


def describe_features(
    features: list[Feature],
    table: Table,
    classes: np.ndarray,
    names: Sequence[str | None],
    univariate_auc: Callable[[np.ndarray], float | None],
) -> Iterator[tuple[dict[str, Any], Records]]:
    """For each feature its summary, and rows of ml.distributions, zero counts included.

    One sort of a feature's numbers serves both. `classes` is the position of each row's class among
    `names`; univariate_auc() measures how well the values of one feature separate the classes.
    """
    for feature in features:
        summary: dict[str, Any] = {"name": feature.name, "type": feature.type, "kind": feature.kind}
        if feature.kind == CATEGORY:
            texts = table.texts[feature.name]
            summary |= {
                "rows": table.rows,
                "missing": int((texts.codes < 0).sum()),
                "distinct": len(np.unique(texts.codes[texts.codes >= 0])),
            }
            codes, bins = category_bins(texts.codes, texts.levels)
        elif feature.has_documents:
            texts = table.texts[feature.name]
            is_list = feature.kind == LIST
            values = item_counts(texts, feature.separator) if is_list else word_counts(texts)
            ascending = sorted_values(values)
            # Words and items are counted; the distinct values are those of the texts.
            summary |= summary_statistics(ascending, len(values))
            summary["distinct"] = len(np.unique(texts.codes[texts.codes >= 0]))
            codes, bins = _number_bins(values, ascending)
        else:
            values = table.numbers[feature.name]
            ascending = sorted_values(values)
            summary |= summary_statistics(ascending, len(values))
            summary["univariate_auc"] = univariate_auc(values)
            if feature.calendar_parts:
                summary["calendar_parts"] = list(feature.calendar_parts)
            if feature.kind == BOOLEAN:
                codes = np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(int)
                codes, bins = _with_missing(codes, [value_bin("false"), value_bin("true")])
            else:
                codes, bins = _number_bins(values, ascending)
        yield summary, _bin_rows(feature, codes, bins, classes, names)


def _bin_rows(
    feature: Feature,
    codes: np.ndarray,
    bins: list[dict[str, Any]],
    classes: np.ndarray,
    names: Sequence[str | None],
) -> Records:
    cells = np.bincount(codes * len(names) + classes, minlength=len(bins) * len(names))
    labels = {"feature": feature.name, "kind": feature.kind}
    return [
        {**labels, "bin": position, **bounds, "class": name, "n": int(n)}
        for position, (bounds, counts) in enumerate(
            zip(bins, cells.reshape(len(bins), len(names)), strict=True), start=1
        )
        for name, n in zip(names, counts, strict=True)
    ]


def share_curve(
    curve: str, values: np.ndarray, groups: np.ndarray, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of ml.curves: for each group the share of its values in each bin of all values."""
    codes, bins = _number_bins(values, sorted_values(values))
    records = []
    for group, name in enumerate(names):
        counts = np.bincount(codes[groups == group], minlength=len(bins))
        for position, (bounds, n) in enumerate(zip(bins, counts, strict=True), start=1):
            share = float(n / counts.sum()) if counts.sum() else 0.0
            records.append(
                {
                    "curve": curve,
                    "series": name,
                    "position": position,
                    "x": json_number(bounds["lower"]),
                    "y": share,
                    "n": int(n),
                }
            )
    return records


def _with_missing(codes: np.ndarray, bins: list[dict]) -> tuple[np.ndarray, list[dict]]:
    """The same with a last bin for NULL, where there is one."""
    if (codes < 0).any():
        codes = np.where(codes < 0, len(bins), codes)
        bins = [*bins, missing_bin()]
    return codes, bins


def value_bin(category: str) -> dict[str, Any]:
    """The bin of one category."""
    return {"category": category, "bin_type": VALUE_BIN}


def missing_bin() -> dict[str, Any]:
    """The bin of NULL."""
    return {"category": MISSING, "bin_type": MISSING_BIN}


def range_bins(edges: np.ndarray) -> list[dict[str, Any]]:
    """The bins between edges in ascending order."""
    return [
        {"lower": float(low), "upper": float(high), "bin_type": RANGE_BIN}
        for low, high in pairwise(edges)
    ]


def category_bins(codes: np.ndarray, levels: list[str]) -> tuple[np.ndarray, list[dict]]:
    """The bin of each row, and the bins: the most frequent categories, then one for all others."""
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    bin_of_code = np.full(len(levels) + 1, -1)
    top = order if len(order) <= MAX_CATEGORIES + 1 else order[:MAX_CATEGORIES]
    bin_of_code[order] = len(top)
    bin_of_code[top] = np.arange(len(top))
    bins = [value_bin(levels[position]) for position in top]
    if len(top) < len(order):
        bins.append({"category": OTHER, "bin_type": OTHER_BIN})
    bin_of_code[-1] = -1
    return _with_missing(bin_of_code[codes], bins)


def _number_bins(values: np.ndarray, ascending: np.ndarray) -> tuple[np.ndarray, list[dict]]:
    if not len(ascending):
        return _with_missing(np.full(len(values), -1), [])
    edges = bin_edges(ascending)
    codes = np.searchsorted(edges[1:-1], np.nan_to_num(values), side="right")
    codes = np.where(np.isnan(values), -1, codes)
    return _with_missing(codes, range_bins(edges))
