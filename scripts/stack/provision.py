"""Roles, databases, schemas and grants: made by the superuser, the same after every run."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from scripts.postgres_roles import set_logins
from scripts.settings import PASSWORD_FIELDS, Settings

# The order matters: readers get rights on the schemas of the first script.
SCRIPTS = ("provision.sql", "public_functions.sql", "readers.sql", "sandboxes.sql")
# database -> owner
DATABASES = {"warehouse": "postgres", "superset": "superset"}


def provision(settings: Settings, superuser: dict[str, Any]) -> str:
    """Bring the cluster to the state the house expects; says what had to be done.

    `superuser`: how to connect to the database postgres as the superuser.
    """
    with closing(psycopg2.connect(**superuser)) as connection:
        connection.autocommit = True
        roles = {role: settings.password(role) for role in PASSWORD_FIELDS}
        passwords = set_logins(connection, roles)
        databases = _databases(connection)
    warehouse = {**superuser, "dbname": "warehouse"}
    with (
        closing(psycopg2.connect(**warehouse)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        for script in SCRIPTS:
            cursor.execute(Path(__file__).with_name(script).read_text(encoding="utf-8"))
    parts = [f"made {', '.join(databases)}"] if databases else []
    if passwords and not databases:
        parts.append(f"new passwords for {', '.join(passwords)}")
    return "; ".join(parts) or "as it should be"


def _databases(connection: Connection) -> list[str]:
    created = []
    with connection.cursor() as cursor:
        for database, owner in DATABASES.items():
            name = sql.Identifier(database)
            cursor.execute("select 1 from pg_database where datname = %s", [database])
            if cursor.fetchone() is None:
                cursor.execute(
                    sql.SQL("create database {} owner {}").format(name, sql.Identifier(owner))
                )
                created.append(database)
        for database in ("postgres", "template1", "superset"):
            cursor.execute(
                sql.SQL("revoke connect, temporary on database {} from public").format(
                    sql.Identifier(database)
                )
            )
    return created
