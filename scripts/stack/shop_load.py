"""Which load of the shop the vault holds the history of.

`make load-shop` writes a new id into shop.load each time it replaces the rows. The first build
copies the id into the vault. A shop that was not loaded has no id and never counts as replaced.
"""

from contextlib import closing

import psycopg2

from scripts.settings import Settings

NOBODY = "00000000-0000-0000-0000-000000000000"
REPLACED = """
    select coalesce((select load_id from vault.shop_load), %(nobody)s)
        is distinct from coalesce((select load_id from shop.load), %(nobody)s)
        and exists (select from vault.hub_order)
"""
REMEMBER = """
    create schema if not exists vault;
    create table if not exists vault.shop_load (load_id uuid primary key);
    comment on table vault.shop_load is 'The load of the shop that this vault was built from';
    delete from vault.shop_load;
    insert into vault.shop_load
    select coalesce((select load_id from shop.load), %(nobody)s);
"""


def is_replaced(settings: Settings) -> bool:
    """Whether other rows were loaded in place of those that the vault has the history of."""
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "select to_regclass('shop.load'), to_regclass('vault.shop_load'),"
            " to_regclass('vault.hub_order')"
        )
        if None in cursor.fetchone():
            return False
        cursor.execute(REPLACED, {"nobody": NOBODY})
        return cursor.fetchone()[0]


def remember(settings: Settings) -> None:
    """Note that the vault holds the shop that is loaded now."""
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select to_regclass('shop.load')")
        if cursor.fetchone()[0]:
            cursor.execute(REMEMBER, {"nobody": NOBODY})
