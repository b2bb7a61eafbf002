"""Rows into the tables of schema shop: COPY for many, an upsert for few."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from pyarrow import csv

# Each table after those it refers to.
TABLES = (
    "countries", "customers", "product_lines", "products", "promotions", "orders", "order_items",
    "payments",
)  # fmt: skip

# Foreign keys, and indexes that are no constraint: faster checked and built in one go. Each as the
# statement that takes it away and the one that brings it back.
HINDRANCES = """
    select format('alter table %s drop constraint %I', conrelid::regclass, conname),
           format(
               'alter table %s add constraint %I %s', conrelid::regclass, conname,
               pg_get_constraintdef(oid)
           )
    from pg_constraint
    where connamespace = 'shop'::regnamespace and contype = 'f'
    union all
    select format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
    from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = 'shop'::regnamespace and not i.indisunique
"""
KEY = """
    select array_agg(a.attname::text order by a.attnum)
    from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
    where i.indrelid = %s::regclass and i.indisprimary
"""


@contextmanager
def unhindered(cursor: Cursor) -> Iterator[None]:
    """Without foreign keys and secondary indexes inside; all of them are back, and checked, after.

    Row by row they would take most of the time of a large load. It is all one transaction: nobody
    ever sees the tables without them.
    """
    cursor.execute(HINDRANCES)
    found = cursor.fetchall()
    for take_away, _ in found:
        cursor.execute(take_away)
    yield
    for _, bring_back in found:
        cursor.execute(bring_back)


def empty(cursor: Cursor) -> None:
    """Take every row out of the shop."""
    cursor.execute(sql.SQL("truncate {}").format(_all()))


def analyse(cursor: Cursor) -> None:
    """Let the planner know what the tables hold: dbt reads them next."""
    cursor.execute(sql.SQL("analyze {}").format(_all()))


def _all() -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier("shop", name) for name in TABLES)


def copy(cursor: Cursor, table: sql.Identifier, rows: pa.Table) -> int:
    """COPY the rows into a table; their columns bear its columns' names."""
    if not rows.num_rows:
        return 0
    file = io.BytesIO()
    csv.write_csv(rows, file, csv.WriteOptions(include_header=False))
    file.seek(0)
    names = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    statement = sql.SQL("copy {} ({}) from stdin with (format csv)").format(table, names)
    cursor.copy_expert(statement.as_string(cursor), file)
    return rows.num_rows


def upsert(cursor: Cursor, name: str, rows: pa.Table) -> tuple[int, int]:
    """Insert what is new and update what has changed; gives how many of each."""
    if not rows.num_rows:
        return 0, 0
    table, draft = sql.Identifier("shop", name), sql.Identifier(f"{name}__arriving")
    cursor.execute(
        sql.SQL("create temporary table {} (like {}) on commit drop").format(draft, table)
    )
    copy(cursor, draft, rows)
    cursor.execute(KEY, [f"shop.{name}"])
    key = cursor.fetchone()[0]
    names = [sql.Identifier(column) for column in rows.column_names]
    cursor.execute(
        sql.SQL(
            "with written as ("
            "  insert into {table} ({names}) select {names} from {draft}"
            "  on conflict ({key}) do update set ({names}) = row ({new})"
            "  returning xmax = 0 as fresh"
            ")"
            " select count(*) filter (where fresh), count(*) filter (where not fresh) from written"
        ).format(
            table=table, draft=draft,
            names=sql.SQL(", ").join(names),
            key=sql.SQL(", ").join(map(sql.Identifier, key)),
            new=sql.SQL(", ").join(sql.SQL("excluded.{}").format(each) for each in names),
        )
    )  # fmt: skip
    written = cursor.fetchone()
    cursor.execute(sql.SQL("drop table {}").format(draft))
    return written
