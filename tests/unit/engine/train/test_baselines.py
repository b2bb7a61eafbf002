"""Baselines of rows that are ordered by time."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

RNG = np.random.default_rng(0)
DAYS = 280


def train(values: list[float], days: list[Any], by: str = "time", **changes: Any) -> StandIn:
    rows = [
        {"day": day, "noise": float(RNG.normal()), "target": value}
        for day, value in zip(days, values, strict=True)
    ]
    db = StandIn(rows)
    split = {"by": by, "column": "day"} if by == "time" else {"by": by}
    arguments = {"task": "regression", "algorithms": '["ridge"]', "split": json.dumps(split)}
    call(db, **{**arguments, **changes})
    return db


def recorded_version(db: StandIn) -> dict[str, Any]:
    payload = db.recorded[0]
    metrics = {
        m["metric"]: m["value"]
        for m in payload["metrics"]
        if (m["series"], m["split"]) == ("baseline", "test")
    }
    return {**payload["version"], "metrics": metrics, "candidates": payload["candidates"]}


def test_weekly_series_has_seasonal_baseline() -> None:
    days = [date(2026, 1, 1) + timedelta(n) for n in range(DAYS)]
    values = [10.0 * (day.weekday() % 5) + float(RNG.normal()) for day in days]
    version = recorded_version(train(values, days))
    assert version["baseline_algorithm"] == "seasonal_value"
    cut = DAYS - version["rows_test"]
    last_week = {days[n].weekday(): values[n] for n in range(cut - 7, cut)}
    errors = [values[n] - last_week[days[n].weekday()] for n in range(cut, DAYS)]
    assert version["metrics"]["rmse"] == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    assert version["baseline"] == pytest.approx(version["metrics"]["rmse"])
    assert version["baseline_answer"] == pytest.approx(np.mean(values[:cut]))
    rules = {c["algorithm"]: c for c in version["candidates"] if c["is_baseline"]}
    assert set(rules) == {"dummy", "last_value", "seasonal_value"}
    assert len({c["candidate"] for c in version["candidates"]}) == len(version["candidates"])
    assert not any(c["chosen"] for c in rules.values())


def test_random_walk_has_last_value_baseline() -> None:
    days = [date(2026, 1, 1) + timedelta(n) for n in range(DAYS)]
    values = np.cumsum(RNG.normal(size=DAYS)) + np.arange(DAYS)
    # Two rows a day: their mean is the value of the day.
    version = recorded_version(train([*(values - 1).tolist(), *(values + 1).tolist()], days * 2))
    assert version["baseline_algorithm"] == "last_value"
    cut = DAYS - version["rows_test"] // 2
    assert version["baseline_answer"] == pytest.approx(values[cut - 1])


@pytest.mark.parametrize("hours", [1, 24 * 7, 24 * 30.44])
def test_season_length_follows_time_step(hours: float) -> None:
    moments = [datetime(2020, 1, 1) + timedelta(hours=hours * n) for n in range(240)]
    if hours > 24 * 20:
        moments = [datetime(2000 + n // 12, 1 + n % 12, 1) for n in range(240)]
    phase = {1: lambda m: m.hour, 168: lambda m: m.timetuple().tm_yday / 60}.get(
        int(hours), lambda m: m.month
    )
    values = [float(np.sin(phase(moment)) * 10 + RNG.normal() / 10) for moment in moments]
    assert recorded_version(train(values, moments))["baseline_algorithm"] == "seasonal_value"


def test_unordered_rows_have_dummy_baseline_only(mixed: list[dict]) -> None:
    days = [date(2026, 1, 1) + timedelta(n) for n in range(60)]
    version = recorded_version(train([float(n % 7) for n in range(60)], days, by="random"))
    assert version["baseline_algorithm"] == "dummy"
    assert [c["algorithm"] for c in version["candidates"]] == ["dummy", "ridge"]
    db = StandIn([{**row, "day": date(2026, 1, 1) + timedelta(n)} for n, row in enumerate(mixed)])
    call(db, key="id", split='{"by": "time", "column": "day"}')
    assert recorded_version(db)["baseline_algorithm"] == "dummy", (
        "a classification has class shares"
    )


def test_unseen_season_uses_last_value() -> None:
    # Months of one year only, and the test part is in other months.
    months = [datetime(2026, 1 + n % 12, 1 + n // 12) for n in range(24)]
    months = sorted(months)
    version = recorded_version(train([float(n % 5) for n in range(24)], months))
    assert np.isfinite(version["baseline"])
