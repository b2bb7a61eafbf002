"""A Parquet file as rows of text, with the interface of a CSV file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from scripts.data.csv_file import MOST_COLUMNS
from scripts.data.names import column_names
from scripts.errors import UserError

BATCH_ROWS = 20_000
SINGLE_VALUES = (
    types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_string,
    types.is_large_string, types.is_date, types.is_time, types.is_timestamp, types.is_null,
)  # fmt: skip


class ParquetFile:
    """A Parquet file that can be read more than once.

    Values become the text that a CSV file would hold: NULL and NaN are empty, dates and times are
    in ISO form.
    """

    format = "Parquet"

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        if not schema.names or len(schema.names) > MOST_COLUMNS:
            raise UserError(
                f"{self.name} has {len(schema.names):,} columns; a table of PostgreSQL holds 1 to"
                f" {MOST_COLUMNS:,}",
                "split the file into two tables",
            )
        for field in schema:
            if not any(test(_value_type(field.type)) for test in SINGLE_VALUES):
                raise UserError(
                    f"{self.name}: the column {field.name} holds {field.type}, not one value in"
                    " each row; nothing was loaded",
                    "write its parts as columns of their own, or leave it out of the file",
                )
        self.header: list[str] = list(schema.names)
        self.columns = column_names(self.header)
        self._texts = [_text_function(_value_type(field.type)) for field in schema]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number and values of every row; the first row has the number 1."""
        number = 0
        try:
            for batch in pq.ParquetFile(self.path).iter_batches(BATCH_ROWS):
                columns = [
                    _column_texts(column, text)
                    for text, column in zip(self._texts, batch.columns, strict=True)
                ]
                for values in zip(*columns, strict=True):
                    number += 1
                    if "\0" in "".join(values):
                        raise self.error(
                            number, "a NUL byte, which PostgreSQL cannot store", "remove the byte"
                        )
                    yield number, list(values)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def place(self, line: int) -> str:
        """Where a row stands, in words."""
        return f"row {line}"

    def error(self, line: int, what: str, do: str = "correct that row") -> UserError:
        """An error in a row of this file."""
        return UserError(f"{self.name}, row {line}: {what}; nothing was loaded", do)

    def _unreadable(self, error: Exception) -> UserError:
        reason = str(error).strip().splitlines()[0]
        return UserError(f"{self.name} cannot be read: {reason}", "check the file")


def _value_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values; a dictionary stores each different value once."""
    return kind.value_type if types.is_dictionary(kind) else kind


def _column_texts(column: pa.Array, text: Callable[[Any], str]) -> list[str]:
    """The text of each value; NULL is empty."""
    kind = column.type
    if (types.is_timestamp(kind) or types.is_time64(kind)) and kind.unit == "ns":
        coarse = pa.timestamp("us", kind.tz) if types.is_timestamp(kind) else pa.time64("us")
        rounded = column.cast(coarse, safe=False)
        if not rounded.cast(kind).equals(column):
            return _nanosecond_texts(column, coarse)
        column = rounded
    return ["" if value is None else text(value) for value in column.to_pylist()]


def _nanosecond_texts(column: pa.Array, coarse: pa.DataType) -> list[str]:
    """Times with nine digits of a second, which neither Python nor PostgreSQL has a type for."""
    counts = column.cast(pa.int64()).to_pylist()
    micros = pa.array([None if n is None else n // 1_000 for n in counts], coarse).to_pylist()
    texts = []
    for count, value in zip(counts, micros, strict=True):
        if value is None:
            texts.append("")
            continue
        seconds, _, rest = value.isoformat(timespec="microseconds").partition(".")
        texts.append(f"{seconds}.{rest[:6]}{count % 1_000:03}{rest[6:]}")
    return texts


def _text_function(kind: pa.DataType) -> Callable[[Any], str]:
    if types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if types.is_floating(kind):
        return lambda value: "" if value != value else repr(value)
    if types.is_date(kind) or types.is_time(kind) or types.is_timestamp(kind):
        return lambda value: value.isoformat()
    return str
