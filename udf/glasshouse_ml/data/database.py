"""The connection between the package and Postgres: no other module uses plpy.

Unit tests pass an object with the same methods that holds its rows in memory.
"""

# The query is the caller's own and runs with the caller's rights.
# ruff: noqa: S608

from collections.abc import Iterator
from typing import Any, NamedTuple

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.table import Column
from glasshouse_ml.data.canonical_text import DEFAULTS
from glasshouse_ml.data.packing import SCHEMA, Packing, raw_bytes, unpack_sent
from glasshouse_ml.data.query_text import subquery

# Follows a domain to its base type, so that a domain over text counts as text.
_TYPES = """
with recursive kinds as (
    select oid as asked, oid, typtype, typbasetype from pg_catalog.pg_type where oid = any($1)
    union all
    select kinds.asked, base.oid, base.typtype, base.typbasetype
    from kinds join pg_catalog.pg_type as base on base.oid = kinds.typbasetype
    where kinds.typtype = 'd'
)
select kinds.asked, types.typname, types.typcategory, format_type(kinds.asked, null) as shown
from kinds join pg_catalog.pg_type as types on types.oid = kinds.oid
where kinds.typtype <> 'd'
"""


# Rows of megabytes must not be fetched by the thousand: the memory is checked between batches.
_FIRST_BATCH, _MAX_BATCH_BYTES = 32, 2**24
# The names of the engine's cursors begin with this.
_CURSOR = "glasshouse_cursor_"


class ArraySizes(NamedTuple):
    """The least and the most numbers in an array of a column; empty arrays do not count."""

    least: int
    most: int


class Database:
    """Runs SQL with the rights of the caller."""

    def __init__(self, plpy: Any, session: dict) -> None:
        """Take the plpy module and GD, the dictionary that lives as long as the session."""
        self.plpy = plpy
        self.session = session

    def columns(self, query: str) -> list[Column]:
        """The columns of a query, without reading a row."""
        try:
            # Opened as a cursor first: Postgres then refuses anything but one SELECT.
            self.plpy.cursor(f"select * from {subquery(query)} limit 0").close()
            empty = self.plpy.execute(f"select * from {subquery(query)} limit 0")
        except self.plpy.SPIError as error:
            raise self._plain_error(error) from None
        plan = self.plpy.prepare(_TYPES, ["oid[]"])
        types = {row["asked"]: row for row in self.plpy.execute(plan, [empty.coltypes()])}
        return [
            Column.of_type(name, kind["shown"], kind["typname"], kind["typcategory"])
            for name, kind in zip(
                empty.colnames(), (types[oid] for oid in empty.coltypes()), strict=True
            )
        ]

    def array_sizes(self, query: str, arrays: list[str]) -> dict[str, ArraySizes]:
        """The sizes of the arrays in each of these columns; 0 where all are empty or NULL.

        Each array must have one dimension, whose lower bound is 1.
        """
        if not arrays:
            return {}
        # An array each, because a SELECT may not have three times as many columns as a table.
        facts = ", ".join(
            f"array[coalesce(min(nullif(cardinality({name}), 0)), 0), "
            f"coalesce(max(cardinality({name})), 0), "
            f"coalesce(bool_and(array_ndims({name}) = 1 and array_lower({name}, 1) = 1), true)::int"
            f"] as n{position}"
            for position, name in enumerate(
                f"rows.{self.quote_identifier(name)}" for name in arrays
            )
        )
        row = self.call(f"select {facts} from {subquery(query)}")[0]
        sizes = {}
        for position, name in enumerate(arrays):
            least, most, is_one_dimensional = row[f"n{position}"]
            if not is_one_dimensional:
                raise GlasshouseError(
                    f"Column {name!r} holds arrays that are nested or not counted from 1.",
                    "Lay their numbers out in one row: array(select unnest(column)).",
                )
            sizes[name] = ArraySizes(least, most)
        return sizes

    def fetch_packed(self, query: str, packing: Packing, size: int) -> Iterator[list[dict]]:
        """The packed rows of a query in batches of at most `size`, fewer where rows are large."""
        cursor = None
        try:
            cursor = self._open_cursor(
                packing.select(query, self.quote_identifier, self.plpy.quote_literal)
            )
            batch_rows = min(size, _FIRST_BATCH)
            while rows := list(self.plpy.execute(f"fetch {batch_rows} from {cursor}")):
                yield rows
                # Fifty rows estimate the size of all.
                row_bytes = max(
                    packing.packed_size(row) for row in rows[:: max(1, len(rows) // 50)]
                )
                batch_rows = max(
                    1, min(size, 8 * batch_rows, _MAX_BATCH_BYTES // max(row_bytes, 1))
                )
            # The caller may drop the table in the same transaction.
            self.plpy.execute(f"close {cursor}")
        except self.plpy.SPIError as error:
            raise self._plain_error(error) from None
        finally:
            # No statement here: PostgreSQL may be aborting the transaction.
            if cursor:
                self._open_cursors.remove(cursor)

    def _open_cursor(self, select: str) -> str:
        """Open a cursor and return its name; close those whose reader has ended.

        It is a cursor of SQL because an object of plpy.cursor() closes its cursor when it is
        deleted. Where a transaction is aborted between two rows of a function, PostgreSQL deletes
        the function's generator with that object while it walks through its list of cursors.
        Removing another cursor from the list at that moment can crash the server. PostgreSQL itself
        closes a cursor of SQL at the end of its transaction.
        """
        for row in self.plpy.execute("select name from pg_catalog.pg_cursors"):
            if row["name"].startswith(_CURSOR) and row["name"] not in self._open_cursors:
                self.plpy.execute(f"close {self.quote_identifier(row['name'])}")
        number = self.session["cursors"] = self.session.get("cursors", 0) + 1
        cursor = f"{_CURSOR}{number}"
        # All rows are read, and PostgreSQL plans a cursor of SQL for the first tenth of them.
        fraction = self.setting("cursor_tuple_fraction")
        self.plpy.execute("set local cursor_tuple_fraction = 1")
        try:
            self.plpy.execute(f"declare {cursor} no scroll cursor for {select}")
        finally:
            self.plpy.execute(f"set local cursor_tuple_fraction = {fraction}")
        self._open_cursors.append(cursor)
        return cursor

    @property
    def _open_cursors(self) -> list[str]:
        """The cursors of this session that are being read: the query of a call may be a call."""
        return self.session.setdefault("open cursors", [])

    def execute(self, statement: str, types: tuple = (), values: tuple = ()) -> list[dict]:
        """Run one statement of the engine's own with typed parameters."""
        plan = self.plpy.prepare(statement, list(types))
        return list(self.plpy.execute(plan, list(values)))

    def call(self, statement: str, types: tuple = (), values: tuple = ()) -> list[dict]:
        """As execute(), but an error of Postgres becomes a GlasshouseError."""
        try:
            return self.execute(statement, types, values)
        except self.plpy.SPIError as error:
            raise self._plain_error(error) from None

    def raw_bytes_work(self) -> bool:
        """Whether raw bytes equal the documented format; checked once per session."""
        if "raw_bytes_work" not in self.session:
            self.session["raw_bytes_work"] = self._compare_raw_bytes()
        return self.session["raw_bytes_work"]

    def _compare_raw_bytes(self) -> bool:
        allowed = self.execute(
            "select coalesce(has_function_privilege(to_regprocedure($1), 'execute'), false) as yes",
            ("text",),
            (f"{SCHEMA}.rawbytes(double precision[], integer)",),
        )
        if not allowed[0]["yes"]:
            return False
        row = self.execute(
            f"select {raw_bytes('numbers')} as raw, array_send(numbers) as sent from "
            "(values (array[0.1, -2.5, 'NaN', 'Infinity', 1e308]::float8[])) as one (numbers)"
        )[0]
        if row["raw"] != unpack_sent(row["sent"], 5).tobytes():
            return False
        # The way back as well.
        returned = self.execute(
            f"select array_send({SCHEMA}.numbers($1, true)) as sent", ("bytea",), (row["raw"],)
        )[0]
        return returned["sent"] == row["sent"]

    def quote_identifier(self, identifier: str) -> str:
        """An identifier quoted for SQL."""
        return self.plpy.quote_ident(identifier)

    def quote_literal(self, value: str) -> str:
        """A value quoted for SQL."""
        return self.plpy.quote_literal(value)

    def setting(self, name: str) -> str | None:
        """A setting of the session, or None."""
        rows = self.execute("select current_setting($1, true) as value", ("text",), (name,))
        return rows[0]["value"] or None

    def changed_settings(self) -> frozenset[str]:
        """The settings of the session under which texts differ from the canonical ones."""
        values = ", ".join(f"current_setting('{name}') as \"{name}\"" for name in DEFAULTS)
        row = self.execute(f"select {values}")[0]
        return frozenset(name for name in DEFAULTS if row[name] not in DEFAULTS[name])

    def notice(self, message: str) -> None:
        """Send a NOTICE to the caller."""
        self.plpy.notice(message)

    def check_interrupts(self) -> None:
        """Let Postgres process a cancel request or a timeout, which ends the call with an error."""
        try:
            self.plpy.execute("select 1")
        except self.plpy.SPIError as error:
            raise self._plain_error(error) from None

    def _plain_error(self, error: Any) -> GlasshouseError:
        """An error with the message, hint and SQLSTATE of Postgres and without the traceback."""
        details = getattr(error, "spidata", None) or (None, None, None)
        detail, hint = details[1], details[2]
        message = str(error) + (f" ({detail})" if detail else "")
        return GlasshouseError(message, hint or "", getattr(error, "sqlstate", "") or "XX000")
