"""The calendar of a set of series: its frequency, and the number of the period of each time."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from glasshouse_ml.core.errors import GlasshouseError

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
MINUTE, HOUR, DAY, WEEK, MONTH = "minute", "hour", "day", "week", "month"
_SECONDS = {MINUTE: _MINUTE, HOUR: _HOUR, DAY: _DAY, WEEK: 7 * _DAY}
# Names of frequencies, as options.frequency takes them and as they are reported.
FREQUENCIES = {
    "minute": (MINUTE, 1),
    "quarter of an hour": (MINUTE, 15),
    "half an hour": (MINUTE, 30),
    "hour": (HOUR, 1),
    "day": (DAY, 1),
    "week": (WEEK, 1),
    "month": (MONTH, 1),
    "quarter": (MONTH, 3),
    "year": (MONTH, 12),
}
# The least share of the steps between times that fit the frequency.
_MIN_REGULAR = 0.9
# A weekday without rows is no day of the calendar, where the rows cover so many weeks.
_MIN_WEEKS = 4


@dataclass(frozen=True)
class Calendar:
    """Periods of one length, numbered without gaps.

    Attributes
    ----------
    unit, count : str, int
        The length of a period: `count` times minute, hour, day, week or month.
    phase : int
        Where a period begins: seconds after a multiple of its length since 1970, or for months the
        number of months.
    offset : int
        Seconds from the beginning of a period to the time that stands for it; for months days, or
        -1 for the last day.
    weekdays : tuple of int
        The days of the week that occur, Monday is 0; all seven where the unit is not a day.
    time_zone : str
    is_instant : bool
        Whether the column is a timestamptz, so that its times are converted to the time zone.
    """

    unit: str
    count: int
    phase: int = 0
    offset: int = 0
    weekdays: tuple[int, ...] = tuple(range(7))
    time_zone: str = "UTC"
    is_instant: bool = False

    @property
    def name(self) -> str:
        """The frequency in words: month, 15 minutes."""
        for name, length in FREQUENCIES.items():
            if length == (self.unit, self.count):
                return name
        return f"{self.count} {self.unit}s"

    @property
    def seasons(self) -> tuple[int, ...]:
        """The periods of the seasons that this frequency usually has, the shortest first."""
        if self.unit in (MINUTE, HOUR):
            seconds = _SECONDS[self.unit] * self.count
            lengths = [_DAY // seconds, 7 * _DAY // seconds] if _DAY % seconds == 0 else []
        elif self.unit == DAY:
            lengths = [len(self.weekdays)] if self.count == 1 else []
        elif self.unit == WEEK:
            lengths = [52 // self.count] if 52 % self.count == 0 else []
        else:
            lengths = [12 // self.count] if 12 % self.count == 0 else []
        return tuple(length for length in lengths if length > 1)

    def local(self, seconds: np.ndarray) -> np.ndarray:
        """Seconds of the clock of the time zone since 1970, of times as the column has them."""
        return self._clock(seconds) if self.is_instant else seconds

    def _clock(self, instants: np.ndarray) -> np.ndarray:
        """Seconds of the clock of the time zone since 1970, of instants."""
        if self.time_zone == "UTC":
            return instants
        zone = zone_of(self.time_zone)
        times, places = np.unique(instants, return_inverse=True)
        shifts = np.array([_offset(time, zone) for time in times.tolist()])
        return (times + shifts)[places]

    def numbers(self, local: np.ndarray) -> np.ndarray:
        """The number of the period of each time of the clock."""
        if self.unit == MONTH:
            months = local.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
            return (months - self.phase) // self.count
        periods = np.floor((local - self.phase) / (_SECONDS[self.unit] * self.count))
        periods = periods.astype(np.int64)
        if len(self.weekdays) == 7:
            return periods
        # 1970-01-01 was a Thursday, number 3.
        weeks, weekday = np.divmod(periods + 3, 7)
        place = np.zeros(7, np.int64)
        place[list(self.weekdays)] = np.arange(len(self.weekdays))
        return weeks * len(self.weekdays) + place[weekday]

    def includes(self, local: np.ndarray) -> np.ndarray:
        """Whether the calendar has the period of each time: not on weekdays without rows."""
        if len(self.weekdays) == 7:
            return np.ones(len(local), bool)
        weekday = (np.floor((local - self.phase) / _DAY).astype(np.int64) + 3) % 7
        return np.isin(weekday, self.weekdays)

    def times(self, numbers: np.ndarray) -> np.ndarray:
        """The time of the clock that stands for each period, in seconds since 1970."""
        if self.unit == MONTH:
            months = (numbers * self.count + self.phase).astype("datetime64[M]")
            if self.offset < 0:
                days = (months + 1).astype("datetime64[D]") - 1
            else:
                last = ((months + 1).astype("datetime64[D]") - 1).astype(np.int64)
                first = months.astype("datetime64[D]").astype(np.int64)
                days = np.minimum(first + self.offset, last)
            return days.astype(np.int64) * _DAY
        if len(self.weekdays) < 7:
            weeks, place = np.divmod(numbers, len(self.weekdays))
            numbers = weeks * 7 + np.array(self.weekdays)[place] - 3
        return numbers * (_SECONDS[self.unit] * self.count) + self.phase + self.offset

    @property
    def _has_clock_changes(self) -> bool:
        """Whether the clock can leave out or repeat a period."""
        return self.unit in (MINUTE, HOUR) and self.time_zone != "UTC"

    def nonexistent(self, first: int, last: int) -> np.ndarray:
        """The periods from `first` to `last` that the clock leaves out, as it is set forward."""
        numbers = np.arange(first, last + 1)
        zone = zone_of(self.time_zone)
        if not self._has_clock_changes:
            return numbers[:0]
        clocks = self.times(numbers)
        instants = np.array([_utc_seconds(clock, zone) for clock in clocks.tolist()], float)
        return numbers[self._clock(instants) != clocks]

    def steps_after(self, end: int, horizon: int) -> list[tuple[int, str]]:
        """For each step after period `end`: the period it takes its values from, and its instant.

        Where clocks change, an hour that is repeated gets two steps of one period, and an hour that
        is left out gets none: the last step then lies a period further ahead.
        """
        zone = zone_of(self.time_zone)
        if not self._has_clock_changes:
            numbers = np.arange(end + 1, end + 1 + horizon)
            clock = self.times(numbers)
            return [
                (int(number - end), _instant(int(time), zone))
                for number, time in zip(numbers, clock, strict=True)
            ]
        length = _SECONDS[self.unit] * self.count
        begin = _utc_seconds(int(self.times(np.array([end]))[0]), zone)
        instants = begin + length * np.arange(1, horizon + 1)
        periods = np.maximum(self.numbers(self._clock(instants.astype(float))) - end, 1)
        return [
            (int(period), datetime.fromtimestamp(int(instant), UTC).isoformat())
            for period, instant in zip(periods, instants, strict=True)
        ]

    def is_step(self, ends: np.ndarray, horizon: int) -> np.ndarray:
        """Which periods after each end a step takes its values from; shape (ends, periods).

        There are as many periods as steps, and those that the clock leaves out before the last.
        """
        if not self._has_clock_changes:
            return np.ones((len(ends), horizon), bool)
        distinct, places = np.unique(ends, return_inverse=True)
        sources = [
            [period for period, _ in self.steps_after(end, horizon)] for end in distinct.tolist()
        ]
        result = np.zeros((len(distinct), max(horizon, *map(max, sources))), bool)
        for row, periods in enumerate(sources):
            result[row, np.array(periods) - 1] = True
        return result[places]

    def instants(self, numbers: np.ndarray) -> list[str]:
        """The instant of each period."""
        zone = zone_of(self.time_zone)
        clocks, places = np.unique(self.times(numbers), return_inverse=True)
        instants = [_instant(int(clock), zone) for clock in clocks.tolist()]
        return [instants[place] for place in places.tolist()]

    def facts(self) -> dict[str, Any]:
        """The calendar as JSON."""
        return asdict(self)


def from_facts(facts: dict[str, Any]) -> Calendar:
    """The calendar that facts() gave."""
    return Calendar(**{**facts, "weekdays": tuple(facts["weekdays"])})


def zone_of(name: str) -> tzinfo:
    """A time zone by name."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        raise _unknown_zone(name) from None
    except KeyError:
        raise _unknown_zone(name) from None


def detect_calendar(
    times: np.ndarray,
    series: np.ndarray,
    frequency: str | None,
    time_zone: str,
    is_instant: bool,
) -> Calendar:
    """The calendar of times, in seconds as the column has them; `series` are codes of the rows."""
    plain = Calendar(DAY, 1, time_zone=time_zone, is_instant=is_instant)
    local = plain.local(times)
    order = np.lexsort((local, series))
    steps = np.diff(local[order])[np.diff(series[order]) == 0]
    steps = np.round(steps[steps > 0])
    if frequency is not None:
        unit, count = FREQUENCIES[frequency]
    elif not len(steps):
        raise GlasshouseError(
            "No series has two different times, so there is no frequency.",
            "Give more rows, or name options.series: the columns that tell the series apart.",
        )
    else:
        unit, count = _length(steps)
    return _with_phase(local, unit, count, time_zone, is_instant)


def _length(steps: np.ndarray) -> tuple[str, int]:
    """The unit and count that most steps between times have."""
    values, counts = np.unique(steps, return_counts=True)
    usual = float(values[counts.argmax()])
    days = usual / _DAY
    for count, (least, most) in {1: (28, 31), 3: (89, 92), 6: (181, 184), 12: (365, 366)}.items():
        if least <= days <= most and np.mean(steps >= least * _DAY - _HOUR) >= _MIN_REGULAR:
            # Four weeks are 28 days each time; months are not.
            if count == 1 and days == 28 and np.mean(steps % (28 * _DAY) == 0) >= _MIN_REGULAR:
                break
            return MONTH, count
    # An hour more or less is the change of the clock.
    fits = np.abs((steps + usual / 2) % usual - usual / 2) <= (_HOUR if usual >= _DAY else 0)
    changes_clock = np.isin(steps, (usual - _HOUR, usual + _HOUR)) if usual >= _HOUR else fits
    if np.mean(fits | changes_clock) < _MIN_REGULAR:
        raise GlasshouseError(
            f"The times are irregular: the usual step is {_words(usual)}, and "
            f"{1 - np.mean(fits):.0%} of the steps are no multiple of it.",
            "Give one row a period, as date_trunc('day', time) with sum() and GROUP BY does, or "
            'name options.frequency, such as "day".',
        )
    usual = round(days) * _DAY if abs(days - round(days)) * _DAY <= _HOUR and days >= 1 else usual
    for unit in (WEEK, DAY, HOUR, MINUTE):
        if usual % _SECONDS[unit] == 0:
            return unit, int(usual // _SECONDS[unit])
    raise GlasshouseError(
        f"The usual step between two times is {_words(usual)}; a minute is the shortest.",
        "Give one row a minute or more, for example with date_trunc('minute', time) and GROUP BY.",
    )


def _with_phase(
    local: np.ndarray, unit: str, count: int, time_zone: str, is_instant: bool
) -> Calendar:
    if unit == MONTH:
        days = local.astype("datetime64[s]").astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        day = (days - months.astype("datetime64[D]")).astype(np.int64)
        is_last = days + 1 == (months + 1).astype("datetime64[D]")
        offset = -1 if is_last.all() else int(_mode(day))
        phase = int(_mode(months.astype(np.int64) % count))
        return Calendar(unit, count, phase, offset, time_zone=time_zone, is_instant=is_instant)
    length = _SECONDS[unit] * count
    if unit in (WEEK, DAY):
        phase = int(_mode(np.floor(local / _DAY) * _DAY % length))
        offset = int(_mode(local % _DAY))
    else:
        phase, offset = int(_mode(local % length)), 0
    weekdays = tuple(range(7))
    if (unit, count) == (DAY, 1):
        weekdays = _weekdays(local)
    return Calendar(unit, count, phase, offset, weekdays, time_zone, is_instant)


def _weekdays(local: np.ndarray) -> tuple[int, ...]:
    """The days of the week that occur, all seven where the rows cover a few weeks only."""
    days = np.unique(np.floor(local / _DAY).astype(np.int64))
    if days[-1] - days[0] < 7 * _MIN_WEEKS:
        return tuple(range(7))
    present = np.unique((days + 3) % 7)
    return tuple(int(day) for day in present) if len(present) > 2 else tuple(range(7))


def _mode(values: np.ndarray) -> float:
    distinct, counts = np.unique(values, return_counts=True)
    return float(distinct[counts.argmax()])


def _offset(time: float, zone: tzinfo) -> float:
    shift = datetime.fromtimestamp(time, zone).utcoffset()
    return shift.total_seconds() if shift is not None else 0.0


def _utc_seconds(clock: int, zone: tzinfo) -> int:
    return int((datetime(1970, 1, 1) + timedelta(seconds=clock)).replace(tzinfo=zone).timestamp())


def _instant(clock: int, zone: tzinfo) -> str:
    """A time of the clock as an instant, in the words that PostgreSQL reads."""
    time = (datetime(1970, 1, 1) + timedelta(seconds=clock)).replace(tzinfo=zone)
    return time.astimezone(UTC).isoformat()


def _words(seconds: float) -> str:
    for name, length in (("days", _DAY), ("hours", _HOUR), ("minutes", _MINUTE)):
        if seconds >= length:
            return f"{seconds / length:g} {name}"
    return f"{seconds:g} seconds"


def _unknown_zone(name: str) -> GlasshouseError:
    return GlasshouseError(
        f"There is no time zone {name!r}.",
        'Give a name such as "Europe/Vienna", as select name from pg_timezone_names shows.',
    )
