"""A CSV file as rows of text: encoding and dialect recognised, a bad row named by its line."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from scripts.data.dialect import Dialect, choose_dialect
from scripts.data.encoding import detect_encoding, open_text, require_encoding
from scripts.data.header import looks_like_data
from scripts.data.names import column_names
from scripts.errors import UserError

SAMPLE_LINES = 1_000
# PostgreSQL holds at most 1 GB in a field. A longer "field" is a quote that nobody closed.
LONGEST_FIELD = 1 << 30
MOST_COLUMNS = 1_600
csv.field_size_limit(LONGEST_FIELD)


class CsvFile:
    """A CSV file (also .csv.gz) that can be read more than once.

    `encoding`: a codec's name; recognised where empty. `header`: "yes", "no", or "" to recognise
    a first line that holds data. `quotes`: "text" reads a quote in the middle of a quoted field as
    text; otherwise it is an error.
    """

    def __init__(self, path: Path, encoding: str = "", header: str = "", quotes: str = "") -> None:
        self.path, self.name = path, path.name
        if not path.is_file():
            raise UserError(f"There is no file {path}", "check the path after CSV=")
        if header not in ("", "yes", "no"):
            raise UserError(f'HEADER cannot be "{header}"', "write HEADER=yes or HEADER=no")
        if quotes not in ("", "text"):
            raise UserError(f'QUOTES cannot be "{quotes}"', "write QUOTES=text, or leave it out")
        self.encoding = require_encoding(encoding) if encoding else self._readable(detect_encoding)
        self.dialect = self._choose_dialect(quotes == "text")
        first = list(islice(self._records(), SAMPLE_LINES))
        if not first:
            raise UserError(f"{path.name} is empty", "give a file with a line of column names")
        self._require_columns([fields for _, fields in first])
        self.has_header = header != "no"
        if not header and looks_like_data([fields for _, fields in first]):
            raise UserError(
                f"The first line of {path.name} looks like data, not like column names:"
                f" {', '.join(first[0][1][:4])}",
                "HEADER=no if the file has no line of names, HEADER=yes if these are names",
            )
        width = len(first[0][1])
        self.header = first[0][1] if self.has_header else [f"column_{n + 1}" for n in range(width)]
        self.columns = column_names(self.header)

    @property
    def format(self) -> str:
        """Dialect and encoding in words."""
        return f"{self.dialect}, {self.encoding.removesuffix('-sig')}"

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and fields of every row, as they stand in the file; a bad row is an error."""
        width = len(self.columns)
        records = self._records()
        if self.has_header:
            next(records)
        for line, fields in records:
            if len(fields) != width:
                raise self.error(
                    line, f"the row has {_count(len(fields), 'field')}, the first line has {width}"
                )
            yield line, fields

    def place(self, line: int) -> str:
        """Where a row stands, in words."""
        return f"line {line}"

    def error(self, line: int, what: str, do: str = "correct that line") -> UserError:
        """An error in a line of this file."""
        return UserError(f"{self.path.name}, line {line}: {what}; nothing was loaded", do)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Rows with the number of the line in which each begins; empty lines are left out."""
        with self._readable(lambda path: open_text(path, self.encoding)) as file:
            reader = self.dialect.reader(file)
            line = 1
            names: list[str] = []
            try:
                for fields in reader:
                    if fields:
                        names = names or fields
                        if "\0" in "".join(fields):
                            raise self._nul_error(line, fields, names)
                        yield line, fields
                    line = reader.line_num + 1
            except csv.Error as error:
                remedy = "correct that line"
                if "expected after" in str(error):
                    remedy += ", or QUOTES=text to read such a quote as text"
                raise self.error(line, _explain(str(error)), remedy) from None
            except UnicodeDecodeError:
                raise self.error(
                    reader.line_num + 1,
                    f"the bytes are no {self.encoding} text",
                    "name the encoding, for example ENCODING=cp1252, or save the file as UTF-8",
                ) from None
            except (OSError, EOFError) as error:
                raise UserError(f"{self.path} cannot be read: {error}", "check the file") from None

    def _nul_error(self, line: int, fields: list[str], names: list[str]) -> UserError:
        position = next(n for n, field in enumerate(fields) if "\0" in field)
        column = f'column "{names[position]}"' if position < len(names) else f"field {position + 1}"
        return self.error(
            line, f"{column} holds a NUL byte, which PostgreSQL cannot store", "remove the byte"
        )

    def _choose_dialect(self, has_inner_quotes: bool) -> Dialect:
        with self._readable(lambda path: open_text(path, self.encoding)) as file:
            try:
                lines = list(islice(file, SAMPLE_LINES + 1))
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{self.path.name} is no {self.encoding} text: {error.reason}",
                    "name the encoding, for example ENCODING=cp1252",
                ) from None
            except (OSError, EOFError) as error:
                raise UserError(f"{self.path} cannot be read: {error}", "check the file") from None
        is_whole = len(lines) <= SAMPLE_LINES
        return choose_dialect(lines[:SAMPLE_LINES], is_whole, has_inner_quotes)

    def _readable(self, action):
        try:
            return action(self.path)
        except (OSError, EOFError) as error:
            raise UserError(f"{self.path} cannot be read: {error}", "check the file") from None

    def _require_columns(self, rows: list[list[str]]) -> None:
        width = len(rows[0])
        if width > MOST_COLUMNS:
            raise UserError(
                f"{self.path.name} has {width:,} columns; a table of PostgreSQL holds at most"
                f" {MOST_COLUMNS:,}",
                "put similar columns into one array column, or split the file into two tables",
            )


def _explain(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened here and never closed"
    if "expected after" in error:
        return "a quote ends in the middle of a field"
    if "field larger than field limit" in error:
        return "a field is longer than 1 GB; a quote may be opened here and never closed"
    if "NUL" in error:
        return "the line holds a NUL byte, which PostgreSQL cannot store"
    return error


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
