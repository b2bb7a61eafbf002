"""A list column inside the Pipeline: a 0/1 column for each item."""

from typing import Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from glasshouse_ml.data.documents import documents_of


class ItemIndicator(TransformerMixin, BaseEstimator):
    """Says for each item of the vocabulary whether a cell has it.

    The first column is 1 where the cell is NULL or has no item of the vocabulary.

    Parameters
    ----------
    place
        The position of the column among the documents of the matrix.
    is_sparse
        Whether the output is a sparse matrix.
    """

    def __init__(self, place: int, is_sparse: bool = False) -> None:
        """No row is read."""
        self.place = place
        self.is_sparse = is_sparse

    def fit(self, matrix: np.ndarray, target: np.ndarray | None = None) -> Self:
        """Learn the number of items; what they are, the encoding has learned before."""
        self.items_ = documents_of(matrix)[self.place].words.shape[1]
        return self

    def transform(self, matrix: np.ndarray) -> np.ndarray | sparse.csr_array:
        """The columns of the rows, shape (rows, 1 + items)."""
        items = documents_of(matrix)[self.place].words
        cells = np.asarray(matrix)[:, 0]
        rows = np.where(np.isnan(cells), items.shape[0] - 1, cells).astype(np.int64)
        has_item = items[rows].astype(float)
        is_empty = (np.diff(has_item.indptr) == 0).astype(float)[:, None]
        output = sparse.hstack([sparse.csr_array(is_empty), has_item], format="csr")
        return output if self.is_sparse else output.toarray()
