"""Fills schema shop from a source, in one transaction; asks before it drops other rows."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError
from scripts.examples.shop import bulk_insert
from scripts.examples.shop.schema import create_tables, is_empty, read_mark, write_mark

Progress = Callable[[str], None]


class Source(Protocol):
    """A source of rows for an empty shop."""

    @property
    def name(self) -> str:
        """The name after FROM=."""

    def mark(self) -> str:
        """One line that identifies the rows: source, settings, contents."""

    def fill(self, cursor: Cursor, progress: Progress) -> None:
        """Insert the rows into the empty tables; the caller checks foreign keys afterwards."""


def load(
    dsn: dict[str, Any], source: Source, confirm_drop: Callable[[str], None], progress: Progress
) -> str:
    """Fill schema shop from `source`; returns a short description of the result.

    Parameters
    ----------
    dsn : the connection, as the owner of the schema
    source : where the rows come from
    confirm_drop : called with a description of the present rows before they are dropped; it raises
        an exception to keep them
    progress : called with what is being done
    """
    try:
        with (
            closing(psycopg2.connect(**dsn)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            create_tables(cursor)
            present_rows, mark = read_mark(cursor), source.mark()
            empty = is_empty(cursor)
            if present_rows == mark and not empty:
                return f"already there: {_count(cursor)}"
            if not empty:
                confirm_drop(present_rows or "rows of unknown origin")
            bulk_insert.empty(cursor)
            cursor.execute("truncate simulation.run, simulation.checkpoint, simulation.churn")
            with bulk_insert.without_secondary_objects(cursor):
                source.fill(cursor, progress)
                progress("keys and indexes")
            bulk_insert.analyse(cursor)
            write_mark(cursor, mark)
            cursor.execute("truncate shop.load")
            cursor.execute("insert into shop.load (source) values (%s)", [mark])
            return _count(cursor)
    except (psycopg2.DataError, psycopg2.IntegrityError, psycopg2.OperationalError) as error:
        raise _load_error(source, error) from None


def fill_if_empty(dsn: dict[str, Any], progress: Progress) -> str:
    """Create the tables, and fill them with the simulated shop if they are empty."""
    with closing(psycopg2.connect(**dsn)) as connection, connection, connection.cursor() as cursor:
        create_tables(cursor)
        if not is_empty(cursor):
            return f"already there: {read_mark(cursor).partition(':')[0] or 'rows of your own'}"
    from scripts.examples.shop.simulator.source import Simulator

    return load(dsn, Simulator(), lambda _: None, progress)


def _count(cursor: Cursor) -> str:
    cursor.execute(
        "select (select count(*) from shop.customers), (select count(*) from shop.orders),"
        " (select count(*) from shop.order_items)"
    )
    customers, orders, lines = cursor.fetchone()
    return f"{customers:,} customers, {orders:,} orders, {lines:,} lines"


def _load_error(source: Source, error: psycopg2.Error) -> UserError:
    if isinstance(error, psycopg2.OperationalError):
        return UserError(
            f"{source.name} could not be loaded: {_first(str(error))}", "make status, then make up"
        )
    where = _first(error.diag.context or "")
    reason = f"{_first(str(error))} ({where})" if where else _first(str(error))
    return UserError(
        f"{source.name} could not be loaded: {reason}; the shop is unchanged",
        "correct the file, then load it again",
    )


def _first(text: str) -> str:
    return (text.strip().splitlines() or [""])[0].rstrip(".")
