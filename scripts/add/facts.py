"""What the database knows of the columns of a table, as far as a proposal needs it."""

from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError

# Distinct values are counted among so many rows: enough to tell an id from a category.
SAMPLE = 50_000
COLUMNS = """
    select attname, format_type(atttypid, null), col_description(attrelid, attnum)
    from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
    order by attnum
"""
NUMBERS = frozenset(("smallint", "integer", "bigint", "numeric", "real", "double precision"))
INTEGERS = frozenset(("smallint", "integer", "bigint"))
TIMES = frozenset(("date", "timestamp without time zone", "timestamp with time zone"))


@dataclass(frozen=True)
class ColumnFacts:
    """A column: `filled` and `distinct` count values among the first `rows` rows of the table."""

    name: str
    type: str
    rows: int
    filled: int
    distinct: int
    header: str = ""

    @property
    def is_unique(self) -> bool:
        """Whether every row of the sample has a value of its own."""
        return self.rows > 0 and self.filled == self.distinct == self.rows


class SourceTable:
    """A table of the warehouse and what a proposal asks about it."""

    def __init__(self, cursor: Cursor, schema: str, name: str) -> None:
        self.cursor, self.schema, self.name = cursor, schema, name
        self.relation = sql.Identifier(schema, name)
        cursor.execute(COLUMNS, [self.relation.as_string(cursor)])
        self._columns = cursor.fetchall()
        if not self._columns:
            raise UserError(
                f"There is no table {schema}.{name}, or transformer may not read it",
                "load it with make load, or name another table",
            )

    def facts(self) -> list[ColumnFacts]:
        """The facts of each column, in the table's order."""
        # A json value has no equality, so its text is counted.
        counts = [
            sql.SQL("count({0}), count(distinct {0}::text)").format(sql.Identifier(name))
            for name, _, _ in self._columns
        ]
        facts: list[ColumnFacts] = []
        # A target list has at most 1,664 entries.
        for start in range(0, len(counts), 500):
            self.cursor.execute(
                sql.SQL("select count(*), {} from (select * from {} limit {}) as sample").format(
                    sql.SQL(", ").join(counts[start : start + 500]),
                    self.relation,
                    sql.Literal(SAMPLE),
                )
            )
            rows, *values = self.cursor.fetchone()
            for place, (name, kind, comment) in enumerate(self._columns[start : start + 500]):
                facts.append(
                    ColumnFacts(
                        name, kind, rows, values[2 * place], values[2 * place + 1], comment or ""
                    )
                )
        return facts

    def identifies_rows(self, column: str) -> bool:
        """Whether the column has a value in every row of the table, and none twice."""
        self.cursor.execute(
            sql.SQL(
                "select count(*) = count({0}) and count({0}) = count(distinct {0}) from {1}"
            ).format(sql.Identifier(column), self.relation)
        )
        return bool(self.cursor.fetchone()[0])

    def distinct_values(self, column: str) -> int:
        """The number of different values in the column, NULL not counted."""
        self.cursor.execute(
            sql.SQL("select count(distinct {}) from {}").format(
                sql.Identifier(column), self.relation
            )
        )
        return self.cursor.fetchone()[0]

    def time_steps(self, time: str, series: list[str]) -> tuple[dict[float, int], bool]:
        """How often each step in seconds is between the times of a series, and if times repeat."""
        # Names of our own, because the table may have any.
        aliases = [sql.SQL(f"series_{number}") for number in range(len(series))]
        columns = [
            sql.SQL("{} as {}").format(sql.Identifier(name), alias)
            for name, alias in zip(series, aliases, strict=True)
        ]
        self.cursor.execute(
            sql.SQL(
                """
                with
                    times as (
                        select {columns}, count(*) as row_count
                        from {relation}
                        where {time} is not null
                        group by {places}
                    ),
                    steps as (
                        select row_count, at - lag(at) over ({partition} order by at) as step
                        from times
                    )
                select extract(epoch from step)::float8, count(*), sum(row_count)
                from steps
                group by step
                """
            ).format(
                columns=sql.SQL(", ").join(
                    [sql.SQL("{}::timestamp as at").format(sql.Identifier(time)), *columns]
                ),
                relation=self.relation,
                time=sql.Identifier(time),
                places=sql.SQL(", ").join(map(sql.Literal, range(1, len(series) + 2))),
                partition=sql.SQL("partition by {}").format(sql.SQL(", ").join(aliases))
                if aliases
                else sql.SQL(""),
            )
        )
        rows = self.cursor.fetchall()
        steps = {step: count for step, count, _ in rows if step is not None}
        return steps, sum(row[2] for row in rows) > sum(row[1] for row in rows)
