"""The bootstrap: weights of resampled rows, and the interval from the values of a metric on them.

Rows that belong together (one group, or neighbouring moments of a time series) are drawn together:
drawn one by one they would look like more evidence than they are.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr, stdtrit

from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.split import ResamplingUnits

# Weights of some samples at a time: enough for numpy, small enough for the processor's cache.
_BLOCK_CELLS = 1_000_000
# More draws no longer change the digits of an interval that are shown.
_MAX_DRAWS = 10_000_000
_MIN_SAMPLES = 200


def bootstrap_weights(
    rows: int, samples: int, seed: int, units: ResamplingUnits | None = None
) -> Iterator[np.ndarray]:
    """How often each row is in each sample, in blocks of shape (samples of the block, rows).

    Units are drawn with replacement; the rows of a unit share its weight. With a block length above
    1, that many consecutive units are drawn together and the first follows the last (circular block
    bootstrap: Politis and Romano, Exploring the Limits of Bootstrap, 1992). Of many rows there are
    fewer samples than asked for, but at least 200.
    """
    samples = min(samples, max(_MIN_SAMPLES, _MAX_DRAWS // rows))
    rng = np.random.default_rng(seed)
    count = units.count if units else rows
    length = units.block_length if units else 1
    size = max(1, _BLOCK_CELLS // rows)
    for start in range(0, samples, size):
        block = min(size, samples - start)
        draws = rng.integers(0, count, (block, -(-count // length)))
        draws += np.arange(block)[:, None] * count
        starts = np.bincount(draws.ravel(), minlength=block * count).reshape(block, count)
        weights = sum(np.roll(starts, shift, axis=1) for shift in range(length))
        weights = np.asarray(weights, float)
        yield weights[:, units.codes] if units else weights


def paired_gains(
    metric: Metric,
    scores: EvaluationInput,
    other: EvaluationInput,
    samples: int,
    seed: int,
    units: ResamplingUnits | None = None,
    other_rows: np.ndarray | None = None,
) -> np.ndarray:
    """The gain of scores over other on each bootstrap sample, of shape (samples,).

    Both are measured on the same resampled rows; other_rows masks those that other is measured on.
    """
    gains = [np.empty(0)]
    for weights in bootstrap_weights(len(scores.actual), samples, seed, units):
        other_weights = weights if other_rows is None else weights * other_rows
        with np.errstate(divide="ignore", invalid="ignore"):
            gains.append(metric.values(scores, weights) - metric.values(other, other_weights))
    difference = np.concatenate(gains)
    return difference if metric.higher_is_better else -difference


def percentile_interval(values: np.ndarray, units: float) -> tuple[float, float]:
    """The 95 % interval from the values of a metric on bootstrap samples; NaN without a value.

    The percentiles lie further out for few units, because the bootstrap distribution of n units is
    narrower than it should be by sqrt((n - 1) / n) and normal where it should be t (the expanded
    percentile interval: Hesterberg, The American Statistician 69, 2015). Samples in which the
    metric is undefined are left out: one without any row of a class has no ROC curve.
    """
    values = values[np.isfinite(values)]
    if not len(values) or units <= 1:
        return np.nan, np.nan
    tail = ndtr(-np.sqrt(units / (units - 1)) * stdtrit(units - 1, 0.975))
    lower, upper = np.quantile(values, (tail, 1 - tail))
    return float(lower), float(upper)
