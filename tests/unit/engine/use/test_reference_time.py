"""options.reference_time: dates become ages."""

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.explain import explain
from glasshouse_ml.use.sql_export.linear_form import NotLinear, linear_form

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

BY_TIME = '{"by": "time", "column": "as_of"}'
AGES = {"reference_time": "as_of"}


def snapshots(first: date = date(2024, 1, 1), months: int = 10) -> list[dict[str, Any]]:
    """A customer buys if the last visit was less than 30 days before the day of the snapshot."""
    rng = np.random.default_rng(12)
    rows = []
    for number in range(500):
        as_of = first + timedelta(days=30 * int(rng.integers(0, months)))
        age = int(rng.integers(0, 90))
        rows.append(
            {
                "id": f"{number}",
                "as_of": as_of,
                "visited": None if number % 40 == 0 else as_of - timedelta(days=age),
                "z": float(rng.normal()),
                "target": bool(age < 30 and number % 40),
            }
        )
    return rows


@pytest.mark.parametrize(
    "algorithm", ["logistic_regression", "hist_gradient_boosting", "random_forest"]
)
def test_age_predicts_later_rows(algorithm: str) -> None:
    db = StandIn(snapshots())
    call(db, AGES, key="id", split=BY_TIME, algorithms=json.dumps([algorithm]))
    payload = db.recorded[0]
    assert payload["version"]["score"] > 0.95
    names = {feature["name"] for feature in payload["version"]["features"]}
    assert names == {"as_of", "visited", "z"}
    assert min(payload["importances"], key=lambda row: row["rank"])["feature"] in names - {"z"}
    assert not any(
        check["code"] == "covariate_shift" and check.get("column_name") == "as_of"
        for check in payload["checks"]
    )
    # A year later the same ages have the same scores.
    before = [row[2] for row in predict(db, "a model", "q", None)]
    for row in db.rows:
        for name in ("as_of", "visited"):
            row[name] = row[name] and row[name] + timedelta(days=364)
    parts = unpack(db.artifacts[0]).features
    after = [row[2] for row in predict(db, "a model", "q", None)]
    if not any(feature.calendar_parts for feature in parts):
        assert np.allclose(before, after)
    assert np.corrcoef(before, after)[0, 1] > 0.9
    rows = [row for row in explain(db, "a model", "q", None) if row[0] == "7"]
    assert {row[2] for row in rows} == {"(baseline)", *names}


def test_single_snapshot_is_reference() -> None:
    db = StandIn(snapshots(months=1))
    call(db, AGES, key="id", algorithms='["decision_tree"]')
    names = {feature["name"] for feature in db.recorded[0]["version"]["features"]}
    assert "as_of" in names
    for row in db.rows:
        row["as_of"] += timedelta(days=200)
    assert np.mean([row[2] for row in predict(db, "a model", "q", None)]) < 0.1
    for row in db.rows:
        del row["as_of"]
    with pytest.raises(GlasshouseError, match="no column 'as_of', a feature"):
        list(predict(db, "a model", "q", None))


def test_coefficients_name_the_age_and_sql_is_refused() -> None:
    db = StandIn(snapshots())
    call(db, AGES, key="id", split=BY_TIME)
    terms = {row["term"] for row in db.recorded[0]["coefficients"]}
    assert "visited (age in days)" in terms
    assert "as_of" not in terms
    with pytest.raises(NotLinear):
        linear_form(unpack(db.artifacts[0]))


def test_monotonic_keeps_the_direction_of_the_date() -> None:
    db = StandIn(snapshots())
    options = {**AGES, "monotonic": {"visited": 1}}
    call(db, options, key="id", split=BY_TIME, algorithms='["hist_gradient_boosting"]')
    assert db.recorded[0]["version"]["score"] > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference_time": "z"}, "is of type double precision"),
        ({"reference_time": "nothing"}, "no column 'nothing'"),
        ({"reference_time": 7}, "options.reference_time is 7"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(GlasshouseError, match=message):
        call(StandIn(snapshots()), options, key="id")
