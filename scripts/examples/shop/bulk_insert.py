"""Writes rows into the tables of schema shop: COPY for many rows, an upsert for few."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from pyarrow import csv

# In the order of the foreign keys: a table stands after the tables it refers to.
TABLES = (
    "countries", "customers", "product_lines", "products", "promotions", "orders", "order_items",
    "payments",
)  # fmt: skip

# Foreign keys, and indexes that belong to no constraint. One row is the statement that drops it and
# the statement that creates it again.
SECONDARY_OBJECTS = """
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
def without_secondary_objects(cursor: Cursor) -> Iterator[None]:
    """Drop foreign keys and secondary indexes during the block, then create them again.

    Checked row by row, they take most of the time of a large load. All of it is one transaction, so
    no other session sees the tables without them.
    """
    cursor.execute(SECONDARY_OBJECTS)
    statements = cursor.fetchall()
    for drop, _ in statements:
        cursor.execute(drop)
    yield
    for _, create in statements:
        cursor.execute(create)


def empty(cursor: Cursor) -> None:
    """Remove every row of the shop."""
    cursor.execute(sql.SQL("truncate {}").format(_all_tables()))


def analyse(cursor: Cursor) -> None:
    """Collect statistics for the planner, because dbt reads the tables next."""
    cursor.execute(sql.SQL("analyze {}").format(_all_tables()))


def _all_tables() -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier("shop", name) for name in TABLES)


def copy(cursor: Cursor, table: sql.Identifier, rows: pa.Table) -> int:
    """COPY rows, whose columns have the names of the table's columns; returns their number."""
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
    """Insert new rows and update existing ones; returns the number of each."""
    if not rows.num_rows:
        return 0, 0
    table, draft = sql.Identifier("shop", name), sql.Identifier(f"{name}__upsert")
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
            "  returning xmax = 0 as is_new"
            ")"
            " select count(*) filter (where is_new), count(*) filter (where not is_new)"
            " from written"
        ).format(
            table=table, draft=draft,
            names=sql.SQL(", ").join(names),
            key=sql.SQL(", ").join(map(sql.Identifier, key)),
            new=sql.SQL(", ").join(sql.SQL("excluded.{}").format(each) for each in names),
        )
    )  # fmt: skip
    counts = cursor.fetchone()
    cursor.execute(sql.SQL("drop table {}").format(draft))
    return counts
