"""The values of each dimension that have enough support, found in one pass over the rows.

A slice has at most the support of each of its values (the Apriori principle: Agrawal and Srikant,
VLDB 1994). So all other values of a dimension are counted together in the later pass.
"""

# The query is the caller's own and runs with the caller's rights; names and values are quoted.
# ruff: noqa: S608

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from glasshouse_ml.core.table import Column
from glasshouse_ml.data.canonical_text import canonical_text
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.data.query_text import subquery
from glasshouse_ml.use.drivers.request import DriversRequest


@dataclass(frozen=True)
class Dimension:
    """A column, its frequent values as canonical texts, and whether NULL is one of them."""

    column: Column
    values: Sequence[str]
    has_null: bool
    has_rare: bool

    @property
    def size(self) -> int:
        """How many values are told apart, the rare ones being one."""
        return len(self.values) + self.has_null + self.has_rare


@dataclass(frozen=True)
class Population:
    """The rows of both sets, those of neither, and the dimensions."""

    control: int
    test: int
    unassigned: int
    dimensions: Sequence[Dimension]


def find_frequent_values(
    db: Database, request: DriversRequest, changed_settings: Collection[str]
) -> Population:
    """Count the rows of each value of each dimension."""
    columns = request.dimensions
    rows = db.call(_statement(db, request, changed_settings))
    total = next(row for row in rows if row["dimension"] is None)
    both = total["control"] + total["test"]
    dimensions = []
    for position, column in enumerate(columns):
        frequent_rows = [row for row in rows if row["dimension"] == position]
        counted = sum(row["control"] + row["test"] for row in frequent_rows)
        values = sorted(row["value"] for row in frequent_rows if row["value"] is not None)
        has_null = len(values) < len(frequent_rows)
        dimensions.append(Dimension(column, values, has_null, counted < both))
    return Population(total["control"], total["test"], total["unassigned"], dimensions)


def _statement(db: Database, request: DriversRequest, changed_settings: Collection[str]) -> str:
    columns = request.dimensions
    names = [f"d{position}" for position in range(len(columns))]
    values = [
        f"{column.value(db.quote_identifier)} as {name}"
        for name, column in zip(names, columns, strict=True)
    ]
    texts = [
        f"when {position} then {canonical_text(column, name, changed_settings, SCHEMA)}"
        for position, (name, column) in enumerate(zip(names, columns, strict=True))
    ]
    # A bit of grouping() is 1 where its column is not grouped by; the first column has the highest.
    every = 2 ** len(names) - 1
    masks = [
        f"when {every - 2 ** (len(names) - 1 - position)} then {position}"
        for position in range(len(names))
    ]
    return f"""
        with counts as (
            select
                case grouping({", ".join(names)}) {" ".join(masks)} end as dimension,
                {", ".join(names)},
                count(*) filter (where not is_test) as control,
                count(*) filter (where is_test) as test,
                count(*) filter (where is_test is null) as unassigned
            from (
                select {request.is_test.value(db.quote_identifier)} as is_test, {", ".join(values)}
                from {subquery(request.query)}
            ) as labelled
            group by grouping sets ((), ({"), (".join(names)}))
        )
        select
            counts.dimension,
            case counts.dimension {" ".join(texts)} end as value,
            counts.control,
            counts.test,
            counts.unassigned
        from counts
        cross join (select control, test from counts where dimension is null) as total
        where
            counts.dimension is null
            or counts.control >= {request.min_support!r} * nullif(total.control, 0)
            or counts.test >= {request.min_support!r} * nullif(total.test, 0)
    """
