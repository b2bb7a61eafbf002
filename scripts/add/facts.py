"""What the database knows of the columns of a table, as far as a proposal needs it."""

from dataclasses import dataclass

from psycopg2 import DataError, ProgrammingError, sql
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError

# The skewness of the values, and of their logarithms; NULL where a value is negative.
SKEWNESS = """
    select avg(power((value - mean) / nullif(deviation, 0), 3)),
        case when min(value) >= 0 then
            avg(power((ln(1 + greatest(value, 0)) - log_mean) / nullif(log_deviation, 0), 3))
        end
    from (
        select value, avg(value) over () as mean, stddev_pop(value) over () as deviation,
            avg(ln(1 + greatest(value, 0))) over () as log_mean,
            stddev_pop(ln(1 + greatest(value, 0))) over () as log_deviation
        from (select {column}::float8 as value from {relation} limit {rows}) as sample
        where value is not null
    ) as moments
"""
READABLE = """
    select has_table_privilege(to_regclass(%s), 'select') and has_schema_privilege(%s, 'usage')
"""
# Distinct values are counted among so many rows: enough to tell an id from a category.
SAMPLE = 50_000
COLUMNS = """
    select attname, format_type(atttypid, null), col_description(attrelid, attnum)
    from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
    order by attnum
"""
PLAIN_TABLE = "select relkind in ('r', 'm') from pg_class where oid = to_regclass(%s)"
# Per cent of a table from which on it is read as a whole.
MOST_SAMPLED = 25
# How the comment of a table begins that `make add` has loaded, and `make remove` may drop.
ORIGIN = "Added from"
NUMBERS = frozenset(("smallint", "integer", "bigint", "numeric", "real", "double precision"))
INTEGERS = frozenset(("smallint", "integer", "bigint"))
ZONED = "with time zone"
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


def is_registered(cursor: Cursor, model: str) -> bool:
    """Whether the registry holds a version of a model."""
    cursor.execute("select exists (select from ml.model_versions where model = %s)", [model])
    return bool(cursor.fetchone()[0])


class SourceTable:
    """A table of the warehouse and what a proposal asks about it.

    `unlabelled`: the table of the rows to predict, in the same schema, if there is one.
    """

    def __init__(self, cursor: Cursor, schema: str, name: str, unlabelled: str = "") -> None:
        self.cursor, self.schema, self.name = cursor, schema, name
        self.unlabelled = SourceTable(cursor, schema, unlabelled) if unlabelled else None
        self.relation = sql.Identifier(schema, name)
        cursor.execute(COLUMNS, [self.relation.as_string(cursor)])
        self._columns = cursor.fetchall()
        if not self._columns:
            raise UserError(
                f"There is no table {schema}.{name}",
                "load it with make load, or name another table",
            )
        cursor.execute(READABLE, [self.relation.as_string(cursor), schema])
        if not cursor.fetchone()[0]:
            raise UserError(
                f"The role transformer may not read {schema}.{name}",
                f"grant usage on schema {schema} and select on {schema}.{name} to transformer",
            )

    @property
    def types(self) -> dict[str, str]:
        """SQL type by column."""
        return {name: kind for name, kind, _ in self._columns}

    def row_count(self) -> int:
        """The number of rows."""
        self.cursor.execute(sql.SQL("select count(*) from {}").format(self.relation))
        return self.cursor.fetchone()[0]

    def sample(self, alias: str, rows: int) -> sql.Composed:
        """The FROM item of all rows; of a large table, random blocks with about so many rows."""
        item = sql.SQL("{} as {}").format(self.relation, sql.Identifier(alias))
        percent = 100 * rows / max(1, self.row_count())
        self.cursor.execute(PLAIN_TABLE, [self.relation.as_string(self.cursor)])
        # A view has no blocks, and a small table is read as a whole as fast.
        if percent > MOST_SAMPLED or not self.cursor.fetchone()[0]:
            return item
        return sql.SQL("{} tablesample system ({}) repeatable (0)").format(
            item, sql.Literal(percent)
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
        """Whether the column has a value in every row, and none twice; also in rows to predict."""
        tables = [self, *([self.unlabelled] if self.unlabelled else [])]
        if any(column not in table.types for table in tables):
            return False
        # The file of the rows to predict may have led to another type.
        values = sql.SQL(" union all ").join(
            sql.SQL("select {}::text as value from {}").format(
                sql.Identifier(column), table.relation
            )
            for table in tables
        )
        self.cursor.execute(
            sql.SQL(
                "select count(*) = count(value) and count(value) = count(distinct value)"
                " from ({}) as key_values"
            ).format(values)
        )
        return bool(self.cursor.fetchone()[0])

    def lost_value(self, column: str, kind: str) -> str | None:
        """A value that a cast to an SQL type would change or refuse; None where there is none.

        A number may lose digits that double precision does not have, and "yes" may become true.
        """
        own = self.types[column]
        if own in NUMBERS and kind == "double precision":
            return None
        name = sql.Identifier(column)
        if kind == "boolean":
            cast = f"cast({name.as_string(self.cursor)} as boolean)"
            return None if self.computes(cast) else "a value"
        if own in TIMES and kind in TIMES and (ZONED in own) != (ZONED in kind):
            statement = sql.SQL("select {0}::text from {1} where {0} is not null limit 1")
            self.cursor.execute(statement.format(name, self.relation))
        else:
            try:
                self.cursor.execute(
                    sql.SQL(
                        "select {0}::text from {1} where cast(cast({0} as {2}) as {3}) is distinct"
                        " from {0} limit 1"
                    ).format(name, self.relation, sql.SQL(kind), sql.SQL(own))
                )
            except (DataError, ProgrammingError):
                return "a value"
        row = self.cursor.fetchone()
        return row[0] if row else None

    def computes(self, expression: str) -> bool:
        """Whether an expression of columns has a value, or NULL, in every row."""
        try:
            self.cursor.execute(
                sql.SQL("select count({}) from {}").format(sql.SQL(expression), self.relation)
            )
        except (DataError, ProgrammingError):
            return False
        return True

    def is_lognormal(self, column: str) -> bool:
        """Whether a number has a long upper tail that its logarithm does not have."""
        self.cursor.execute(
            sql.SQL(SKEWNESS).format(
                column=sql.Identifier(column), relation=self.relation, rows=sql.Literal(SAMPLE)
            )
        )
        skewness, of_logarithms = self.cursor.fetchone()
        return None not in (skewness, of_logarithms) and skewness > max(1, 2 * abs(of_logarithms))

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
