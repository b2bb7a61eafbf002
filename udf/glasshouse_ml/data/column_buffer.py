"""The rows of a query as they are collected, or a sample where there is no room for all of them."""

from collections import defaultdict
from itertools import count

import numpy as np

from glasshouse_ml.core.table import Table, Texts
from glasshouse_ml.data.fingerprint import row_hashes
from glasshouse_ml.data.memory import ROW_BYTES, TEXT_BYTES
from glasshouse_ml.data.packing import Packing
from glasshouse_ml.data.sampling import Sampler

# Rows of a column that are kept together until all have come: a MiB of numbers.
PIECE = 131_072
Pieces = list[np.ndarray]
# A lookup that numbers each new text as it meets it, at the speed of a dictionary.
Lookup = defaultdict[str, int]


class ColumnBuffer:
    """The rows so far, column by column: pieces of numbers, and of codes into the texts met.

    A column at a time they are put together, so that all of them never lie in memory twice.
    """

    def __init__(self, packing: Packing, room: int | None) -> None:
        """Room is the bytes that there are for the rows in a training; None keeps all of them."""
        self.packing = packing
        self.lookups = [_lookup(packing.missing) for _ in packing.texts]
        self.room = room
        self.sampler = None if room is None else Sampler()
        self.text_bytes = [0.0] * len(packing.texts)
        self.waiting: list[np.ndarray] = []
        self.numbers: list[Pieces] = [[] for _ in packing.numbers]
        self.codes: list[Pieces] = [[] for _ in packing.texts]
        self.marks: Pieces = []
        self.rows = 0

    def add(self, size: int, matrix: np.ndarray, values: list[list[str]]) -> None:
        """Take a batch in, or those of its rows that are in the sample."""
        if self.sampler:
            marks = self.sampler.marks(row_hashes(self._batch(matrix, values)))
            inside = np.flatnonzero(marks <= self.sampler.limit)
            size, matrix = len(inside), matrix[inside]
            values = [[column[row] for row in inside] for column in values]
            self.marks.append(marks[inside])
        for place, (lookup, column) in enumerate(zip(self.lookups, values, strict=True)):
            known = len(lookup)
            codes = np.fromiter(map(lookup.__getitem__, column), np.int32, size)
            self.codes[place].append(codes)
            if self.sampler and size:
                mean = sum(map(len, column)) / size
                self.text_bytes[place] += (len(lookup) - known) * (mean + TEXT_BYTES)
        self.waiting.append(matrix)
        self.rows += size
        if sum(map(len, self.waiting)) >= PIECE:
            self._settle()
        if self.room is not None and self.rows and self.rows > (most := self._most(self.room)):
            self._narrow(most)

    def _most(self, room: int) -> int:
        """How many rows have room, going by those so far."""
        width = len(self.packing.numbers) + len(self.packing.texts)
        return int(room / (ROW_BYTES * max(width, 1) + sum(self.text_bytes) / self.rows))

    def _settle(self) -> None:
        """Turn the waiting rows into pieces of columns, large enough to be freed one by one."""
        for place, pieces in enumerate(self.numbers):
            pieces.append(np.concatenate([matrix[:, place] for matrix in self.waiting]))
        self.waiting.clear()

    def _batch(self, matrix: np.ndarray, values: list[list[str]]) -> Table:
        """The rows of a batch alone."""
        texts = {}
        for column, found in zip(self.packing.texts, values, strict=True):
            lookup = _lookup(self.packing.missing)
            codes = np.fromiter(map(lookup.__getitem__, found), np.int32, len(found))
            texts[column.name] = Texts(codes, [t for t in lookup if t != self.packing.missing])
        numbers = {c.name: matrix[:, i].copy() for i, c in enumerate(self.packing.numbers)}
        return Table(len(matrix), numbers, texts)

    def _narrow(self, most: int) -> None:
        assert self.sampler is not None
        marks = np.concatenate(self.marks)
        if self.sampler.narrow(marks, most):
            inside = marks <= self.sampler.limit
            if self.waiting:
                self._settle()
            for pieces in (*self.numbers, *self.codes):
                pieces[:] = [np.concatenate(pieces)[inside]]
            for place in range(len(self.codes)):
                self._forget(place)
            marks = marks[inside]
            self.rows = len(marks)
        self.marks = [marks]

    def _forget(self, place: int) -> None:
        """Let go of the texts that no row has any more."""
        codes, old = self.codes[place][0], self.lookups[place]
        used = np.unique(codes[codes >= 0])
        numbers = np.full(len(old) + 1, -1, np.int32)  # the last one is that of NULL
        numbers[used] = np.arange(len(used))
        fresh = _lookup(self.packing.missing, len(used))
        fresh.update((text, int(numbers[code])) for text, code in old.items() if numbers[code] >= 0)
        self.codes[place][0], self.lookups[place] = numbers[codes], fresh
        self.text_bytes[place] = float(sum(map(len, fresh)) + TEXT_BYTES * len(fresh))

    def table(self) -> Table:
        """What was kept, by column."""
        if self.waiting:
            self._settle()
        missing, numbers, texts = self.packing.missing, {}, {}
        for column, pieces in zip(self.packing.numbers, self.numbers, strict=True):
            numbers[column.name] = _joined(pieces, np.float64)
        for column, pieces in zip(self.packing.texts, self.codes, strict=True):
            # Given up one by one: of a key there are as many texts as rows.
            lookup = self.lookups.pop(0)
            texts[column.name] = _by_the_alphabet(lookup, _joined(pieces, np.int32), missing)
            del lookup
        return Table(self.rows, numbers, texts)


def _lookup(missing: str, first: int = 0) -> Lookup:
    return defaultdict(count(first).__next__, {missing: -1})


def _joined(pieces: Pieces, kind: type) -> np.ndarray:
    """One array of the pieces, which are given up."""
    found = pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, kind), *pieces])
    pieces.clear()
    return found


def _by_the_alphabet(lookup: Lookup, codes: np.ndarray, missing: str) -> Texts:
    """Number the texts by the alphabet instead of by first sight, which the row order decides."""
    # A text of rows that were left out is none of the column's. The last place is that of NULL.
    present = np.zeros(len(lookup), bool)
    present[codes] = True
    met = [text for text, code in lookup.items() if text != missing and present[code]]
    old = np.fromiter((lookup[text] for text in met), np.int32, len(met))
    found = np.empty(len(met), object)
    found[:] = met
    order = np.argsort(found, kind="stable")
    new = np.full(len(lookup), -1, np.int32)
    new[old[order]] = np.arange(len(met))
    return Texts(new[codes], found[order].tolist())
