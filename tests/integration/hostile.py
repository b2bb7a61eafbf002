"""A schema and models for tests with invalid or malicious input."""

from collections.abc import Iterator
from typing import Any

import pytest

from .engine import Session

DETAILS = (
    "model_versions", "artifacts", "candidates", "metrics", "curves", "confusion", "importances",
    "distributions",
)  # fmt: skip


READER = "engine_hostile_reader"


ROWS = "select * from engine_hostile.rows"


@pytest.fixture(scope="module")
def admin(engine: Any) -> Iterator[Session]:
    """The superuser; this one session must live through everything that happens here."""
    session = Session(engine.dsn("postgres"))
    remove_test_objects(session)
    session.rows("create schema engine_hostile authorization transformer")
    yield session
    remove_test_objects(session)
    session.connection.close()


def remove_test_objects(session: Session) -> None:
    session.rows("delete from ml.model_versions where model like 'engine hostile%'")
    session.rows("drop schema if exists engine_hostile cascade")
    if session.rows("select 1 from pg_roles where rolname = %s", READER):
        session.rows(f"drop owned by {READER}")
        session.rows(f"drop role {READER}")


@pytest.fixture(scope="module")
def user(engine: Any, admin: Session) -> Iterator[Session]:
    session = Session(engine.dsn("transformer"))
    session.rows("""
        create table engine_hostile.rows as
        select i as id, sin(i) as a, cos(i * 7) as b, sin(i) + random() > 0.4 as target
        from generate_series(1, 200) as i
    """)
    yield session
    session.connection.close()


@pytest.fixture(autouse=True)
def server_check(admin: Session) -> Iterator[None]:
    """A crash of any session would have taken this one with it."""
    yield
    assert admin.rows("select 1") == [(1,)]


def registry_rows(admin: Session, model: str) -> dict[str, int]:
    """What each table of the registry holds of a model."""
    counts = {
        name: admin.rows(f"select count(*) from ml.{name} where model = %s", model)[0][0]
        for name in DETAILS
    }
    return {name: count for name, count in counts.items() if count}


def base_model(user: Session) -> None:
    """A model to ask, trained once."""
    if not user.rows("select 1 from ml.model_versions where model = 'engine hostile base'"):
        user.train("engine hostile base", ROWS, "target", key="id")
