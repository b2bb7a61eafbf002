"""SQL types that hold the values of a column without loss.

Each type has a function that returns the text which PostgreSQL shows for a value of that type, or
None where the type would change the value. Text that differs from the value differs in notation
alone: trailing zeros, an exponent, the letter case of true, or the form of an ISO date.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite

TEXT = "text"
SMALLEST, LARGEST = -(2**63), 2**63 - 1
# PostgreSQL refuses an offset of 16 hours or more from UTC.
FARTHEST_OFFSET = timedelta(hours=16)
# PostgreSQL's numeric ends at 131,072 digits before the point; longer ones are no amounts.
MOST_DIGITS = 1_000

# A leading plus or zero carries information (+49…, 00123), so such values are no numbers.
WHOLE = re.compile(r"-?[1-9]\d{0,18}|0").fullmatch
PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?").fullmatch
# 1E5 may be a code; a decimal point or a signed exponent tells a number.
FLOATING = re.compile(
    r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)|"
    r"-?(?:(?:0|[1-9]\d*)\.\d*|\.\d+)[eE][+-]?\d{1,3}|"
    r"-?(?:0|[1-9]\d*)[eE][+-]\d{1,3}"
).fullmatch
INFINITE = re.compile(r"-?inf(?:inity)?", re.IGNORECASE).fullmatch
DATE = re.compile(r"\d{4}-\d\d-\d\d").fullmatch
TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[ T](?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?))?"
    r"(?P<zone> ?(?:Z|[+-]\d\d(?::?\d\d)?))?"
).fullmatch


def as_boolean(value: str) -> str | None:
    """true or false in any letter case. Yes and No are what readers want to see: they stay text."""
    lower = value.lower()
    return lower if lower in ("true", "false") else None


def as_bigint(value: str) -> str | None:
    """A whole number of 64 bits."""
    return value if WHOLE(value) and SMALLEST <= int(value) <= LARGEST else None


def as_numeric(value: str) -> str | None:
    """A decimal number of any precision; numeric keeps its trailing zeros."""
    if not PLAIN(value) or len(value) > MOST_DIGITS:
        return None
    # numeric has no negative zero.
    return None if value.startswith("-") and not value.strip("-0.") else value


def as_double(value: str) -> str | None:
    """A number whose value a double holds exactly as its shortest decimal form."""
    if INFINITE(value):
        return "-Infinity" if value.startswith("-") else "Infinity"
    if not FLOATING(value):
        return None
    number = float(value)
    shortest = repr(number)
    # Up to 15 significant digits always survive; more have to be compared.
    if not isfinite(number) or Decimal(value) != Decimal(shortest):
        return None
    return shortest.removesuffix(".0")


def as_date(value: str) -> str | None:
    """A date in ISO form."""
    return value if DATE(value) and _parsed(date.fromisoformat, value) else None


def as_timestamp(value: str) -> str | None:
    """A date, with or without a time of day, in ISO form; no time zone."""
    match = TIME(value)
    if not match or match["zone"]:
        return None
    moment = _parsed(datetime.fromisoformat, value)
    return _shown(moment) if moment else None


def as_timestamptz(value: str) -> str | None:
    """A moment in ISO form with its offset from UTC; the instant is kept, the offset is not."""
    match = TIME(value)
    if not match or not match["zone"] or not match["clock"]:
        return None
    moment = _parsed(datetime.fromisoformat, value.replace(" ", "T", 1).replace(" ", ""))
    if not moment or abs(moment.utcoffset()) >= FARTHEST_OFFSET:
        return None
    try:
        return f"{_shown(moment.astimezone(UTC).replace(tzinfo=None))}+00"
    except OverflowError:
        return None


# In order of preference: the first that holds every value is taken.
TYPES: dict[str, Callable[[str], str | None]] = {
    "boolean": as_boolean,
    "bigint": as_bigint,
    "double precision": as_double,
    "numeric": as_numeric,
    "date": as_date,
    "timestamp without time zone": as_timestamp,
    "timestamp with time zone": as_timestamptz,
}


def _parsed(parse: Callable, value: str):
    try:
        return parse(value)
    except ValueError:
        return None


def _shown(moment: datetime) -> str:
    text = f"{moment:%H:%M:%S}"
    fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    return f"{moment.date().isoformat()} {text}{fraction}"
