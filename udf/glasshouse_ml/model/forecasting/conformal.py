"""Prediction intervals from the errors of the rolling-origin evaluation (conformal prediction).

Lei et al., "Distribution-free predictive inference for regression" (2018), for the errors of each
step. A few origins give few errors a step, so the errors of all steps of a series are put on one
scale by the growth of the error with the step, and a series with few errors leans on the others.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

# An error of another series counts as this many of its own, in units of its mean absolute error.
_PRIOR = 6.0
# Errors of neighbouring steps and origins resemble one another. An origin counts as so many errors
# against those of other series, and the correction of the quantile for few values takes so many.
_PER_ORIGIN, _INDEPENDENT = 3.0, 30.0
# With fewer origins, and fewer series, errors above and below the forecast count alike.
_MIN_SIGNED = 4
# Without any error to learn from: the 80 % interval of normal errors, by their mean absolute error.
_NORMAL_80 = 1.6


@dataclass(frozen=True)
class Offsets:
    """What to add to a forecast for the ends of its interval; shape (series, steps)."""

    lower: np.ndarray
    upper: np.ndarray


def conformal_offsets(
    errors: np.ndarray, level: float, horizon: int, spacing: float, scale: np.ndarray
) -> Offsets:
    """The offsets of the interval that holds `level` of the truth.

    Parameters
    ----------
    errors : ndarray of shape (origins, series, steps)
        Truth less forecast; NaN where there is none.
    horizon : int
        Steps of the answer; those beyond the errors grow with the root of the step.
    spacing : float
        Origins that are independent of each other, as a share of all.
    scale : ndarray of shape (series,)
        The usual change of each series, which stands in for errors that it does not have.
    """
    growth = _growth(errors)
    steps = len(growth)
    if horizon > steps:
        extrapolation = growth[-1] * np.sqrt(np.arange(steps + 1, horizon + 1) / steps)
        growth = np.concatenate([growth, extrapolation])
    scaled = errors / growth[:steps]
    unit = _mean_absolute(scaled)
    pooled = (scaled / unit[:, None])[:, np.isfinite(unit) & (unit > 0)]
    tail = (1 - level) / 2
    series = scaled.shape[1]
    lower, upper = np.empty(series), np.empty(series)
    lent_errors = pooled[np.isfinite(pooled)]
    if max(pooled.shape[:2]) < _MIN_SIGNED:
        lent_errors = np.concatenate([lent_errors, -lent_errors])
    common = _quantiles(lent_errors, tail, np.inf)
    relative = (unit / scale)[np.isfinite(unit) & (unit > 0) & np.isfinite(scale)]
    usual = float(np.median(relative)) if len(relative) else 1.0
    for row in range(series):
        own = scaled[:, row]
        origins = int(np.isfinite(own).any(axis=1).sum())
        count = spacing * origins
        own = own[np.isfinite(own)]
        if not len(own):
            substitute = np.nan_to_num(scale[row] * usual)
            ends = common if np.isfinite(common[0]) else (-_NORMAL_80, _NORMAL_80)
            lower[row], upper[row] = ends[0] * substitute, ends[1] * substitute
            continue
        if origins < _MIN_SIGNED:
            # Too few origins say nothing of a side: the interval is symmetric.
            own = np.concatenate([own, -own])
        ends = _quantiles(own, tail, _INDEPENDENT)
        if np.isfinite(common[0]):
            weight = max(1.0, count) * _PER_ORIGIN
            weight /= weight + _PRIOR
            lent = (common[0] * unit[row], common[1] * unit[row])
            ends = tuple(weight * e + (1 - weight) * o for e, o in zip(ends, lent, strict=True))
        lower[row], upper[row] = ends
    lower, upper = np.minimum(lower, 0), np.maximum(upper, 0)
    return Offsets(lower[:, None] * growth[:horizon], upper[:, None] * growth[:horizon])


def _growth(errors: np.ndarray) -> np.ndarray:
    """How the absolute error grows with the step, never less; its mean is 1."""
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


def _quantiles(values: np.ndarray, tail: float, independent: float) -> tuple[float, float]:
    """Both ends, corrected for the number of independent values (split conformal prediction)."""
    if not len(values):
        return float("nan"), float("nan")
    share = (1 - tail) * (1 + 1 / independent)
    if share >= 1:
        # Too few for the quantile: the extreme, and its distance once more by the share missing.
        stretch = share
        return float(values.min() * stretch), float(values.max() * stretch)
    low, high = np.quantile(values, [1 - share, share])
    return float(low), float(high)
