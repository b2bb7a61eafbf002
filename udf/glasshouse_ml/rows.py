"""The rows of a query into numpy."""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

from glasshouse_ml.database import ColumnType, Database
from glasshouse_ml.encoding import Feature
from glasshouse_ml.errors import GlasshouseError
from glasshouse_ml.fingerprint import row_hashes
from glasshouse_ml.packing import Packing
from glasshouse_ml.sampling import Sampler
from glasshouse_ml.table import BOOLEAN, CATEGORY, NUMBER, TIME, Column, Table, Texts

BATCH = 5_000
# Rows of a column that are kept together until all have come: a MiB of numbers.
PIECE = 131_072
# Positions of one array.
MOST_POSITIONS = 10_000
_NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
Pieces = list[np.ndarray]

_TIMES = {"date", "timestamp", "timestamptz", "time", "timetz", "interval"}


def describe(db: Database, query: str) -> tuple[str, list[Column]]:
    """The query without a closing semicolon, and its columns."""
    query = (query or "").strip().rstrip(";").rstrip()
    if not query:
        raise GlasshouseError("The query is empty.", "Give a SELECT whose rows are the examples.")
    columns = [Column(c.name, c.shown, _kind(c), _is_array(c)) for c in db.columns(query)]
    names = [column.name for column in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise GlasshouseError(
            f"The query returns more than one column named {twice[0]!r}.",
            "Give each column a name of its own with AS.",
        )
    return query, columns


def spread(db: Database, query: str, columns: Sequence[Column]) -> list[Column]:
    """The columns of a query with each array of numbers as a column per position."""
    widths = db.widths(query, [column.name for column in columns if column.array])
    for name, width in widths.items():
        if width > MOST_POSITIONS:
            raise GlasshouseError(
                f"Column {name!r} holds arrays of up to {width} numbers; {MOST_POSITIONS} are the "
                "most.",
                "Cut them in the query, for example with column[1:1000].",
            )
    found = []
    for column in columns:
        # An array that is always NULL or empty stays what it is: no feature can be made of it.
        found += column.positions(widths.get(column.name, 0)) or [column]
    return found


def by_name(columns: Sequence[Column], features: Sequence[Feature]) -> dict[str, Column]:
    """Columns by name, the positions of arrays that the features ask for among them."""
    found = {column.name: column for column in columns}
    for feature in features:
        if feature.of and feature.of in found and found[feature.of].array:
            found[feature.name] = found[feature.of].positions(feature.place)[-1]
    return found


def _is_array(column: ColumnType) -> bool:
    return column.category == "A" and column.base.removeprefix("_") in _NUMBERS


def _kind(column: ColumnType) -> str | None:
    if column.base in _NUMBERS:
        return NUMBER
    if column.base == "bool":
        return BOOLEAN
    if column.base in _TIMES:
        return TIME
    if column.category in ("S", "E") or column.base == "uuid":
        return CATEGORY
    return None


class Reader:
    """Reads chosen columns of a query, some as numbers and some as texts."""

    def __init__(
        self, db: Database, query: str, numbers: Sequence[Column], texts: Sequence[Column]
    ) -> None:
        """Nothing is read before batches() or table() is called."""
        # Drawn afresh for each reading, so that no text can hold them, by accident or on purpose.
        token = secrets.token_hex(4)
        self.db = db
        self.query = query
        self.packing = Packing(numbers, texts, f"\x1f{token}", f"\x02{token}", db.raw_bytes_work())

    def batches(self, size: int = BATCH) -> Iterator[tuple[int, np.ndarray, list[list[str]]]]:
        """Number of rows, a matrix of numbers, and a list of values per text column."""
        for rows in self.db.packed(self.query, self.packing, size):
            yield len(rows), self.packing.unpack_numbers(rows), self.packing.unpack_texts(rows)

    def table(self, most: int | None = None) -> Table:
        """All rows at once; of more than `most` a sample. `read` then says how many there were."""
        kept = _Kept(self.packing, most)
        self.read = 0
        for size, matrix, values in self.batches():
            self.read += size
            kept.add(size, matrix, values)
        return kept.table()


class _Kept:
    """The rows so far, column by column: pieces of numbers, and of codes into the texts met.

    A column at a time they are put together, so that all of them never lie in memory twice.
    """

    def __init__(self, packing: Packing, most: int | None) -> None:
        self.packing = packing
        # A lookup that numbers each new text as it meets it, at the speed of a dictionary.
        self.lookups = [defaultdict(count().__next__, {packing.missing: -1}) for _ in packing.texts]
        self.sampler = None if most is None else Sampler(most)
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
        for lookup, pieces, column in zip(self.lookups, self.codes, values, strict=True):
            pieces.append(np.fromiter(map(lookup.__getitem__, column), np.int32, size))
        self.waiting.append(matrix)
        self.rows += size
        if sum(map(len, self.waiting)) >= PIECE:
            self._settle()
        if self.sampler and self.rows > self.sampler.most:
            self._narrow()

    def _settle(self) -> None:
        """Turn the waiting rows into pieces of columns, large enough to be freed one by one."""
        for place, pieces in enumerate(self.numbers):
            pieces.append(np.concatenate([matrix[:, place] for matrix in self.waiting]))
        self.waiting.clear()

    def _batch(self, matrix: np.ndarray, values: list[list[str]]) -> Table:
        """The rows of a batch alone."""
        texts = {}
        for column, found in zip(self.packing.texts, values, strict=True):
            lookup = defaultdict(count().__next__, {self.packing.missing: -1})
            codes = np.fromiter(map(lookup.__getitem__, found), np.int32, len(found))
            texts[column.name] = Texts(codes, [t for t in lookup if t != self.packing.missing])
        numbers = {c.name: matrix[:, i].copy() for i, c in enumerate(self.packing.numbers)}
        return Table(len(matrix), numbers, texts)

    def _narrow(self) -> None:
        assert self.sampler is not None
        marks = np.concatenate(self.marks)
        if self.sampler.narrow(marks):
            inside = marks <= self.sampler.limit
            if self.waiting:
                self._settle()
            for pieces in (*self.numbers, *self.codes):
                pieces[:] = [np.concatenate(pieces)[inside]]
            marks = marks[inside]
            self.rows = len(marks)
        self.marks = [marks]

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


def _joined(pieces: Pieces, kind: type) -> np.ndarray:
    """One array of the pieces, which are given up."""
    found = pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, kind), *pieces])
    pieces.clear()
    return found


def _by_the_alphabet(lookup: dict[str, int], codes: np.ndarray, missing: str) -> Texts:
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
