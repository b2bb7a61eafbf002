"""A source into schema shop: all of it or nothing, once, and never over somebody's rows unasked."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError
from scripts.examples.shop import copying

HERE = Path(__file__).parent
Progress = Callable[[str], None]


class Source(Protocol):
    """Something that can fill an empty shop."""

    name: str

    def mark(self) -> str:
        """What tells these rows from any others: source, settings, contents. One line."""

    def fill(self, cursor: Cursor, progress: Progress) -> None:
        """Put the rows into the empty tables; foreign keys are checked afterwards."""


def load(
    dsn: dict[str, Any], source: Source, replace: Callable[[str], None], progress: Progress
) -> str:
    """Fill schema shop from `source`; says what was done.

    `replace`: called with what the shop holds when that would be lost; raises to keep it.
    """
    try:
        with (
            closing(psycopg2.connect(**dsn)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            prepare(cursor)
            held, mark = mark_of(cursor), source.mark()
            empty = is_empty(cursor)
            if held == mark and not empty:
                return f"already there: {_count(cursor)}"
            if not empty:
                replace(held or "rows of unknown origin")
            copying.empty(cursor)
            cursor.execute("truncate simulation.run, simulation.checkpoint, simulation.churn")
            with copying.unhindered(cursor):
                source.fill(cursor, progress)
                progress("keys and indexes")
            copying.analyse(cursor)
            remark(cursor, mark)
            cursor.execute("truncate shop.load")
            cursor.execute("insert into shop.load (source) values (%s)", [mark])
            return _count(cursor)
    except (psycopg2.DataError, psycopg2.IntegrityError, psycopg2.OperationalError) as error:
        raise _explained(source, error) from None


def fill_if_empty(dsn: dict[str, Any], progress: Progress) -> str:
    """Have the tables, and the simulated shop in them unless there is something already."""
    with closing(psycopg2.connect(**dsn)) as connection, connection, connection.cursor() as cursor:
        prepare(cursor)
        if not is_empty(cursor):
            return f"already there: {mark_of(cursor).partition(':')[0] or 'rows of your own'}"
    from scripts.examples.shop.simulator.source import Simulator

    return load(dsn, Simulator(), lambda held: None, progress)


def prepare(cursor: Cursor) -> None:
    """Have the tables; wait for whoever else is filling them."""
    cursor.execute("select pg_advisory_xact_lock(hashtextextended('shop', 0))")
    for script in ("schema.sql", "simulation.sql"):
        cursor.execute((HERE / script).read_text(encoding="utf-8"))


def mark_of(cursor: Cursor) -> str:
    """What the shop holds, as `remark` left it; empty when nothing was ever loaded."""
    cursor.execute("select obj_description(to_regclass('shop.orders'), 'pg_class')")
    return cursor.fetchone()[0] or ""


def remark(cursor: Cursor, mark: str) -> None:
    """Say on the table where the shop's rows come from."""
    cursor.execute(sql.SQL("comment on table shop.orders is {}").format(sql.Literal(mark)))


def is_empty(cursor: Cursor) -> bool:
    """Whether there is no customer and no order."""
    cursor.execute(
        "select not exists (select from shop.orders) and not exists (select from shop.customers)"
    )
    return cursor.fetchone()[0]


def _count(cursor: Cursor) -> str:
    cursor.execute(
        "select (select count(*) from shop.customers), (select count(*) from shop.orders),"
        " (select count(*) from shop.order_items)"
    )
    customers, orders, lines = cursor.fetchone()
    return f"{customers:,} customers, {orders:,} orders, {lines:,} lines"


def _explained(source: Source, error: psycopg2.Error) -> UserError:
    if isinstance(error, psycopg2.OperationalError):
        return UserError(
            f"{source.name} could not be loaded: {_first(str(error))}", "make status, then make up"
        )
    where = _first(error.diag.context or "")
    what = f"{_first(str(error))} ({where})" if where else _first(str(error))
    return UserError(
        f"{source.name} could not be loaded: {what}; the shop is as it was",
        "mend the file, then load it again",
    )


def _first(text: str) -> str:
    return (text.strip().splitlines() or [""])[0].rstrip(".")
