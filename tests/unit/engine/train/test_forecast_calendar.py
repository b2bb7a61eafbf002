"""Seasons, leap days, changes of the clock and bounds of the target in a forecast."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.forecasting.calendar_features import national_holidays

from ..standin import StandIn
from .test_forecast import forecast_rows, train


def rows_of(times: list[Any], values: list[float], **columns: list[Any]) -> list[dict[str, Any]]:
    return [
        {"at": at, "sales": value, **{name: cells[place] for name, cells in columns.items()}}
        for place, (at, value) in enumerate(zip(times, values, strict=True))
    ]


def trained(
    times: list[Any], value: Callable[[int], float], horizon: int, **options: Any
) -> StandIn:
    rows = rows_of(times, [value(place) for place in range(len(times))])
    return train(rows, {"time": "at", "series": [], "horizon": horizon, **options})


def test_two_seasons_are_better_than_one_week_before() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 3, 24 * 7 * 6)
    times = [datetime(2024, 3, 1) + timedelta(hours=n) for n in range(len(noise))]
    hours, days = rng.normal(0, 20, 24), rng.normal(0, 20, 7)
    means = [200 + hours[n % 24] + days[n // 24 % 7] for n in range(len(noise))]
    rows = rows_of(times, (means + noise).tolist())
    options = {"time": "at", "series": [], "horizon": 48}
    version = train(rows, options, algorithms=None).recorded[0]["version"]
    # The error of a forecast that knows both patterns is 0.71 of that of the week before.
    assert version["score"] < 0.9 * version["baseline"]


def test_leap_day_is_a_step_and_months_keep_their_day() -> None:
    days = [date(2023, 10, 1) + timedelta(days=n) for n in range(149)]  # to 26 February
    steps = forecast_rows(trained(days, lambda n: 10.0 + n % 7, 5))
    assert [row[1][:10] for row in steps] == [
        "2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02",
    ]  # fmt: skip
    # Always the 30th, in February the last day.
    months = [
        min(
            date(2018 + n // 12, n % 12 + 1, 28) + timedelta(days=2),
            last_day(2018 + n // 12, n % 12),
        )
        for n in range(72)
    ]
    steps = forecast_rows(trained(months, lambda n: 10.0 + n % 12, 3))
    assert [row[1][:10] for row in steps] == ["2024-01-30", "2024-02-29", "2024-03-30"]
    # Years of 29 February's month.
    years = [date(1960 + n, 2, 28) for n in range(60)]
    steps = forecast_rows(trained(years, lambda n: 10.0 + n % 3, 2))
    assert [row[1][:4] for row in steps] == ["2020", "2021"]


@pytest.mark.parametrize(
    ("frequency", "season", "times"),
    [
        ("week", 52, [date(2019, 1, 7) + timedelta(days=7 * n) for n in range(220)]),
        ("quarter", 4, [date(2000 + n // 4, n % 4 * 3 + 1, 1) for n in range(64)]),
        ("quarter", 4, [date(2000 + n // 4, n % 4 * 3 + 3, 28 + 3 * (n % 4 in (0, 3)) + 2 * (
            n % 4 in (1, 2))) for n in range(64)]),
    ],
    ids=["Mondays", "first days", "last days"],
)  # fmt: skip
def test_weeks_and_quarters_are_found(frequency: str, season: int, times: list[date]) -> None:
    """The last four periods are forecast from those before them."""
    db = trained(times[:-4], lambda n: 10.0 + n % season, 4)
    assert db.recorded[0]["version"]["split"]["frequency"] == frequency
    steps = forecast_rows(db)
    assert [row[1][:10] for row in steps] == [str(time) for time in times[-4:]]
    expected = [10.0 + n % season for n in range(len(times) - 4, len(times))]
    assert [row[3] for row in steps] == expected


def last_day(year: int, month: int) -> date:
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return following - timedelta(days=1)


def test_days_of_named_zone_have_23_or_25_hours() -> None:
    zone = ZoneInfo("America/New_York")
    days = [
        datetime.combine(date(2024, 1, 1) + timedelta(days=n), datetime.min.time(), zone)
        for n in range(300)  # to 26 October; the clock goes back on 3 November
    ]
    moments = [day.astimezone(UTC) for day in days]
    db = trained(moments, lambda n: 10.0 + n % 7, 14, time_zone="America/New_York")
    assert db.recorded[0]["version"]["split"]["periods_filled"] == 0
    local = [datetime.fromisoformat(row[1]).astimezone(zone) for row in forecast_rows(db)]
    assert {(time.hour, time.minute) for time in local} == {(0, 0)}
    assert [row[3] for row in forecast_rows(db)] == [10.0 + n % 7 for n in range(300, 314)]


def test_hours_around_both_changes_of_the_clock() -> None:
    begin, zone = datetime(2024, 3, 1, tzinfo=UTC), "Europe/Vienna"
    moments = [begin + timedelta(hours=n) for n in range(24 * 60)]  # 31 March has no hour 2
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    db = trained(moments, lambda n: float(local[n].hour % 12), 24, time_zone=zone)
    history = db.recorded[0]["forecast_history"]
    assert [row["at"] for row in history if row["is_filled"]] == []
    # 31 March has no hour 2, and the registry takes one row for each instant.
    assert len({row["at"] for row in history}) == len(history)
    assert db.recorded[0]["version"]["split"]["periods_filled"] == 0
    steps = forecast_rows(db)
    instants = [datetime.fromisoformat(row[1]) for row in steps]
    assert {later - earlier for earlier, later in pairwise(instants)} == {timedelta(hours=1)}
    hours = [instant.astimezone(ZoneInfo(zone)).hour for instant in instants]
    assert [row[3] for row in steps] == [float(hour % 12) for hour in hours]


def test_clock_times_of_a_named_zone_lack_the_hour_that_is_left_out() -> None:
    """A timestamp without a time zone holds what the clock shows."""
    begin, zone = datetime(2024, 3, 25), "Europe/Vienna"
    clocks = [begin + timedelta(hours=n) for n in range(24 * 6 + 1)]  # to 31 March, hour 0
    steps = forecast_rows(trained(clocks, lambda n: float(n % 24), 5, time_zone=zone))
    assert [row[1][11:13] for row in steps] == ["00", "01", "02", "03", "04"]  # in UTC
    assert [row[3] for row in steps] == [1.0, 3.0, 4.0, 5.0, 6.0]
    clocks = [at for at in clocks_after(begin, 24 * 12) if at != datetime(2024, 3, 31, 2)]
    payload = trained(clocks, lambda n: clocks[n].hour + 1.0, 3, time_zone=zone).recorded[0]
    history = payload["forecast_history"]
    assert len({row["at"] for row in history}) == len(history) == len(clocks)
    assert payload["version"]["split"]["periods_filled"] == 0


def clocks_after(begin: datetime, hours: int) -> list[datetime]:
    return [begin + timedelta(hours=n) for n in range(hours)]


@pytest.mark.parametrize(
    ("year", "horizon", "message"),
    [(1, 2, "before the year 2"), (8990, 2, "after the year 8000"), (1990, 9_000, "year 9998")],
)
def test_years_that_no_calendar_has(year: int, horizon: int, message: str) -> None:
    years = [date(year + n, 1, 1) for n in range(9)]
    with pytest.raises(GlasshouseError, match=message):
        trained(years, lambda n: 10.0 + n % 3, horizon)


def test_bounds_of_whole_negative_and_zero_inflated_targets() -> None:
    rng = np.random.default_rng(3)
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(140)]
    targets = {
        "whole": np.round(40 + 8 * rng.normal(size=140)),
        "negative": -20 + 4 * rng.normal(size=140),
        "zeros": np.where(rng.random(140) < 0.6, 0.0, rng.poisson(3, 140)),
        "balance": 5 * rng.normal(size=140),
    }
    rows = [
        {"shop": name, "day": day, "sales": float(values[place])}
        for name, values in targets.items()
        for place, day in enumerate(days)
    ]
    bounds: dict[str, list[tuple]] = {}
    for series, *_, forecast, lower, upper, _ in forecast_rows(train(rows, algorithms=None)):
        bounds.setdefault(series, []).append((forecast, lower, upper))
        assert lower <= forecast <= upper
    assert all(value == round(value) for row in bounds["whole"] for value in row)
    assert all(upper < 0 for *_, upper in bounds["negative"])
    assert all(lower == 0 and 0 < upper < 12 for _, lower, upper in bounds["zeros"])
    assert all(lower < 0 < upper for _, lower, upper in bounds["balance"])


def test_holidays_are_a_part_of_the_history_and_of_the_importances() -> None:
    names = national_holidays("AT", range(2022, 2025))
    days = [date(2022, 1, 1) + timedelta(days=n) for n in range(3 * 365)]
    rng = np.random.default_rng(7)
    values = [100 + 10 * (n % 7) - 60 * (day in names) + rng.normal() for n, day in enumerate(days)]
    rows = rows_of(days, [float(value) for value in values], holiday=[0.0] * len(days))
    options = {"time": "at", "series": [], "horizon": 14, "holidays": "AT"}
    options["known_ahead"] = ["holiday"]  # a name that the calendar has too
    payload = train(rows, options, algorithms='["global_boosting"]').recorded[0]
    importances = {row["feature"]: row["mean"] for row in payload["importances"]}
    assert importances["holiday"] == 0 and "holiday (calendar)" in importances
    history = payload["forecast_history"]
    parts = ("trend", "seasonal", "holiday_effect", "remainder")
    assert all(row["actual"] == pytest.approx(sum(row[part] for part in parts)) for row in history)
    christmas = [row for row in history if row["at"].startswith("2023-12-25")]
    assert [row["holiday"] for row in christmas] == [names[date(2023, 12, 25)]]
    assert christmas[0]["holiday_effect"] == pytest.approx(-60, abs=8)
    assert {row["holiday_effect"] for row in history if row["holiday"] is None} == {0.0}
    # What the calendar explains is no anomaly.
    assert not any(row["finding"] for row in history if row["holiday"])
    series = payload["forecast_series"][0]
    assert series["seasonal_strength"] > 0.9 > 0.5 > series["trend_strength"] >= 0
