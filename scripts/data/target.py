"""The table that a file is loaded into: new, or replaced in place so that its views live on."""

from collections.abc import Mapping

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.data.column import Column
from scripts.errors import UserError

DEPENDENTS = """
    select distinct format('%%I.%%I', n.nspname, c.relname)
    from pg_depend d
    join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
    join pg_class c on c.oid = r.ev_class
    join pg_namespace n on n.oid = c.relnamespace
    where d.refclassid = 'pg_class'::regclass and d.refobjid = %s::regclass
    order by 1
"""
# What dbt builds and what the engine keeps; a developer's schemas end in these names.
OWNED_SCHEMAS = frozenset(
    ("staging", "vault", "marts", "features", "models", "predictions", "reports", "ml")
)
COLUMNS = """
    select attname, format_type(atttypid, null)
    from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
    order by attnum
"""


class Target:
    """A table and the draft beside it that takes the new rows first."""

    def __init__(self, cursor: Cursor, schema: str, table: str) -> None:
        require_own_schema(schema)
        self.cursor = cursor
        self.label = f"{schema}.{table}"
        self.schema = sql.Identifier(schema)
        self.name = sql.Identifier(table)
        self.table = sql.Identifier(schema, table)
        self.draft = sql.Identifier(schema, f"{table[:50]}__loading")
        cursor.execute("select to_regnamespace(%s)", [self._text(self.schema)])
        if cursor.fetchone()[0] is None:
            cursor.execute(sql.SQL("create schema {}").format(self.schema))
        # Two loads of the same table at once: the second waits for the first.
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [self.label])
        cursor.execute(COLUMNS, [self._text(self.table)])
        self.existing: dict[str, str] = dict(cursor.fetchall())

    def prepare(self, columns: list[Column], types: Mapping[str, str]) -> dict[str, str]:
        """Make the empty draft.

        A column has its type in `types`, else that of the existing table, if it holds every value.
        """
        known = {**self.existing, **types}
        self.columns = {
            column.name: known[column.name]
            if column.name in known and column.holds(known[column.name])
            else column.type
            for column in columns
        }
        column_list = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self.columns.items()
        )
        # A name left by an older way of loading would stand in the way.
        self.cursor.execute(sql.SQL("drop table if exists {}").format(self.draft))
        self.cursor.execute(sql.SQL("create table {} ({})").format(self.draft, column_list))
        return self.columns

    def replace(self) -> str:
        """Put the draft's rows in the table's place; says what became of the table."""
        if not self.existing:
            self._rename()
            return "new"
        lost = self._lost()
        if lost:
            self._require_no_views(lost)
            self.cursor.execute(sql.SQL("drop table {}").format(self.table))
            self._rename()
            return f"replaced; {lost}"
        added = [name for name in self.columns if name not in self.existing]
        for name in added:
            self.cursor.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    self.table, sql.Identifier(name), sql.SQL(self.columns[name])
                )
            )
        names = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        self.cursor.execute(sql.SQL("truncate table {}").format(self.table))
        self.cursor.execute(
            sql.SQL("insert into {} ({}) select {} from {}").format(
                self.table, names, names, self.draft
            )
        )
        self.cursor.execute(sql.SQL("drop table {}").format(self.draft))
        return f"rows replaced; new: {', '.join(added)}" if added else "rows replaced"

    def comment(self, text: str) -> None:
        """Say on the table where its rows come from."""
        self.cursor.execute(
            sql.SQL("comment on table {} is {}").format(self.table, sql.Literal(text))
        )

    def comment_columns(self, headers: dict[str, str]) -> None:
        """Keep on each renamed column the header that it has in the file."""
        for name, header in headers.items():
            self.cursor.execute(
                sql.SQL("comment on column {}.{} is {}").format(
                    self.table, sql.Identifier(name), sql.Literal(header or None)
                )
            )

    def _lost(self) -> str:
        """In words, what of the existing columns the file has no more; empty: nothing."""
        missing = [name for name in self.existing if name not in self.columns]
        changed = [
            f"{name} is {kind} now, was {self.existing[name]}"
            for name, kind in self.columns.items()
            if name in self.existing and self.existing[name] != kind
        ]
        return "; ".join(([f"gone: {', '.join(missing)}"] if missing else []) + changed)

    def _require_no_views(self, lost: str) -> None:
        self.cursor.execute(DEPENDENTS, [self._text(self.table)])
        views = [view for (view,) in self.cursor.fetchall()]
        if views:
            raise UserError(
                f"{self.label} has other columns than the file ({lost}), and {', '.join(views)} "
                f"read{'s' if len(views) == 1 else ''} it; nothing was changed",
                "load the file under another NAME=, or drop what reads the table first",
            )

    def _rename(self) -> None:
        self.cursor.execute(sql.SQL("alter table {} rename to {}").format(self.draft, self.name))

    def _text(self, name: sql.Composable) -> str:
        return name.as_string(self.cursor)


def require_own_schema(schema: str) -> None:
    """Refuse a schema whose tables dbt, the engine or PostgreSQL owns."""
    owner = "PostgreSQL" if schema.startswith("pg_") or schema == "information_schema" else ""
    if schema in OWNED_SCHEMAS or schema.rpartition("_")[2] in OWNED_SCHEMAS:
        owner = "the engine" if schema == "ml" else "dbt"
    if schema in ("shop", "simulation"):
        owner = "make load-shop"
    if owner:
        raise UserError(
            f"The tables of schema {schema} belong to {owner}; nothing was loaded",
            "leave SCHEMA out, or choose a schema of your own",
        )
