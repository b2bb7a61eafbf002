"""Roles, databases, schemas and grants: made by the superuser, the same after every run."""

import hmac
import re
from base64 import b64decode
from hashlib import pbkdf2_hmac, sha256
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import encrypt_password

from scripts.settings import PASSWORD_FIELDS, Settings

SCRIPT = Path(__file__).with_name("provision.sql")
# database -> owner
DATABASES = {"warehouse": "postgres", "superset": "superset"}


def provision(settings: Settings, superuser: dict[str, Any]) -> str:
    """Bring the cluster to the state the house expects; says what had to be done.

    `superuser`: how to connect to the database postgres as the superuser.
    """
    with_autocommit = psycopg2.connect(**superuser)
    with_autocommit.autocommit = True
    try:
        passwords = _roles(settings, with_autocommit)
        databases = _databases(with_autocommit)
    finally:
        with_autocommit.close()
    connection = psycopg2.connect(**{**superuser, "dbname": "warehouse"})
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(SCRIPT.read_text(encoding="utf-8"))
    finally:
        connection.close()
    parts = [f"made {', '.join(databases)}"] if databases else []
    if passwords and not databases:
        parts.append(f"new passwords for {', '.join(passwords)}")
    return "; ".join(parts) or "as it should be"


def _roles(settings: Settings, connection: Connection) -> list[str]:
    """Make the roles and have their passwords follow .env; names those that changed."""
    changed = []
    with connection.cursor() as cursor:
        for role in PASSWORD_FIELDS:
            name = sql.Identifier(role)
            cursor.execute("select rolpassword from pg_authid where rolname = %s", [role])
            row = cursor.fetchone()
            if row is None:
                cursor.execute(sql.SQL("create role {} login").format(name))
            if row is None or not _is_password(settings.password(role), row[0]):
                # Only the verifier travels: the password itself never reaches a log.
                verifier = encrypt_password(
                    settings.password(role), role, connection, "scram-sha-256"
                )
                cursor.execute(
                    sql.SQL("alter role {} password {}").format(name, sql.Literal(verifier))
                )
                changed.append(role)
    return changed


def _is_password(password: str, verifier: str | None) -> bool:
    """Whether a stored SCRAM verifier was made from `password` (RFC 5802)."""
    try:
        _, iterations, salt, stored, _ = re.split(r"[$:]", verifier or "")
        salted = pbkdf2_hmac("sha256", password.encode(), b64decode(salt), int(iterations))
    except ValueError:
        return False
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(sha256(client_key).digest(), b64decode(stored))


def _databases(connection: Connection) -> list[str]:
    made = []
    with connection.cursor() as cursor:
        for database, owner in DATABASES.items():
            name = sql.Identifier(database)
            cursor.execute("select 1 from pg_database where datname = %s", [database])
            if cursor.fetchone() is None:
                cursor.execute(
                    sql.SQL("create database {} owner {}").format(name, sql.Identifier(owner))
                )
                made.append(database)
        for database in ("postgres", "template1", "superset"):
            cursor.execute(
                sql.SQL("revoke connect, temporary on database {} from public").format(
                    sql.Identifier(database)
                )
            )
    return made
