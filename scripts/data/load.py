"""Files into a table: all of their rows or none, and the same way when they are loaded again."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import errorcodes, sql
from psycopg2.extensions import cursor as Cursor

from scripts.data import target
from scripts.data.column import MISSING_WORDS, Column
from scripts.data.conversions import parse_conversions
from scripts.data.names import require_name
from scripts.data.table_file import TableFile, open_files
from scripts.errors import UserError
from scripts.resources import disk_full, memory_missing

BATCH = 20_000
SPECIAL = re.compile(r"[\\\n\r]").search
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
COPY_CONTEXT = re.compile(r"COPY \S+, line (\d+)(?:, column (\w+))?").search


@dataclass(frozen=True)
class Options:
    """What the user may say about a file; empty values are recognised from the file.

    `conversions`: text of CONVERT=. `missing`: words for a missing value, separated by commas, or
    "none".
    """

    encoding: str = ""
    header: str = ""
    quotes: str = ""
    conversions: str = ""
    missing: str = ""

    @property
    def missing_words(self) -> frozenset[str]:
        """The words that stand for a missing value in columns that are not text."""
        if not self.missing:
            return MISSING_WORDS
        words = (word.strip() for word in self.missing.split(","))
        return frozenset() if self.missing == "none" else frozenset(filter(None, words))


@dataclass(frozen=True)
class ColumnReport:
    """A line of the table that `make load` prints."""

    name: str
    header: str
    type: str
    empty: int
    distinct: str
    example: str
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LoadResult:
    """What a load did."""

    schema: str
    table: str
    rows: int
    change: str
    format: str
    reports: list[ColumnReport]

    @property
    def columns(self) -> dict[str, str]:
        """SQL type by column."""
        return {report.name: report.type for report in self.reports}

    def __str__(self) -> str:
        return (
            f"{self.schema}.{self.table}: {self.rows:,} rows, {len(self.reports)} columns"
            f" ({self.change})"
        )


def load_files(
    dsn: dict[str, Any],
    paths: Sequence[Path],
    name: str = "",
    schema: str = "csv",
    source: str = "",
    options: Options | None = None,
    types: Mapping[str, str] | None = None,
) -> LoadResult:
    """Load CSV or Parquet files with equal columns into a table; one of that name is replaced.

    `dsn`: how to connect, as the role that is to own the table. `source`: what the table's
    comment names as its origin; by default the name of the file. `types`: the SQL type of columns
    whose values it holds without loss.
    """
    options = options or Options()
    table = require_name(name or paths[0].name.split(".")[0], "table")
    schema = require_name(schema, "schema")
    target.require_own_schema(schema)
    file = open_files(paths, options.encoding, options.header, options.quotes)
    columns = _survey(file, options)
    rows = columns[0].rows
    connection = psycopg2.connect(**dsn)
    try:
        # One transaction: readers see the old rows until the new ones are complete.
        with connection, connection.cursor() as cursor:
            place = target.Target(cursor, schema, table)
            column_types = place.prepare(columns, types or {})
            _copy(cursor, place.draft, file, columns, column_types)
            change = place.replace()
            at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
            place.comment(f"{source or f'Loaded from {file.name}'} · {rows:,} rows · {at}")
            headers = dict(zip(file.columns, file.header, strict=True))
            place.comment_columns({key: text for key, text in headers.items() if key != text})
    except psycopg2.Error as error:
        raise _load_error(error, file) from None
    finally:
        connection.close()
    reports = [
        ColumnReport(
            column.name,
            header,
            column_types[column.name],
            column.empty + (column.missing.total() if column_types[column.name] != "text" else 0),
            column.distinct,
            column.example,
            _renaming(column.name, header) + column.remarks(column_types[column.name], file.place),
        )
        for column, header in zip(columns, file.header, strict=True)
    ]
    return LoadResult(schema, table, rows, change, file.format, reports)


def _survey(file: TableFile, options: Options) -> list[Column]:
    """Read the whole file once: the types it needs, the number of its rows, and any bad row."""
    conversions = parse_conversions(options.conversions, file.columns)
    words = options.missing_words
    columns = [Column(name, conversions.get(name), words) for name in file.columns]
    rows = file.rows()
    while batch := list(islice(rows, BATCH)):
        lines, fields = zip(*batch, strict=True)
        for column, values in zip(columns, zip(*fields, strict=True), strict=True):
            column.observe(values, lines)
    if not columns[0].rows:
        raise UserError(
            f"{file.name} has no rows below its header",
            "give a file with rows, or HEADER=no if the first line is a row",
        )
    for column in columns:
        misfit = column.misfit()
        if misfit and column.conversion:
            raise file.error(
                misfit.first_line,
                f'column {column.name} holds "{misfit.first_value}", which CONVERT='
                f'"{column.name}:{column.conversion.name}" does not convert'
                f" ({misfit.count:,} of {column.filled:,} values)",
                "correct the values, choose another conversion, or leave it out",
            )
    return columns


def _copy(
    cursor: Cursor,
    table: sql.Composable,
    file: TableFile,
    columns: list[Column],
    types: dict[str, str],
) -> None:
    plain = {n for n, column in enumerate(columns) if _is_stored_as_read(column, types)}
    changed = [
        (n, column, types[column.name]) for n, column in enumerate(columns) if n not in plain
    ]

    def stored_rows() -> Iterator[list[str]]:
        for _, row in file.rows():
            for position, column, kind in changed:
                if row[position]:
                    row[position] = column.stored(row[position], kind)
            yield row

    statement = sql.SQL("copy {} from stdin with (null '')").format(table)
    cursor.copy_expert(statement.as_string(cursor), _Stream(stored_rows()))


def _is_stored_as_read(column: Column, types: dict[str, str]) -> bool:
    """Whether Column.stored() would change no value: a call for each takes much of the time."""
    if column.conversion and column.conversion.type != "text":
        return False
    return types[column.name] == "text" or column.is_bare


class _Stream(io.TextIOBase):
    """Rows as the text that COPY reads; never more than a batch of them in memory."""

    def __init__(self, rows: Iterator[list[str]]) -> None:
        self._rows = rows
        self._text = ""

    def read(self, size: int | None = -1) -> str:
        size = -1 if size is None else size
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
        line = "\t".join(value.translate(ESCAPED) for value in row)
    return f"{line}\n"


def _renaming(name: str, header: str) -> list[str]:
    """A remark where a header could not become a name by its own letters."""
    reserved = name.endswith("_column") or name.startswith("column_")
    return [f'"{header}" in the file'] if reserved and name != header else []


def _load_error(error: psycopg2.Error, file: TableFile) -> UserError:
    """PostgreSQL's error in one line, with the line of the file where PostgreSQL knows the row."""
    reason = str(error).strip().splitlines()[0].rstrip(".")
    code = error.pgcode or ""
    if code.startswith("54"):
        return UserError(
            f"{file.name} has {len(file.columns):,} columns, and a row of them does not fit"
            f" into PostgreSQL's 8 kB page: {reason}; nothing was changed",
            "put similar columns into one array column, or split the file into two tables",
        )
    if code == errorcodes.DISK_FULL:
        return disk_full(f"{file.name} was not loaded; nothing was changed: {reason}")
    if code == errorcodes.OUT_OF_MEMORY:
        return memory_missing(f"{file.name} was not loaded; nothing was changed: {reason}")
    context = COPY_CONTEXT(getattr(error.diag, "context", None) or "")
    if context:
        line = next(islice(file.rows(), int(context[1]) - 1, None), (0, []))[0]
        column = f", column {context[2]}" if context[2] else ""
        return file.error(line, f"{reason}{column}", "correct the value, then load the file again")
    if isinstance(error, psycopg2.OperationalError) and not code:
        return UserError(f"{file.name} could not be loaded: {reason}", "make status, then make up")
    return UserError(
        f"{file.name} could not be loaded: {reason}; nothing was changed",
        "correct the file, then load it again",
    )
