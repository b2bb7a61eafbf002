"""Functions of the engine give no access that the caller does not have."""

from collections.abc import Iterator
from typing import Any

import psycopg2
import psycopg2.errors as errors
import pytest

from .engine import Session
from .hostile import READER, ROWS, admin, base_model, server_check, user

__all__ = ["admin", "server_check", "user"]  # fixtures


@pytest.fixture(scope="module")
def reader(engine: Any, user: Session, admin: Session) -> Iterator[Session]:
    """A role that may call every function of the engine, and read one table of two."""
    admin.rows(f"create role {READER} login password 'a password of a test'")
    admin.rows(f"grant connect on database warehouse to {READER}")
    admin.rows(f"grant usage on schema ml, engine_hostile to {READER}")
    admin.rows(f"grant select on engine_hostile.rows to {READER}")
    admin.rows(f"grant select on all tables in schema ml to {READER}")
    function_rows = admin.rows("""
        select oid::regprocedure::text from pg_proc
        where
            pronamespace = 'ml'::regnamespace
            and has_function_privilege('transformer', oid, 'execute')
    """)
    for (function,) in function_rows:
        admin.rows(f"grant execute on function {function} to {READER}")
    user.rows("create table engine_hostile.secret as select * from engine_hostile.rows")
    user.rows("create view engine_hostile.window_on_it as select * from engine_hostile.secret")
    base_model(user)
    dsn = {**engine.dsn("transformer"), "user": READER, "password": "a password of a test"}
    session = Session(dsn)
    yield session
    session.connection.close()


CALLS = (
    "select * from ml.train('engine hostile spy', %s, 'classification', 'target')",
    "select * from ml.predict('engine hostile base', %s)",
    "select ml.compile('engine hostile base', %s)",
    "select * from ml.explain('engine hostile base', %s)",
    "select * from ml.evaluate('engine hostile base', %s)",
    "select * from ml.drift('engine hostile base', %s)",
    "select * from ml.profile('engine hostile spy', %s)",
    "select * from ml.drivers(%s, 'count(*)', 'target', array['id'])",
    "select * from ml.measure(%s, 'classification', 'target', 'a')",
)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("relation", ["secret", "window_on_it"])
def test_function_reads_only_rows_of_caller(reader: Session, call: str, relation: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        reader.rows(call, f"select * from engine_hostile.{relation}")
    with pytest.raises(errors.InsufficientPrivilege):
        reader.rows(call, f"{ROWS} where exists (select from engine_hostile.{relation})")
    assert reader.rows(CALLS[1], ROWS)


def test_internal_predict_function_returns_no_forbidden_row(
    reader: Session,
) -> None:
    # ml.predict raises the error; the function behind it returns NULL in its place.
    [batch] = reader.rows(
        "select * from ml.predict_batches('engine hostile base', %s)",
        "select * from engine_hostile.secret",
    )
    assert set(batch) == {None}


def test_functions_with_query_run_as_caller(admin: Session) -> None:
    """With the owner's rights run the registry's doors alone, and those take no query."""
    definers = admin.rows("""
        select proname, proargnames from pg_proc
        where pronamespace = 'ml'::regnamespace and prosecdef
    """)
    assert definers
    for name, arguments in definers:
        assert "query" not in (arguments or []), name
    open_to_all = admin.rows("""
        select oid::regprocedure::text from pg_proc
        where
            pronamespace = 'ml'::regnamespace
            and has_function_privilege('dashboard', oid, 'execute')
    """)
    assert open_to_all == []


@pytest.mark.parametrize(
    "statement",
    [
        "insert into ml.artifacts values ('engine hostile base', 9, '', '')",
        "update ml.artifacts set content = ''",
        "update ml.model_versions set status = 'champion'",
        "delete from ml.metrics",
        "truncate ml.curves",
        "drop table ml.models",
        "alter table ml.artifacts disable trigger all",
        "create table ml.mine (a int)",
        "create function ml.mine() returns int language sql as 'select 1'",
        "select ml.set_champion('engine hostile base', 1, 'promote')",
        "select ml.rawarray('\\x01', 1)",
        "select ml.lock_model('promote', 'engine hostile base')",
        "set role ml_registry",
        "grant ml_registry to current_user",
    ],
)
@pytest.mark.parametrize("who", ["reader", "user"])
def test_direct_registry_writes_are_refused(
    statement: str, who: str, request: pytest.FixtureRequest
) -> None:
    session: Session = request.getfixturevalue(who)
    with pytest.raises(errors.InsufficientPrivilege):
        session.rows(statement)


def test_record_function_accepts_only_version(user: Session, admin: Session) -> None:
    base_model(user)
    versions = "select count(*) from ml.model_versions where model = 'engine hostile base'"
    before = admin.rows(versions)
    for payload in ("null", "[]", "{}", '{"version": 7}', '{"version": {"model": ""}}',
                    '{"version": {"model": "engine hostile base", "task": null}}'):  # fmt: skip
        with pytest.raises(psycopg2.Error):
            user.rows("select ml.record_version(%s::jsonb, 'x'::bytea, 'y'::bytea)", payload)
    assert admin.rows(versions) == before


@pytest.mark.parametrize("content", ["\\x01", "\\x" + "00" * 15])
def test_invalid_bytes_are_refused(user: Session, content: str) -> None:
    with pytest.raises(psycopg2.Error, match="eight bytes"):
        user.rows("select ml.numbers(%s::bytea, true)", content)
    with pytest.raises(psycopg2.Error):
        user.rows("select ml.numbers(%s::bytea, false)", content)
    assert user.rows("select ml.numbers('', true)") == [([],)]
