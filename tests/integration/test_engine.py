"""ml.train, ml.predict and the registry in a real Postgres."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg2
import pytest
from psycopg2 import sql
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

QUICK = {"bootstrap": 50, "importance_repeats": 1}
LOGISTIC = [{"algorithm": "logistic_regression", "params": {}}]
MIXED = r'''
create domain engine_test.size as text check (value <> '');
create table engine_test.mixed as
select
    'key ' || i as "the ""key""",
    i as whole,
    case when i % 7 > 0 then sin(i) end as "weird; name"" '%s",
    (i % 3)::numeric / 10 as "Größe",
    (array['a', 'b', 'it''s', E'\x1f', null])[i % 5 + 1] as "text, with comma",
    (array['s', 'm', 'l'])[i % 3 + 1]::engine_test.size as size,
    i % 4 = 0 as flag,
    date '2026-01-01' + i as day,
    timestamptz '2026-01-01' + i * interval '1 hour' as moment,
    null::float8 as nothing,
    md5(i::text) as unique_text,
    md5(i::text)::uuid as unique_uuid,
    '{}'::jsonb as document,
    sin(i) + (i % 3) > 1 as target
from generate_series(1, 300) as i
'''


class Session:
    """A connection of one role, with ml.train and ml.predict as Python calls."""

    def __init__(self, dsn: dict[str, Any]) -> None:
        self.connection = psycopg2.connect(**dsn)
        self.connection.autocommit = True

    def rows(self, statement: Any, *values: Any) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def train(self, model: str, query: str, target: str, **options: Any) -> dict[str, Any]:
        asked = {
            "model": model,
            "query": query,
            "task": "classification",
            "target": target,
            "algorithms": LOGISTIC,
            "options": QUICK,
            **options,
        }
        values = [json.dumps(v) if isinstance(v, (dict, list)) else v for v in asked.values()]
        arguments = sql.SQL(", ").join(
            sql.SQL("{} => %s").format(sql.Identifier(name)) for name in asked
        )
        statement = sql.SQL("select row_to_json(r) from ml.train({}) as r").format(arguments)
        return self.rows(statement, *values)[0][0]

    def predict(self, model: str, query: str, version: int | None = None) -> list[tuple]:
        return self.rows("select * from ml.predict(%s, %s, %s)", model, query, version)

    def version(self, model: str, version: int | None = None) -> dict[str, Any]:
        found = self.rows(
            "select row_to_json(v) from ml.model_versions as v where model = %s "
            "and (%s is null or version = %s) order by version desc limit 1",
            model,
            version,
            version,
        )
        return found[0][0]


@pytest.fixture(scope="module")
def admin(warehouse: Any) -> Iterator[Session]:
    session = Session(warehouse.dsn("postgres"))
    session.rows("delete from ml.model_versions where model like 'engine test%'")
    session.rows("drop schema if exists engine_test cascade")
    session.rows("create schema engine_test authorization transformer")
    yield session
    session.rows("delete from ml.model_versions where model like 'engine test%'")
    session.rows("drop schema engine_test cascade")
    session.connection.close()


@pytest.fixture(scope="module")
def user(warehouse: Any, admin: Session) -> Iterator[Session]:
    session = Session(warehouse.dsn("transformer"))
    yield session
    session.connection.close()


@pytest.fixture(scope="module")
def cells(user: Session) -> str:
    """The breast cancer data under plain names, with the part each row belongs to."""
    data = load_breast_cancer()
    names = ", ".join(f"f{position} float8" for position in range(data.data.shape[1]))
    user.rows(f"create table engine_test.cells (id int, {names}, malignant boolean, part text)")
    with user.connection.cursor() as cursor:
        for number, (row, label) in enumerate(zip(data.data, data.target, strict=True)):
            part = "test" if number % 5 == 0 else "train"
            cursor.execute(
                "insert into engine_test.cells values %s",
                ((number, *map(float, row), bool(label == 0), part),),
            )
    return "select * from engine_test.cells"


@pytest.fixture(scope="module")
def mixed(user: Session) -> str:
    """Every kind of column, holes and strange names."""
    user.rows(MIXED)
    return "select * from engine_test.mixed"


def test_the_answers_are_those_of_scikit_learn_outside(user: Session, cells: str) -> None:
    exact = {"solver": "newton-cholesky", "tol": 1e-10}
    user.train(
        "engine test exact",
        cells,
        "malignant",
        key="id",
        algorithms=[{"algorithm": "logistic_regression", "params": exact}],
        split={"by": "column", "column": "part"},
    )
    data = load_breast_cancer()
    training = np.arange(len(data.data)) % 5 > 0
    model = make_pipeline(StandardScaler(), LogisticRegression(**exact))
    model.fit(data.data[training], data.target[training] == 0)
    found = {int(key): row for key, *row in user.predict("engine test exact", cells)}
    expected = model.predict_proba(data.data)[:, 1]
    scores = np.array([found[number][1] for number in range(len(expected))])
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-9)
    assert [found[n][0] == "true" for n in range(len(expected))] == (expected > 0.5).tolist()
    assert found[0][2]["true"] == found[0][1]


def test_training_again_gives_identical_numbers(user: Session, cells: str) -> None:
    both = ["logistic_regression", "hist_gradient_boosting"]
    name = "engine test again"
    first = user.train(name, cells, "malignant", key="id", algorithms=both)
    answers = sorted(user.predict(name, cells))
    for query in (cells, cells + " order by random()", cells + " order by f1 desc"):
        again = user.train(name, query, "malignant", key="id", algorithms=both)
        assert again["version"] > first["version"]
        assert (again["score"], again["algorithm"]) == (first["score"], first["algorithm"])
        assert sorted(user.predict(name, cells)) == answers
    for table in ("metrics", "curves", "confusion", "importances", "distributions"):
        differences = user.rows(f"""
            select to_jsonb(t) - 'version' as fact from ml.{table} as t where model = '{name}'
            group by 1 having count(*) <> 4
        """)
        assert differences == [], table
    prints = user.rows(
        "select count(distinct data_fingerprint) from ml.model_versions where model = %s", name
    )
    assert prints == [(1,)]


def test_a_model_trained_again_answers_anew_in_the_same_session(user: Session, cells: str) -> None:
    name = "engine test fresh"
    user.train(name, cells, "malignant", key="id")
    old = dict(row[:1] + row[2:3] for row in user.predict(name, cells))
    user.train(
        name,
        cells.replace("*", "*, not malignant as benign"),
        "benign",
        key="id",
        algorithms=["dummy"],
    )
    new = dict(row[:1] + row[2:3] for row in user.predict(name, cells))
    assert len(set(new.values())) == 1 < len(set(old.values()))
    assert dict(row[:1] + row[2:3] for row in user.predict(name, cells, 1)) == old


def test_every_kind_of_column_and_every_name(user: Session, mixed: str) -> None:
    name = "engine test '\"; drop schema ml cascade; --%s é"
    both = ["logistic_regression", "hist_gradient_boosting"]
    result = user.train(name, mixed, "target", key='the "key"', algorithms=both)
    assert result["score"] > 0.9
    version = user.version(name)
    kinds = {feature["name"]: feature["kind"] for feature in version["features"]}
    assert kinds == {
        "whole": "number",
        "weird; name\" '%s": "number",
        "Größe": "number",
        "text, with comma": "category",
        "size": "category",
        "flag": "boolean",
        "day": "time",
        "moment": "time",
    }
    assert {entry["name"] for entry in version["excluded"]} == {
        "nothing",
        "unique_text",
        "unique_uuid",
        "document",
    }
    found = user.predict(name, mixed + " limit 10")
    assert len(found) == 10
    assert found[0][0] == "key 1"


def test_the_registry_is_whole(user: Session, mixed: str) -> None:
    name = "engine test whole"
    user.rows("set glasshouse.git_commit = 'abc123'")
    user.train(name, mixed, "target", key='the "key"')
    user.rows("reset glasshouse.git_commit")
    version = user.version(name)
    assert version["trained_by"] == "transformer"
    assert version["git_commit"] == "abc123"
    assert version["rows_train"] + version["rows_test"] == version["rows_read"] == 300
    assert version["lower"] <= version["score"] <= version["upper"]
    assert version["peak_memory_mb"] > 20
    counts = user.rows(
        "select feature, sum(n) from ml.distributions where model = %s group by 1", name
    )
    assert {count for _, count in counts} == {300}
    assert user.rows("select sum(n) from ml.confusion where model = %s", name) == [(60,)]
    curves = user.rows("select distinct curve from ml.curves where model = %s", name)
    assert {curve for (curve,) in curves} == {
        "roc",
        "precision_recall",
        "calibration",
        "gain",
        "score_distribution",
    }
    metrics = user.rows(
        "select series, metric, value, lower, upper from ml.metrics"
        " where model = %s and split = 'test'",
        name,
    )
    assert len(metrics) == 20
    # The baseline flags nothing, so nobody can say how often its flags are right.
    unknown = [metric[:2] for metric in metrics if metric[3] is None]
    assert unknown == [("baseline", "precision")]
    assert all(lower <= value <= upper for *_, value, lower, upper in metrics if lower is not None)


def test_the_latest_rows_are_the_test(user: Session, mixed: str) -> None:
    name = "engine test time"
    split = {"by": "time", "column": "moment", "test": 0.25}
    user.train(name, mixed, "target", key='the "key"', split=split)
    version = user.version(name)
    assert (version["rows_train"], version["rows_test"]) == (225, 75)
    assert {"name": "moment", "reason": "It decides the split."} in version["excluded"]


def test_versions_count_up_and_one_is_champion(user: Session, cells: str) -> None:
    name = "engine test versions"
    results = [
        user.train(name, cells, "malignant", options={**QUICK, "promote": promote})
        for promote in ("never", "always", "always", "never")
    ]
    assert [r["version"] for r in results] == [1, 2, 3, 4]
    assert [r["champion"] for r in results] == [False, True, True, False]
    states = user.rows(
        "select status from ml.model_versions where model = %s order by version", name
    )
    assert [s for (s,) in states] == ["challenger", "archived", "champion", "challenger"]


def test_unchanged_rows_are_not_trained_again(user: Session, cells: str) -> None:
    name = "engine test unchanged"
    options = {**QUICK, "retrain": "if_changed"}
    versions = [
        user.train(name, query, "malignant", options=options)["version"]
        for query in (cells, cells + " order by random()", cells + " where id < 500")
    ]
    assert versions == [1, 1, 2]


def test_two_sessions_at_once_lose_no_version(warehouse: Any, user: Session, cells: str) -> None:
    name = "engine test together"
    other = Session(warehouse.dsn("transformer"))
    user.connection.autocommit = other.connection.autocommit = False
    try:
        assert user.train(name, cells, "malignant")["version"] == 1
        other.rows("set lock_timeout = '200ms'")
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            other.train(name, cells, "malignant")
        user.connection.commit()
        other.connection.rollback()
        assert other.train(name, cells, "malignant")["version"] == 2
        other.connection.commit()
    finally:
        user.connection.rollback()
        user.connection.autocommit = True
        other.connection.close()
    champions = user.rows(
        "select version from ml.model_versions where model = %s and status = 'champion'", name
    )
    assert champions == [(2,)]


def test_a_training_that_is_stopped_leaves_nothing(user: Session, cells: str) -> None:
    name = "engine test stopped"
    user.rows("set statement_timeout = '300ms'")
    try:
        with pytest.raises(psycopg2.errors.QueryCanceled, match="statement timeout"):
            user.train(
                name, cells, "malignant", algorithms=["random_forest", "hist_gradient_boosting"] * 9
            )
    finally:
        user.rows("reset statement_timeout")
    assert user.rows("select count(*) from ml.model_versions where model = %s", name) == [(0,)]


@pytest.mark.parametrize(
    ("query", "target", "options", "message", "hint"),
    [
        ("select * from engine_test.cels", "malignant", {}, "cels.* does not exist", None),
        ("select 1 as a) as b; drop table engine_test.cells; --", "a", {}, "syntax error", None),
        ("delete from engine_test.cells returning *", "malignant", {}, "syntax error", None),
        (
            "with gone as (delete from engine_test.cells returning *) select * from gone",
            "malignant",
            {},
            "must be at the top level",
            None,
        ),
        ("select 1 as a, 2 as a", "a", {}, "more than one column named 'a'", "AS"),
        ("{cells} where false", "malignant", {}, "returns no row", "conditions"),
        ("{cells} where malignant", "malignant", {}, "one value only: 'true'", "two classes"),
        ("{cells}", "malign", {}, "no column 'malign'", "malignant"),
        ("{cells}", "malignant", {"key": "ids"}, "no column 'ids'", "id"),
        ("{cells}", "malignant", {"task": "classify"}, "no task 'classify'", "classification"),
        ("{cells}", "malignant", {"metric": "auc"}, "no metric 'auc'", "roc_auc"),
        ("{cells}", "malignant", {"algorithms": ["logistic"]}, "no algorithm", "logistic_regress"),
        ("{cells}", "malignant", {"options": {"fold": 2}}, "no entry 'fold'", "folds"),
        (
            "select *, case when id = 5 then 'Infinity' else f0 end as endless "
            "from engine_test.cells",
            "malignant",
            {},
            "'endless' holds infinite",
            "NULL",
        ),
        ("{cells} where id in (1, 19)", "malignant", {}, "test part has no row", "more rows"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    user: Session,
    cells: str,
    query: str,
    target: str,
    options: dict,
    message: str,
    hint: str | None,
) -> None:
    with pytest.raises(psycopg2.Error, match=message) as caught:
        user.train("engine test refused", query.format(cells=cells), target, **options)
    shown = caught.value.diag
    assert shown.message_primary.startswith("ml.train: ")
    assert "\n" not in shown.message_primary
    assert hint is None or hint in shown.message_hint
    assert caught.value.pgcode not in (None, "XX000", "38000")
    assert user.rows("select count(*) from engine_test.cells") == [(569,)]
    nothing = user.rows("select * from ml.model_versions where model = 'engine test refused'")
    assert nothing == []


def test_a_column_that_is_gone_or_changed_is_named(user: Session, cells: str) -> None:
    name = "engine test columns"
    user.train(name, cells, "malignant", key="id")
    with pytest.raises(psycopg2.Error, match="no column 'f0', which the model learned from"):
        user.predict(name, "select id, f1 from engine_test.cells")
    with pytest.raises(psycopg2.Error, match=r"'f0' is of type text.*double precision"):
        others = ", ".join(f"f{position}" for position in range(1, 30))
        user.predict(name, cells.replace("*", f"id, f0::text, {others}"))
    with pytest.raises(psycopg2.Error, match=r"no model 'engine test colums'") as caught:
        user.predict("engine test colums", cells)
    assert name in caught.value.diag.message_hint
    # Of another number type, in another order, with more beside: no error.
    columns = ", ".join(f"f{i}::numeric" for i in reversed(range(30)))
    same = user.predict(name, f"select 1 as more, part, {columns}, id from engine_test.cells")
    assert sorted(same) == sorted(user.predict(name, cells))
    assert user.predict(name, cells + " where false") == []


def test_the_slow_way_gives_the_same_rows(warehouse: Any, admin: Session, cells: str) -> None:
    """Without ml.rawbytes the documented conversion is used, and nothing else changes."""
    name = "engine test slow"
    scores = []
    for allowed in (True, False):
        verb = (
            "grant execute on function ml.rawbytes to"
            if allowed
            else ("revoke execute on function ml.rawbytes from")
        )
        admin.rows(f"{verb} transformer")
        session = Session(warehouse.dsn("transformer"))
        try:
            session.train(name, cells, "malignant", key="id")
            scores.append(sorted(session.predict(name, cells)))
        finally:
            session.connection.close()
            admin.rows("grant execute on function ml.rawbytes to transformer")
    assert scores[0] == scores[1]


def test_as_many_columns_as_postgres_allows(user: Session) -> None:
    columns = ", ".join(f"random() as c{position}" for position in range(1_600))
    query = f"select {columns}, i % 2 as y from generate_series(1, 60) as i"
    options = {"bootstrap": 0, "importance_repeats": 0}
    assert user.train("engine test wide", query, "y", options=options)["score"] is not None
    assert len(user.predict("engine test wide", query)) == 60
