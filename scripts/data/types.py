"""Which SQL type fits a column: found from every value in it, not from the first few."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from math import isfinite

TEXT = "text"
# A number with a leading zero is a code (00123), and more than 18 digits do not fit a bigint:
# both would lose something as numbers, so both stay text.
WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})").fullmatch
NUMBER = re.compile(
    r"[+-]?((0|[1-9]\d*)\.\d*|\.\d+|(0|[1-9]\d{0,17}))([eE][+-]?\d{1,3})?|[nN]a[nN]|[+-]?[iI]nf"
).fullmatch
DATE = re.compile(r"\d{4}-\d\d-\d\d").fullmatch
TIME = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?(?P<zone> ?(Z|[+-]\d\d(:?\d\d)?))?"
).fullmatch


def _is_boolean(value: str) -> bool:
    # Only these two words: Yes and No are what people want to see again on a chart.
    return value.lower() in ("true", "false")


def _is_number(value: str) -> bool:
    # 1e999 looks like a number, but a double cannot hold it.
    return bool(NUMBER(value)) and (isfinite(float(value)) or "n" in value.lower())


def _is_date(value: str) -> bool:
    return bool(DATE(value)) and _parses(date.fromisoformat, value)


def _is_timestamp(value: str) -> bool:
    found = TIME(value)
    return bool(found) and not found["zone"] and _parses(datetime.fromisoformat, value)


def _is_zoned(value: str) -> bool:
    found = TIME(value)
    if not found or not found["zone"] or ":" not in value[:16]:
        return False
    return _parses(datetime.fromisoformat, value.replace(" ", "T", 1).replace(" ", ""))


def _parses(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


# In order of preference: the first that fits every value is taken.
FITS: dict[str, Callable[[str], object]] = {
    "boolean": _is_boolean,
    "bigint": WHOLE,
    "double precision": _is_number,
    "date": _is_date,
    "timestamp without time zone": _is_timestamp,
    "timestamp with time zone": _is_zoned,
}
# What else a column of the first type may hold without losing anything.
ALSO_HOLDS = {
    "double precision": {"bigint"},
    "numeric": {"bigint", "double precision"},
    "timestamp without time zone": {"date"},
}


class Column:
    """The types that are still possible for a column, after the values seen so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.empty = True
        self._possible = list(FITS)

    def see(self, values: Iterable[str]) -> None:
        """Rule out the types that do not fit these values."""
        filled = {value for value in values if value}
        if not filled:
            return
        self.empty = False
        self._possible = [kind for kind in self._possible if all(map(FITS[kind], filled))]

    @property
    def type(self) -> str:
        """The SQL type."""
        return TEXT if self.empty or not self._possible else self._possible[0]

    def fits_into(self, existing: str) -> bool:
        """Whether a column of an existing table can take these values as it is."""
        return (
            self.empty or existing in (TEXT, self.type) or self.type in ALSO_HOLDS.get(existing, ())
        )
