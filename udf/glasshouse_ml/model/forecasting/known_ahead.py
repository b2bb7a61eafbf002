"""Columns known ahead, such as prices and promotions, laid out by series and period."""

from collections.abc import Mapping

import numpy as np


def known_values(
    columns: Mapping[str, np.ndarray],
    series: np.ndarray,
    numbers: np.ndarray,
    ends: np.ndarray,
    periods: int,
    horizon: int,
) -> np.ndarray:
    """The values of shape (series, periods + horizon, columns).

    Rows of no series have the code -1. A period between two rows takes the values of the earlier
    one; before the first and after the last row there is NaN.
    """
    values = np.full((len(ends), periods + horizon, len(columns)), np.nan, np.float32)
    places = periods - 1 - (ends[series] - numbers)
    inside = (series >= 0) & (places >= 0) & (places < periods + horizon)
    for position, column in enumerate(columns.values()):
        values[series[inside], places[inside], position] = column[inside]
    return _filled_between(values)


def _filled_between(values: np.ndarray) -> np.ndarray:
    """The values with each gap between two known periods filled by the earlier of them."""
    is_present = np.isfinite(values)
    periods = np.arange(values.shape[1])[None, :, None]
    latest = np.maximum.accumulate(np.where(is_present, periods, -1), axis=1)
    following = np.where(is_present, periods, values.shape[1])
    has_later = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1] < values.shape[1]
    earlier = np.take_along_axis(values, np.maximum(latest, 0), axis=1)
    return np.where(~is_present & (latest >= 0) & has_later, earlier, values)
