"""Tries the passwords of `.env`: each login of PostgreSQL, and the administrator of Superset."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import requests

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack import build_state
from scripts.stack.external.names import login_roles
from scripts.stack.interface import Part, Stack

NAME = "Logins"
# The logins with row filters, which scripts/assets/access makes.
FILTERED = """
    select rolname from pg_roles
    where rolname ~ '^(dashboard|analyst)_[0-9a-f]{12}$' and rolcanlogin
    order by 1
"""


def part(settings: Settings, has_superset: bool) -> Part:
    """The line of `make status`; needs a database that answers."""
    failures = list(_failed_roles(settings))
    if has_superset and not admin_can_log_in(settings):
        failures.append(f"Superset's administrator {settings.superset_admin_user}")
    if failures:
        names = ", ".join(failures)
        return Part(
            NAME, False, f"refused with the password of .env: {names}; make up sets it again"
        )
    return Part(NAME, True, "every password of .env is accepted")


def repair_admin(settings: Settings, stack: Stack) -> str | None:
    """Set the administrator's password again if somebody has changed it in Superset."""
    if admin_can_log_in(settings):
        return None
    if settings.existing_superset:
        raise UserError(
            f"The Superset at {settings.existing_superset} refuses the user"
            f" {settings.superset_admin_user} with the password of .env",
            "write an administrator of it into SUPERSET_ADMIN_USER and SUPERSET_ADMIN_PASSWORD",
        )
    build_state.forget(settings, "superset")
    stack.prepare_superset()
    return "the administrator's password is that of .env again"


def admin_can_log_in(settings: Settings) -> bool:
    """Whether Superset accepts the administrator's password; False also after many failures."""
    login = {
        "username": settings.superset_admin_user,
        "password": settings.superset_admin_password,
        "provider": "db",
    }
    url = f"{settings.local_superset_url}/api/v1/security/login"
    try:
        return requests.post(url, json=login, timeout=30).ok
    except requests.RequestException:
        return False


def _failed_roles(settings: Settings) -> Iterator[str]:
    roles = [*login_roles(settings), *_filtered_logins(settings)]
    roles += ["postgres"] if settings.has_superuser else []
    with ThreadPoolExecutor(max_workers=4) as pool:
        works = pool.map(lambda role: _is_accepted(role, settings), roles)
        for role, is_accepted in zip(roles, works, strict=True):
            if not is_accepted:
                yield role


def _is_accepted(role: str, settings: Settings) -> bool:
    try:
        psycopg2.connect(**settings.dsn(role)).close()
    except psycopg2.OperationalError:
        return False
    return True


def _filtered_logins(settings: Settings) -> list[str]:
    try:
        with (
            closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(FILTERED)
            return [row[0] for row in cursor.fetchall()]
    except psycopg2.OperationalError:
        return []
