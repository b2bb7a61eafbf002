"""TF-IDF of a text column inside the Pipeline, sparse or reduced to a few dimensions."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from glasshouse_ml.data.documents import MIN_ROWS, documents_of

# The most frequent words and n-grams that are used, by the rows of the fit.
MAX_TERMS = 20_000
# Where the terms are reduced, fewer are enough, and each costs a number for every dimension.
MAX_REDUCED_TERMS = 5_000
DIMENSIONS = 30
# More iterations of the randomised decomposition change no score.
_ITERATIONS = 2

# A block of columns for the words and one for the n-grams.
Counts = list[sparse.csr_array]


class TextVectorizer(TransformerMixin, BaseEstimator):
    """TF-IDF of the words and the n-grams of a text column.

    The first column is 1 where the text is NULL or has no term of the vocabulary. Words and n-grams
    are normalised separately, as by two of scikit-learn's TfidfVectorizer with sublinear_tf and
    min_df=2.

    Parameters
    ----------
    place
        The position of the column among the documents of the matrix.
    dimensions
        0 for a sparse matrix of terms; otherwise the columns to which a truncated singular value
        decomposition reduces them. Their number is always the same; unused ones are 0.
    seed
        The seed of the decomposition.
    """

    def __init__(self, place: int, dimensions: int = 0, seed: int = 0) -> None:
        """No row is read."""
        self.place = place
        self.dimensions = dimensions
        self.seed = seed

    def fit(self, matrix: np.ndarray, target: np.ndarray | None = None) -> Self:
        """Learn terms, their weights and the decomposition from the texts of the rows."""
        self._fit(matrix)
        return self

    def fit_transform(
        self, matrix: np.ndarray, target: np.ndarray | None = None
    ) -> np.ndarray | sparse.csr_array:
        """The same as fit() and transform(), with the terms weighted once."""
        return self._output(*self._fit(matrix))

    def transform(self, matrix: np.ndarray) -> np.ndarray | sparse.csr_array:
        """The columns of the rows: sparse, or dense where they are reduced."""
        counts = self._counts(matrix)
        return self._output(counts, self._weighted(counts))

    def term_counts(self, matrix: np.ndarray) -> sparse.csr_array:
        """How often each term is in the text of each row, in the order of the sparse output."""
        blocks = [
            block[:, columns]
            for block, columns in zip(self._counts(matrix), self.columns_, strict=True)
        ]
        return sparse.hstack(blocks, format="csr")

    def _fit(self, matrix: np.ndarray) -> tuple[Counts, sparse.csr_array]:
        from sklearn.feature_extraction.text import TfidfTransformer

        counts = self._counts(matrix)
        most = MAX_REDUCED_TERMS if self.dimensions else MAX_TERMS
        self.columns_ = [_frequent_columns(block, most) for block in counts]
        self.weights_ = [
            TfidfTransformer(sublinear_tf=True).fit(block[:, columns]) if len(columns) else None
            for block, columns in zip(counts, self.columns_, strict=True)
        ]
        terms = self._weighted(counts)
        self.decomposition_ = self._decomposition(terms)
        return counts, terms

    def _decomposition(self, terms: sparse.csr_array) -> Any:
        from sklearn.decomposition import TruncatedSVD

        dimensions = min(self.dimensions, *terms.shape)
        if not dimensions or not terms.nnz:
            return None
        decomposition = TruncatedSVD(dimensions, n_iter=_ITERATIONS, random_state=self.seed)
        return decomposition.fit(terms)

    def _counts(self, matrix: np.ndarray) -> Counts:
        """The counts of all words and of all n-grams of the vocabulary in the text of each row."""
        documents = documents_of(matrix)[self.place]
        cells = np.asarray(matrix)[:, 0]
        rows = np.where(np.isnan(cells), documents.words.shape[0] - 1, cells).astype(np.int64)
        return [documents.words[rows], documents.ngrams[rows]]

    def _weighted(self, counts: Counts) -> sparse.csr_array:
        blocks = [
            weights.transform(block[:, columns]) if weights else block[:, columns].astype(float)
            for block, columns, weights in zip(counts, self.columns_, self.weights_, strict=True)
        ]
        return sparse.hstack(blocks, format="csr")

    def _output(self, counts: Counts, terms: sparse.csr_array) -> np.ndarray | sparse.csr_array:
        is_empty = np.sum([np.diff(block.indptr) for block in counts], axis=0) == 0
        if not self.dimensions:
            flags = sparse.csr_array(is_empty.astype(float)[:, None])
            return sparse.hstack([flags, terms], format="csr")
        output = np.zeros((terms.shape[0], 1 + self.dimensions))
        output[:, 0] = is_empty
        if self.decomposition_ is not None:
            reduced = self.decomposition_.transform(terms)
            output[:, 1 : 1 + reduced.shape[1]] = reduced
        return output


def _frequent_columns(counts: sparse.csr_array, most: int) -> np.ndarray:
    """The columns with a term in at least two rows, or the most frequent of them."""
    frequencies = np.bincount(counts.indices, minlength=counts.shape[1])
    columns = np.flatnonzero(frequencies >= MIN_ROWS)
    if len(columns) > most:
        order = np.argsort(-frequencies[columns], kind="stable")[:most]
        columns = np.sort(columns[order])
    return columns
