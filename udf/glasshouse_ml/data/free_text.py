"""Tells free text from categories and keys by the values of the training rows."""

import re
from collections.abc import Sequence

import numpy as np

# A text column with fewer distinct values is a category.
MIN_DISTINCT = 20
# The least share of distinct values. A category comes back more often than every fifth row.
MIN_DISTINCT_SHARE = 0.2
# The least mean of words in a value: fewer are a name, a code or a label.
MIN_WORDS = 3
# Values that are looked at; more would not change the mean.
MAX_VALUES = 2_000
# More characters of a value do not matter to the rule.
_MAX_LETTERS = 1_000
# A piece between spaces is a word if two letters follow each other in it. "A/5 21171" has none, and
# an address in the internet, a hash or a list with semicolons is one piece.
_WORD = re.compile(r"[^\W\d_]{2}")
# Scripts that write no spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# The usual length of a word in those scripts.
_UNSPACED_LETTERS = 2


def word_count(text: str) -> int:
    """The words of a text: pieces between spaces that hold letters."""
    text = text[:_MAX_LETTERS]
    unspaced = len(UNSPACED.findall(text))
    if unspaced:
        return unspaced // _UNSPACED_LETTERS + word_count(UNSPACED.sub(" ", text))
    return sum(1 for piece in text.split() if _WORD.search(piece))


def is_free_text(values: Sequence[str], rows: int) -> bool:
    """Whether distinct values, found in so many rows, are sentences or the like."""
    if len(values) < MIN_DISTINCT or len(values) < MIN_DISTINCT_SHARE * rows:
        return False
    step = -(-len(values) // MAX_VALUES)
    return float(np.mean([word_count(value) for value in values[::step]])) >= MIN_WORDS
