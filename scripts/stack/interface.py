"""What every way of running the parts offers, and which of them an installation has chosen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg2

from scripts.settings import Settings


@dataclass(frozen=True)
class Part:
    """One line of `make status`."""

    name: str
    well: bool
    detail: str


class Stack(Protocol):
    """The running parts of one installation. Each `str` says in a few words what was done."""

    def check(self) -> None:
        """Refuse what can be refused before anything is touched: ports, room on the disk."""

    def prepare(self) -> str:
        """Have on the machine what the parts need."""

    def update_server_environment(self) -> str:
        """Have the database server's Python match udf/."""

    def start_database(self) -> str:
        """Have PostgreSQL run with the settings as they are."""

    def superuser(self, database: str) -> dict[str, Any]:
        """How psycopg2 connects as the superuser."""

    def database_id(self) -> str:
        """What tells this cluster from one made later in its place."""

    def prepare_superset(self) -> str:
        """Have Superset's metadata, administrator and roles in place."""

    def start_superset(self) -> str:
        """Have Superset run with the configuration as it is."""

    def stop_superset(self) -> None:
        """End Superset alone."""

    def keep_superset_key(self, key: str) -> None:
        """Note the key that Superset's metadata were written with; preparing it changes to ours."""

    def forget_cached_numbers(self) -> None:
        """Have Superset ask the database again: a build has changed the numbers."""

    def parts(self) -> list[Part]:
        """How the running parts are."""

    def stop(self) -> list[str]:
        """End every process of this installation; names what ran."""

    def remove(self) -> None:
        """Remove all state, data included; nothing runs any more when this is called."""

    def logs(self) -> list[Path]:
        """The files the parts write to."""

    def follow(self, part: str | None, lines: int) -> list[str]:
        """The command that goes on showing what a part says; [] where it writes to a file."""

    def psql(self) -> list[str]:
        """The psql program."""

    def postgres_program(self, name: str) -> list[str]:
        """pg_dump or pg_restore as the superuser, with standard input and output of the caller."""


def open_stack(settings: Settings) -> Stack:
    """The stack that MODE in .env asks for, or that the first `make up` chose."""
    if settings.in_containers:
        from scripts.stack.docker.stack import DockerStack

        return DockerStack(settings)
    from scripts.stack.native.stack import NativeStack

    return NativeStack(settings)


def choose(settings: Settings) -> None:
    """Where MODE is auto and nothing is there yet: containers, if an engine answers. Kept."""
    from scripts.stack.docker import engine
    from scripts.stack.paths import places

    if settings.mode != "auto" or settings.choice.exists() or places(settings).data.exists():
        return
    settings.choice.parent.mkdir(parents=True, exist_ok=True)
    settings.choice.write_text("native" if engine.trouble() else "docker")


def database_id(superuser: dict[str, Any]) -> str:
    """The number that PostgreSQL has given to a cluster."""
    connection = psycopg2.connect(**superuser)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select system_identifier from pg_control_system()")
            return str(cursor.fetchone()[0])
    finally:
        connection.close()


def database_part(settings: Settings, running: bool) -> Part:
    """How the database is, asked as transformer over the network."""
    name = "PostgreSQL"
    if not running:
        return Part(name, False, "not running")
    try:
        connection = psycopg2.connect(**settings.dsn("transformer"))
        number = connection.server_version
        connection.close()
    except psycopg2.OperationalError as error:
        return Part(name, False, f"runs, but refuses: {str(error).strip().splitlines()[-1]}")
    version = f"{number // 10000}.{number % 10000}"
    return Part(name, True, f"{version}, 127.0.0.1:{settings.postgres_port}")


def superset_part(settings: Settings, running: bool, superset: Any) -> Part:
    """How Superset is: a process alone proves nothing."""
    if not running:
        return Part("Superset", False, "not running")
    if not superset.healthy():
        return Part("Superset", False, "runs, but does not answer")
    return Part("Superset", True, f"{superset.version}, {settings.own_superset_url}")
