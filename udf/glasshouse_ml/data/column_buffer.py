"""The rows of a query as they arrive, column by column; a sample where they exceed the memory.

The sample depends on the values of the rows alone: the same rows give the same sample in whatever
order they arrive.
"""

from collections import defaultdict
from contextlib import suppress
from itertools import compress, count

import numpy as np

from glasshouse_ml.core.table import Table, TextColumn
from glasshouse_ml.data.fingerprint import mix, row_hashes
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.memory import ROW_BYTES, TEXT_BYTES
from glasshouse_ml.data.packing import Packing

# Rows whose numbers are stored as one matrix before they are divided into columns: a MiB a column.
CHUNK_ROWS = 131_072
# Fewer texts are sorted in no time.
_MIN_SORTED_AS_NUMBERS = 1_000
Chunks = list[np.ndarray]
# The number of rows, a matrix of their numbers, and a list of values for each text column.
Batch = tuple[int, np.ndarray, list[list[str]]]
# Gives each new text the next number, at the speed of a dictionary.
Codes = defaultdict[str, int]


class Sampler:
    """Selects the rows whose 64-bit key is at most `limit`; halves the limit when too many do."""

    def __init__(self) -> None:
        """At first every row is selected."""
        self.limit = 2**64 - 1

    def sampling_keys(self, hashes: np.ndarray) -> np.ndarray:
        """A key for each row of a batch, from the hashes of the rows.

        Equal rows get different keys; otherwise either all or none of them would be selected.
        """
        order = np.argsort(hashes, kind="stable")
        ascending = hashes[order]
        starts = np.r_[True, ascending[1:] != ascending[:-1]]
        first = np.maximum.accumulate(np.where(starts, np.arange(len(hashes)), 0))
        repeats = np.empty(len(hashes), np.uint64)
        repeats[order] = (np.arange(len(hashes)) - first).astype(np.uint64)
        return mix(hashes + repeats * np.uint64(0x9E3779B97F4A7C15))

    def tighten(self, keys: np.ndarray, max_rows: int) -> bool:
        """Halve the limit until at most max_rows keys are below it; whether it changed."""
        before = self.limit
        while int((keys <= self.limit).sum()) > max_rows:
            self.limit //= 2
        return self.limit != before


class ColumnBuffer:
    """Collects batches of rows: chunks of numbers, and chunks of codes into the distinct texts.

    table() joins one column at a time, so that the rows are never in memory twice.
    """

    def __init__(self, packing: Packing, max_bytes: int | None = None) -> None:
        """max_bytes is the memory that a training on the rows may take; None keeps all rows."""
        self.packing = packing
        self.lookups = [_new_codes(packing.missing) for _ in packing.texts]
        self.max_bytes = max_bytes
        self.sampler = None if max_bytes is None else Sampler()
        self.text_bytes = [0.0] * len(packing.texts)
        self.matrices: list[np.ndarray] = []
        self.numbers: list[Chunks] = [[] for _ in packing.numbers]
        self.codes: list[Chunks] = [[] for _ in packing.texts]
        self.keys: Chunks = []  # of the sampler
        self.rows = 0
        self.rows_read = 0  # with those outside the sample
        self.hash_sum = 0  # of the hashes of all rows, those outside the sample too

    def add(
        self,
        size: int,
        numbers: np.ndarray,
        texts: list[list[str]],
        keys: np.ndarray | None = None,
    ) -> None:
        """Add a batch, or those of its rows that are in the sample.

        `keys` are those of the sampler where another server has computed them.
        """
        self.rows_read += size
        if self.sampler:
            if keys is None:
                hashes = row_hashes(batch_table(self.packing, numbers, texts))
                self.hash_sum = (self.hash_sum + int(hashes.sum(dtype=np.uint64))) % 2**64
                keys = self.sampler.sampling_keys(hashes)
            selected = np.flatnonzero(keys <= self.sampler.limit)
            size, numbers = len(selected), numbers[selected]
            texts = [[values[row] for row in selected] for values in texts]
            self.keys.append(keys[selected])
        for position, (lookup, values) in enumerate(zip(self.lookups, texts, strict=True)):
            count_before = len(lookup)
            self.codes[position].append(
                np.fromiter(map(lookup.__getitem__, values), np.int32, size)
            )
            if self.sampler and size:
                mean = sum(map(len, values)) / size
                self.text_bytes[position] += (len(lookup) - count_before) * (mean + TEXT_BYTES)
        self.matrices.append(numbers)
        self.rows += size
        if sum(map(len, self.matrices)) >= CHUNK_ROWS:
            self._divide_into_columns()
        if self.max_bytes is not None and self.rows:
            max_rows = self._max_rows(self.max_bytes)
            if self.rows > max_rows:
                self._sample(max_rows)

    def _max_rows(self, max_bytes: int) -> int:
        """The rows that fit, estimated from those so far."""
        width = len(self.packing.numbers) + len(self.packing.texts)
        return int(max_bytes / (ROW_BYTES * max(width, 1) + sum(self.text_bytes) / self.rows))

    def _divide_into_columns(self) -> None:
        """Turn the matrices into chunks of columns, which are large enough to be freed singly."""
        for position, chunks in enumerate(self.numbers):
            chunks.append(np.concatenate([matrix[:, position] for matrix in self.matrices]))
        self.matrices.clear()

    def _sample(self, max_rows: int) -> None:
        assert self.sampler is not None
        keys = np.concatenate(self.keys)
        if self.sampler.tighten(keys, max_rows):
            selected = keys <= self.sampler.limit
            if self.matrices:
                self._divide_into_columns()
            for chunks in (*self.numbers, *self.codes):
                chunks[:] = [np.concatenate(chunks)[selected]]
            for position in range(len(self.codes)):
                self._drop_unused_texts(position)
            keys = keys[selected]
            self.rows = len(keys)
        self.keys = [keys]

    def _drop_unused_texts(self, position: int) -> None:
        codes, lookup = self.codes[position][0], self.lookups[position]
        used = np.unique(codes[codes >= 0])
        new_codes = np.full(len(lookup) + 1, -1, np.int32)  # the last one is that of NULL
        new_codes[used] = np.arange(len(used))
        remaining = _new_codes(self.packing.missing, len(used))
        remaining.update(
            (text, int(new_codes[code])) for text, code in lookup.items() if new_codes[code] >= 0
        )
        self.codes[position][0], self.lookups[position] = new_codes[codes], remaining
        self.text_bytes[position] = float(sum(map(len, remaining)) + TEXT_BYTES * len(remaining))

    def table(self) -> Table:
        """All rows that were added or sampled; the buffer is empty afterwards."""
        if self.matrices:
            self._divide_into_columns()
        table = Table(self.rows)
        for column, chunks in zip(self.packing.numbers, self.numbers, strict=True):
            table.numbers[column.name] = _joined(chunks, np.float64)
        for column, chunks in zip(self.packing.texts, self.codes, strict=True):
            check_interrupts()
            # Freed one by one: a key has as many texts as rows.
            lookup, codes = self.lookups.pop(0), _joined(chunks, np.int32)
            table.texts[column.name] = _sorted_column(lookup, codes, self.packing.missing)
            del lookup, codes
        return table


def batch_table(packing: Packing, numbers: np.ndarray, texts: list[list[str]]) -> Table:
    """The rows of one batch as a table of their own."""
    table = Table(len(numbers))
    for position, column in enumerate(packing.numbers):
        table.numbers[column.name] = numbers[:, position].copy()
    for column, values in zip(packing.texts, texts, strict=True):
        lookup = _new_codes(packing.missing)
        codes = np.fromiter(map(lookup.__getitem__, values), np.int32, len(numbers))
        levels = [text for text in lookup if text != packing.missing]
        table.texts[column.name] = TextColumn(codes, levels)
    return table


def _new_codes(missing: str, first: int = 0) -> Codes:
    return defaultdict(count(first).__next__, {missing: -1})


def _joined(chunks: Chunks, dtype: type) -> np.ndarray:
    """The chunks as one array; their memory is released."""
    array = chunks[0] if len(chunks) == 1 else np.concatenate([np.empty(0, dtype), *chunks])
    chunks.clear()
    return array


def _sorted_column(lookup: Codes, codes: np.ndarray, missing: str) -> TextColumn:
    """A column whose codes follow the sorted texts; the order of arrival depends on the rows."""
    # Texts of rows outside the sample are left out. The last position is that of NULL.
    present = np.zeros(len(lookup), bool)
    present[codes] = True
    del lookup[missing]
    # The codes are the places of the texts in the lookup.
    old_codes = np.flatnonzero(present[:-1])
    levels = list(compress(lookup, present[:-1].tolist()))
    order = _ascending_order(levels)
    new_codes = np.full(len(present), -1, np.int32)
    new_codes[old_codes[order]] = np.arange(len(levels))
    return TextColumn(new_codes[codes], [levels[position] for position in order.tolist()])


def _ascending_order(levels: list[str]) -> np.ndarray:
    """The positions of texts in the order of their code points.

    Texts of up to eight ASCII letters, as most keys are, are sorted as numbers of 64 bits. Python's
    sort compares other texts twice as fast as numpy's.
    """
    if len(levels) > _MIN_SORTED_AS_NUMBERS and max(map(len, levels)) <= 8:
        with suppress(UnicodeEncodeError):
            return np.argsort(np.array(levels, "S8").view(">u8").astype(np.uint64))
    return np.array(sorted(range(len(levels)), key=levels.__getitem__), np.int64)
