"""Metrics with 95 % intervals, and the confusion matrix."""

from typing import Any

import numpy as np

from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.split import ResamplingUnits
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.measure.bootstrap import bootstrap_weights, percentile_interval
from glasshouse_ml.measure.classification_metrics import ClassificationScores

Z_95 = 1.959963984540054


def metric_intervals(
    scores: EvaluationInput, samples: int, seed: int, units: ResamplingUnits | None = None
) -> dict[str, tuple[float, float]]:
    """The 95 % interval of every metric, by name; empty without samples.

    A proportion of rows gets its Wilson interval, every other metric a bootstrap: the bootstrap of
    a proportion of 1 would have no width.
    """
    count = len(scores.actual)
    if not samples:
        return {}
    metrics = {name: metric for name, metric in scores.metrics.items() if metric.supports_bootstrap}
    blocks: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    for weights in bootstrap_weights(count, samples, seed, units):
        check_interrupts()
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, metric in metrics.items():
                blocks[name].append(metric.values(scores, weights))
    values = {name: np.concatenate(parts) for name, parts in blocks.items()}
    independent = units.independent if units else count
    intervals = {name: percentile_interval(v, independent) for name, v in values.items()}
    for name, (correct, total) in scores.proportions().items():
        intervals[name] = (np.nan, np.nan)
        if total and (units is None or independent > 1):
            share = correct / total
            rows = (
                _effective_rows(share, total, values[name], independent / count) if units else total
            )
            intervals[name] = wilson_interval(share, rows)
    return intervals


def _effective_rows(share: float, rows: int, values: np.ndarray, units_per_row: float) -> float:
    """The number of independent rows that would leave a proportion as uncertain as these rows.

    Rows by the design effect, the variance of the bootstrap samples by that of independent rows
    (Kish, Survey Sampling, 1965). A proportion of 0 or 1 has no variance; there the units count.
    """
    variance = share * (1 - share) / rows
    if not variance:
        return max(1.0, rows * units_per_row)
    design_effect = np.nanvar(values[np.isfinite(values)], ddof=1) / variance
    return rows / max(1.0, design_effect)


def wilson_interval(share: float, n: float) -> tuple[float, float]:
    """The 95 % Wilson interval of a proportion, valid near 0 and 1 and for few rows."""
    z = Z_95
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def metric_rows(
    scores: EvaluationInput,
    series: str,
    split: str,
    fold: int | None = None,
    intervals: dict[str, tuple[float, float]] | None = None,
    segment: str = "all",
) -> list[dict[str, Any]]:
    """A row of ml.metrics for every metric."""
    records = []
    for name, metric in scores.metrics.items():
        lower, upper = (intervals or {}).get(name, (None, None))
        records.append(
            {
                "series": series,
                "split": split,
                "fold": fold,
                "segment": segment,
                "metric": name,
                "higher_is_better": metric.higher_is_better,
                "value": json_number(metric.value(scores)),
                "lower": json_number(lower),
                "upper": json_number(upper),
                "n": len(scores.actual),
            }
        )
    return records


def confusion_rows(
    scores: ClassificationScores, names: list[str], split: str = "test"
) -> list[dict[str, Any]]:
    """A row of ml.confusion for every pair of classes, also where the count is zero."""
    table = scores.confusion(np.ones((1, len(scores.actual))))[0]
    return [
        {
            "split": split,
            "threshold": scores.threshold if scores.binary else None,
            "actual": actual,
            "predicted": predicted,
            "n": int(table[i, j]),
        }
        for i, actual in enumerate(names)
        for j, predicted in enumerate(names)
    ]
