"""The ages of date columns inside the Pipeline: the days from each date to the reference time."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin


class AgeEncoder(TransformerMixin, BaseEstimator):
    """Subtracts each column of times from the last one; NaN where either is NaN."""

    def fit(self, matrix: np.ndarray, target: np.ndarray | None = None) -> Self:
        """Nothing is learned."""
        self.n_features_in_ = matrix.shape[1]
        return self

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """The ages in days, shape (rows, columns - 1)."""
        times = np.asarray(matrix)
        return times[:, -1:] - times[:, :-1]
