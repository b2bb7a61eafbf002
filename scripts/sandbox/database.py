"""The login and the schema of a guest in PostgreSQL."""

from contextlib import closing
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError
from scripts.postgres_roles import set_logins

PREFIX = "sandbox_"
SAMPLE = "breast_cancer"
# A guest may change the first two for a session; they are against mistakes. Only a superuser can
# change temp_file_limit, and the number of connections.
SETTINGS = """
    alter role {login} connection limit 5;
    alter role {login} set statement_timeout = '60s';
    alter role {login} set idle_in_transaction_session_timeout = '5min';
    alter role {login} set temp_file_limit = '1GB';
    alter role {login} set search_path = {login};
    grant sandboxes to {login};
    create schema if not exists {login} authorization {login};
"""
QUOTA = """
    insert into access.sandboxes (login, quota) values (%s, pg_size_bytes(%s))
    on conflict (login) do update set quota = excluded.quota
"""
COPY_SAMPLE = """
    create table {login}.{sample} as select * from csv.{sample};
    alter table {login}.{sample} owner to {login};
    comment on table {login}.{sample} is {comment};
"""
SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s"


def exists(superuser: dict[str, Any], login: str) -> bool:
    """Whether the guest has a login."""
    with closing(psycopg2.connect(**superuser)) as connection, connection.cursor() as cursor:
        return _role_exists(cursor, login)


def create(superuser: dict[str, Any], login: str, quota: str, password: str | None) -> str:
    """Create or update login, schema, quota and sample; returns the quota as PostgreSQL prints it.

    `superuser`: how to connect to the warehouse. `password`: None keeps the password.
    """
    names = {"login": sql.Identifier(login), "sample": sql.Identifier(SAMPLE)}
    comment = sql.Literal("A copy of csv.breast_cancer to try things on")
    with closing(psycopg2.connect(**superuser)) as connection, connection:
        with connection.cursor() as cursor:
            cursor.execute("select login from access.sandboxes where login = %s", [login])
            if cursor.fetchone() is None and _role_exists(cursor, login):
                raise UserError(
                    f"PostgreSQL has a role {login} that make sandbox has not made",
                    "choose another name: NAME=…",
                )
        if password is not None:
            set_logins(connection, {login: password})
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(SETTINGS).format(**names))
            try:
                cursor.execute(QUOTA, [login, quota])
            except psycopg2.DataError:
                raise UserError(f"QUOTA={quota} is no size", "QUOTA=200MB") from None
            cursor.execute("select to_regclass(%s)", [f"{login}.{SAMPLE}"])
            if cursor.fetchone()[0] is None:
                cursor.execute(sql.SQL(COPY_SAMPLE).format(comment=comment, **names))
            cursor.execute("select access.watch_sandbox(%s)", [login])
            cursor.execute(
                "select pg_size_pretty(quota) from access.sandboxes where login = %s", [login]
            )
            return cursor.fetchone()[0]


def remove(superuser: dict[str, Any], login: str) -> bool:
    """Remove the login and all that it owns; False if there is none."""
    with (
        closing(psycopg2.connect(**superuser)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("delete from access.sandboxes where login = %s", [login])
        if not cursor.rowcount or not _role_exists(cursor, login):
            return False
        name = sql.Identifier(login)
        # A session could hold a lock on a table that is to be dropped.
        cursor.execute(SESSIONS, [login])
        cursor.execute(
            sql.SQL("drop schema if exists {0} cascade; drop owned by {0}; drop role {0}").format(
                name
            )
        )
        return True


def _role_exists(cursor: Cursor, login: str) -> bool:
    cursor.execute("select exists (select from pg_roles where rolname = %s)", [login])
    return bool(cursor.fetchone()[0])
