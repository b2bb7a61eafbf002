"""ml.drivers against an exhaustive search in Python, and ml.measure, in a real Postgres."""

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations
from typing import Any

import psycopg2
import pytest

from .registry import Session

# Every type of dimension, NULLs, a rare value, names that need quotes, and all kinds of numbers.
QUERY = """
    select
        i % 2 = 0 as is_test,
        (array['red', 'green', 'it''s "blue"', null])[1 + (i / 7) % 4] as colour,
        (i % 5)::numeric / 2 as "An ""odd"" name",
        date '2026-01-01' + i % 3 as day,
        i % 11 = 0 as flag,
        case when i % 900 = 0 then 'rare ' || i when i % 10 = 3 then null else 'usual' end as kind,
        'id ' || i as id,
        (i % 97)::numeric(10, 2) * case when i % 2 = 0 and i % 3 = 1 then 2 else 1 end as amount,
        case when i % 50 > 0 then (i % 13 + 1)::float8 else 'NaN' end as cost,
        case when i % 40 > 0 then i % 130 end as customer
    from generate_series(1, 6000) as i
"""
DIMENSIONS = ["colour", 'An "odd" name', "day", "flag", "kind", "id"]
METRICS = {
    "sum(amount)": lambda rows: sum(float(row["amount"]) for row in rows),
    "count(*)": lambda rows: float(len(rows)),
    "count(customer)": lambda rows: float(sum(row["customer"] is not None for row in rows)),
    "sum(flag)": lambda rows: float(sum(row["flag"] for row in rows)),
    "avg(cost)": lambda rows: ratio(
        sum(row["cost"] or 0 for row in rows), sum(row["cost"] is not None for row in rows)
    ),
    "sum(amount) / count(customer)": lambda rows: ratio(
        sum(float(row["amount"]) for row in rows), sum(row["customer"] is not None for row in rows)
    ),
    "count(distinct customer)": lambda rows: float(len({row["customer"] for row in rows} - {None})),
}


def ratio(top: float, bottom: float) -> float | None:
    return top / bottom if bottom else None


def as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


@pytest.fixture(scope="module")
def user(engine: Any) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session


@pytest.fixture(scope="module")
def rows(user: Session) -> list[dict[str, Any]]:
    # JSON knows no NaN; for the engine it is NULL.
    query = QUERY.replace("else 'NaN' end", "end")
    return [row for (row,) in user.rows(f"select row_to_json(r) from ({query}) as r")]


def drivers(user: Session, metric: str, query: str = QUERY, **options: Any) -> dict[Any, dict]:
    names = options.pop("dimensions", DIMENSIONS)
    slice_rows = user.rows(
        "select row_to_json(r) from ml.drivers(%s, %s, 'is_test', %s, %s) as r",
        query,
        metric,
        names,
        json.dumps(options),
    )
    return {frozenset(row["conditions"].items()): row for (row,) in slice_rows}


def exhaustive(
    rows: list[dict[str, Any]], order: int, min_support: float, dimensions: list[str] = DIMENSIONS
) -> Iterator[tuple[frozenset, list[dict], float]]:
    """Every slice with its rows and its support."""
    sizes = {side: sum(row["is_test"] == side for row in rows) for side in (False, True)}
    for size in range(order + 1):
        for names in combinations(dimensions, size):
            groups: dict[tuple, list[dict]] = {}
            for row in rows:
                groups.setdefault(tuple(as_text(row[name]) for name in names), []).append(row)
            for values, members in groups.items():
                support = max(
                    sum(row["is_test"] == side for row in members) / count
                    for side, count in sizes.items()
                )
                if support >= min_support:
                    yield frozenset(zip(names, values, strict=True)), members, support


@pytest.mark.parametrize("metric", METRICS)
def test_slices_equal_exhaustive_search(
    user: Session, rows: list[dict[str, Any]], metric: str
) -> None:
    value = METRICS[metric]
    slices = drivers(user, metric, max_order=2, min_support=0.05, prune=False)
    expected = {
        conditions: (members, support) for conditions, members, support in exhaustive(rows, 2, 0.05)
    }
    assert slices.keys() == expected.keys()
    assert not any("rare" in str(conditions) or "id" in dict(conditions) for conditions in slices)
    for conditions, (members, support) in expected.items():
        row = slices[conditions]
        control, test = (
            [member for member in members if member["is_test"] == side] for side in (False, True)
        )
        assert (row["control_rows"], row["test_rows"]) == (len(control), len(test))
        assert row["control"] == pytest.approx(value(control))
        assert row["test"] == pytest.approx(value(test))
        assert row["support"] == pytest.approx(support)
        inside = {id(member) for member in members}
        rest = [
            value([r for r in rows if r["is_test"] == side and id(r) not in inside])
            for side in (False, True)
        ]
        if conditions and rest[0] and None not in (*rest, row["control"], row["test"]):
            unexpected = row["test"] - row["control"] * rest[1] / rest[0]
            assert row["unexpected_difference"] == pytest.approx(unexpected, rel=1e-6, abs=1e-6)
        else:
            assert row["unexpected_difference"] is None
    if metric != "count(distinct customer)":
        change = slices[frozenset()]["difference"]
        for names in [("colour",), ("day",), ("colour", "day")]:
            parts = [r for c, r in slices.items() if {name for name, _ in c} == set(names)]
            assert sum(row["contribution"] for row in parts) == pytest.approx(change)


def test_dimensions_with_many_values_are_counted_in_blocks(user: Session) -> None:
    """70 values of each of 5 dimensions make too many cells for one block."""
    names = [f"d{number}" for number in range(5)]
    values = [
        f"floor(70 * power((i * {prime} % 1009) / 1009.0, 3))::int as {name}"
        for name, prime in zip(names, (7919, 104729, 1299709, 15485863, 32452843), strict=True)
    ]
    query = f"select i % 2 = 0 as is_test, i % 7 as a, {', '.join(values)} "
    query += "from generate_series(1::bigint, 4000) as i"
    rows = [row for (row,) in user.rows(f"select row_to_json(r) from ({query}) as r")]
    slices = drivers(
        user, "sum(a)", query, dimensions=names, max_order=3, min_support=0.004, prune=False
    )
    expected = {
        conditions: sum(row["a"] for row in members if row["is_test"])
        for conditions, members, _ in exhaustive(rows, 3, 0.004, names)
    }
    assert {conditions: row["test"] for conditions, row in slices.items()} == expected
    assert len(expected) > 300


def test_slice_is_reported_once(user: Session) -> None:
    query = f"""
        select *, amount * case when is_test and colour = 'red' and day = '2026-01-02' then 4
            else 1 end as changed
        from ({QUERY}) as inner_rows
    """
    slices = drivers(user, "sum(changed)", query, dimensions=["colour", "day", "flag"])
    cause = slices[frozenset({("colour", "red"), ("day", "2026-01-02")})]
    assert cause["p_value"] < 0.001
    assert cause["slice"] == "colour = red and day = 2026-01-02"
    assert cause["dimensions_used"] == 2
    assert not any(len(conditions) > 2 for conditions in slices)
    assert next(iter(slices.values()))["slice"] == "(all)"
    contributions = [abs(row["contribution"]) for row in list(slices.values())[1:]]
    assert contributions == sorted(contributions, reverse=True)


def test_session_settings_do_not_change_result(engine: Any, user: Session) -> None:
    query = f"""
        select *, (customer % 2) / 10.0::float4 as share,
            timestamptz '2026-03-29 00:00+00' + (customer % 3) * interval '1 hour' as moment
        from ({QUERY}) as r
    """
    names = ["day", "moment", "share"]
    expected = drivers(user, "sum(amount)", query, dimensions=names)
    with closing(Session(engine.dsn("transformer"))) as other:
        other.rows("set timezone = 'Europe/Berlin'; set datestyle = 'German'; ")
        other.rows("set extra_float_digits = 0")
        assert drivers(other, "sum(amount)", query, dimensions=names) == expected
        assert other.value("show work_mem") == user.value("show work_mem")
    assert any(("moment", "2026-03-29 01:00:00+00") in conditions for conditions in expected)


def test_notices_name_left_out_rows(user: Session) -> None:
    del user.connection.notices[:]
    query = f"select case when amount <> 5 then is_test end as is_test, id from ({QUERY}) as r"
    drivers(user, "count(*)", query, dimensions=["id"])
    notices = "".join(user.connection.notices)
    assert "whose is_test is NULL" in notices
    assert "No value of 'id' reaches the support of 0.02" in notices


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("'select true as t, 1 as a', 'sum(a)', 't', array['a']", "Column 't' is false in no row"),
        ("'select true as t, 1 as a where false', 'sum(a)', 't', array['a']", "The query returns"),
        ("'select 1 as t, 1 as a', 'sum(a)', 't', array['a']", "Column 't' is of type integer"),
        ("'select true as t, 1 as a', 'sum(a); drop', 't', array['a']", "The metric "),
        ("'select true as t, 1 as a', 'sum(a)', 't', null", "There is no dimension"),
        ("'selec 1', 'sum(a)', 't', array['a']", "syntax error"),
        (
            "'select i > 1 as t, 1e200::float8 * i as a, 1 as d from generate_series(1, 2) i', "
            "'sum(a)', 't', array['d']",
            "value out of range",
        ),
        (
            "'select i > 1 as t, float8 ''Infinity'' as a, 1 as d from generate_series(1, 2) i', "
            "'sum(a)', 't', array['d']",
            "The metric is no finite number",
        ),
    ],
)
def test_errors_are_one_line(user: Session, call: str, message: str) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        user.rows(f"select * from ml.drivers({call})")
    assert caught.value.diag.message_primary.startswith(f"ml.drivers: {message}")
    assert "\n" not in caught.value.diag.message_primary
    assert "Traceback" not in str(caught.value)


def test_measure_reads_predictions(user: Session) -> None:
    rows = """
        select i as id, sin(i) as a, cos(i * 1.7) as b, (array['x', 'y', 'z'])[1 + i % 3] as kind,
            sin(i) + cos(i * 3) > 0 as y
        from generate_series(1, 400) as i
    """
    user.train("measure test", algorithm="logistic_regression")
    query = f"""
        select truth.y, predicted.* from ({rows}) as truth
        inner join ml.predict('measure test', $$ {rows} $$) as predicted on key = id::text
    """
    expected = dict(user.rows("select metric, value from ml.evaluate('measure test', %s)", rows))
    for score in ("score", "probabilities"):
        values = dict(
            user.rows(
                "select metric, value from ml.measure(%s, 'classification', 'y', 'prediction', %s) "
                "where kind = 'metric'",
                query,
                score,
            )
        )
        assert values == pytest.approx(expected)
    user.rows("select ml.drop_model('measure test')")
    with pytest.raises(psycopg2.Error, match=r"ml\.measure: Column 'y' holds one class only"):
        user.rows(
            "select * from ml.measure('select true as y, true as p', 'classification', 'y', 'p')"
        )
    for topic in ("measure", "drivers"):
        assert user.rows("select topic from ml.help(%s)", topic) == [(topic,)]
