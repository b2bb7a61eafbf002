"""The theta method: exponential smoothing of the deseasonalised series, with half of its trend.

Assimakopoulos and Nikolopoulos, "The theta model" (2000), in the form of Hyndman and Billah (2003):
simple exponential smoothing with a drift of half the slope of the linear trend.
"""

import numpy as np
from scipy.stats import norm

_WEIGHTS = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
# A season is removed where its autocorrelation is above that of noise with this probability.
_CONFIDENCE = 0.95
# Periods that the method looks back, at least, and in seasons.
_MIN_PERIODS, _SEASONS = 400, 12


def theta(history: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """Forecasts of shape (series, horizon) of a right-aligned history."""
    history = history[:, -max(_MIN_PERIODS, _SEASONS * season) :]
    pattern, is_product = _seasonal_pattern(history, season)
    places = np.arange(-history.shape[1], 0) % season
    repeated = pattern[:, places]
    factor = np.where(is_product[:, None], repeated, 1.0)
    adjusted = np.where(is_product[:, None], history / factor, history - repeated)
    level, weight = _smooth(adjusted)
    slope = _slope(adjusted)
    # The level lags behind the trend, by (1 - weight) / weight steps.
    steps = np.arange(horizon)[None, :] + 1 / weight[:, None]
    base = level[:, None] + slope[:, None] / 2 * steps
    ahead = pattern[:, np.arange(horizon) % season]
    return np.where(is_product[:, None], base * ahead, base + ahead)


def _seasonal_pattern(history: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """A pattern (series, season) from the place after the end on, and whether it is a factor."""
    count, periods = history.shape
    pattern, is_product = np.zeros((count, season)), np.zeros(count, bool)
    lengths = np.isfinite(history).sum(axis=1)
    if season == 1 or periods < 2 * season:
        return pattern, is_product
    seasonal = _is_seasonal(history, season) & (lengths >= 3 * season)
    is_product = seasonal & (np.nanmin(history, axis=1) > 0)
    pattern[is_product] = 1.0
    if not seasonal.any():
        return pattern, is_product
    trend = centred_mean(history, season)
    ratio = np.where(is_product[:, None], history / trend, history - trend)
    places = np.arange(-periods, 0) % season
    for place in range(season):
        values = ratio[:, places == place]
        is_adjusted = np.isfinite(values).any(axis=1) & seasonal
        pattern[is_adjusted, place] = np.nanmedian(values[is_adjusted], axis=1)
    mean = pattern.mean(axis=1, keepdims=True)
    pattern = np.where(is_product[:, None], pattern / np.where(mean > 0, mean, 1), pattern - mean)
    unusable = is_product & (pattern < 0.01).any(axis=1)
    pattern[unusable | ~seasonal] = 0.0
    is_product = is_product & ~unusable
    return pattern, is_product


def centred_mean(history: np.ndarray, season: int) -> np.ndarray:
    """The mean over a season around each period; NaN where it is not complete."""
    weights = np.ones(season + 1 - season % 2)
    if season % 2 == 0:
        weights[[0, -1]] = 0.5
    half = len(weights) // 2
    trend = np.full(history.shape, np.nan)
    if history.shape[1] < len(weights):
        return trend
    windows = np.lib.stride_tricks.sliding_window_view(history, len(weights), axis=1)
    trend[:, half : half + windows.shape[1]] = windows @ weights / season
    return trend


def _is_seasonal(history: np.ndarray, season: int) -> np.ndarray:
    """Whether the autocorrelation at the season is above that of noise (Bartlett's formula)."""
    centred = np.nan_to_num(history - np.nanmean(history, axis=1, keepdims=True))
    lengths = np.isfinite(history).sum(axis=1)
    variance = np.maximum((centred**2).sum(axis=1), 1e-300)
    lags = range(1, season + 1)
    correlations = np.stack(
        [(centred[:, lag:] * centred[:, :-lag]).sum(axis=1) / variance for lag in lags]
    )
    limit = np.sqrt((1 + 2 * (correlations[:-1] ** 2).sum(axis=0)) / lengths)
    return np.abs(correlations[-1]) > norm.ppf(_CONFIDENCE) * limit


def _smooth(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The level of each series after its last period, and the weight that fits it best."""
    present = np.isfinite(values)
    first = present.argmax(axis=1)
    level = np.repeat(values[np.arange(len(values)), first][:, None], len(_WEIGHTS), axis=1)
    errors = np.zeros_like(level)
    filled = np.where(present, values, 0.0)
    for period in range(values.shape[1]):
        error = (filled[:, period, None] - level) * present[:, period, None]
        errors += error * error
        level += _WEIGHTS * error
    best = errors.argmin(axis=1)
    return level[np.arange(len(values)), best], _WEIGHTS[best]


def _slope(values: np.ndarray) -> np.ndarray:
    """The slope of the least-squares line through each series."""
    present = np.isfinite(values)
    counts = np.maximum(present.sum(axis=1), 1)
    times = np.where(present, np.arange(values.shape[1]), 0.0)
    mean_time = times.sum(axis=1) / counts
    centred = np.where(present, times - mean_time[:, None], 0.0)
    variance = (centred**2).sum(axis=1)
    return (centred * np.where(present, values, 0.0)).sum(axis=1) / np.where(
        variance > 0, variance, np.inf
    )
