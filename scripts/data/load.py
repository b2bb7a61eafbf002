"""A CSV file into a table: all of it or nothing, and the same way when it is loaded again."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.data import target
from scripts.data.names import require_name
from scripts.data.reader import CsvFile
from scripts.data.types import Column
from scripts.errors import UserError

BATCH = 20_000
SPECIAL = re.compile(r"[\\\n\r]").search
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True)
class Loaded:
    """What a load did."""

    schema: str
    table: str
    rows: int
    columns: dict[str, str]
    change: str

    def __str__(self) -> str:
        return (
            f"{self.schema}.{self.table}: {self.rows:,} rows, {len(self.columns)} columns"
            f" ({self.change})"
        )


def load_csv(
    dsn: dict[str, Any], path: Path, name: str = "", schema: str = "csv", source: str = ""
) -> Loaded:
    """Load the file at `path` into a table; a table of that name is replaced.

    `dsn`: how to connect, as the role that is to own the table. `source`: what the table's
    comment names as its origin; by default the file's name.
    """
    table = require_name(name or path.name.split(".")[0], "table")
    schema = require_name(schema, "schema")
    file = CsvFile(path)
    columns, rows = _survey(file)
    connection = psycopg2.connect(**dsn)
    try:
        # One transaction: readers see the old rows until the new ones are complete.
        with connection, connection.cursor() as cursor:
            place = target.Target(cursor, schema, table)
            types = place.prepare(columns)
            _copy(cursor, place.draft, file)
            change = place.replace()
            at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
            place.comment(f"{source or f'Loaded from {path.name}'} · {rows:,} rows · {at}")
    except psycopg2.Error as error:
        raise UserError(
            f"{path.name} could not be loaded: {_first_line(error)}; nothing was changed",
            _advice(error),
        ) from None
    finally:
        connection.close()
    return Loaded(schema, table, rows, types, change)


def _survey(file: CsvFile) -> tuple[list[Column], int]:
    """Read the whole file once: the types it needs, the number of its rows, and any bad row."""
    columns = [Column(name) for name in file.columns]
    count = 0
    rows = file.rows()
    while batch := list(islice(rows, BATCH)):
        count += len(batch)
        for column, values in zip(columns, zip(*batch, strict=True), strict=True):
            column.see(set(values))
    if not count:
        raise UserError(f"{file.path.name} has no rows below its header", "give a file with rows")
    return columns, count


def _copy(cursor: Cursor, table: sql.Composable, file: CsvFile) -> None:
    statement = sql.SQL("copy {} from stdin with (null '')").format(table)
    cursor.copy_expert(statement.as_string(cursor), _Stream(file.rows()))


class _Stream(io.TextIOBase):
    """Rows as the text that COPY reads; never more than a batch of them in memory."""

    def __init__(self, rows: Iterator[list[str]]) -> None:
        self._rows = rows
        self._text = ""

    def read(self, size: int = -1) -> str:
        while len(self._text) < size or size < 0:
            batch = list(islice(self._rows, 1_000))
            if not batch:
                break
            self._text += "".join(map(_line, batch))
        size = len(self._text) if size < 0 else size
        text, self._text = self._text[:size], self._text[size:]
        return text


def _line(row: list[str]) -> str:
    """A row in COPY's text format, which knows no special lines once a backslash is doubled."""
    line = "\t".join(row)
    if SPECIAL(line) or line.count("\t") >= len(row):
        line = "\t".join(field.translate(ESCAPED) for field in row)
    return f"{line}\n"


def _first_line(error: psycopg2.Error) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def _advice(error: psycopg2.Error) -> str:
    if isinstance(error, psycopg2.OperationalError):
        return "make status, then make up"
    return "mend the file, then load it again"
