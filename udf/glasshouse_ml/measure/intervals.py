"""Metrics with 95 % intervals, and the confusion matrix."""

from typing import Any

import numpy as np

from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import json_number
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.measure.classification_metrics import ClassificationScores

# Weights of some samples at a time: enough for numpy, small enough for the processor's cache.
_BLOCK_CELLS = 1_000_000
# More draws no longer change the digits of an interval that are shown.
_MAX_DRAWS = 10_000_000
_MIN_SAMPLES = 200
Z_95 = 1.959963984540054


def metric_intervals(
    scores: EvaluationInput, samples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """The 95 % interval of every metric, by name; empty without samples.

    A proportion of rows gets its Wilson interval, every other metric a bootstrap: the bootstrap of
    a proportion of 1 would have no width.
    """
    count = len(scores.actual)
    if not samples:
        return {}
    samples = min(samples, max(_MIN_SAMPLES, _MAX_DRAWS // count))
    rng = np.random.default_rng(seed)
    metrics = {name: metric for name, metric in scores.metrics.items() if metric.supports_bootstrap}
    records: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    block = max(1, _BLOCK_CELLS // count)
    for start in range(0, samples, block):
        check_interrupts()
        size = min(block, samples - start)
        draws = rng.integers(0, count, (size, count))
        draws += np.arange(size)[:, None] * count
        weights = np.bincount(draws.ravel(), minlength=size * count).reshape(size, count)
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, metric in metrics.items():
                records[name].append(metric.measure(scores, weights.astype(float)))
    ranges = {name: _percentiles(np.concatenate(values)) for name, values in records.items()}
    return ranges | {
        name: wilson_interval(correct / total, total) if total else (np.nan, np.nan)
        for name, (correct, total) in scores.proportions().items()
    }


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a proportion, valid near 0 and 1 and for few rows."""
    z = Z_95
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    # A sample without any row of a class has no ROC curve and is left out.
    values = values[np.isfinite(values)]
    if not len(values):
        return (np.nan, np.nan)
    lower, upper = np.quantile(values, (0.025, 0.975))
    return float(lower), float(upper)


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
