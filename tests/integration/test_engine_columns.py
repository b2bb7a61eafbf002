"""Dates, lists in a cell, weights and gaps in a real Postgres."""

import json
from typing import Any

import numpy as np
import pytest

from .engine import QUICK, Session, admin, user

__all__ = ["admin", "user"]  # fixtures

FILMS = """
create table engine_test.films as
select
    i as id,
    array_to_string(genres, case i % 2 when 0 then '; ' else ';' end) as genres,
    case when i % 30 > 0 then genres end as tags,
    date '2022-01-01' + i as released,
    timestamptz '2022-01-01 03:00+00' + i * interval '7 hours' as shown,
    1 + i % 3 as tickets,
    extract(isodow from date '2022-01-01' + i) >= 6 as weekend,
    ('war' = any (genres)) <> (i % 17 = 0) as target,
    3.0 * extract(hour from timestamp '2022-01-01 03:00' + i * interval '7 hours') + sin(i) as hour
from generate_series(1, 500) as i
cross join lateral (
    select
        array_agg(genre order by md5(genre || i::text))
            filter (where (i * 7919 / place) % 5 < 2) as genres
    from unnest(array['war', 'drama', 'film noir', 'kids', 'comedy'])
        with ordinality as listed (genre, place)
) as chosen
"""


@pytest.fixture(scope="module")
def films(user: Session) -> str:
    user.rows(FILMS)
    return "select * from engine_test.films"


def kinds(session: Session, model: str) -> dict[str, str]:
    return {entry["name"]: entry["kind"] for entry in session.version(model)["features"]}


@pytest.mark.parametrize("column", ["genres", "tags"])
def test_lists_and_arrays_of_texts(user: Session, films: str, column: str) -> None:
    model = f"engine test {column}"
    query = f"select id, {column}, target from engine_test.films"
    result = user.train(model, query, "target", key="id")
    assert kinds(user, model) == {column: "list"}
    assert result["score"] > 0.9
    # A plain text with the items of the array is the same list.
    text = f"select id, {column}::text as {column} from engine_test.films"
    if column == "tags":
        text = "select id, array_to_string(tags, ';') as tags from engine_test.films"
    assert user.predict(model, query) == user.predict(model, text)
    rows = user.rows("select * from ml.explain(%s, %s)", model, query)
    assert {row[2] for row in rows} == {"(baseline)", column}
    (statement,) = user.rows("select ml.compile(%s, %s)", model, query)[0]
    assert "ml.predict(" in statement


@pytest.mark.parametrize(
    ("column", "target", "task", "algorithm"),
    [
        ("released", "weekend", "classification", "logistic_regression"),
        ("shown", "hour", "regression", "ridge"),
    ],
)
def test_dates_in_any_time_zone(
    user: Session, films: str, column: str, target: str, task: str, algorithm: str
) -> None:
    model = f"engine test {column}"
    query = f"select id, {column}, {target} from engine_test.films"
    options = {"task": task, "key": "id", "algorithms": json.dumps([algorithm])}
    user.train(model, query, target, **options)
    predictions = [row[2] for row in user.predict(model, query)]
    values = user.rows(
        f"select ({target})::text::float8 from engine_test.films"
        if task == "regression"
        else f"select {target}::int from engine_test.films"
    )
    truth = np.array([float(value) for (value,) in values])
    assert abs(np.corrcoef(predictions, truth)[0, 1]) > 0.95
    (statement,) = user.rows("select ml.compile(%s, %s)", model, query)[0]
    assert "extract(" in statement
    print_of_version = user.version(model)["data_fingerprint"]
    user.rows("set time zone 'Asia/Kathmandu'")
    try:
        scores = {str(row[0]): row[2] for row in user.rows(statement)}
        elsewhere = {row[0]: row[2] for row in user.predict(model, query)}
        user.train(model, query, target, **options)
    finally:
        user.rows("reset time zone")
    keys = sorted(scores)
    assert np.allclose([scores[k] for k in keys], [elsewhere[k] for k in keys], 1e-9, 1e-9)
    assert np.allclose(predictions, list(elsewhere.values()), 1e-12)
    assert user.version(model)["data_fingerprint"] == print_of_version


def test_weights_gap_and_budget_are_recorded(user: Session, films: str) -> None:
    model = "engine test weights"
    options: dict[str, Any] = {**QUICK, "weight": "tickets", "budget_s": 600}
    user.train(
        model,
        "select id, genres, released, tickets, target from engine_test.films",
        "target",
        key="id",
        split={"by": "time", "column": "released", "gap": "2 weeks"},
        options=options,
    )
    version = user.version(model)
    assert version["split"]["gap"] == "14 days"
    in_neither = version["split"]["rows_in_gap"] + version["split"]["rows_without_target"]
    assert version["split"]["rows_in_gap"] >= 10
    assert version["rows_train"] + version["rows_test"] + in_neither == 500
    assert {entry["name"] for entry in version["excluded"]} == {"released", "tickets"}
    metric_rows = user.rows(
        "select metric, value from ml.evaluate(%s, 'select * from engine_test.films')", model
    )
    assert dict(metric_rows)["accuracy"] > 0.8
    assert set(kinds(user, model)) == {"genres"}
