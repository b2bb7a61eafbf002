"""The calendar parts of a date column inside the Pipeline."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from glasshouse_ml.data.calendar_parts import calendar_part


class CalendarEncoder(TransformerMixin, BaseEstimator):
    """Month, weekday and other parts of a column of times; NaN stays NaN.

    Parameters
    ----------
    parts
        The names of the parts, which are the columns of the output.
    """

    def __init__(self, parts: Sequence[str] = ()) -> None:
        """No row is read."""
        self.parts = parts

    def fit(self, matrix: np.ndarray, target: np.ndarray | None = None) -> Self:
        """Nothing is learned: the training rows have decided which parts there are."""
        self.n_features_in_ = matrix.shape[1]
        return self

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """The parts of each row, shape (rows, parts)."""
        values = np.asarray(matrix)[:, 0]
        return np.column_stack([calendar_part(part, values) for part in self.parts])
