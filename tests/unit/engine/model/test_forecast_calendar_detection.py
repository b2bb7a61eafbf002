"""The calendar of a forecast: equal steps, months, time zones, holidays."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.forecasting.calendar import Calendar, detect_calendar
from glasshouse_ml.model.forecasting.calendar_features import national_holidays

DAY = 86_400


@pytest.mark.parametrize(
    ("step", "name", "seasons"),
    [
        (timedelta(minutes=15), "quarter of an hour", (96, 672)),
        (timedelta(hours=1), "hour", (24, 168)),
        (timedelta(days=1), "day", (7,)),
        (timedelta(days=7), "week", (52,)),
        (timedelta(days=14), "2 weeks", (26,)),
    ],
)
def test_equal_steps_are_recognised(step: timedelta, name: str, seasons: Any) -> None:
    times = np.array([(1.6e9 // DAY) * DAY + n * step.total_seconds() for n in range(200)])
    calendar = detect_calendar(times, np.zeros(200), None, "UTC", False)
    assert (calendar.name, calendar.seasons) == (name, seasons)
    numbers = calendar.numbers(times)
    assert (np.diff(numbers) == 1).all()
    assert (calendar.times(numbers) == times).all()


def month_starts(count: int, step: int, last_day: bool = False) -> np.ndarray:
    days = []
    for number in range(count):
        year, month = divmod(step * number, 12)
        if last_day:
            year, month = divmod(step * number + 1, 12)
        day = date(2000 + year, month + 1, 1) - timedelta(days=int(last_day))
        days.append((day - date(1970, 1, 1)).days * float(DAY))
    return np.array(days)


@pytest.mark.parametrize(("step", "name"), [(1, "month"), (3, "quarter"), (12, "year")])
@pytest.mark.parametrize("last_day", [False, True])
def test_months_are_recognised_on_first_and_last_day(step: int, name: str, last_day: bool) -> None:
    times = month_starts(40, step, last_day)  # leap years among them
    calendar = detect_calendar(times, np.zeros(40), None, "UTC", False)
    assert calendar.name == name
    numbers = calendar.numbers(times)
    assert (np.diff(numbers) == 1).all()
    assert (calendar.times(numbers) == times).all()
    following = month_starts(41, step, last_day)[-1]
    assert calendar.times(numbers[-1:] + 1)[0] == following


def test_weekdays_without_rows_are_not_in_calendar() -> None:
    days = np.array([n for n in range(18_000, 18_200) if (n + 3) % 7 not in (5, 6)]) * float(DAY)
    calendar = detect_calendar(days, np.zeros(len(days)), None, "UTC", False)
    assert calendar.weekdays == (0, 1, 2, 3, 4)
    assert calendar.seasons == (5,)
    numbers = calendar.numbers(days)
    assert (np.diff(numbers) == 1).all()
    assert (calendar.times(numbers) == days).all()


def test_irregular_times_need_frequency() -> None:
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(1.6e9, 1.61e9, 300))
    with pytest.raises(GlasshouseError, match="irregular"):
        detect_calendar(times, np.zeros(300), None, "UTC", False)
    assert detect_calendar(times, np.zeros(300), "day", "UTC", False).name == "day"


def test_hours_of_named_zone_survive_clock_change() -> None:
    begin = datetime(2024, 10, 20, tzinfo=UTC).timestamp()
    times = begin + 3600 * np.arange(24 * 14)  # the clock goes back on 27 October
    calendar = detect_calendar(times, np.zeros(len(times)), None, "Europe/Vienna", True)
    numbers = calendar.numbers(calendar.local(times))
    assert (calendar.name, int(np.sum(np.diff(numbers) == 0))) == ("hour", 1)
    # One hour before the clock changes: the repeated hour gets two steps, in real time.
    end = int(
        calendar.numbers(
            calendar.local(np.array([datetime(2024, 10, 26, 23, tzinfo=UTC).timestamp()]))
        )[0]
    )
    steps = calendar.steps_after(end, 4)
    instants = [datetime.fromisoformat(at) for _, at in steps]
    assert [stop - start for start, stop in pairwise(instants)] == [timedelta(hours=1)] * 3
    assert [period for period, _ in steps] == [1, 1, 2, 3]


def test_days_of_named_zone_begin_at_midnight() -> None:
    calendar = Calendar("day", 1, time_zone="Australia/Sydney", is_instant=True)
    (_, first), (_, second) = calendar.steps_after(19_818, 2)  # after 5 April 2024
    assert first == "2024-04-05T13:00:00+00:00"
    assert calendar.steps_after(19_820, 1)[0][1] == "2024-04-07T14:00:00+00:00"
    assert second == "2024-04-06T13:00:00+00:00"


def test_holidays_of_country_and_of_its_part() -> None:
    assert date(2024, 1, 26) in national_holidays("AU", [2024])
    in_part = national_holidays("AU-NSW", [2024])
    assert date(2024, 10, 7) in in_part  # Labour Day of New South Wales
    assert date(2024, 10, 7) not in national_holidays("AU", [2024])


@pytest.mark.parametrize("country", ["XX", "AU-QQ", "au", "date", "__class__", "", "HolidayBase"])
def test_holidays_of_unknown_country_are_refused(country: str) -> None:
    with pytest.raises(GlasshouseError, match="no country whose holidays are available"):
        national_holidays(country, [2024])
