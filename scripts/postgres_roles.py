"""Login roles of PostgreSQL: created where they are missing, with the passwords of `.env`."""

import hmac
import re
from base64 import b64decode
from collections.abc import Mapping
from hashlib import pbkdf2_hmac, sha256

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import encrypt_password

STATE = "select rolpassword, rolcanlogin from pg_authid where rolname = %s"


def set_logins(connection: Connection, passwords: Mapping[str, str]) -> list[str]:
    """Make each role a login with its password; names the roles that changed.

    `connection` belongs to a superuser. `passwords`: role → password.
    """
    changed = []
    with connection.cursor() as cursor:
        for role, password in passwords.items():
            name = sql.Identifier(role)
            cursor.execute(STATE, [role])
            verifier, can_login = cursor.fetchone() or (None, None)
            if can_login is None:
                cursor.execute(sql.SQL("create role {}").format(name))
            if not can_login or not _is_password(password, verifier):
                # Only the verifier travels: the password itself never reaches a log.
                verifier = encrypt_password(password, role, connection, "scram-sha-256")
                statement = sql.SQL("alter role {} login password {}")
                cursor.execute(statement.format(name, sql.Literal(verifier)))
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
