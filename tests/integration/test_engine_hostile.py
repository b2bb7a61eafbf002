"""Invalid and malicious input gives a clear error or a correct result, and the server survives."""

import json
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from .engine import QUICK, Session
from .hostile import ROWS, admin, base_model, registry_rows, server_check, user

__all__ = ["admin", "server_check", "user"]  # fixtures


NAMES = [
    "'; drop table engine_hostile.rows; --",
    '"; drop table engine_hostile.rows; --',
    "a' || (select 1/0) || '",
    "%s %(x)s {0} {{ x }} $1 $$ \\ \\' E'\\x41'",
    "Größe – 数 😀 \u202eabc",
    "rows",
    "numbers",
    "a.b",
    "select",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_quoted(user: Session, name: str) -> None:
    """As column, key, target, class and model, through every verb."""
    column, key, target = name[:50], f"k{name}"[:50], f"t{name}"[:50]
    query = sql.SQL(
        "select a as {}, 'it''s ' || id as {}, b, case when target then {} else 'no' end as {}, "
        "case when id % 2 = 0 then {} else 'x' end as word from engine_hostile.rows"
    ).format(*map(sql.Identifier, (column, key)), sql.Literal(name), sql.Identifier(target),
             sql.Literal(name)).as_string(user.connection)  # fmt: skip
    model = f"engine hostile {name}"
    version = user.train(model, query, target, key=key)
    assert version["model"] == model
    result = {row[0]: row for row in user.predict(model, query)}
    assert len(result) == 200
    assert {row[1] for row in result.values()} <= {name, "no"}
    ((text,),) = user.rows("select ml.compile(%s, %s)", model, query)
    for answered_key, prediction, score, shares in user.rows(text):
        assert result[answered_key][1] == prediction
        assert result[answered_key][2] == pytest.approx(score, abs=1e-9)
        assert shares.keys() == {name, "no"}
    assert len(user.rows("select * from ml.explain(%s, %s, 1)", model, query)) == 600
    assert user.rows("select * from ml.evaluate(%s, %s)", model, query)
    assert user.rows("select * from ml.drift(%s, %s)", model, query)
    assert user.rows("select count(*) from engine_hostile.rows") == [(200,)]


@pytest.mark.parametrize(
    "query",
    [
        "select 1) as rows; drop table engine_hostile.rows; --",
        "select * from engine_hostile.rows; drop table engine_hostile.rows",
        "drop table engine_hostile.rows",
        "delete from engine_hostile.rows returning *",
        "with gone as (delete from engine_hostile.rows returning *) select * from gone",
        "select * from engine_hostile.rows where id = $1",
        "select * from engine_hostile.rows /*",
        "select * from engine_hostile.rows where a = '",
        "begin",
        "set role postgres",
        "copy engine_hostile.rows to program 'true'",
        "table engine_hostile.rows into outfile",
        "select pg_sleep(0), * from (values (1)) as one (target), pg_read_file('/etc/passwd')",
        "values (1)",
        ";;;",
        "\x01",
    ],
)
def test_invalid_queries_are_refused(user: Session, query: str) -> None:
    calls = {
        "train": "select * from ml.train('engine hostile no', %s, 'classification', 'target')",
        "compile": "select ml.compile('engine hostile base', %s)",
        "predict": "select * from ml.predict('engine hostile base', %s)",
        "profile": "select * from ml.profile('engine hostile base', %s)",
        "drivers": "select * from ml.drivers(%s, 'count(*)', 'target', array['id'])",
        "measure": "select * from ml.measure(%s, 'classification', 'target', 'a')",
    }
    base_model(user)
    for verb, call in calls.items():
        if verb == "profile" and query == "values (1)":
            continue  # that has columns, and can be described
        with pytest.raises(psycopg2.Error) as caught:
            user.rows(call, query)
        assert "Traceback" not in str(caught.value)
    assert user.rows("select count(*) from engine_hostile.rows") == [(200,)]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("algorithms", [{"algorithm": "'; drop schema ml cascade; --"}]),
        ("algorithms", [{"algorithm": "../../../etc/passwd"}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"C": "1; select"}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"C": -1}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"C": 1e400}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"solver": "__import__"}}]),
        ("algorithms", [{"algorithm": "random_forest", "params": {"n_estimators": 1.5}}]),
        ("algorithms", [{"algorithm": "hist_gradient_boosting", "params": {"loss": [[]]}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": {"__class__": 1}}]),
        ("algorithms", [{"algorithm": "logistic_regression", "params": [1]}]),
        ("algorithms", {"a": {"b": 1}}),
        ("algorithms", 7),
        ("split", {"by": "time; drop", "column": "a"}),
        ("split", {"by": "column", "column": "a'; drop table engine_hostile.rows; --"}),
        ("split", {"test": "0.2"}),
        ("split", {"test": -1}),
        ("split", [1, 2]),
        ("options", {"seed": -1}),
        ("options", {"folds": 10**12}),
        ("options", {"memory_mb": 1}),
        ("options", {"memory_mb": "all"}),
        ("options", {"positive_class": {"a": "'; drop schema ml"}}),
        ("options", {"nobody": 1}),
        ("metric", "roc_auc'; drop schema ml cascade; --"),
        ("key", 'id"; drop schema ml cascade; --'),
        ("task", "classification'; drop schema ml; --"),
    ],
)
def test_invalid_arguments_are_refused(
    user: Session, admin: Session, argument: str, value: Any
) -> None:
    model = f"engine hostile choice {argument}"
    with pytest.raises(psycopg2.Error) as caught:
        user.train(model, ROWS, "target", **{"key": "id", argument: value})
    message = str(caught.value)
    assert "Traceback" not in message
    assert caught.value.pgcode != "XX000", message
    assert registry_rows(admin, model) == {}


def test_deeply_nested_json_is_refused(user: Session) -> None:
    nested_list = json.loads("[" * 900 + "]" * 900)
    for argument in ("algorithms", "split", "options"):
        with pytest.raises(psycopg2.Error):
            user.train("engine hostile nested", ROWS, "target", **{argument: nested_list})


VALUES = {
    "plain infinity": ("case when id = 7 then 'Infinity'::float8 else a end as a", "'a' holds inf"),
    "minus infinity": ("case when id = 7 then '-Infinity' else a end as a", "'a' holds inf"),
    "numeric infinity": ("case when id = 7 then 'inf' else a::numeric end as a", "'a' holds inf"),
    "1e308": ("case when id = 7 then 1e308::float8 else a end as a", "'a' holds inf"),
    "numeric beyond float8": ("case when id = 7 then 1e400::numeric else 1 end as a", "range"),
    "infinite date": (
        "case when id = 7 then 'infinity' else date '2026-01-01' + id end as a",
        "'a' holds inf",
    ),
    "division by zero": ("1 / (id - 7) as a", "division by zero"),
}


@pytest.mark.parametrize("case", VALUES)
def test_infinite_and_huge_numbers_are_refused(user: Session, case: str) -> None:
    expression, message = VALUES[case]
    query = f"select id, {expression}, b, target from engine_hostile.rows"
    with pytest.raises(psycopg2.Error, match=message):
        user.train("engine hostile value", query, "target", key="id")


def test_late_error_has_message_and_hint(user: Session) -> None:
    """PostgreSQL has words of its own for an error between two rows of an answer."""
    base_model(user)
    many = (
        "select r.id, case when r.id = 7 and n = 150 then 'inf' else a end as a, b "
        "from generate_series(1, 150) as n, engine_hostile.rows as r order by n"
    )
    for call in ("ml.predict('engine hostile base', %s)", "ml.explain('engine hostile base', %s)"):
        with pytest.raises(psycopg2.Error, match="Column 'a' holds inf") as caught:
            user.rows(f"select count(*) from {call}", many)
        assert caught.value.pgcode == "22023"
        assert "nullif" in str(caught.value.diag.message_hint)


def test_infinite_target_is_refused(user: Session) -> None:
    infinite = "case when id = 7 then 'inf'::float8 else a end as y"
    query = f"select id, a, b, {infinite} from engine_hostile.rows"
    with pytest.raises(psycopg2.Error, match="'y' holds infinite"):
        user.train("engine hostile value", query, "y", task="regression", algorithms=["ridge"])


def test_nan_is_missing_value(user: Session) -> None:
    holes = "select id, {} as a, b, target from engine_hostile.rows"
    nan = holes.format("case when id % 5 = 0 then 'NaN'::float8 else a end")
    null = holes.format("case when id % 5 > 0 then a end")
    user.train("engine hostile nan", nan, "target", key="id")
    user.train("engine hostile null", null, "target", key="id")
    assert user.predict("engine hostile nan", nan) == user.predict("engine hostile null", null)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("false", "returns no row"),
        ("id = 1", "one value only|at least|too few"),
        ("id <= 2", "one value only|at least|too few|rows"),
        ("target", "one value only"),
        ("target is null", "returns no row"),
    ],
)
def test_too_few_rows_are_refused(user: Session, condition: str, message: str) -> None:
    with pytest.raises(psycopg2.Error, match=message):
        user.train("engine hostile few", f"{ROWS} where {condition}", "target", key="id")


@pytest.mark.parametrize("task", ["regression", "clustering", "outliers", "decomposition"])
@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_are_refused_by_other_tasks(user: Session, task: str, rows: int) -> None:
    target = "y" if task == "regression" else None
    query = f"select id, a, b{', a + b as y' if target else ''} from engine_hostile.rows"
    with pytest.raises(psycopg2.Error, match=r"no row|least|one value only"):
        user.train(
            "engine hostile few", f"{query} limit {rows}", target, task=task, algorithms=None
        )


@pytest.mark.parametrize("rows", [0, 1])
def test_zero_and_one_row_are_predicted(user: Session, rows: int) -> None:
    base_model(user)
    query = f"{ROWS} limit {rows}"
    assert len(user.predict("engine hostile base", query)) == rows
    ((text,),) = user.rows("select ml.compile('engine hostile base', %s)", query)
    assert len(user.rows(text)) == rows


def test_widest_table_is_supported(user: Session) -> None:
    """1,600 of them: two are key and target, and four bytes each are all that fit on a page."""
    columns = ", ".join(f"sin(i * {n})::real as c{n}" for n in range(1, 1599))
    user.rows(
        f"create table engine_hostile.wide as select i as id, sin(i) > 0 as target, {columns} "
        "from generate_series(1, 60) as i"
    )
    query = "select * from engine_hostile.wide"
    options = {**QUICK, "folds": 2, "importance_repeats": 0}
    user.train("engine hostile wide", query, "target", key="id", options=options)
    assert len(user.version("engine hostile wide")["features"]) == 1598
    result = {int(row[0]): row[2] for row in user.predict("engine hostile wide", query)}
    ((text,),) = user.rows("select ml.compile('engine hostile wide', %s)", query)
    scores = {row[0]: row[2] for row in user.rows(text)}
    assert scores == pytest.approx(result, abs=1e-9)


def test_duplicate_and_missing_keys_are_predicted(user: Session) -> None:
    twice = "select id % 10 as id, a, b, target from engine_hostile.rows"
    user.train("engine hostile twice", twice, "target", key="id")
    assert len(user.predict("engine hostile twice", twice)) == 200
    # An empty key is a key; NULL is none.
    query = "select case when id > 1 then '' end as id, a, b from engine_hostile.rows where id < 3"
    keys = [row[0] for row in user.predict("engine hostile twice", query)]
    assert keys == [None, ""]
    one_row_query = "select '' as id, a, b from engine_hostile.rows limit 1"
    assert user.predict("engine hostile twice", one_row_query)[0][0] == ""


def test_text_of_megabytes_is_supported(user: Session) -> None:
    query = (
        "select id, a, case when id % 2 = 0 then repeat('x', 3000000) else 'y' end as word, target "
        "from engine_hostile.rows where id <= 40"
    )
    user.train("engine hostile long", query, "target", key="id")
    assert len(user.predict("engine hostile long", query)) == 40
