"""The contract of a stack: PostgreSQL and Superset, as processes or as containers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg2

from scripts.settings import Settings


@dataclass(frozen=True)
class Part:
    """One line of `make status`."""

    name: str
    healthy: bool
    detail: str


class Stack(Protocol):
    """PostgreSQL and Superset of one installation.

    A method that returns `str` returns a short description of what it did.
    """

    def check(self) -> None:
        """Check ports and disk space before anything is changed; raises UserError."""

    def prepare(self) -> str:
        """Install what PostgreSQL and Superset need on the machine."""

    def update_server_environment(self) -> str:
        """Make the database server's Python match udf/."""

    def library_path(self) -> str:
        """The folder that each PL/Python function adds to its path.

        Empty where the environment of the server names it.
        """

    def start_database(self) -> str:
        """Start PostgreSQL with the present settings."""

    def superuser(self, database: str) -> dict[str, Any]:
        """Arguments for psycopg2.connect as the superuser."""

    def database_id(self) -> str:
        """The identifier of this database cluster; a new cluster has another one."""

    def prepare_superset(self) -> str:
        """Bring Superset's metadata, administrator and roles up to date."""

    def start_superset(self) -> str:
        """Start Superset with the present configuration."""

    def stop_superset(self) -> None:
        """Stop Superset only."""

    def store_previous_superset_key(self, key: str) -> None:
        """Store the key that encrypted Superset's metadata; `prepare_superset` replaces it."""

    def clear_query_cache(self) -> None:
        """Make Superset query the database again, because a build has changed the numbers."""

    def parts(self) -> list[Part]:
        """The state of PostgreSQL, which comes first, and of Superset."""

    def stop(self) -> list[str]:
        """Stop all processes of this installation; returns the names of those that ran."""

    def remove(self) -> None:
        """Remove all state including the data; call it after `stop`."""

    def logs(self) -> list[Path]:
        """The log files."""

    def follow(self, part: str | None, lines: int) -> list[str]:
        """The command that follows the output of a part; [] if it writes to a log file."""

    def psql(self) -> list[str]:
        """The command of psql."""

    def postgres_program(self, name: str) -> list[str]:
        """The command of pg_dump or pg_restore as the superuser, over standard input and output."""


def database_id(superuser: dict[str, Any]) -> str:
    """The system identifier that PostgreSQL gives to a cluster."""
    connection = psycopg2.connect(**superuser)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select system_identifier from pg_control_system()")
            return str(cursor.fetchone()[0])
    finally:
        connection.close()


def database_part(settings: Settings, running: bool) -> Part:
    """The state of the database, tested with a login as transformer."""
    name = "PostgreSQL"
    if not running:
        return Part(name, False, "not running")
    try:
        connection = psycopg2.connect(**settings.dsn("transformer"))
        version = version_text(connection.server_version)
        connection.close()
    except psycopg2.OperationalError as error:
        return Part(name, False, f"runs, but refuses: {str(error).strip().splitlines()[-1]}")
    return Part(name, True, f"{version}, {settings.database_place}")


def version_text(number: int) -> str:
    """PostgreSQL's version number 150020 as 15.20."""
    return f"{number // 10000}.{number % 10000}"
