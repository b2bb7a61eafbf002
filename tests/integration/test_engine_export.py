"""ml.export: the same answers in a database without PL/Python."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from scripts.errors import UserError
from scripts.export import export_files, write_files

from .engine import QUICK, Session, admin, user

__all__ = ["admin", "user"]  # fixtures

BARE = "engine_export"
MIXED = """
create table engine_test.export as
select
    'k' || i as id,
    case when i % 7 > 0 then sin(i) * 10 ^ (i % 5 - 2) end as x,
    (i % 11)::numeric / 4 as price,
    case i % 50 when 7 then 'NaN' when 8 then null else cos(i) end::float4 as single,
    (array['a', 'b', 'it''s', 'Größe', null])[i % 5 + 1] as colour,
    i % 3 = 0 as flag,
    date '2022-01-01' + i as day,
    timestamptz '2022-01-01 03:00+00' + i * interval '7 hours' as moment,
    i % 4 as small,
    case when sin(i) + (i % 5 = 1)::int + (i % 3) > 1 then 'yes' else 'no' end as target,
    (array['x', 'y', 'z'])[1 + (2 * abs(sin(i)) + (i % 5) / 4.0)::int % 3] as kind,
    greatest(0, 3 * sin(i) + i % 5 + extract(isodow from date '2022-01-01' + i)) as amount
from generate_series(1, 600) as i
"""
BOOSTING = {"algorithm": "hist_gradient_boosting", "params": {"max_iter": 20}}
FOREST = {"algorithm": "random_forest", "params": {"n_estimators": 20, "max_depth": 6}}
CASES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "logistic": ("target", "logistic_regression", {}),
    "logistic of three": ("kind", "logistic_regression", {}),
    "ridge": ("amount", "ridge", {}),
    "boosted": ("target", BOOSTING, {}),
    "boosted with costs": (
        "target", BOOSTING, {"costs": {"false_positive": 1, "false_negative": 4}},
    ),
    "boosted three": ("kind", BOOSTING, {}),
    "boosted number": ("amount", BOOSTING, {}),
    "boosted log": (
        "amount", {**BOOSTING, "params": {"max_iter": 10, "loss": "poisson"}}, {},
    ),
    "monotonic": ("amount", BOOSTING, {"monotonic": {"x": 1}}),
    "forest": ("target", FOREST, {}),
    "forest of votes": ("target", {**FOREST, "params": {"n_estimators": 10}}, {}),
    "forest with costs": ("target", FOREST, {"costs": {"false_positive": 1, "false_negative": 4}}),
    "forest of three": ("kind", FOREST, {}),
    "forest number": ("amount", FOREST, {}),
    "extra trees": ("amount", {**FOREST, "algorithm": "extra_trees"}, {}),
    "tree": ("target", {"algorithm": "decision_tree", "params": {"max_depth": 5}}, {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def table(user: Session) -> str:
    user.rows(MIXED)
    return "engine_test.export"


@pytest.fixture(scope="module")
def bare(engine: Any, admin: Session, user: Session, table: str) -> Iterator[Session]:
    """A database with the same rows and without PL/Python, and its own settings."""
    admin.rows(f"drop database if exists {BARE}")
    admin.rows(f"create database {BARE} template template0")
    session = Session({**engine.dsn("postgres"), "dbname": BARE})
    content = StringIO()
    with user.connection.cursor() as source, session.connection.cursor() as target:
        source.copy_expert(f"copy {table} to stdout", content)
        columns = user.rows(
            "select string_agg(format('%%I %%s', attname, format_type(atttypid, atttypmod)), ', ' "
            "order by attnum) from pg_attribute where attrelid = %s::regclass and attnum > 0",
            table,
        )[0][0]
        target.execute(f"create schema engine_test; create table {table} ({columns})")
        content.seek(0)
        target.copy_expert(f"copy {table} from stdin", content)
        # A row of nothing but NULL, and texts that training did not have.
        for connection in (source, target):
            connection.execute(f"insert into {table} (id, colour) values ('empty', null)")
            connection.execute(f"insert into {table} (id, colour, x) values ('new', 'pink', -3e9)")
    session.rows("set time zone 'Asia/Kathmandu'")
    yield session
    session.close()
    admin.rows(f"drop database {BARE}")


@pytest.mark.parametrize("case", CASES)
def test_answers_equal_those_of_predict(
    user: Session, bare: Session, table: str, case: str
) -> None:
    target, algorithm, options = CASES[case]
    model = f"engine test export {case}"
    columns = f"id, x, price, single, colour, flag, day, moment, small, {target}"
    user.train(
        model,
        f"select {columns} from {table} where {target} is not null",
        target,
        task="regression" if target == "amount" else "classification",
        key="id",
        algorithms=[algorithm],
        options={**QUICK, "folds": 2, "learning_curve": 0, "dependence": 0, **options},
    )
    (statement,) = user.rows("select ml.export(%s, %s)", model, table)[0]
    assert "ml." not in statement
    expected = {key: rest for key, *rest in user.predict(model, f"select * from {table}")}
    results = {key: rest for key, *rest in bare.rows(statement)}
    assert results.keys() == expected.keys()
    assert len(results) == 602
    for key, (prediction, score, probabilities) in results.items():
        answer, number, shares = expected[key]
        assert score == pytest.approx(number, rel=1e-9, abs=1e-9), key
        if target == "amount":
            assert float(prediction) == pytest.approx(float(answer), rel=1e-9, abs=1e-9)
        else:
            assert prediction == answer, key
            assert probabilities == pytest.approx(shares, rel=1e-9, abs=1e-9)
    assert bare.rows("select from pg_language where lanname = 'plpython3u'") == []


@pytest.mark.parametrize(
    ("algorithm", "options", "message"),
    [
        ("k_neighbors", {}, "KNeighborsClassifier is neither a sum"),
        ("gaussian_nb", {}, "GaussianNB is neither a sum"),
        ({"algorithm": "random_forest", "params": {"n_estimators": 600}}, {}, "20000 are the most"),
        ("hist_gradient_boosting", {"calibration": "sigmoid"}, "neither a sum"),
        ("hist_gradient_boosting", {"group_by": "small"}, "neither a sum"),
    ],
)
def test_other_models_are_refused_in_one_line(
    user: Session, table: str, algorithm: Any, options: dict, message: str
) -> None:
    query = f"select id, x, colour, small, target from {table} where target is not null"
    options = {**QUICK, "folds": 2, "learning_curve": 0, "dependence": 0, **options}
    user.train("engine test refused", query, "target", algorithms=[algorithm], options=options)
    with pytest.raises(psycopg2.Error, match=message) as caught:
        user.rows("select ml.export('engine test refused')")
    assert len(caught.value.diag.message_primary.splitlines()) == 1
    assert "Traceback" not in str(caught.value)


def test_arrays_and_lists_are_refused_by_name(user: Session, table: str) -> None:
    query = f"select id, array[x, price] as both, target from {table} where target is not null"
    options = {**QUICK, "folds": 2, "learning_curve": 0, "dependence": 0}
    user.train("engine test refused", query, "target", algorithms=[BOOSTING], options=options)
    with pytest.raises(psycopg2.Error, match=r"'both\[1\]' is a position of an array"):
        user.rows("select ml.export('engine test refused')")


def test_files_run_on_a_database_without_plpython(
    user: Session, bare: Session, table: str, tmp_path: Path
) -> None:
    model = "engine test export boosted"
    with user.connection.cursor() as cursor:
        write_files(tmp_path / "boosted", export_files(cursor, model))
        write_files(tmp_path / "boosted", export_files(cursor, model))
        with pytest.raises(UserError, match="other contents"):
            write_files(tmp_path, {"predict.sql": ""})
        with pytest.raises(UserError, match="There is no model 'no such model'"):
            export_files(cursor, "no such model")
    texts = {file.name: file.read_text() for file in (tmp_path / "boosted").iterdir()}
    assert set(texts) == {"predict.sql", "registry.sql", "reports.sql", "README.md"}
    assert "roc_auc" in texts["README.md"]
    script = re.sub(r"(?m)^ *\\.*$", "", texts["predict.sql"]).replace(":source", table)
    for _ in range(2):
        bare.rows(script)
        bare.rows(texts["registry.sql"])
        bare.rows(texts["reports.sql"])
    expected = {key: score for key, _, score, _ in user.predict(model, f"select * from {table}")}
    scores = dict(bare.rows("select id, score from predictions.pred_engine_test_export_boosted"))
    assert scores == pytest.approx(expected, rel=1e-9, abs=1e-9)
    for name in ("model_versions", "metrics", "importances", "curves", "checks", "candidates"):
        here, there = (
            session.rows(f"select count(*) from ml.{name} where model = %s", model)[0][0]
            for session in (user, bare)
        )
        assert here == there > 0, name
