"""Hourly forecasts whose steps lie on both sides of a change of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.use.evaluate import evaluate

from .test_forecast import forecast_rows, train

ZONE = "Europe/Vienna"
HORIZON = 12
# The clock is set forward on 31 March at 1:00 UTC, and back on 27 October at 1:00 UTC.
SPRING, AUTUMN = datetime(2024, 3, 30, 20, tzinfo=UTC), datetime(2024, 10, 26, 20, tzinfo=UTC)
JUST_BEFORE = datetime(2024, 3, 31, 0, tzinfo=UTC)
OPTIONS = {"time": "at", "series": ["shop"], "horizon": HORIZON, "time_zone": ZONE, "bootstrap": 0}


def clock_hour(at: datetime) -> int:
    return at.astimezone(ZoneInfo(ZONE)).hour


def is_open(at: datetime) -> float:
    """No pattern of days or hours."""
    return float(int(at.timestamp()) // 3600 * 7919 % 101 < 40)


def future(end: datetime, count: int) -> list[dict]:
    """Rows without a value, one for each real hour."""
    moments = [end + timedelta(hours=step) for step in range(1, count + 1)]
    return [{"shop": "a", "at": at, "sales": None, "open": is_open(at)} for at in moments]


def history(end: datetime, shop: str = "a", days: int = 20, effect: float = 0.0) -> list[dict]:
    moments = [end - timedelta(hours=number) for number in range(24 * days)][::-1]
    return [
        {"shop": shop, "at": at, "sales": 5.0 + clock_hour(at) + effect * is_open(at)}
        | ({"open": is_open(at)} if effect else {})
        for at in moments
    ]


def instants(rows: list[tuple]) -> list[datetime]:
    return [datetime.fromisoformat(row[1]) for row in rows]


@pytest.mark.parametrize("end", [SPRING, JUST_BEFORE, AUTUMN], ids=str)
def test_every_step_has_the_value_of_its_own_hour(end: datetime) -> None:
    """Also the last one, where an hour is left out before it."""
    rows = forecast_rows(train(history(end), OPTIONS))
    assert instants(rows) == [end + timedelta(hours=step) for step in range(1, HORIZON + 1)]
    assert [row[3] for row in rows] == [5.0 + clock_hour(at) for at in instants(rows)]
    assert all(lower <= value <= upper for *_, value, lower, upper, _ in rows)


def test_series_that_end_before_and_after_the_change() -> None:
    later = SPRING + timedelta(hours=6)
    rows = forecast_rows(train(history(SPRING) + history(later, "b"), OPTIONS))
    assert len(rows) == 2 * HORIZON
    assert [row[3] for row in rows] == [5.0 + clock_hour(at) for at in instants(rows)]


@pytest.mark.parametrize("end", [JUST_BEFORE, AUTUMN], ids=str)
def test_columns_known_ahead_are_needed_for_the_real_hours_alone(end: datetime) -> None:
    options = {**OPTIONS, "known_ahead": ["open"]}
    past, ahead = history(end, effect=50.0, days=12), future(end, HORIZON)
    # With rows of the future in the training query no others are needed.
    db = train([*past, *ahead], options, algorithms='["global_boosting"]')
    rows = forecast_rows(db)
    assert [row[3] > 40 for row in rows] == [bool(is_open(at)) for at in instants(rows)]
    db.rows = ahead
    assert forecast_rows(db, known_ahead="select 1") == [pytest.approx(row) for row in rows]


def test_missing_value_of_the_hour_after_the_change_is_named() -> None:
    options = {**OPTIONS, "known_ahead": ["open"]}
    db = train(history(SPRING, effect=50.0, days=12), options, algorithms='["global_boosting"]')
    db.rows = future(SPRING, HORIZON - 1)
    with pytest.raises(GlasshouseError, match="no open of series 'a' at 2024-03-31T08"):
        forecast_rows(db, known_ahead="select 1")
    assert len(forecast_rows(db, horizon=HORIZON - 1, known_ahead="select 1")) == HORIZON - 1


def test_every_step_after_the_change_is_evaluated() -> None:
    db = train(history(SPRING), OPTIONS)
    db.rows = [{**row, "sales": 5.0 + clock_hour(row["at"])} for row in future(SPRING, 20)]
    values = {name: row for name, *row in evaluate(db, "a model", "select 1", None)}
    assert values["mase"][-1] == HORIZON
