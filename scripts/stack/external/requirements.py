"""What a PostgreSQL server needs before Glasshouse can work in it, each with its remedy."""

from dataclasses import dataclass

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.external.libraries import SUPPORTED_PYTHON, ServerPython, inspect_python
from scripts.stack.interface import version_text

VERSIONS = (15, 16, 17)
# Superset's web processes keep up to 30 connections; dbt and the commands need a few more.
CONNECTIONS = 40
SERVER = """
    select
        current_setting('server_version_num')::int, current_user,
        (select rolsuper from pg_roles where rolname = current_user),
        exists (select from pg_available_extensions where name = 'plpython3u'),
        (select pg_encoding_to_char(encoding) from pg_database where datname = current_database()),
        pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean,
        current_setting('max_connections')::int
"""


@dataclass(frozen=True)
class Finding:
    """One requirement; without a remedy it is met."""

    name: str
    detail: str
    remedy: str = ""
    # Further lines for the user, such as commands.
    lines: tuple[str, ...] = ()


def server_findings(cursor: Cursor, settings: Settings) -> list[Finding]:
    """Version, rights, PL/Python and settings of the server and the database."""
    cursor.execute(SERVER)
    number, role, is_superuser, has_python, encoding, is_read_only, connections = cursor.fetchone()
    major = number // 10000
    versions = ", ".join(map(str, VERSIONS))
    return [
        Finding(
            "version",
            f"PostgreSQL {version_text(number)}",
            "" if major in VERSIONS else f"use a server of version {versions}",
        ),
        Finding(
            "rights",
            f"{role} is {'a' if is_superuser else 'no'} superuser",
            "" if is_superuser
            else "write a superuser's URL into DATABASE_ADMIN_URL; only a superuser creates"
            " functions in Python",
        ),
        Finding(
            "plpython3u",
            "PL/Python is installed" if has_python else "PL/Python is not installed",
            "" if has_python
            else f"on the server's host, apt-get install postgresql-plpython3-{major}; where a"
            " provider does not offer it, train elsewhere and use make export",
        ),
        Finding(
            "encoding",
            f"the database is encoded in {encoding}",
            "" if encoding == "UTF8"
            else "create a database with encoding 'UTF8' template template0, and name it in"
            " DATABASE_URL",
        ),
        Finding(
            "writes",
            "the server accepts no writes" if is_read_only else "the server accepts writes",
            "name the primary server, or set default_transaction_read_only = off"
            if is_read_only else "",
        ),
        Finding(
            "connections",
            f"max_connections is {connections}",
            "" if connections >= CONNECTIONS
            else f"alter system set max_connections = {CONNECTIONS * 2}, then restart the server",
        ),
    ]  # fmt: skip


def require_server(cursor: Cursor, settings: Settings) -> None:
    """Raise UserError for the first requirement that the server does not meet."""
    for finding in server_findings(cursor, settings):
        if finding.remedy:
            raise UserError(
                f"The server at {settings.database_place} cannot be used: {finding.detail}",
                f"{finding.remedy} (make doctor lists everything)",
            )


def read_python(
    cursor: Cursor, settings: Settings, library_path: str
) -> tuple[ServerPython | None, Finding]:
    """What PL/Python finds, and whether its version is supported."""
    try:
        python = inspect_python(cursor, settings, library_path)
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        remedy = "reinstall the package postgresql-plpython3 of the server's version"
        return None, Finding("Python", f"PL/Python does not start: {reason}", remedy)
    supported = ", ".join(SUPPORTED_PYTHON)
    remedy = f"use a server whose PL/Python runs Python {supported}"
    is_supported = python.version in SUPPORTED_PYTHON
    return python, Finding("Python", f"Python {python.version}", "" if is_supported else remedy)
