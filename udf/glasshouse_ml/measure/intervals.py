"""Measures with 95 % intervals, and the confusion of classes."""

from typing import Any

import numpy as np

from glasshouse_ml.core.metric import Measured
from glasshouse_ml.measure.classification_metrics import Scored

# Weights of some samples at a time: enough for numpy, small enough for the processor's cache.
_BLOCK_CELLS = 1_000_000
# With so many draws in all, an interval no longer changes in what anyone reads.
_MOST_DRAWS = 10_000_000
_LEAST_SAMPLES = 200
Z_95 = 1.959963984540054


def number(value: float | None) -> float | None:
    """A plain float for jsonb, which knows neither NaN nor infinity.

    Twelve digits: the last few depend on the order of a sum, and would make equal things differ.
    """
    return float(f"{value:.12g}") if value is not None and np.isfinite(value) else None


def intervals(rows: Measured, samples: int, seed: int) -> dict[str, tuple[float, float]]:
    """The 95 % interval of every metric; empty when no samples are wanted.

    A share of counted rows gets its Wilson interval, everything else a bootstrap: without a single
    error in the rows every bootstrap sample is perfect, and the interval would claim certainty.
    """
    count = len(rows.actual)
    if not samples:
        return {}
    samples = min(samples, max(_LEAST_SAMPLES, _MOST_DRAWS // count))
    rng = np.random.default_rng(seed)
    metrics = {name: metric for name, metric in rows.metrics.items() if metric.resampled}
    found: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    block = max(1, _BLOCK_CELLS // count)
    for start in range(0, samples, block):
        size = min(block, samples - start)
        draws = rng.integers(0, count, (size, count))
        draws += np.arange(size)[:, None] * count
        weights = np.bincount(draws.ravel(), minlength=size * count).reshape(size, count)
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, metric in metrics.items():
                found[name].append(metric.measure(rows, weights.astype(float)))
    ranges = {name: _middle(np.concatenate(values)) for name, values in found.items()}
    return ranges | {
        name: wilson(right / of, of) if of else (np.nan, np.nan)
        for name, (right, of) in rows.shares().items()
    }


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share: right also near 0 and 1 and for few rows."""
    z = Z_95
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def _middle(values: np.ndarray) -> tuple[float, float]:
    # A sample without any row of a class has no ROC curve: it counts for nothing.
    values = values[np.isfinite(values)]
    if not len(values):
        return (np.nan, np.nan)
    lower, upper = np.quantile(values, (0.025, 0.975))
    return float(lower), float(upper)


def metric_rows(
    rows: Measured,
    series: str,
    split: str,
    fold: int | None = None,
    ranges: dict[str, tuple[float, float]] | None = None,
    segment: str = "all",
) -> list[dict[str, Any]]:
    """A registry row for every metric."""
    found = []
    for name, metric in rows.metrics.items():
        lower, upper = (ranges or {}).get(name, (None, None))
        found.append(
            {
                "series": series,
                "split": split,
                "fold": fold,
                "segment": segment,
                "metric": name,
                "higher_is_better": metric.higher_is_better,
                "value": number(metric.value(rows)),
                "lower": number(lower),
                "upper": number(upper),
                "n": len(rows.actual),
            }
        )
    return found


def confusion_rows(rows: Scored, names: list[str], split: str = "test") -> list[dict[str, Any]]:
    """A registry row for every pair of classes, zeros too."""
    table = rows.confusion(np.ones((1, len(rows.actual))))[0]
    return [
        {
            "split": split,
            "threshold": rows.threshold if rows.binary else None,
            "actual": actual,
            "predicted": predicted,
            "n": int(table[i, j]),
        }
        for i, actual in enumerate(names)
        for j, predicted in enumerate(names)
    ]
