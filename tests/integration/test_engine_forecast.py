"""Forecasts in a real Postgres, against rows that were held out and computations outside."""

import re
from typing import Any

import numpy as np
import psycopg2
import pytest

from tests.conftest import ROOT

from .engine import Session, admin, user
from .test_engine_real_data import load, read

__all__ = ["admin", "user"]  # fixtures

TUTORIAL = ROOT / "docs" / "tutorials" / "5-forecasting.md"
OPTIONS = {"time": "at", "series": ["series"], "horizon": 12, "bootstrap": 0}
KINDS = ("walk", "noise", "seasonal", "growing", "rare", "autoregressive")
PER_KIND, FUTURES, MONTHS, STEPS = 34, 50, 132, 12


def train(user: Session, model: str, query: str, target: str = "value", **changes: Any) -> Any:
    arguments = {"task": "forecast", "algorithms": None, "options": OPTIONS, **changes}
    return user.train(f"engine test {model}", query, target, **arguments)


def simulated() -> dict[str, np.ndarray]:
    """Six kinds of monthly series, of shape (series, futures, months): one past, many futures."""
    rng = np.random.default_rng(11)
    times, shape = np.arange(MONTHS), (PER_KIND, FUTURES, MONTHS)
    noise = {}
    for kind in KINDS:
        draws = rng.normal(size=shape) if kind != "rare" else rng.poisson(0.4, shape).astype(float)
        draws[:, :, :-STEPS] = draws[:, :1, :-STEPS]
        noise[kind] = draws
    wave = np.sin(2 * np.pi * times / 12 + rng.uniform(0, 6, (PER_KIND, 1, 1)))
    steps = np.zeros(shape)
    for month in range(1, MONTHS):
        steps[..., month] = 0.8 * steps[..., month - 1] + noise["autoregressive"][..., month]
    return {
        "walk": 100 + np.cumsum(noise["walk"], axis=2),
        "noise": 50 + 5 * noise["noise"],
        "seasonal": 100 + 0.2 * times + 10 * wave + 3 * noise["seasonal"],
        "growing": (100 + 0.5 * times) * (1 + 0.3 * wave) * np.exp(0.05 * noise["growing"]),
        "rare": noise["rare"],
        "autoregressive": 20 + steps,
    }


def test_intervals_of_simulated_series_cover_level(user: Session) -> None:
    series = {
        f"{kind} {number}": values
        for kind, of_kind in simulated().items()
        for number, values in enumerate(of_kind)
    }
    rows = [
        {"series": name, "at": f"{2000 + month // 12}-{month % 12 + 1:02}-01", "value": repr(value)}
        for name, values in series.items()
        for month, value in enumerate(values[0, :-STEPS].tolist())
    ]
    query = load(user, "simulated", rows, ("value",))
    query = query.replace("*", "series, at::date as at, value")
    train(user, "simulated", query)
    shares: dict[str, list[float]] = {kind: [] for kind in KINDS}
    bounds = user.rows(
        "select series, step, lower, upper from ml.forecast('engine test simulated')"
    )
    assert len(bounds) == len(series) * STEPS
    for name, step, low, high in bounds:
        truth = series[name][:, MONTHS - STEPS + step - 1]
        shares[name.split()[0]].append(float(np.mean((low <= truth) & (truth <= high))))
    by_kind = {kind: round(float(np.mean(values)), 3) for kind, values in shares.items()}
    assert all(0.75 <= share <= 0.85 for share in by_kind.values()), by_kind


def test_retail_turnover_forecast_on_held_out_rows(user: Session, data_folder: Any) -> None:
    every = read(data_folder / "aus_retail" / "aus_retail.csv.gz")
    series: dict[str, list[dict[str, str]]] = {}
    for row in every:
        series.setdefault(row["series_id"], []).append(row)
    long = {name: rows for name, rows in series.items() if len(rows) >= 60}
    assert len(long) == 150
    query = load(user, "retail", [r for rows in long.values() for r in rows[:-24]], ("turnover",))
    query = query.replace("*", "series_id, month::date as month, turnover")
    options = {"time": "month", "series": ["series_id"], "horizon": 24}
    result = train(user, "retail", query, "turnover", options=options)
    assert result["score"] < result["baseline"]
    forecasts: dict[str, list[tuple]] = {}
    for name, *rest in user.rows(
        "select series, to_char(at at time zone 'UTC', 'YYYY-MM-DD'), forecast, lower, upper "
        "from ml.forecast('engine test retail') order by series, step"
    ):
        forecasts.setdefault(name, []).append(tuple(rest))
    scaled_errors, errors, totals, inside = [], 0.0, 0.0, []
    for name, rows in long.items():
        history = np.array([float(row["turnover"]) for row in rows[:-24]])
        held_out = [(row["month"], float(row["turnover"])) for row in rows[-24:]]
        assert [at for at, *_ in forecasts[name]] == [month for month, _ in held_out]
        truth = np.array([value for _, value in held_out])
        forecast, low, high = np.array([row[1:] for row in forecasts[name]]).T
        scale = np.abs(history[12:] - history[:-12]).mean()
        scaled_errors.append(np.abs(truth - forecast).mean() / scale)
        errors += np.abs(truth - forecast).sum()
        totals += truth.sum()
        inside.append((low <= truth) & (truth <= high))
    assert np.mean(scaled_errors) <= 1.27
    assert errors / totals <= 0.039
    assert 0.78 <= np.mean(inside) <= 0.88
    recorded_rows = user.rows(
        "select count(*), count(distinct series) from ml.forecasts "
        "where model = 'engine test retail' and part = 'future'"
    )
    assert recorded_rows == [(3_600, 150)]


@pytest.fixture(scope="module")
def hourly(user: Session) -> str:
    """Four weeks of hours around a change of the clock, as instants."""
    user.rows(
        "create table engine_test.hourly as select at, 50 + 30 * (extract(hour from "
        "at at time zone 'Europe/Vienna') > 7)::int + n % 5 as riders "
        "from generate_series(0, 24 * 28 - 1) as n, "
        "lateral (select timestamptz '2024-10-10 00:00+00' + n * interval '1 hour' as at) as moment"
    )
    options = {"time": "at", "horizon": 48, "time_zone": "Europe/Vienna", "holidays": "AT"}
    train(user, "hourly", "select * from engine_test.hourly", "riders", options=options)
    return "engine test hourly"


def test_hours_of_zone_are_independent_of_session(user: Session, hourly: str) -> None:
    forecasts = []
    for zone in ("UTC", "America/New_York"):
        user.rows(f"set timezone = '{zone}'")
        forecasts.append(
            user.rows("select extract(epoch from at), step, forecast from ml.forecast(%s)", hourly)
        )
    user.rows("reset timezone")
    assert forecasts[0] == forecasts[1]
    assert np.diff([float(at) for at, *_ in forecasts[0]]).tolist() == [3_600] * 47
    night = user.rows(
        "select max(forecast) filter (where local < 7), min(forecast) filter (where local > 8) "
        "from ml.forecast(%s), "
        "lateral (select extract(hour from at at time zone 'Europe/Vienna') as local) as hours",
        hourly,
    )[0]
    assert night[0] < night[1]


def test_other_functions_name_ml_forecast(user: Session, hourly: str) -> None:
    query = "select * from engine_test.hourly"
    for statement in (
        "select * from ml.predict(%s, %s)",
        "select * from ml.explain(%s, %s)",
        "select * from ml.drift(%s, %s)",
        "select ml.compile(%s, %s)",
    ):
        with pytest.raises(psycopg2.Error) as caught:
            user.rows(statement, hourly, query)
        error = caught.value.diag
        assert "is a forecast" in str(error.message_primary)
        assert error.message_hint == f"Call ml.forecast('{hourly}')."
        assert "Traceback" not in str(caught.value)


def test_errors_have_no_traceback(user: Session, hourly: str) -> None:
    for statement, message in (
        ("select * from ml.forecast('no such model')", "There is no model"),
        (f"select * from ml.forecast('{hourly}', 49)", "trained for 1 to 48 steps"),
        (f"select * from ml.forecast('{hourly}', version => 7)", "has no version 7"),
    ):
        with pytest.raises(psycopg2.Error, match=message) as caught:
            user.rows(statement)
        assert "Traceback" not in str(caught.value)


def test_tutorial_runs(engine: Any, user: Session) -> None:
    blocks = re.findall(r"^```sql\n(.*?)^```$", TUTORIAL.read_text(), re.MULTILINE | re.DOTALL)
    # Saved queries read the reports of a warehouse: tests/integration/test_tutorials.py.
    blocks = [block for block in blocks if not block.startswith("-- Saved query:")]
    results = []
    user.connection.autocommit = False
    try:
        for block in blocks:
            for statement in block.split(";\n"):
                if statement.strip():
                    results.append(user.rows(statement))
    finally:
        user.connection.rollback()
        user.connection.autocommit = True
    trained, forecast, what_if = results[1], results[2], results[3]
    assert trained[0][5] > trained[0][4]  # the baseline is worse
    assert [row[0] for row in forecast] == ["Graz"] * 14 + ["Linz"] * 14 + ["Wien"] * 14
    assert len(what_if) == 3
    planned_totals = {name: sum(r[2] for r in forecast if r[0] == name) for name, _ in what_if}
    assert all(total > planned_totals[name] for name, total in what_if)
    assert all(len(rows) for rows in results[4:14])
    assert [total for _, total, _ in results[12]] == pytest.approx(
        [shops for *_, shops in results[12]]
    )
    assert "Christmas Day" in {name for name, _ in results[13]}
