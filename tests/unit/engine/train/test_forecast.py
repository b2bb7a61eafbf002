"""ml.train and ml.forecast for series, on rows in memory."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.use.evaluate import evaluate
from glasshouse_ml.use.forecast import forecast

from ..conftest import call
from ..standin import StandIn

FAST = '["seasonal_naive", "seasonal_mean", "theta"]'
OPTIONS = {"time": "day", "series": ["shop"], "horizon": 7}
Values = Callable[[int], float]


def daily(shops: dict[str, Values], days: int = 120, **columns: Values) -> list[dict[str, Any]]:
    return [
        {
            "shop": shop,
            "day": date(2024, 1, 1) + timedelta(days=number),
            "sales": float(value(number)),
            **{name: column(number) for name, column in columns.items()},
        }
        for shop, value in shops.items()
        for number in range(days)
    ]


def weekly(number: int) -> float:
    return 100 + 10 * (number % 7) + (number * 7919) % 13


def train(
    rows: list[dict[str, Any]], options: dict[str, Any] | None = None, **more: Any
) -> StandIn:
    db = StandIn(rows)
    option_values = {**OPTIONS, "bootstrap": 0, **(options or {})}
    arguments = {"task": "forecast", "target": "sales", "algorithms": FAST, **more}
    call(db, json.dumps(option_values), **arguments)
    return db


def forecast_rows(db: StandIn, **arguments: Any) -> list[tuple]:
    settings = {"horizon": None, "known_ahead": None, "version": None, **arguments}
    return list(forecast(db, "a model", **settings))


def test_all_series_and_steps_are_predicted_from_end_of_history() -> None:
    db = train(daily({"b": weekly, "a": lambda n: 2 * weekly(n)}))
    rows = forecast_rows(db)
    assert [row[0] for row in rows] == ["a"] * 7 + ["b"] * 7
    assert [row[2] for row in rows] == [*range(1, 8)] * 2
    assert rows[0][1] == "2024-04-30T00:00:00+00:00"
    assert all(lower <= value <= upper for *_, value, lower, upper, _ in rows)
    assert [row[6] for row in rows[7:]] == [weekly(n) for n in range(113, 120)]
    assert forecast_rows(db, horizon=2) == [row for row in rows if row[2] <= 2]


def test_metrics_equal_recorded_test_steps() -> None:
    rows = daily({"a": weekly, "b": lambda n: 3 * weekly(n + 2)})
    db = train(rows)
    payload = db.recorded[0]
    tests = [row for row in payload["forecasts"] if row["part"] == "test"]
    assert len(tests) == 14
    values = {(r["shop"], r["day"].isoformat()): r["sales"] for r in rows}
    assert all(r["actual"] == values[r["series"], r["at"][:10]] for r in tests)
    scale = {
        shop: np.mean([abs(f(n) - f(n - 7)) for n in range(7, 113)])
        for shop, f in {"a": weekly, "b": lambda n: 3 * weekly(n + 2)}.items()
    }
    metrics = {
        (m["series"], m["metric"]): m["value"]
        for m in payload["metrics"]
        if m["split"] == "test" and m["segment"] == "all"
    }
    for series, column in (("model", "forecast"), ("baseline", "baseline")):
        error = [abs(r["actual"] - r[column]) for r in tests]
        mase = np.mean([e / scale[r["series"]] for e, r in zip(error, tests, strict=True)])
        total = sum(abs(r["actual"]) for r in tests)
        assert metrics[series, "mase"] == pytest.approx(mase)
        assert metrics[series, "wape"] == pytest.approx(sum(error) / total)
    inside = [r["lower"] <= r["actual"] <= r["upper"] for r in tests]
    assert metrics["model", "interval_coverage"] == pytest.approx(np.mean(inside))
    of_series = payload["forecast_series"]
    assert np.mean([row["coverage"] for row in of_series]) == pytest.approx(np.mean(inside))
    assert np.mean([row["mase"] for row in of_series]) == pytest.approx(metrics["model", "mase"])
    version = payload["version"]
    assert version["score"] == pytest.approx(metrics["model", "mase"])
    assert version["baseline"] == pytest.approx(metrics["baseline", "mase"])
    # The curves of a regression, of the same test steps.
    curve = [row for row in payload["curves"] if row["curve"] == "predicted_actual"]
    assert sum(row["n"] for row in curve) == len(tests)
    mean = sum(row["y"] * row["n"] for row in curve) / len(tests)
    assert mean == pytest.approx(np.mean([row["actual"] for row in tests]))
    segments = {m["segment"] for m in payload["metrics"]}
    assert {"shop = a", "shop = b", "step = 1", "step = 7"} <= segments


def test_row_order_does_not_change_result() -> None:
    rows = daily({"a": weekly, "b": lambda n: weekly(n) / 2})
    first, second = train(rows), train(rows[::-1])
    assert forecast_rows(first) == forecast_rows(second)
    prints = [db.recorded[0]["version"]["data_fingerprint"] for db in (first, second)]
    assert prints[0] == prints[1]


def test_untrainable_series_are_listed_and_predicted_by_rule() -> None:
    rows = daily(
        {
            "usual": weekly,
            "constant": lambda n: 5,
            "rare": lambda n: 3.0 * (n % 11 == 0),
            "stopped": lambda n: weekly(n) * (n < 80),
            "ended": weekly,
            "new": weekly,
        }
    )
    begin = date(2024, 1, 1)
    rows = [
        row
        for row in rows
        if not (row["shop"] == "ended" and row["day"] > begin + timedelta(days=90))
        and not (row["shop"] == "new" and row["day"] < begin + timedelta(days=112))
    ]
    db = train(rows)
    reasons = {row["series"]: row["reason"] for row in db.recorded[0]["forecast_series"]}
    assert reasons == {
        "usual": None,
        "constant": "constant",
        "rare": "mostly zero",
        "stopped": "zero at the end",
        "ended": "ended",
        "new": "short",
    }
    notices = "\n".join(db.notices)
    assert all(reason in notices for reason in reasons.values() if reason)
    by_series: dict[str, list[tuple]] = {}
    for row in forecast_rows(db):
        by_series.setdefault(row[0], []).append(row)
    assert {len(rows) for rows in by_series.values()} == {7}
    assert {row[3] for row in by_series["constant"]} == {5.0}
    assert {row[3] for row in by_series["stopped"]} == {0.0}
    assert 0 < by_series["rare"][0][3] < 1
    assert all(low <= v <= up for rows in by_series.values() for *_, v, low, up, _ in rows)


def test_interval_is_ordered_with_more_returns_than_sales() -> None:
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 20, 200)
    db = train(daily({"returns": lambda n: -30 + noise[n], "mixed": lambda n: noise[n]}))
    rows = forecast_rows(db)
    assert all(lower < value < upper for *_, value, lower, upper, _ in rows)
    coverage = next(
        m["value"]
        for m in db.recorded[0]["metrics"]
        if (m["metric"], m["series"], m["split"], m["segment"])
        == ("interval_coverage", "model", "test", "all")
    )
    assert coverage > 0.4


@pytest.mark.parametrize("wild_day", [60, 112, 118, 119])
@pytest.mark.parametrize("algorithms", ['["theta", "ets"]', '["global_boosting"]'])
def test_wild_day_does_not_spoil_forecast(wild_day: int, algorithms: str) -> None:
    """In the history, in the test steps and on the last day; the history reports it."""

    def wild(number: int) -> float:
        return 40 * weekly(number) if number == wild_day else weekly(number)

    usual = forecast_rows(train(daily({"a": weekly}), algorithms=algorithms))
    db = train(daily({"a": wild}), algorithms=algorithms)
    result = forecast_rows(db)
    np.testing.assert_allclose([row[3] for row in result], [row[3] for row in usual], rtol=0.2)
    widths = [np.mean([upper - lower for *_, lower, upper, _ in rows]) for rows in (result, usual)]
    assert widths[0] < 10 * widths[1]
    history = [row for row in db.recorded[-1]["forecast_history"] if row["actual"] > 1_000]
    assert [row["finding"] for row in history] == ["anomaly"]


def test_test_steps_are_predicted_by_fit_before_them() -> None:
    """The recorded score is that of a training that ends where the test steps begin."""
    rows = daily({"a": lambda n: weekly(n) + 0.02 * n * n}, days=200)
    payload = train(rows, algorithms='["ets"]').recorded[-1]
    tested = [row["forecast"] for row in payload["forecasts"] if row["part"] == "test"]
    earlier = train(rows[:-7], algorithms='["ets"]')
    assert tested == pytest.approx([row[3] for row in forecast_rows(earlier)], abs=1)


def test_gaps_are_filled_and_reported() -> None:
    rows = daily({"a": weekly, "sold": lambda n: float(n % 3)})
    missing = date(2024, 2, 10)
    rows = [row for row in rows if row["day"] != missing]
    db = train(rows)
    history = {row["series"]: row for row in db.recorded[0]["forecast_history"] if row["is_filled"]}
    assert set(history) == {"a"}  # what counts as 0 is no guess
    day = (missing - date(2024, 1, 1)).days
    assert history["a"]["actual"] == pytest.approx((weekly(day - 1) + weekly(day + 1)) / 2)
    fills = {r["series"]: (r["filled"], r["fill"]) for r in db.recorded[0]["forecast_series"]}
    assert fills == {"a": (1, "interpolate"), "sold": (1, "zero")}
    assert any("2 periods without a row in 2 series were filled" in line for line in db.notices)
    zeros = train(rows, {"gaps": "zero"})
    assert {row["fill"] for row in zeros.recorded[0]["forecast_series"]} == {"zero"}


def test_future_columns_change_forecast() -> None:
    rng = np.random.default_rng(9)
    promotion = (rng.random(400) < 0.3).astype(float).tolist()
    rows = daily(
        {"a": lambda n: 50 + 40 * promotion[n] + n % 7, "b": lambda n: 80 + 60 * promotion[n]},
        380,
        promotion=lambda n: promotion[n],
    )
    options = {"known_ahead": ["promotion"]}
    db = train(rows, options, algorithms='["global_boosting"]')
    (importance,) = db.recorded[0]["importances"]
    assert (importance["feature"], importance["rank"]) == ("promotion", 1)
    assert importance["mean"] > 0.2
    with pytest.raises(GlasshouseError, match="needs promotion of the steps ahead"):
        forecast_rows(db)
    begin = max(row["day"] for row in rows)
    future = [
        {
            "shop": shop,
            "day": begin + timedelta(days=step),
            "sales": None,
            "promotion": float(step % 2),
        }
        for shop in "ab"
        for step in range(1, 8)
    ]
    db.rows = future
    forecasts = forecast_rows(db, known_ahead="select 1")
    with_promotion = np.mean([row[3] for row in forecasts if row[2] % 2])
    without = np.mean([row[3] for row in forecasts if not row[2] % 2])
    assert with_promotion > without + 30
    # The same as rows of the future in the training query.
    both = train([*rows, *future], options, algorithms='["global_boosting"]')
    assert forecast_rows(both) == [pytest.approx(row) for row in forecasts]
    db.rows = future[:-1]
    with pytest.raises(GlasshouseError, match="no promotion of series 'b' at 2025-01-21"):
        forecast_rows(db, known_ahead="select 1")


def test_days_off_have_no_forecast_and_their_rows_of_the_future_are_ignored() -> None:
    rows = daily({"a": weekly, "b": weekly}, 140, open=lambda n: 1.0)
    rows = [row for row in rows if row["day"].weekday() < 6]
    end = max(row["day"] for row in rows)
    future = [
        {"shop": shop, "day": end + timedelta(days=step), "sales": None, "open": 1.0}
        for shop in "ab"
        for step in range(1, 10)  # with two Sundays
    ]
    db = train([*rows, *future], {"known_ahead": ["open"]}, algorithms='["global_boosting"]')
    assert "seasons: 6). 1 days of the week have no rows" in db.notices[0]
    days = [date.fromisoformat(row[1][:10]) for row in forecast_rows(db) if row[0] == "a"]
    assert len(days) == 7 and all(day.weekday() < 6 for day in days)
    db.rows = future
    assert forecast_rows(db, known_ahead="select 1") == forecast_rows(db)
    # A single Sunday makes it a day like all others.
    sunday = {"shop": "a", "day": date(2024, 3, 3), "sales": 1.0, "open": 1.0}
    assert "seasons: 7)" in train([*rows, sunday]).notices[0]


def test_long_names_and_a_column_named_step_are_kept_apart() -> None:
    long = "x" * 400
    db = train(daily({long + "1": weekly, long + "2": lambda n: 2 * weekly(n)}))
    keys = [
        (m["series"], m["split"], m["fold"], m["segment"], m["metric"])
        for m in db.recorded[0]["metrics"]
    ]
    assert len(set(keys)) == len(keys)
    rows = [{"step": row.pop("shop"), **row} for row in daily({"1": weekly, "2": weekly})]
    db = train(rows, {"series": ["step"]})
    keys = [
        (m["series"], m["split"], m["fold"], m["segment"], m["metric"])
        for m in db.recorded[0]["metrics"]
    ]
    assert len(set(keys)) == len(keys)


def test_hours_with_two_seasons() -> None:
    rows = [
        {
            "hour": datetime(2024, 3, 1) + timedelta(hours=n),
            "riders": 50.0 + 30 * (n % 24 > 7) - 20 * ((n // 24) % 7 > 4) + (n * 31) % 5,
        }
        for n in range(24 * 28)
    ]
    options = {"time": "hour", "series": [], "horizon": 24}
    db = train(rows, options, target="riders", algorithms='["seasonal_naive", "seasonal_mean"]')
    assert "seasons: 24 and 168" in db.notices[0]
    assert db.recorded[0]["version"]["score"] < 1.5
    assert {row[0] for row in forecast_rows(db)} == {"all"}


def test_a_rule_answers_where_the_global_model_cannot_be_fitted() -> None:
    db = train(daily({"a": weekly}, 2), {"horizon": 3}, algorithms=None)
    errors = {row["algorithm"]: row["error"] for row in db.recorded[0]["candidates"]}
    assert errors["global_boosting"].endswith("No series is long enough.")
    assert len(forecast_rows(db)) == 3


def test_evaluate_compares_forecast_with_new_values() -> None:
    db = train(daily({"a": weekly, "b": lambda n: 4 * weekly(n)}))
    forecasts = {(row[0], row[1][:10]): row for row in forecast_rows(db)}
    new_rows = daily({"a": weekly, "b": lambda n: 4 * weekly(n)}, 124)
    new_rows.append({"shop": "new", "day": date(2024, 5, 1), "sales": 1.0})
    db.rows = new_rows
    values = {name: row for name, *row in evaluate(db, "a model", "select 1", None)}
    pairs = [
        (row["sales"], forecasts[row["shop"], row["day"].isoformat()])
        for row in new_rows
        if (row["shop"], row["day"].isoformat()) in forecasts
    ]
    assert len(pairs) == 8
    total = sum(abs(sales) for sales, _ in pairs)
    assert values["wape"][0] == pytest.approx(sum(abs(s - m[3]) for s, m in pairs) / total)
    assert values["wape"][3] == pytest.approx(sum(abs(s - m[6]) for s, m in pairs) / total)
    inside = np.mean([m[4] <= s <= m[5] for s, m in pairs])
    assert values["interval_coverage"] == [pytest.approx(inside), None, None, None, 8]
    db.rows = new_rows[:10]
    with pytest.raises(GlasshouseError, match="history ends at 2024-04-29"):
        evaluate(db, "a model", "select 1", None)


def test_same_rows_and_settings_keep_version() -> None:
    db = train(daily({"a": weekly}))
    options = json.dumps({**OPTIONS, "bootstrap": 0, "retrain": "if_changed"})
    result = call(db, options, task="forecast", target="sales", algorithms=FAST)
    assert (result["version"], len(db.recorded)) == (1, 1)


def test_history_checks_have_findings() -> None:
    rows = daily(
        {
            "spike": lambda n: weekly(n) + 200 * (n == 50),
            "shift": lambda n: weekly(n) + 150 * (n >= 60),
        }
    )
    history = train(rows).recorded[0]["forecast_history"]
    parts = [(r["actual"], r["trend"] + r["seasonal"] + r["remainder"]) for r in history]
    assert all(actual == pytest.approx(total) for actual, total in parts)
    findings = {(r["series"], r["finding"], r["at"][:10]) for r in history if r["finding"]}
    assert ("spike", "anomaly", "2024-02-20") in findings
    shifts = [
        at for series, finding, at in findings if finding == "level shift" and series == "shift"
    ]
    assert shifts == ["2024-03-01"]
