"""The parts of a date or timestamp that repeat: what its number of days cannot tell a model.

The number of days since 1970-01-01, which every model gets, already says the year and the age.
"""

from collections.abc import Callable

import numpy as np

_SECONDS_A_DAY = 86_400


def _day(seconds: np.ndarray) -> np.ndarray:
    return np.floor(seconds / _SECONDS_A_DAY).astype("datetime64[D]")


def _month(seconds: np.ndarray) -> np.ndarray:
    return _day(seconds).astype("datetime64[M]").astype(np.int64) % 12 + 1


def _day_of_month(seconds: np.ndarray) -> np.ndarray:
    days = _day(seconds)
    return (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1


def _weekday(seconds: np.ndarray) -> np.ndarray:
    # 1970-01-01 was a Thursday.
    return (np.floor(seconds / _SECONDS_A_DAY).astype(np.int64) + 3) % 7 + 1


def _hour(seconds: np.ndarray) -> np.ndarray:
    return np.floor(seconds % _SECONDS_A_DAY / 3_600)


# The function of each part, and the days after which it starts again.
_PARTS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "month": (_month, 366),
    "day": (_day_of_month, 31),
    "weekday": (_weekday, 7),  # from 1 for Monday to 7
    "hour": (_hour, 1),
}

_DATES = ("date", "timestamp", "timestamptz")
# The names of parts that PostgreSQL calls otherwise.
_FIELDS = {"weekday": "isodow"}


def calendar_part(part: str, values: np.ndarray) -> np.ndarray:
    """A part of times in days since 1970-01-01 (UTC); NaN stays NaN."""
    # Days are fractions: a whole second must not become the one before it.
    seconds = np.floor(np.round(np.nan_to_num(values) * _SECONDS_A_DAY * 1e6) / 1e6)
    return np.where(np.isnan(values), np.nan, _PARTS[part][0](seconds))


def calendar_part_sql(part: str, value: str, base_type: str) -> str:
    """The SQL of a part of a value, as an integer; base_type is the name in pg_type."""
    if base_type == "timestamptz":
        value = f"({value} at time zone 'UTC')"
    return f"extract({_FIELDS.get(part, part)} from {value})::int"


def is_date(type_name: str) -> bool:
    """Whether a type is a moment with a date, and not a time of day or an interval."""
    return type_name == "date" or type_name.startswith("timestamp")


def varying_parts(base_type: str, values: np.ndarray) -> tuple[str, ...]:
    """The parts that can tell the training rows of a column apart, by name.

    A part counts where the values span more than one of its cycles: below that it is the date
    itself, and would say which rows are near to one another.
    """
    present = values[~np.isnan(values)]
    if base_type not in _DATES or not len(present):
        return ()
    span = present.max() - present.min()
    return tuple(
        part
        for part, (_, days) in _PARTS.items()
        if span >= days and np.ptp(calendar_part(part, present)) > 0
    )
