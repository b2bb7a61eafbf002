"""Connections to an existing server, whose errors are one line each."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.database_url import ADMIN_URL, URL, Address
from scripts.errors import UserError
from scripts.settings import Settings


def admin_dsn(settings: Settings, database: str = "") -> dict[str, Any]:
    """Arguments for psycopg2.connect as the superuser of the existing server."""
    return settings.dsn("postgres", database or settings.database)


@contextmanager
def admin_cursor(settings: Settings, database: str = "") -> Iterator[Cursor]:
    """A cursor of the superuser in one transaction; an error rolls it back."""
    with (
        closing(connect_admin(settings, database)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        yield cursor


@contextmanager
def rolled_back_cursor(settings: Settings) -> Iterator[Cursor]:
    """A cursor of the superuser that leaves nothing behind."""
    with closing(connect_admin(settings)) as connection, connection.cursor() as cursor:
        yield cursor
        connection.rollback()


def connect_admin(settings: Settings, database: str = "") -> Any:
    """A connection of the superuser; a UserError says which key of `.env` is wrong."""
    key = ADMIN_URL if settings.value(ADMIN_URL) else URL
    admin = settings.superuser
    assert admin
    try:
        return psycopg2.connect(**admin_dsn(settings, database))
    except psycopg2.OperationalError as error:
        raise UserError(
            f"{key} in .env: {_reason(error, admin)}", f"correct {key}, or start that server"
        ) from None


def _reason(error: psycopg2.OperationalError, address: Address) -> str:
    """The last line of PostgreSQL's message, which names no password."""
    lines = str(error).strip().splitlines() or ["no reason given"]
    message = lines[-1].strip()
    if "FATAL:" in message:
        return f"the server at {address.place} refuses: {message.partition('FATAL:')[2].strip()}"
    return f"no server answers at {address.place}: {message.rpartition(': ')[2] or message}"
