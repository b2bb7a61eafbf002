"""The registry's functions as Python calls, and a model with three versions."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

QUICK = {"bootstrap": 50, "importance_repeats": 1}


ROWS = """
    select i as id, sin(i) as a, cos(i * 1.7) as b, sin(i) + cos(i * 3) > 0 as y
    from generate_series(1, 300) as i
"""


class Session:
    """A connection of one role."""

    def __init__(self, dsn: dict[str, Any]) -> None:
        self.connection = psycopg2.connect(**dsn)
        self.connection.autocommit = True

    def rows(self, statement: str, *values: Any) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: Any) -> Any:
        return self.rows(statement, *values)[0][0]

    def train(self, model: str, algorithm: str = "logistic_regression", **options: Any) -> int:
        """The number of the version."""
        return self.value(
            "select version from ml.train(%s, %s, 'classification', 'y', key => 'id', "
            "algorithms => %s, options => %s)",
            model,
            ROWS,
            json.dumps([algorithm]),
            json.dumps({**QUICK, **options}),
        )

    def states(self, model: str) -> dict[int, str]:
        return dict(
            self.rows(
                "select version, status from ml.model_versions where model = %s order by 1", model
            )
        )

    def close(self) -> None:
        self.connection.close()


@pytest.fixture(scope="module")
def admin(engine: Any) -> Iterator[Session]:
    with closing(Session(engine.dsn("postgres"))) as session:
        yield session
        for table in ("model_versions", "models"):
            session.rows(f"delete from ml.{table} where model like 'registry test%'")


@pytest.fixture(scope="module")
def user(engine: Any, admin: Session) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session


@pytest.fixture
def second_user(engine: Any) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session


@pytest.fixture
def three_versions(user: Session, request: pytest.FixtureRequest) -> str:
    """A model with versions 1, 2 and 3, each champion in its turn."""
    name = f"registry test {request.node.name}"
    assert [user.train(name) for _ in range(3)] == [1, 2, 3]
    return name
