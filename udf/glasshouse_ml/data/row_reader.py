"""Reads the columns and the rows of a query."""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, NUMBER, TIME, Column, Table
from glasshouse_ml.data.canonical_text import depends_on_settings
from glasshouse_ml.data.column_buffer import ColumnBuffer
from glasshouse_ml.data.database import ArraySizes, ColumnType, Database
from glasshouse_ml.data.packing import Packing

BATCH = 5_000
# Positions of one array.
MAX_POSITIONS = 10_000
_NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_TEXT_ARRAYS = {"_text", "_varchar", "_bpchar"}
_TIMES = {"date", "timestamp", "timestamptz", "time", "timetz", "interval"}


def read_columns(db: Database, query: str) -> list[Column]:
    """The columns of a query; no row is read."""
    columns = [_column(column) for column in db.columns(query)]
    _check_names(columns)
    return columns


def _column(column: ColumnType) -> Column:
    result = Column(
        column.name,
        column.type_name,
        _kind(column),
        _is_array(column),
        base_type=column.base_type,
        category=column.category,
    )
    if column.base_type not in _TEXT_ARRAYS:
        return result
    return replace(result, kind=CATEGORY, base_type="text", category="S", is_text_array=True)


def _check_names(columns: Sequence[Column]) -> None:
    counts = Counter(column.name for column in columns)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if not repeated:
        return
    name = repeated[0]
    array = next((column.of for column in columns if column.name == name and column.of), None)
    raise GlasshouseError(
        f"The query returns more than one column named {name!r}"
        + (f": one is a position of the array {array!r}." if array else "."),
        "Give each column a name of its own with AS.",
    )


def expand_arrays(db: Database, query: str, columns: Sequence[Column]) -> list[Column]:
    """The columns of a query, with a column for each position of an array of numbers."""
    arrays = db.array_sizes(query, [column.name for column in columns if column.array])
    expanded = []
    for column in columns:
        sizes = arrays.get(column.name, ArraySizes(0, 0, True))
        _check_one_dimensional(column.name, sizes)
        if sizes.most > MAX_POSITIONS:
            raise GlasshouseError(
                f"Column {column.name!r} holds arrays of up to {sizes.most} numbers; "
                f"{MAX_POSITIONS} are the most.",
                "Cut them in the query, for example with column[1:1000].",
            )
        equal_length = sizes.least == sizes.most
        if not equal_length:
            db.notice(
                f"Column {column.name!r} holds arrays of {sizes.least} to {sizes.most} numbers: "
                "the shorter ones count as NULL at their end."
            )
        # An array that is always empty or NULL stays one column and becomes no feature.
        expanded += column.positions(sizes.most, sizes.most if equal_length else 0) or [column]
    _check_names(expanded)
    return expanded


def check_array_lengths(db: Database, query: str, features: Sequence[Feature]) -> None:
    """Refuse arrays that differ in length from those of the training.

    Otherwise a model would silently take each number after the difference for another feature.
    """
    lengths = {feature.of: feature.length for feature in features if feature.of}
    for name, sizes in db.array_sizes(query, list(lengths)).items():
        _check_one_dimensional(name, sizes)
        length = lengths[name]
        if length and sizes.most and (sizes.least, sizes.most) != (length, length):
            wrong_length = sizes.least if sizes.least != length else sizes.most
            raise GlasshouseError(
                f"Column {name!r} holds an array of {wrong_length} numbers; all arrays of the "
                f"training had {length}.",
                "Give as many in the same order, or NULL for a row that has none.",
            )


def _check_one_dimensional(name: str, sizes: ArraySizes) -> None:
    if not sizes.one_dimensional:
        raise GlasshouseError(
            f"Column {name!r} holds arrays that are nested or not counted from 1.",
            "Lay their numbers out in one row: array(select unnest(column)).",
        )


def columns_by_name(columns: Sequence[Column], features: Sequence[Feature]) -> dict[str, Column]:
    """Columns by name, with the positions of arrays that are features."""
    columns_named = {column.name: column for column in columns}
    for feature in features:
        if feature.of and feature.of in columns_named and columns_named[feature.of].array:
            columns_named[feature.name] = columns_named[feature.of].position(feature.place)
    return columns_named


def _is_array(column: ColumnType) -> bool:
    return column.category == "A" and column.base_type.removeprefix("_") in _NUMBERS


def _kind(column: ColumnType) -> str | None:
    if column.base_type in _NUMBERS:
        return NUMBER
    if column.base_type == "bool":
        return BOOLEAN
    if column.base_type in _TIMES:
        return TIME
    if column.category in ("S", "E") or column.base_type == "uuid":
        return CATEGORY
    return None


class Reader:
    """Reads chosen columns of a query, some as numbers and some as texts."""

    def __init__(
        self, db: Database, query: str, numbers: Sequence[Column], texts: Sequence[Column]
    ) -> None:
        """Nothing is read before batches() or table() is called."""
        # Random for each reader, so that no text can contain the separators.
        token = secrets.token_hex(4)
        self.db = db
        self.query = query
        changed = db.changed_settings() if any(map(depends_on_settings, texts)) else ()
        self.packing = Packing(
            numbers, texts, f"\x1f{token}", f"\x02{token}", db.raw_bytes_work(), changed
        )

    def batches(self, size: int = BATCH) -> Iterator[tuple[int, np.ndarray, list[list[str]]]]:
        """Number of rows, a matrix of numbers, and a list of values per text column."""
        for rows in self.db.fetch_packed(self.query, self.packing, size):
            yield len(rows), self.packing.unpack_numbers(rows), self.packing.unpack_texts(rows)

    def table(self, max_bytes: int | None = None) -> Table:
        """All rows, or a sample on which a training takes at most max_bytes.

        rows_read is then the number of rows of the query.
        """
        buffer = ColumnBuffer(self.packing, max_bytes)
        self.rows_read = 0
        for size, matrix, values in self.batches():
            self.rows_read += size
            buffer.add(size, matrix, values)
        return buffer.table()
