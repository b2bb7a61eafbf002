"""Rules that need no fit, and smoothing rules for intermittent series.

Each takes a history of shape (series, periods), right-aligned, with NaN before the first value of a
series, and answers with an array of shape (series, horizon).
"""

import numpy as np

# The weights of Teunter, Syntetos and Babai, "Intermittent demand" (2011): size and probability.
_TSB_SIZE, _TSB_PROBABILITY = 0.1, 0.05


def last_value(history: np.ndarray, horizon: int) -> np.ndarray:
    """The last value in every step."""
    return np.repeat(history[:, -1:], horizon, axis=1)


def seasonal_naive(history: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """The value one season before; the last value where a series is shorter than a season."""
    return seasonal_mean(history, season, 1, horizon)


def seasonal_mean(history: np.ndarray, season: int, seasons: int, horizon: int) -> np.ndarray:
    """The mean of the same period in the last seasons, of as many as a series has."""
    periods = history.shape[1]
    lags = [season * number for number in range(1, seasons + 1) if season * number <= periods]
    places = np.arange(season)
    if not lags:
        return last_value(history, horizon)
    by_season = np.stack([history[:, periods - lag + places] for lag in lags])
    counts = np.isfinite(by_season).sum(axis=0)
    means = np.nansum(by_season, axis=0) / np.maximum(counts, 1)
    pattern = np.where(counts > 0, means, history[:, -1:])
    return pattern[:, np.arange(horizon) % season]


def intermittent(history: np.ndarray, horizon: int) -> np.ndarray:
    """Smoothed size of the values other than 0 times the smoothed probability of one (TSB).

    M. Teunter, A. Syntetos, M. Z. Babai: "Intermittent demand: Linking forecasting to inventory
    obsolescence" (2011).
    """
    present = np.isfinite(history)
    occurs = present & (history != 0)
    values = np.where(present, history, 0.0)
    counts = np.maximum(occurs.sum(axis=1), 1)
    size = np.abs(values).sum(axis=1) / counts * np.sign(values.sum(axis=1))
    probability = occurs.sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    for period in range(max(0, history.shape[1] - 400), history.shape[1]):
        event, is_present = occurs[:, period], present[:, period]
        size = np.where(event, size + _TSB_SIZE * (values[:, period] - size), size)
        probability = np.where(
            is_present, probability + _TSB_PROBABILITY * (event - probability), probability
        )
    return np.repeat((size * probability)[:, None], horizon, axis=1)
