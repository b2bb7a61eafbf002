"""Prediction intervals from the errors of the rolling-origin evaluation (conformal prediction).

Lei et al., "Distribution-free predictive inference for regression" (2018). The errors are put on
one scale: each is divided by the scale of its series before its origin, and by the growth of the
error with the step. Errors of neighbouring origins and steps resemble one another, so a series has
fewer independent errors than errors. The fewer it has, the more it leans on the other series, and
the wider is its interval.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t
from sklearn.isotonic import IsotonicRegression

# The weight of the quantiles of all series, as a number of independent errors of a series.
_PRIOR = 12.0
# The same for the size of the errors of a series, and for the exponent with which they grow.
_SIZE_PRIOR, _GROWTH_PRIOR = 3.0, 1.0
# With fewer origins, and fewer series, errors above and below the forecast count alike.
_MIN_SIGNED = 4
# With fewer independent errors Student's t has no useful quantile.
_MIN_INDEPENDENT = 2.0
# Without any error to learn from: the 80 % interval of normal errors, by their mean absolute error.
_NORMAL_80 = 1.6


@dataclass(frozen=True)
class Offsets:
    """What to add to a forecast for the ends of its interval; shape (series, steps)."""

    lower: np.ndarray
    upper: np.ndarray


def conformal_offsets(
    errors: np.ndarray,
    level: float,
    horizon: int,
    origins: np.ndarray,
    origin_scales: np.ndarray,
    scale: np.ndarray,
) -> Offsets:
    """The offsets of the interval that holds `level` of the truth.

    Parameters
    ----------
    errors : ndarray of shape (origins, series, steps)
        Truth less forecast; NaN where there is none.
    horizon : int
        Steps of the answer; those beyond the errors grow with the root of the step.
    origins : ndarray of shape (origins,)
        The number of periods before each origin.
    origin_scales : ndarray of shape (origins, series)
        The usual change of each series before each origin; NaN where it has none.
    scale : ndarray of shape (series,)
        The same at the end, which also stands in for errors that a series does not have.
    """
    relative = origin_scales / scale
    errors = errors / np.where(np.isfinite(relative), relative, 1.0)[:, :, None]
    independent = _independent_errors(errors, origins)
    growth = _growth(errors, independent, horizon)
    scaled = errors / growth[:, : errors.shape[2]]
    unit = _mean_absolute(scaled)
    has_errors = np.isfinite(unit) & (unit > 0)
    pooled = (scaled / unit[:, None])[:, has_errors]
    tail = (1 - level) / 2
    lent_errors = pooled[np.isfinite(pooled)]
    if max(pooled.shape[:2]) < _MIN_SIGNED:
        lent_errors = np.concatenate([lent_errors, -lent_errors])
    # The rank of split conformal prediction: one more value than there are independent ones.
    rank = tail - (1 - tail) / max(independent[has_errors].sum(), 1)
    common = _quantiles(lent_errors, max(rank, 0.0))
    size, substitutes = _sizes(unit, scale, independent)
    # Beside other series the error of its size widens the interval of a series, as Student's t.
    stretch = np.ones(len(scale))
    if pooled.shape[1] > 1:
        stretch = t.ppf(1 - tail, independent + _SIZE_PRIOR) / norm.ppf(1 - tail)
    ends = np.empty((len(scale), 2))
    for row in range(len(scale)):
        own = scaled[:, row][np.isfinite(scaled[:, row])]
        if not len(own):
            of_all = common if np.isfinite(common).all() else np.array([-_NORMAL_80, _NORMAL_80])
            ends[row] = of_all * substitutes[row]
            continue
        if np.isfinite(scaled[:, row]).any(axis=1).sum() < _MIN_SIGNED:
            # Too few origins say nothing of a side: the interval is symmetric.
            own = np.concatenate([own, -own])
        ends[row] = _quantiles(own, tail)
        if np.isfinite(common).all():
            weight = independent[row] / (independent[row] + _PRIOR)
            ends[row] = weight * ends[row] + (1 - weight) * common * unit[row]
        ends[row] *= stretch[row] * (size[row] / unit[row] if unit[row] > 0 else 1.0)
    lower, upper = np.minimum(ends[:, 0], 0), np.maximum(ends[:, 1], 0)
    return Offsets(lower[:, None] * growth, upper[:, None] * growth)


def _sizes(
    unit: np.ndarray, scale: np.ndarray, independent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The size of the errors of each series, and the one that other series would give it.

    The first is a mean of logarithms of its own mean absolute error and of the second.
    """
    has_both = np.isfinite(unit) & (unit > 0) & np.isfinite(scale) & (scale > 0)
    usual = float(np.median(unit[has_both] / scale[has_both])) if has_both.any() else 1.0
    substitutes = np.nan_to_num(scale) * usual
    weight = independent / (independent + _SIZE_PRIOR)
    size = unit.copy()
    size[has_both] = np.exp(
        weight[has_both] * np.log(unit[has_both])
        + (1 - weight[has_both]) * np.log(substitutes[has_both])
    )
    return size, substitutes


def _independent_errors(errors: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """How many independent errors each series has.

    The mean error of each period over the origins is a series in time; n values of it with the
    autocorrelations r are worth n / (1 + 2 sum r), summed up to the first that is not positive.
    """
    steps = errors.shape[2]
    periods = origins[:, None] - origins.min() + np.arange(steps)
    sums = np.zeros((int(periods.max()) + 1, errors.shape[1]))
    counts = np.zeros_like(sums)
    for place, period in enumerate(periods):
        present = np.isfinite(errors[place]).T
        sums[period] += np.where(present, errors[place].T, 0.0)
        counts[period] += present
    means = sums / np.maximum(counts, 1)
    number = np.maximum((counts > 0).sum(axis=0), 1)
    variance = (means**2).sum(axis=0)
    total = np.zeros(errors.shape[1])
    rows = np.flatnonzero(variance > 0)
    for lag in range(1, len(means)):
        correlation = (means[lag:, rows] * means[:-lag, rows]).sum(axis=0) / variance[rows]
        rows, correlation = rows[correlation > 0], correlation[correlation > 0]
        if not len(rows):
            break
        total[rows] += correlation
    return np.maximum(number / (1 + 2 * total), _MIN_INDEPENDENT)


def _growth(errors: np.ndarray, independent: np.ndarray, horizon: int) -> np.ndarray:
    """How the absolute error of each series grows with the step, of shape (series, horizon).

    It never falls, and its mean over the steps of the errors is 1. The growth of all series is
    multiplied by a power of the step for each series.
    """
    common = _common_growth(errors)
    steps = np.arange(1, len(common) + 1)
    growth = common * steps ** _growth_exponents(errors / common, independent)[:, None]
    growth = np.maximum.accumulate(growth, axis=1)
    growth /= growth.mean(axis=1, keepdims=True)
    if horizon <= len(common):
        return growth[:, :horizon]
    extrapolation = np.sqrt(np.arange(len(common) + 1, horizon + 1) / len(common))
    return np.concatenate([growth, growth[:, -1:] * extrapolation], axis=1)


def _growth_exponents(scaled: np.ndarray, independent: np.ndarray) -> np.ndarray:
    """The slope of log(mean absolute error) on log(step) of each series, shrunk towards 0."""
    counts = np.isfinite(scaled).sum(axis=0)
    means = np.nansum(np.abs(scaled), axis=0) / np.maximum(counts, 1)
    weights = np.where(means > 0, counts, 0.0)
    logs = np.log(np.where(means > 0, means, 1.0))
    steps = np.log(np.arange(1, scaled.shape[2] + 1))
    total = np.maximum(weights.sum(axis=1), 1)
    centred = steps - ((weights * steps).sum(axis=1) / total)[:, None]
    variance = (weights * centred**2).sum(axis=1)
    slopes = (weights * centred * logs).sum(axis=1) / np.where(variance > 0, variance, np.inf)
    return slopes * independent / (independent + _GROWTH_PRIOR)


def _common_growth(errors: np.ndarray) -> np.ndarray:
    """How the absolute error grows with the step, over all series; its mean is 1."""
    steps = errors.shape[2]
    by_step = np.stack([_mean_absolute(errors[:, :, step, None]) for step in range(steps)])
    overall = _mean_absolute(errors)
    usable = np.isfinite(overall) & (overall > 0)
    relative = by_step[:, usable] / overall[usable]
    counts = np.isfinite(relative).sum(axis=1)
    if not counts.any():
        return np.ones(steps)
    mean = np.where(counts > 0, np.nansum(relative, axis=1) / np.maximum(counts, 1), np.nan)
    positions = np.flatnonzero(np.isfinite(mean))
    rising = IsotonicRegression(out_of_bounds="clip").fit(
        positions, mean[positions], counts[positions]
    )
    growth = np.maximum(rising.predict(np.arange(steps)), 1e-3)
    return growth / growth.mean()


def _mean_absolute(errors: np.ndarray) -> np.ndarray:
    """The mean absolute error of each series; NaN without any."""
    counts = np.isfinite(errors).sum(axis=(0, 2))
    sums = np.nansum(np.abs(errors), axis=(0, 2))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _quantiles(values: np.ndarray, tail: float) -> np.ndarray:
    """Both ends of an interval; NaN without values."""
    return np.quantile(values, [tail, 1 - tail]) if len(values) else np.full(2, np.nan)
