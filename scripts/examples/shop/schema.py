"""The tables of schema shop, and the mark that identifies the rows in them."""

from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

HERE = Path(__file__).parent


def create_tables(cursor: Cursor) -> None:
    """Create the tables if they are missing; waits for another session that fills them."""
    cursor.execute("select pg_advisory_xact_lock(hashtextextended('shop', 0))")
    for script in ("schema.sql", "simulation.sql"):
        cursor.execute((HERE / script).read_text(encoding="utf-8"))


def read_mark(cursor: Cursor) -> str:
    """The identification of the shop's rows; "" if nothing was ever loaded."""
    cursor.execute("select obj_description(to_regclass('shop.orders'), 'pg_class')")
    return cursor.fetchone()[0] or ""


def write_mark(cursor: Cursor, mark: str) -> None:
    """Write the identification of the shop's rows into the comment of shop.orders."""
    cursor.execute(sql.SQL("comment on table shop.orders is {}").format(sql.Literal(mark)))


def is_empty(cursor: Cursor) -> bool:
    """Whether the shop has neither customers nor orders."""
    cursor.execute(
        "select not exists (select from shop.orders) and not exists (select from shop.customers)"
    )
    return cursor.fetchone()[0]
