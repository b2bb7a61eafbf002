"""Free text as counts of tokens: the vocabulary of a column, and the counts of each text.

A token is a run of letters and digits, or a run of other signs (punctuation, emoji), in lower case.
The terms of a column are its words, which are whole tokens, and its n-grams: the pieces of 2 to 4
characters of each token, with a space before and after it. N-grams find spellings and endings, and
parts of sentences in languages that write no spaces.

Each text is cut into tokens once for a whole training; folds and candidates share the counts.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from scipy import sparse

from glasshouse_ml.core.table import TextColumn
from glasshouse_ml.data.interrupts import check_interrupts

# What follows after so many characters of a text is not read.
MAX_LETTERS = 10_000
# The most frequent words of a column that a model knows, and the n-grams.
MAX_WORDS = 50_000
MAX_NGRAMS = 20_000
# With more characters in the training rows words are enough, and n-grams cost too much memory.
MAX_LETTERS_OF_NGRAMS = 5_000_000
# Terms of a single row teach nothing about others.
MIN_ROWS = 2
NGRAM_SIZES = (2, 3, 4)
_TOKEN = re.compile(r"\w+|[^\w\s]+")


def tokenise(text: str) -> list[str]:
    """The tokens of a text, in their order."""
    return _TOKEN.findall(text[:MAX_LETTERS].casefold())


def ngrams(token: str) -> list[str]:
    """The n-grams of a token, which starts and ends with a space."""
    padded = f" {token} "
    return [
        padded[start : start + size]
        for size in NGRAM_SIZES
        for start in range(len(padded) - size + 1)
    ]


@dataclass(frozen=True)
class Vocabulary:
    """The terms of a text column, the most frequent first."""

    words: Sequence[str]
    ngrams: Sequence[str]
    has_rare: bool  # there were more words than fit

    @property
    def is_empty(self) -> bool:
        """Whether no text of the training rows has a token."""
        return not self.words


@dataclass(frozen=True)
class Documents:
    """The counts of terms in the texts of one column: (texts + 1, words) and (texts + 1, n-grams).

    The last row is that of NULL and has no term.
    """

    words: sparse.csr_array
    ngrams: sparse.csr_array


class DocumentMatrix(np.ndarray):
    """A matrix of encode() whose cells in the column of a text are positions in its documents.

    Whatever numpy makes of such a matrix (some of its rows, a copy, several of them stacked) keeps
    the documents, so code that selects, permutes and mixes rows needs not know of texts.
    """

    documents: Sequence[Documents]  # one for each text column

    def __array_finalize__(self, source: Any) -> None:
        """Take the documents of the array that this one was made of."""
        self.documents = getattr(source, "documents", ())

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Keep the documents through functions that make new arrays, such as numpy.where."""
        result = super().__array_function__(func, types, args, kwargs)
        if isinstance(result, np.ndarray) and result.dtype == np.float64:
            return with_documents(result, self.documents)
        return result


def with_documents(matrix: np.ndarray, documents: Sequence[Documents]) -> np.ndarray:
    """The matrix with the documents of its text columns; itself where there is none."""
    if not documents:
        return matrix
    result = matrix.view(DocumentMatrix)
    result.documents = documents
    return result


def documents_of(matrix: np.ndarray) -> Sequence[Documents]:
    """The documents of the text columns of a matrix."""
    return getattr(matrix, "documents", ())


def learn_vocabulary(texts: Sequence[str], rows: np.ndarray) -> Vocabulary:
    """The vocabulary of distinct texts; `rows` is how many training rows have each of them."""
    counts, tokens = count_tokens(texts)
    words = _most_frequent(counts, tokens, rows)
    pieces: list[str] = []
    if sum(len(text[:MAX_LETTERS]) for text in texts) <= MAX_LETTERS_OF_NGRAMS:
        of_tokens, names = _count_ngrams(tokens, None)
        pieces = _most_frequent(counts @ of_tokens, names, rows, MIN_ROWS)
    return Vocabulary(words[:MAX_WORDS], pieces[:MAX_NGRAMS], len(words) > MAX_WORDS)


def word_counts(texts: TextColumn) -> np.ndarray:
    """The words in the text of each row; NaN for NULL."""
    words_of_level = []
    for level in texts.levels:
        check_interrupts()
        words_of_level.append(count_words(level))
    return np.array([*words_of_level, np.nan], float)[texts.codes]


def count_words(text: str) -> int:
    """The tokens of a text that are words."""
    return sum(map(is_word, tokenise(text)))


def is_word(token: str) -> bool:
    """Whether a token is a run of letters and digits, and not of other signs."""
    return token[0].isalnum() or token[0] == "_"


class DocumentCounter:
    """Counts the terms of one vocabulary."""

    def __init__(self, words: Sequence[str], pieces: Sequence[str]) -> None:
        """The words and the n-grams in the order of their columns."""
        self.word_codes = {word: code for code, word in enumerate(words)}
        self.ngram_codes = {piece: code for code, piece in enumerate(pieces)}

    def count(self, texts: Iterable[str]) -> Documents:
        """The documents of some texts, and a last one without any term."""
        counts, tokens = count_tokens([*texts, ""])
        words, pieces = self.terms(tokens)
        return Documents(counts @ words, counts @ pieces)

    def terms(self, tokens: Sequence[str]) -> tuple[sparse.csr_array, sparse.csr_array]:
        """The counts of words and of n-grams in each token."""
        codes = [self.word_codes.get(token, -1) for token in tokens]
        rows = [row for row, code in enumerate(codes) if code >= 0]
        columns = [code for code in codes if code >= 0]
        shape = len(tokens), len(self.word_codes)
        values = np.ones(len(rows), np.int32)
        words = sparse.csr_array((values, (rows, columns)), shape=shape, dtype=np.int32)
        return words, _count_ngrams(tokens, self.ngram_codes)[0]


def count_tokens(texts: Sequence[str]) -> tuple[sparse.csr_array, list[str]]:
    """The counts (texts, tokens), and the tokens in the order of their columns."""
    codes: defaultdict[str, int] = defaultdict(count().__next__)
    columns, ends = array("i"), array("q", [0])
    for text in texts:
        check_interrupts()
        columns.extend(map(codes.__getitem__, tokenise(text)))
        ends.append(len(columns))
    return _counts(columns, ends, len(codes)), list(codes)


def _count_ngrams(
    tokens: Sequence[str], codes: dict[str, int] | None
) -> tuple[sparse.csr_array, list[str]]:
    """The counts (tokens, n-grams) and the n-grams; those of `codes` alone where it is given."""
    numbered: defaultdict[str, int] = defaultdict(count().__next__)
    columns, ends = array("i"), array("q", [0])
    for token in tokens:
        check_interrupts()
        if codes is None:
            columns.extend(map(numbered.__getitem__, ngrams(token)))
        elif codes:
            columns.extend(codes[piece] for piece in ngrams(token) if piece in codes)
        ends.append(len(columns))
    names = numbered if codes is None else codes
    return _counts(columns, ends, len(names)), list(names)


def _counts(columns: array, ends: array, width: int) -> sparse.csr_array:
    counts = sparse.csr_array(
        (np.ones(len(columns), np.int32), np.array(columns, np.int32), np.array(ends)),
        shape=(len(ends) - 1, width),
    )
    counts.sum_duplicates()
    return counts


def _most_frequent(
    counts: sparse.csr_array, names: Sequence[str], rows: np.ndarray, least: int = 1
) -> list[str]:
    """The names by the number of rows that contain them, equal ones in alphabetical order."""
    contains = counts.copy()
    contains.data = np.ones_like(contains.data)
    frequencies = np.asarray(rows @ contains).ravel()
    order = np.argsort(np.array(names, object), kind="stable") if names else np.empty(0, int)
    order = order[np.argsort(-frequencies[order], kind="stable")]
    return [names[place] for place in order if frequencies[place] >= least]
