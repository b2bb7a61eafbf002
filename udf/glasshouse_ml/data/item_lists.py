"""Several items in one cell, such as "red; green": the separator, the items, and their counts."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import sparse

from glasshouse_ml.core.table import TextColumn
from glasshouse_ml.data.documents import MAX_LETTERS, MIN_ROWS, Documents
from glasshouse_ml.data.interrupts import check_interrupts

# Tried in this order. A comma without a space after it may belong to a number.
SEPARATORS = (";", "|", ", ", ",")
# The least share of the rows whose cell holds the separator.
MIN_SHARE = 0.2
# The longest item on average; more words are a sentence.
MAX_WORDS = 4
# The most frequent items that a model knows. Each is a column.
MAX_ITEMS = 100


def split_items(text: str, separator: str) -> list[str]:
    """The distinct items of a cell in their order, without the spaces around them."""
    pieces = text[:MAX_LETTERS].split(separator)
    return list(dict.fromkeys(filter(None, (piece.strip() for piece in pieces))))


def find_separator(values: Sequence[str], rows: np.ndarray) -> str | None:
    """The separator of distinct values that are lists; `rows` is how many rows have each of them.

    Values are lists where they combine items of which there are fewer than of the values. "Paris,
    France" is none, because such values have always two parts.
    """
    for separator in SEPARATORS:
        holds = np.array([separator in value for value in values], bool)
        if not holds.any() or rows[holds].sum() < MIN_SHARE * rows.sum():
            continue
        lists = [split_items(value, separator) for value in values]
        items = {item for cell in lists for item in cell}
        is_comma = separator.startswith(",")
        if is_comma and len({len(cell) for cell in lists}) < 2:
            continue
        if separator == "," and not any(item[0].isalpha() for item in items):
            continue
        words = sum(len(item.split()) for item in items)
        if len(items) < len(values) and words <= MAX_WORDS * len(items):
            return separator
    return None


def frequent_separator(values: Sequence[str]) -> str:
    """The separator that is in most of the values, for a column that the caller calls a list."""
    return max(SEPARATORS, key=lambda separator: sum(separator in value for value in values))


def frequent_items(
    values: Sequence[str], rows: np.ndarray, separator: str
) -> tuple[tuple[str, ...], bool]:
    """The items of at least two rows, the most frequent first, and whether there are more."""
    counts: Counter[str] = Counter()
    for value, count in zip(values, rows.tolist(), strict=True):
        check_interrupts()
        for item in split_items(value, separator):
            counts[item] += count
    items = sorted(item for item in counts if counts[item] >= MIN_ROWS)
    items.sort(key=lambda item: -counts[item])
    return tuple(items[:MAX_ITEMS]), len(items) > MAX_ITEMS


def item_counts(texts: TextColumn, separator: str) -> np.ndarray:
    """The number of items in the cell of each row; NaN for NULL."""
    counts = [len(split_items(level, separator)) for level in texts.levels]
    return np.array([*counts, np.nan], float)[texts.codes]


class ItemCounter:
    """Counts the items of one column in its cells."""

    def __init__(self, items: Sequence[str], separator: str) -> None:
        """The items in the order of their columns."""
        self.codes = {item: code for code, item in enumerate(items)}
        self.separator = separator

    def count(self, texts: Iterable[str]) -> Documents:
        """The documents of some cells, whose words are items, and a last one without any."""
        columns: list[int] = []
        ends = [0]
        for text in [*texts, ""]:
            check_interrupts()
            items = split_items(text, self.separator)
            columns += [self.codes[item] for item in items if item in self.codes]
            ends.append(len(columns))
        shape = len(ends) - 1, len(self.codes)
        cells = np.ones(len(columns), np.int32), np.array(columns, np.int32), np.array(ends)
        return Documents(
            sparse.csr_array(cells, shape=shape), sparse.csr_array((shape[0], 0), dtype=np.int32)
        )
