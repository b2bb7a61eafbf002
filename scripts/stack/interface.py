"""What every way of running the parts offers; `native` is the one there is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from scripts.errors import UserError
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

    def psql(self) -> list[str]:
        """The psql program."""


def open_stack(settings: Settings) -> Stack:
    """The stack that MODE in .env asks for."""
    if settings.mode == "docker":
        raise UserError(
            ".env: MODE is docker, and this version runs natively only", "set MODE=auto in .env"
        )
    from scripts.stack.native import NativeStack

    return NativeStack(settings)
