"""The rows of a query into numpy."""

import secrets
from collections.abc import Iterator, Sequence

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, NUMBER, TIME, Column, Table
from glasshouse_ml.data.column_buffer import ColumnBuffer
from glasshouse_ml.data.database import ArraySizes, ColumnType, Database
from glasshouse_ml.data.packing import Packing

BATCH = 5_000
# Positions of one array.
MOST_POSITIONS = 10_000
_NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_TIMES = {"date", "timestamp", "timestamptz", "time", "timetz", "interval"}


def clean_query(query: str | None) -> str:
    """The query without a closing semicolon, so that it can stand in parentheses."""
    query = (query or "").strip().rstrip(";").rstrip()
    if not query:
        raise GlasshouseError("The query is empty.", "Give a SELECT whose rows are the examples.")
    return query


def read_columns(db: Database, query: str) -> list[Column]:
    """The columns of a query; no row is read."""
    columns = [Column(c.name, c.shown, _kind(c), _is_array(c)) for c in db.columns(query)]
    names = [column.name for column in columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise GlasshouseError(
            f"The query returns more than one column named {repeated[0]!r}.",
            "Give each column a name of its own with AS.",
        )
    return columns


def expand_arrays(db: Database, query: str, columns: Sequence[Column]) -> list[Column]:
    """The columns of a query with each array of numbers as a column per position."""
    arrays = db.sizes(query, [column.name for column in columns if column.array])
    found = []
    for column in columns:
        sizes = arrays.get(column.name, ArraySizes(0, 0, True))
        _check_plain(column.name, sizes)
        if sizes.most > MOST_POSITIONS:
            raise GlasshouseError(
                f"Column {column.name!r} holds arrays of up to {sizes.most} numbers; "
                f"{MOST_POSITIONS} are the most.",
                "Cut them in the query, for example with column[1:1000].",
            )
        same = sizes.least == sizes.most
        if not same:
            db.notice(
                f"Column {column.name!r} holds arrays of {sizes.least} to {sizes.most} numbers: "
                "the shorter ones count as NULL at their end."
            )
        # An array that is always NULL or empty stays what it is: no feature can be made of it.
        found += column.positions(sizes.most, sizes.most if same else 0) or [column]
    return found


def check_arrays(db: Database, query: str, features: Sequence[Feature]) -> None:
    """Refuse arrays of another length than all of those had that a model learned from.

    Without a word each number after the difference would be taken for another one.
    """
    lengths = {feature.of: feature.length for feature in features if feature.of}
    for name, sizes in db.sizes(query, list(lengths)).items():
        _check_plain(name, sizes)
        length = lengths[name]
        if length and sizes.most and (sizes.least, sizes.most) != (length, length):
            other = sizes.least if sizes.least != length else sizes.most
            raise GlasshouseError(
                f"Column {name!r} holds an array of {other} numbers; all that the model learned "
                f"from had {length}.",
                "Give as many in the same order, or NULL for a row that has none.",
            )


def _check_plain(name: str, sizes: ArraySizes) -> None:
    if not sizes.plain:
        raise GlasshouseError(
            f"Column {name!r} holds arrays that are nested or not counted from 1.",
            "Lay their numbers out in one row: array(select unnest(column)).",
        )


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

    def table(self, room: int | None = None) -> Table:
        """All rows at once, or a sample of as many as have room in so many bytes when a model is
        trained on them. `read` then says how many there were.
        """
        kept = ColumnBuffer(self.packing, room)
        self.read = 0
        for size, matrix, values in self.batches():
            self.read += size
            kept.add(size, matrix, values)
        return kept.table()
