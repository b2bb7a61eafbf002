"""Reading a CSV file: its encoding, delimiter and quotes found, its rows checked one by one."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scripts.data.names import column_names
from scripts.errors import UserError

DELIMITERS = ",;\t|"
SAMPLE_LINES = 200
# A field of a megabyte is text; one of 64 is a quote that nobody closed.
csv.field_size_limit(64 * 1024 * 1024)


@dataclass(frozen=True)
class Shape:
    """How a file writes its rows."""

    delimiter: str
    quote: str
    spaced: bool  # a space after each delimiter


class CsvFile:
    """A CSV file that can be read more than once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise UserError(f"There is no file {path}", "check the path after CSV=")
        self.shape = self._sniff()
        header = next(self._records(), None)
        if header is None:
            raise UserError(f"{path} is empty", "give a file with a line of column names")
        self.columns = column_names([field.strip() for field in header[1]])

    def rows(self) -> Iterator[list[str]]:
        """Every row below the header, as text without spaces around it; a bad one is an error."""
        width = len(self.columns)
        records = self._records()
        next(records)
        for line, fields in records:
            if len(fields) != width:
                if not fields or fields == [""]:
                    continue  # an empty line
                raise self._error(
                    line, f"the row has {_count(len(fields), 'field')}, the header has {width}"
                )
            yield [field.strip() for field in fields]

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Rows with the number of the line each one begins in."""
        shape = self.shape
        with self._open() as file:
            reader = csv.reader(
                file, delimiter=shape.delimiter, quotechar=shape.quote,
                skipinitialspace=shape.spaced, strict=True,
            )  # fmt: skip
            line = 1
            try:
                for fields in reader:
                    yield line, fields
                    line = reader.line_num + 1
            except csv.Error as error:
                raise self._error(line, _explain(str(error))) from None
            except UnicodeDecodeError:
                raise self._not_text() from None
            except (OSError, EOFError) as error:
                raise UserError(f"{self.path} cannot be read: {error}", "check the file") from None

    def _open(self) -> IO[str]:
        # utf-8-sig: the mark that Excel puts at the beginning is no part of the first name.
        if self.path.suffix == ".gz":
            return gzip.open(self.path, "rt", encoding="utf-8-sig", newline="")
        return self.path.open(encoding="utf-8-sig", newline="")

    def _sniff(self) -> Shape:
        """The delimiter that cuts the first lines into the most fields, as many in each."""
        try:
            with self._open() as file:
                lines = [line for line, _ in zip(file, range(SAMPLE_LINES), strict=False)]
        except UnicodeDecodeError:
            raise self._not_text() from None
        except (OSError, EOFError) as error:
            raise UserError(f"{self.path} cannot be read: {error}", "check the file") from None
        text = "".join(lines)
        quote = "'" if '"' not in text and _encloses(text, "'") else '"'
        best, most = ",", 1
        for delimiter in DELIMITERS:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter, quotechar=quote)]
            agreeing = sum(width == widths[0] for width in widths) if widths else 0
            # One torn line must not hide the delimiter of all the others.
            if widths and widths[0] > most and agreeing >= 0.8 * len(widths):
                best, most = delimiter, widths[0]
        spaced = (
            best != "\t" and text.count(best) > 0 and text.count(best) == text.count(best + " ")
        )
        return Shape(best, quote, spaced)

    def _error(self, line: int, what: str) -> UserError:
        return UserError(
            f"{self.path.name}, line {line}: {what}; nothing was loaded", "mend that line"
        )

    def _not_text(self) -> UserError:
        opener = gzip.open if self.path.suffix == ".gz" else open
        with opener(self.path, "rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return UserError(
                        f"{self.path.name}, line {number}: not UTF-8 text; nothing was loaded",
                        "save the file as CSV UTF-8",
                    )
        return UserError(f"{self.path.name} is not UTF-8 text", "save the file as CSV UTF-8")


def _encloses(text: str, quote: str) -> bool:
    return any(f"{delimiter}{quote}" in text for delimiter in DELIMITERS) and any(
        f"{quote}{delimiter}" in text for delimiter in DELIMITERS
    )


def _explain(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened here and never closed"
    if "expected after" in error:
        return "a quote ends in the middle of a field"
    if "NUL" in error:
        return "there is a NUL byte in this line"
    return error


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
