"""The examples of the global model: a row for each series, origin and step.

Everything is relative to what is known at the origin: values count from the level of the last
season, in units of the usual change of the series. So one model learns from all series, whatever
their size.
"""

from dataclasses import dataclass

import numpy as np

# The last values, and the windows of means, that an example sees; in periods.
_LAST = 6
_WINDOWS = (3, 7, 14, 28)
# The same period of so many earlier seasons.
_SEASONAL_LAGS = 3


@dataclass(frozen=True)
class Examples:
    """A matrix of features, and the level and unit with which an answer becomes a value."""

    matrix: np.ndarray
    level: np.ndarray
    unit: np.ndarray


def lag_features(
    history: np.ndarray,
    seasons: tuple[int, ...],
    rows: np.ndarray,
    origins: np.ndarray,
    steps: np.ndarray,
    ahead: np.ndarray,
) -> Examples:
    """The examples of some series at some origins and steps, each given as an array.

    Parameters
    ----------
    history : ndarray of shape (series, periods)
        Right-aligned, NaN before the first value. An origin is the number of periods before it.
    seasons : tuple of int
        Lengths of the seasons, the shortest first; empty without any.
    ahead : ndarray of shape (examples, columns)
        What is known of the period that is forecast: calendar, and columns known ahead.
    """
    season = seasons[-1] if seasons else 1
    level, unit = _scale(history, max(season, 4), rows, origins)
    columns = [steps.astype(float)]

    def value(period: np.ndarray) -> np.ndarray:
        lagged_values = history[rows, np.clip(period, 0, history.shape[1] - 1)]
        return (np.where(period >= 0, lagged_values, np.nan) - level) / unit

    columns += [value(origins - lag) for lag in range(1, _LAST + 1)]
    for length in seasons:
        ago = -(-steps // length) * length  # whole seasons that reach back before the origin
        columns += [
            value(origins - 1 + steps - ago - length * number) for number in range(_SEASONAL_LAGS)
        ]
    sums = np.concatenate([np.zeros((len(history), 1)), np.cumsum(np.nan_to_num(history), 1)], 1)
    for window in sorted({*_WINDOWS, *(2 * length for length in seasons)}):
        begin = np.maximum(origins - window, 0)
        mean = (sums[rows, origins] - sums[rows, begin]) / np.maximum(origins - begin, 1)
        columns.append((mean - level) / unit)
    return Examples(np.column_stack([*columns, ahead]), level, unit)


def _scale(
    history: np.ndarray, window: int, rows: np.ndarray, origins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the last season before each origin, and the mean absolute difference."""
    present = np.isfinite(history)
    sums = np.concatenate([np.zeros((len(history), 1)), np.cumsum(np.nan_to_num(history), 1)], 1)
    counts = np.concatenate([np.zeros((len(history), 1)), np.cumsum(present, 1)], 1)
    begin = np.maximum(origins - window, 0)
    number = np.maximum(counts[rows, origins] - counts[rows, begin], 1)
    level = (sums[rows, origins] - sums[rows, begin]) / number
    difference = np.abs(np.diff(history, axis=1, prepend=np.nan))
    changes = np.concatenate(
        [np.zeros((len(history), 1)), np.cumsum(np.nan_to_num(difference), 1)], 1
    )
    begin = np.maximum(origins - 4 * window, 0)
    unit = (changes[rows, origins] - changes[rows, begin]) / np.maximum(origins - begin, 1)
    return level, np.maximum(unit, 1e-9 + 1e-3 * np.abs(level))
