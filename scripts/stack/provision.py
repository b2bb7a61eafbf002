"""Roles, databases, schemas and grants: made by the superuser, the same after every run."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from scripts.postgres_roles import set_logins
from scripts.settings import PASSWORD_FIELDS, Settings
from scripts.stack.external.names import login_roles, mark_roles, require_free_names

# The order matters: readers get rights on the schemas of the first script.
SHARED_SCRIPTS = ("provision.sql", "readers.sql")
OWN_SCRIPTS = (
    "own_server.sql", "provision.sql", "public_functions.sql", "readers.sql", "sandboxes.sql",
)  # fmt: skip
# Superset's own login ends the sessions of readers, because they cannot
# (docker/superset_connection.py).
SUPERSET_RIGHTS = "grant dashboard, analyst to superset"
# database -> owner
DATABASES = {"warehouse": "postgres", "superset": "superset"}


def provision(settings: Settings, superuser: dict[str, Any]) -> str:
    """Bring the server to the state that the build expects; says what had to be done.

    `superuser`: how to connect to the database postgres as the superuser.
    """
    if settings.existing_server:
        return _provision_existing(settings, superuser)
    with closing(psycopg2.connect(**superuser)) as connection:
        connection.autocommit = True
        roles = {role: settings.password(role) for role in PASSWORD_FIELDS}
        passwords = set_logins(connection, roles)
        databases = _create_databases(connection, DATABASES)
        with connection.cursor() as cursor:
            for database in ("postgres", "template1", "superset"):
                _close_database(cursor, database)
    warehouse = {**superuser, "dbname": "warehouse"}
    with (
        closing(psycopg2.connect(**warehouse)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        _run_scripts(cursor, OWN_SCRIPTS)
        cursor.execute(SUPERSET_RIGHTS)
    return _summary(passwords, databases)


def _provision_existing(settings: Settings, superuser: dict[str, Any]) -> str:
    """The same beside the databases, schemas and roles of others, which stay as they are.

    Roles and schemas are made in one transaction, so an error leaves nothing behind.
    """
    roles = {role: settings.password(role) for role in login_roles(settings)}
    with closing(psycopg2.connect(**superuser)) as connection:
        with connection, connection.cursor() as cursor:
            require_free_names(cursor, settings)
            passwords = set_logins(connection, roles)
            _create_extension(cursor)
            _run_scripts(cursor, SHARED_SCRIPTS)
            if "superset" in roles:
                cursor.execute(SUPERSET_RIGHTS)
            mark_roles(cursor, settings)
        databases = []
        if "superset" in roles:
            connection.autocommit = True
            databases = _create_databases(connection, {"superset": "superset"})
            with connection.cursor() as cursor:
                _close_database(cursor, "superset")
    return _summary(passwords, databases)


def _create_extension(cursor: Cursor) -> None:
    """PL/Python; the comment tells `make reset` that the extension is ours."""
    cursor.execute("select from pg_extension where extname = 'plpython3u'")
    if not cursor.rowcount:
        cursor.execute("create extension plpython3u")
        cursor.execute("comment on extension plpython3u is 'PL/Python, created by Glasshouse'")


def _run_scripts(cursor: Cursor, scripts: tuple[str, ...]) -> None:
    for script in scripts:
        cursor.execute(Path(__file__).with_name(script).read_text(encoding="utf-8"))


def _create_databases(connection: Connection, owners: dict[str, str]) -> list[str]:
    created = []
    with connection.cursor() as cursor:
        for database, owner in owners.items():
            cursor.execute("select 1 from pg_database where datname = %s", [database])
            if cursor.fetchone() is None:
                names = sql.Identifier(database), sql.Identifier(owner)
                cursor.execute(sql.SQL("create database {} owner {}").format(*names))
                created.append(database)
    return created


def _close_database(cursor: Cursor, database: str) -> None:
    """Let only the roles with rights of their own connect."""
    cursor.execute(
        sql.SQL("revoke connect, temporary on database {} from public").format(
            sql.Identifier(database)
        )
    )


def _summary(passwords: list[str], databases: list[str]) -> str:
    parts = [f"made {', '.join(databases)}"] if databases else []
    if passwords and not databases:
        parts.append(f"new passwords for {', '.join(passwords)}")
    return "; ".join(parts) or "as it should be"
