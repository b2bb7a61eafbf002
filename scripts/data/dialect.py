"""The dialect of a CSV file, chosen by parsing the file's first lines with every candidate."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scripts.data.inner_quotes import doubled_inner_quotes

DELIMITERS = ",;\t|"
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", '"': '"', "'": "'"}


@dataclass(frozen=True)
class Dialect:
    """How a file separates and quotes its fields."""

    delimiter: str = ","
    quote: str = '"'
    # Whether a blank follows each delimiter and belongs to no field.
    skip_blank: bool = False
    # Whether a quote in the middle of a quoted field is text.
    has_inner_quotes: bool = False

    def reader(self, lines: Iterable[str]):
        """A strict reader of the csv module for these lines."""
        if self.has_inner_quotes:
            lines = doubled_inner_quotes(lines, self.delimiter, self.quote, self.skip_blank)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            skipinitialspace=self.skip_blank,
            strict=True,
        )

    def __str__(self) -> str:
        return f"{NAMES[self.delimiter]}-separated, quoted with {NAMES[self.quote]}"


@dataclass(frozen=True)
class _Trial:
    """What parsing with a dialect gave."""

    dialect: Dialect
    rows: list[list[str]]
    failed: bool

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    @property
    def agreement(self) -> float:
        """The share of rows with as many fields as the first."""
        same = sum(len(row) == self.width for row in self.rows)
        return same / max(len(self.rows), 1)

    @property
    def is_consistent(self) -> bool:
        return bool(self.rows) and not self.failed and self.agreement == 1


def choose_dialect(lines: list[str], is_whole: bool, has_inner_quotes: bool = False) -> Dialect:
    """The dialect that reads `lines` into the most fields, as many in each row.

    Double quotes are preferred. Single quotes are taken where a double quote cannot read the
    lines, or where every value that begins with a single quote also ends with one.
    `is_whole`: the lines are the whole file, so its last row must be complete too.
    """
    double, single = (
        [
            _try(Dialect(delimiter, quote, has_inner_quotes=has_inner_quotes), lines, is_whole)
            for delimiter in DELIMITERS
        ]
        for quote in ('"', "'")
    )
    best = _widest([trial for trial in double if trial.is_consistent])
    rival = _widest([trial for trial in single if trial.is_consistent])
    if rival and not any('"' in line for line in lines):
        # Only a reader of single quotes sees one field in 'a, b'.
        reads_more = rival.width > 1 and (best is None or best.width == 1)
        if reads_more or (best and best.width == rival.width and _is_enclosed(best.rows)):
            best = rival
    if best is None or best.width == 1:
        # One torn line must not hide the delimiter of all others: the reader names that line.
        torn = [trial for trial in double if trial.agreement >= 0.5 and trial.width > 1]
        best = _widest(torn) or best or double[0]
    return replace(best.dialect, skip_blank=_has_blanks(best.dialect.delimiter, lines))


def _try(dialect: Dialect, lines: list[str], is_whole: bool) -> _Trial:
    rows: list[list[str]] = []
    failed = False
    try:
        for row in dialect.reader(lines):
            if row:
                rows.append(row)
    except csv.Error as error:
        # The sample may end within a quoted field.
        failed = is_whole or "unexpected end of data" not in str(error)
    return _Trial(dialect, rows if is_whole else rows[:-1] or rows, failed)


def _widest(trials: list[_Trial]) -> _Trial | None:
    return max(trials, key=lambda trial: trial.width, default=None)


def _is_enclosed(rows: list[list[str]]) -> bool:
    """Whether a column's values all stand in single quotes, and no value has just one of them."""
    values = [value.strip() for row in rows for value in row if value.strip()]
    opened = [value for value in values if value.startswith("'")]
    if not opened or any(value.endswith("'") for value in values if not value.startswith("'")):
        return False
    return all(len(value) > 1 and value.endswith("'") for value in opened)


def _has_blanks(delimiter: str, lines: list[str]) -> bool:
    """Whether a blank follows each delimiter."""
    text = "".join(lines)
    count = text.count(delimiter)
    return delimiter != "\t" and count > 0 and count == text.count(f"{delimiter} ")
