"""A guest's login in PostgreSQL: what it may do, and the ways around its limits that fail."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest

from scripts.sandbox import database
from tests.clusters import Warehouse

LOGIN, OTHER = "sandbox_ada", "sandbox_bob"
ROWS = "insert into notes select repeat(md5(n::text), 20) from generate_series(1, 3000) as n"


@dataclass
class Guests:
    """A server with two guests."""

    warehouse: Warehouse

    @property
    def superuser(self) -> dict[str, Any]:
        return self.warehouse.dsn("postgres")

    def run(self, statements: str, login: str = LOGIN) -> list[tuple]:
        dsn = self.superuser | {"user": login, "password": f"password of {login}"}
        with closing(psycopg2.connect(**dsn)) as session, session, session.cursor() as cursor:
            cursor.execute(statements)
            return cursor.fetchall() if cursor.description else []

    def as_superuser(self, query: str) -> list[tuple]:
        with closing(psycopg2.connect(**self.superuser)) as session, session.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()


@pytest.fixture(scope="module")
def guests(engine: Warehouse) -> Iterator[Guests]:
    guests = Guests(engine)
    for login in (LOGIN, OTHER):
        database.create(guests.superuser, login, "2MB", f"password of {login}")
    yield guests
    for login in (LOGIN, OTHER):
        database.remove(guests.superuser, login)


def test_guest_works_in_own_schema(guests: Guests) -> None:
    assert guests.run("select count(*) from breast_cancer") == [(569,)]
    guests.run("create table totals (id serial, value int); insert into totals (value) values (1)")
    assert guests.run("select * from totals") == [(1, 1)]
    # As often as one likes, with the password that was set first.
    assert database.create(guests.superuser, LOGIN, "2MB", None) == "2048 kB"
    guests.run("drop table totals")


@pytest.mark.parametrize(
    "statement",
    [
        f"select * from {OTHER}.breast_cancer",
        "select * from csv.breast_cancer",
        "select * from ml.model_versions",
        "select * from access.sandboxes",
        "update access.sandboxes set quota = 1e12",
        "create table public.mine (a int)",
        "create table reports.mine (a int)",
        f"create table {OTHER}.mine (a int)",
        "create schema mine",
        "create temporary table mine (a int)",
        "select query_to_xml('select 1', true, true, '')",
        "select pg_read_file('/etc/passwd')",
        "select lo_create(0)",
        "copy breast_cancer to program 'cat'",
        "do $$ begin end $$",
        "create function mine() returns int language plpgsql as 'begin return 1; end'",
        "create function mine() returns int language plpython3u as 'return 1'",
        "set role transformer",
        "set temp_file_limit = -1",
        "set session_replication_role = replica",
        "drop event trigger sandbox_quota",
        "create trigger mine after insert on breast_cancer execute function access.check_quota()",
        f"alter role {OTHER} password 'x'",
        f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{OTHER}'",
    ],
)
def test_guest_does_not_leave_the_schema(guests: Guests, statement: str) -> None:
    with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.UndefinedTable)):
        guests.run(statement)


@pytest.mark.parametrize(
    "before",
    [
        "select 1",
        "alter table notes disable trigger all",
        "alter table notes enable replica trigger quota",
        "drop trigger quota on notes",
        "alter trigger quota on notes rename to other",
        "alter table notes rename to renamed; create view notes as select * from renamed",
        "create table parts (like notes) partition by list (text);"
        " create table part partition of parts default; drop table notes;"
        " alter table parts rename to notes",
    ],
)
def test_quota_cannot_be_exceeded(guests: Guests, before: str) -> None:
    guests.run("drop view if exists notes") if "renamed" in before else None
    guests.run("create table notes (text text)")
    guests.run(before)
    try:
        with pytest.raises(psycopg2.errors.DiskFull, match=f"The schema {LOGIN} would hold"):
            guests.run(ROWS)
        with pytest.raises(psycopg2.errors.DiskFull):
            guests.run(
                "create table copied as select repeat('x', 3000), n from generate_series(1, 9000) n"
            )
    finally:
        guests.run("drop table if exists renamed cascade") if "renamed" in before else None
        guests.run("drop table if exists notes, copied")
    assert guests.run("create table small (a int); select count(*) from small") == [(0,)]
    guests.run("drop table small")


def test_removal_leaves_nothing(guests: Guests) -> None:
    login = "sandbox_eve"
    database.create(guests.superuser, login, "2MB", f"password of {login}")
    guests.run("create table notes (text text); grant all on notes to public", login)
    assert database.remove(guests.superuser, login)
    assert not database.remove(guests.superuser, login)
    assert not database.exists(guests.superuser, login)
    assert (
        guests.as_superuser(
            f"select nspname from pg_namespace where nspname = '{login}'"
            f" union all select login from access.sandboxes where login = '{login}'"
        )
        == []
    )
