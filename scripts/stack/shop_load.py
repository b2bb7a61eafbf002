"""Which load of the shop the vault holds the history of.

`make load-shop` writes a new id into shop.load each time it replaces the rows. The build that
begins a vault copies the id into it. A shop that was not loaded counts as a load of its own.
"""

from contextlib import closing

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.settings import Settings

NO_LOAD = "00000000-0000-0000-0000-000000000000"
REMEMBER = """
    create schema if not exists vault;
    create table if not exists vault.shop_load (load_id uuid primary key);
    comment on table vault.shop_load is 'The load of the shop that this vault was built from';
    comment on column vault.shop_load.load_id is 'load_id of shop.load; zeros where there was none';
    delete from vault.shop_load;
    insert into vault.shop_load values (%s);
"""


def is_replaced(settings: Settings) -> bool:
    """Whether other rows were loaded in place of those that the vault has the history of."""
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        if not _exists(cursor, "vault.hub_order"):
            return False
        cursor.execute("select exists (select 1 from vault.hub_order)")
        has_history = cursor.fetchone()[0]
        return has_history and _load_id(cursor, "vault.shop_load") != _load_id(cursor, "shop.load")


def remember(settings: Settings) -> None:
    """Note that the vault holds the shop that is loaded now."""
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(REMEMBER, [_load_id(cursor, "shop.load")])


def _load_id(cursor: Cursor, table: str) -> str:
    if not _exists(cursor, table):
        return NO_LOAD
    cursor.execute(f"select load_id::text from {table}")  # noqa: S608 - a constant
    row = cursor.fetchone()
    return row[0] if row else NO_LOAD


def _exists(cursor: Cursor, table: str) -> bool:
    cursor.execute("select to_regclass(%s) is not null", [table])
    return cursor.fetchone()[0]
