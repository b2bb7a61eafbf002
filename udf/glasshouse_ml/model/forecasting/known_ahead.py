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
) -> tuple[np.ndarray, bool]:
    """The values of shape (series, periods + horizon, columns), and whether the future is complete.

    Rows of no series have the code -1. A period without a row has NaN.
    """
    values = np.full((len(ends), periods + horizon, len(columns)), np.nan, np.float32)
    places = periods - 1 - (ends[series] - numbers)
    inside = (series >= 0) & (places >= 0) & (places < periods + horizon)
    for position, column in enumerate(columns.values()):
        values[series[inside], places[inside], position] = column[inside]
    return values, bool(np.isfinite(values[:, periods:]).all())
