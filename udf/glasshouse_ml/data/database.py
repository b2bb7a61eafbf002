"""The one seam between the package and Postgres: nothing else here knows plpy.

Unit tests hand in an object of the same shape that keeps its rows in memory.
"""

# The query is the caller's own and runs with the caller's rights.
# ruff: noqa: S608

from collections.abc import Iterator
from typing import Any, NamedTuple

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.packing import SCHEMA, Packing, raw_bytes, unpack_sent

# Follows a domain down to the type it is made of, so that a domain over text counts as text.
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


# Rows of megabytes must not come by the thousand: nobody could look at the memory in between.
_FIRST, _MOST_BYTES = 32, 2**24


class ColumnType(NamedTuple):
    """A column of a query: its name, the name of its type as SQL shows it, and its basic type."""

    name: str
    shown: str
    base: str
    category: str


class ArraySizes(NamedTuple):
    """How many numbers the arrays of a column hold, those apart that hold none."""

    least: int
    most: int
    plain: bool  # all in one row of numbers, counted from 1


class Database:
    """What the engine asks of Postgres, always with the rights of the caller."""

    def __init__(self, plpy: Any, session: dict) -> None:
        """Take the plpy module and GD, the dictionary that lives as long as the session."""
        self.plpy = plpy
        self.session = session

    def columns(self, query: str) -> list[ColumnType]:
        """Names and types of the columns of a query, without reading a row."""
        try:
            # Opened as a cursor first: Postgres then refuses anything but one SELECT.
            self.plpy.cursor(f"select * from ({query}\n) as rows limit 0").close()
            empty = self.plpy.execute(f"select * from ({query}\n) as rows limit 0")
        except self.plpy.SPIError as error:
            raise self._readable(error) from None
        plan = self.plpy.prepare(_TYPES, ["oid[]"])
        known = {row["asked"]: row for row in self.plpy.execute(plan, [empty.coltypes()])}
        return [
            ColumnType(name, known[oid]["shown"], known[oid]["typname"], known[oid]["typcategory"])
            for name, oid in zip(empty.colnames(), empty.coltypes(), strict=True)
        ]

    def sizes(self, query: str, arrays: list[str]) -> dict[str, ArraySizes]:
        """The sizes of the arrays in each of these columns; 0 where all are empty or NULL."""
        if not arrays:
            return {}
        # An array each, because a SELECT may not have three times as many columns as a table.
        facts = ", ".join(
            f"array[coalesce(min(nullif(cardinality({name}), 0)), 0), "
            f"coalesce(max(cardinality({name})), 0), "
            f"coalesce(bool_and(array_ndims({name}) = 1 and array_lower({name}, 1) = 1), true)::int"
            f"] as n{place}"
            for place, name in enumerate(f"rows.{self.quote(name)}" for name in arrays)
        )
        row = self.call(f"select {facts} from ({query}\n) as rows")[0]
        found = [row[f"n{place}"] for place in range(len(arrays))]
        return {
            name: ArraySizes(least, most, bool(plain))
            for name, (least, most, plain) in zip(arrays, found, strict=True)
        }

    def packed(self, query: str, packing: Packing, size: int) -> Iterator[list[dict]]:
        """The rows of a query, packed, up to `size` at a time and fewer where they are large."""
        try:
            cursor = self.plpy.cursor(packing.select(query, self.quote, self.plpy.quote_literal))
            wanted = min(size, _FIRST)
            while rows := cursor.fetch(wanted):
                yield rows
                # Some tell about all; a dictionary of what a batch weighs would cost more.
                weight = max(packing.weight(row) for row in rows[:: max(1, len(rows) // 50)])
                wanted = max(1, min(size, 8 * wanted, _MOST_BYTES // max(weight, 1)))
        except self.plpy.SPIError as error:
            raise self._readable(error) from None

    def execute(self, statement: str, types: tuple = (), values: tuple = ()) -> list[dict]:
        """Run one statement of the engine's own with typed parameters."""
        plan = self.plpy.prepare(statement, list(types))
        return list(self.plpy.execute(plan, list(values)))

    def call(self, statement: str, types: tuple = (), values: tuple = ()) -> list[dict]:
        """As execute, but a refusal by Postgres becomes a plain error for the caller."""
        try:
            return self.execute(statement, types, values)
        except self.plpy.SPIError as error:
            raise self._readable(error) from None

    def raw_bytes_work(self) -> bool:
        """Whether the fast way gives what the documented way gives; checked once per session."""
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
        # And the way back.
        back = self.execute(
            f"select array_send({SCHEMA}.numbers($1, true)) as sent", ("bytea",), (row["raw"],)
        )[0]
        return back["sent"] == row["sent"]

    def quote(self, identifier: str) -> str:
        """A name made safe to stand in SQL."""
        return self.plpy.quote_ident(identifier)

    def text(self, value: str) -> str:
        """A value made safe to stand in SQL."""
        return self.plpy.quote_literal(value)

    def setting(self, name: str) -> str | None:
        """A setting of the session, or None."""
        rows = self.execute("select current_setting($1, true) as value", ("text",), (name,))
        return rows[0]["value"] or None

    def notice(self, message: str) -> None:
        """Tell the caller something that is no error."""
        self.plpy.notice(message)

    def checkpoint(self) -> None:
        """Give control back for a moment: Postgres honours cancel and timeout only then."""
        try:
            self.plpy.execute("select 1")
        except self.plpy.SPIError as error:
            raise self._readable(error) from None

    def _readable(self, error: Any) -> GlasshouseError:
        """Keep Postgres' own words, hint and SQLSTATE, without the traceback."""
        details = getattr(error, "spidata", None) or (None, None, None)
        detail, hint = details[1], details[2]
        message = str(error) + (f" ({detail})" if detail else "")
        return GlasshouseError(message, hint or "", getattr(error, "sqlstate", "") or "XX000")


def answering(plpy: Any, function: str, rows: Iterator[Any]) -> Iterator[Any]:
    """The same rows; what goes wrong between two of them keeps its SQLSTATE and its hint."""
    try:
        yield from rows
    except GlasshouseError as error:
        raise sql_error(plpy, function, error) from None


def sql_error(plpy: Any, function: str, error: GlasshouseError) -> Exception:
    """An error as Postgres shows it best.

    PL/Python puts the name of the exception's class before the message, and takes hint and
    SQLSTATE from one derived from plpy.Error. So the class is named after the SQL function.
    """
    named = type(function, (plpy.Error,), {"__module__": SCHEMA})
    raised = named(error.message)
    raised.hint, raised.sqlstate = error.hint or None, error.sqlstate
    return raised
