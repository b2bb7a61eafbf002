"""What the engine's tests share: its functions as Python calls, and tables to learn from."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from sklearn.datasets import load_breast_cancer

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

    def close(self) -> None:
        self.connection.close()

    def rows(self, statement: Any, *values: Any) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def train(self, model: str, query: str, target: str, **options: Any) -> dict[str, Any]:
        call_arguments = {
            "model": model,
            "query": query,
            "task": "classification",
            "target": target,
            "algorithms": LOGISTIC,
            "options": QUICK,
            **options,
        }
        values = [
            json.dumps(v) if isinstance(v, (dict, list)) else v for v in call_arguments.values()
        ]
        arguments = sql.SQL(", ").join(
            sql.SQL("{} => %s").format(sql.Identifier(name)) for name in call_arguments
        )
        statement = sql.SQL("select row_to_json(r) from ml.train({}) as r").format(arguments)
        return self.rows(statement, *values)[0][0]

    def predict(self, model: str, query: str, version: int | None = None) -> list[tuple]:
        return self.rows("select * from ml.predict(%s, %s, %s)", model, query, version)

    def version(self, model: str, version: int | None = None) -> dict[str, Any]:
        result = self.rows(
            "select row_to_json(v) from ml.model_versions as v where model = %s "
            "and (%s is null or version = %s) order by version desc limit 1",
            model,
            version,
            version,
        )
        return result[0][0]


@pytest.fixture(scope="module")
def admin(engine: Any) -> Iterator[Session]:
    session = Session(engine.dsn("postgres"))
    session.rows("delete from ml.model_versions where model like 'engine test%'")
    session.rows("drop schema if exists engine_test cascade")
    session.rows("create schema engine_test authorization transformer")
    yield session
    session.rows("delete from ml.model_versions where model like 'engine test%'")
    session.rows("drop schema engine_test cascade")
    session.connection.close()


@pytest.fixture(scope="module")
def user(engine: Any, admin: Session) -> Iterator[Session]:
    session = Session(engine.dsn("transformer"))
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
