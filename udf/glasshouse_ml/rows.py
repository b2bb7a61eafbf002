"""The rows of a query into numpy."""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

from glasshouse_ml.database import ColumnType, Database
from glasshouse_ml.encoding import Feature
from glasshouse_ml.errors import GlasshouseError
from glasshouse_ml.packing import Packing
from glasshouse_ml.table import BOOLEAN, CATEGORY, NUMBER, TIME, Column, Table, Texts

BATCH = 5_000
# Positions of one array.
MOST_POSITIONS = 10_000
_NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
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

    def table(self) -> Table:
        """All rows at once."""
        numbers, texts = self.packing.numbers, self.packing.texts
        missing = self.packing.missing
        blocks: list[np.ndarray] = [np.empty((0, len(numbers)))]
        # A lookup that numbers each new text as it meets it, at the speed of a dictionary.
        codes = [defaultdict(count().__next__, {missing: -1}) for _ in texts]
        coded: list[list[np.ndarray]] = [[np.empty(0, np.int64)] for _ in texts]
        for size, matrix, values in self.batches():
            blocks.append(matrix)
            for lookup, parts, column in zip(codes, coded, values, strict=True):
                parts.append(np.fromiter(map(lookup.__getitem__, column), np.int64, size))
        columns = np.ascontiguousarray(np.concatenate(blocks).T)
        return Table(
            columns.shape[1],
            {column.name: columns[position] for position, column in enumerate(numbers)},
            {
                column.name: _by_the_alphabet(lookup, np.concatenate(parts), missing)
                for column, lookup, parts in zip(texts, codes, coded, strict=True)
            },
        )


def _by_the_alphabet(lookup: dict[str, int], codes: np.ndarray, missing: str) -> Texts:
    """Number the texts by the alphabet instead of by first sight, which the row order decides."""
    met = [text for text in lookup if text != missing]
    order = sorted(range(len(met)), key=met.__getitem__)
    new = np.full(len(met) + 1, -1)
    new[order] = np.arange(len(met))
    return Texts(new[codes], [met[position] for position in order])
