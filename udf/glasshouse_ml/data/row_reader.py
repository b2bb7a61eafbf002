"""Reads the columns and the rows of a query."""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from glasshouse_ml.core.errors import GlasshouseError, shorten
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import Column, Table
from glasshouse_ml.data.canonical_text import depends_on_settings
from glasshouse_ml.data.column_buffer import Batch, ColumnBuffer
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import Packing

BATCH = 5_000
# Positions of one array.
MAX_POSITIONS = 10_000
# The class of SQLSTATEs that are about values.
_DATA_EXCEPTION = "22"


def read_columns(db: Database, query: str, expand_arrays: bool = False) -> list[Column]:
    """The columns of a query; its rows are read only to expand arrays.

    Each position of an array of numbers is then a column.
    """
    columns = db.columns(query)
    _check_names(columns)
    if expand_arrays:
        columns = _expand_arrays(db, query, columns)
        _check_names(columns)
    return columns


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


def _expand_arrays(db: Database, query: str, columns: Sequence[Column]) -> list[Column]:
    arrays = db.array_sizes(query, [column.name for column in columns if column.array])
    expanded = []
    for column in columns:
        least, most = arrays.get(column.name, (0, 0))
        if most > MAX_POSITIONS:
            raise GlasshouseError(
                f"Column {column.name!r} holds arrays of up to {most} numbers; "
                f"{MAX_POSITIONS} are the most.",
                "Cut them in the query, for example with column[1:1000].",
            )
        if least != most:
            db.notice(
                f"Column {column.name!r} holds arrays of {least} to {most} numbers: "
                "the shorter ones count as NULL at their end."
            )
        # An array that is always empty or NULL stays one column and becomes no feature.
        expanded += column.positions(most, most if least == most else 0) or [column]
    return expanded


def check_array_lengths(db: Database, query: str, features: Sequence[Feature]) -> None:
    """Refuse arrays that differ in length from those of the training.

    Otherwise a model would silently take each number after the difference for another feature.
    """
    lengths = {feature.of: feature.length for feature in features if feature.of}
    for name, sizes in db.array_sizes(query, list(lengths)).items():
        length = lengths[name]
        if length and sizes.most and (sizes.least, sizes.most) != (length, length):
            wrong_length = sizes.least if sizes.least != length else sizes.most
            raise GlasshouseError(
                f"Column {name!r} holds an array of {wrong_length} numbers; all arrays of the "
                f"training had {length}.",
                "Give as many in the same order, or NULL for a row that has none.",
            )


def columns_by_name(columns: Sequence[Column], features: Sequence[Feature]) -> dict[str, Column]:
    """Columns by name, with the positions of arrays that are features."""
    columns_named = {column.name: column for column in columns}
    for feature in features:
        if feature.of and feature.of in columns_named and columns_named[feature.of].array:
            columns_named[feature.name] = columns_named[feature.of].position(feature.place)
    return columns_named


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

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        """The rows in batches of at most `size`. An error about a value names the column."""
        try:
            for rows in self.db.fetch_packed(self.query, self.packing, size):
                yield len(rows), self.packing.unpack_numbers(rows), self.packing.unpack_texts(rows)
        except GlasshouseError as error:
            column = self._failing_column() if _is_about_value(error) else None
            if column is None:
                raise
            raise GlasshouseError(
                f"Column {column.name!r} cannot be read: {shorten(error.message, 200)}.",
                error.hint or "Correct the value in the query, or turn it into NULL.",
                error.sqlstate,
            ) from None

    def table(self, max_bytes: int | None = None) -> Table:
        """All rows, or a sample on which a training takes at most max_bytes.

        rows_read is then the number of rows of the query, and hash_sum a sum over all of them that
        does not depend on their order; it is 0 without max_bytes.
        """
        buffer = ColumnBuffer(self.packing, max_bytes)
        for batch in self.batches():
            buffer.add(*batch)
        self.rows_read, self.hash_sum = buffer.rows_read, buffer.hash_sum
        return buffer.table()

    def _failing_column(self) -> Column | None:
        """The column without which the query can be read; None where it fails without any."""
        columns = [*self.packing.numbers, *self.packing.texts]
        if self._fails([]):
            return None
        while len(columns) > 1:
            half = columns[: len(columns) // 2]
            columns = half if self._fails(half) else columns[len(half) :]
        return columns[0] if columns and self._fails(columns) else None

    def _fails(self, columns: Sequence[Column]) -> bool:
        names = {column.name for column in columns}
        part = replace(
            self.packing,
            numbers=[column for column in self.packing.numbers if column.name in names],
            texts=[column for column in self.packing.texts if column.name in names],
        )
        try:
            for _ in self.db.fetch_packed(self.query, part, BATCH):
                pass
        except GlasshouseError as error:
            if not _is_about_value(error):
                raise
            return True
        return False


def _is_about_value(error: GlasshouseError) -> bool:
    return error.sqlstate.startswith(_DATA_EXCEPTION)
