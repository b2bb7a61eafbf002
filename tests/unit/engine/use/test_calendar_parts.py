"""Dates: their parts from training to prediction and explanation."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.table import Column
from glasshouse_ml.data.calendar_parts import calendar_part, calendar_part_sql, varying_parts
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.explain import explain
from glasshouse_ml.use.sql_export.expression import SqlWriter
from glasshouse_ml.use.sql_export.linear_form import linear_form

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

EPOCH = datetime(1970, 1, 1)
STAMP = "timestamp"


def days(moment: datetime) -> float:
    return (moment - EPOCH).total_seconds() / 86_400


def test_parts_are_those_of_python() -> None:
    rng = np.random.default_rng(2)
    seconds = rng.integers(-4_000_000_000, 8_000_000_000, 3_000).tolist()
    moments = [EPOCH + timedelta(seconds=second) for second in seconds]
    moments += [datetime(2024, 2, 29, 23, 59, 59), datetime(1969, 12, 31), datetime(1900, 3, 1)]
    values = np.array([days(moment) for moment in moments])
    for part, expected in (
        ("month", [m.month for m in moments]),
        ("day", [m.day for m in moments]),
        ("weekday", [m.isoweekday() for m in moments]),
        ("hour", [m.hour for m in moments]),
    ):
        assert calendar_part(part, values).tolist() == expected
    assert np.isnan(calendar_part("month", np.array([np.nan])))[0]
    # Not rounded: the last microsecond of a day belongs to it.
    last = days(datetime(2024, 5, 31, 23, 59, 59, 999_999))
    assert calendar_part("month", np.array([last, last + 1e-11])).tolist() == [5, 6]


@pytest.mark.parametrize(
    ("type_name", "span", "step", "parts"),
    [
        ("date", 800, 1, ("month", "day", "weekday")),
        ("date", 200, 1, ("day", "weekday")),  # a month would only say which rows are near
        ("date", 700, 7, ("month", "day")),  # always the same weekday
        (STAMP, 800, 0.3, ("month", "day", "weekday", "hour")),
        ("timestamptz", 3, 0.1, ("hour",)),
        (STAMP, 0.5, 0.1, ()),
        ("interval", 800, 0.3, ()),
        ("time", 1, 0.01, ()),
    ],
)
def test_only_parts_that_repeat_count(
    type_name: str, span: float, step: float, parts: tuple[str, ...]
) -> None:
    values = np.append(np.arange(20_000, 20_000 + span, step), np.nan)
    assert varying_parts(type_name, values) == parts
    assert varying_parts(type_name, np.array([np.nan])) == ()


def orders(kind: type, effect: str) -> list[dict[str, Any]]:
    rng = np.random.default_rng(8)
    rows = []
    for number in range(600):
        moment = datetime(2021, 1, 1) + timedelta(hours=int(rng.integers(0, 24 * 1_000)))
        high = {
            "weekend": moment.isoweekday() >= 6,
            "night": moment.hour < 6,
            "december": moment.month in (2, 7, 12),
        }[effect]
        value: Any = moment if kind is datetime else moment.date()
        rows.append(
            {
                "id": f"o{number}",
                "ordered": None if number % 50 == 0 else value,
                "amount": float(rng.normal()),
                "target": bool(high and number % 50),
            }
        )
    return rows


@pytest.mark.parametrize(
    ("kind", "effect"), [(date, "weekend"), (datetime, "night"), (datetime, "december")]
)
@pytest.mark.parametrize("algorithm", ["logistic_regression", "hist_gradient_boosting"])
def test_date_parts_predict(kind: type, effect: str, algorithm: str) -> None:
    db = StandIn(orders(kind, effect))
    call(db, key="id", algorithms=json.dumps([algorithm]))
    payload = db.recorded[0]
    assert payload["version"]["score"] > 0.97
    facts = {feature["name"]: feature for feature in payload["version"]["features"]}["ordered"]
    assert "weekday" in facts["calendar_parts"]
    assert ("hour" in facts["calendar_parts"]) == (kind is datetime)
    assert min(payload["importances"], key=lambda row: row["rank"])["feature"] == "ordered"
    scores = {row[0]: row[2] for row in predict(db, "a model", "q", None)}
    rows = [row for row in explain(db, "a model", "q", None) if row[0] in ("o7", "o50")]
    assert {row[2] for row in rows} == {"(baseline)", "ordered", "amount"}
    for key in ("o7", "o50"):
        total = sum(row[4] for row in rows if row[0] == key)
        assert np.isclose(1 / (1 + np.exp(-total)), scores[key])


@pytest.mark.parametrize(
    ("task", "algorithm"),
    [
        ("classification", "random_forest"),
        ("classification", "bernoulli_nb"),
        ("classification", "gradient_boosting"),
        ("classification", "linear_discriminant_analysis"),
        ("classification", "k_neighbors"),
        ("clustering", "k_means"),
        ("outliers", "isolation_forest"),
    ],
)
def test_other_algorithms_take_dates(task: str, algorithm: str) -> None:
    rows = orders(datetime, "weekend")
    if task != "classification":
        rows = [{k: v for k, v in row.items() if k != "target"} for row in rows]
    db = StandIn(rows)
    target = "target" if task == "classification" else None
    call(db, key="id", task=task, target=target, algorithms=json.dumps([algorithm]))
    assert len(list(predict(db, "a model", "q", None))) == 600
    parts = [feature.calendar_parts for feature in unpack(db.artifacts[0]).features]
    # Without a target, more columns of one date would only give it more weight.
    assert any(parts) == (task == "classification")


@pytest.mark.parametrize("kind", [date, datetime])
def test_linear_model_is_sum_over_date_parts(kind: type) -> None:
    db = StandIn(orders(kind, "weekend"))
    call(db, key="id")
    form = linear_form(unpack(db.artifacts[0]))
    column = Column("ordered", "", "time", base_type="date" if kind is date else STAMP)
    amount = Column("amount", "double precision", "number")
    sql = SqlWriter([column, amount], str, lambda text: f"'{text}'").total(form.sums[0])
    assert "extract(isodow from rows.ordered)::int::text" in sql
    assert calendar_part_sql("month", "x", "timestamptz") == (
        "extract(month from (x at time zone 'UTC'))::int"
    )


def test_monotonic_date_has_no_parts() -> None:
    db = StandIn(orders(datetime, "weekend"))
    call(db, {"monotonic": {"ordered": 1}}, algorithms='["hist_gradient_boosting"]')
    rows_with_date = sorted(
        (row for row in db.rows if row["ordered"]), key=lambda row: row["ordered"]
    )
    other_db = StandIn([{**row, "amount": 0.5} for row in rows_with_date])
    other_db.recorded, other_db.artifacts, other_db.signatures = (
        db.recorded,
        db.artifacts,
        db.signatures,
    )
    scores = np.array([row[2] for row in predict(other_db, "a model", "q", None)])
    assert (np.diff(scores) >= -1e-12).all()
    call(db, {"monotonic": {"amount": 1}}, algorithms='["hist_gradient_boosting"]')
    assert db.recorded[1]["version"]["score"] > 0.97
