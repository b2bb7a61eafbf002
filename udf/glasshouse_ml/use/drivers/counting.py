"""The statements that count every slice with enough support; no row of the query leaves SQL."""

# The query is the caller's own and runs with the caller's rights; names and values are quoted.
# ruff: noqa: S608

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.table import BOOLEAN
from glasshouse_ml.data.canonical_text import canonical_text
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.data.query_text import subquery
from glasshouse_ml.use.drivers.blocks import Block, choose_blocks
from glasshouse_ml.use.drivers.frequent_values import Dimension, Population
from glasshouse_ml.use.drivers.metric_expression import SUM, Term
from glasshouse_ml.use.drivers.request import DriversRequest

# The cells of all blocks stay in memory, see blocks.py; without this they would be sorted.
WORK_MEM = "1GB"
# Names of the moments, as columns of SQL: of a sum or a ratio of sums, and of a distinct count.
SUM_MOMENTS = ("n", "a", "aa")
RATIO_MOMENTS = ("n", "a", "aa", "b", "ab", "bb")
DISTINCT_MOMENTS = ("n", "a", "own")

# The conditions of a slice: position of the dimension and value; None is NULL.
Conditions = tuple[tuple[int, str | None], ...]


@dataclass(frozen=True)
class SliceCounts:
    """What was counted of each slice.

    Attributes
    ----------
    conditions : list of Conditions
        The empty one, of all rows, is the first.
    moments : ndarray of shape (slices, 2, moments)
        For control and test: rows; then the sum of the numerator (of a distinct count: the distinct
        values), the sum of its squares (the distinct values that occur in no row outside the
        slice), and for a ratio the sums of the denominator, of the products and of its squares.
    """

    conditions: list[Conditions]
    moments: np.ndarray


def count_slices(
    db: Database,
    request: DriversRequest,
    population: Population,
    changed_settings: Collection[str],
) -> SliceCounts:
    """Count every slice whose support reaches the threshold."""
    dimensions = [d for d in population.dimensions if d.values or d.has_null]
    statement = _Statement(db, request, population, dimensions, changed_settings)
    with _settings(db, {} if request.metric.is_distinct else {"work_mem": WORK_MEM}):
        rows = db.call(statement.distinct() if request.metric.is_distinct else statement.sums())
    positions = [population.dimensions.index(dimension) for dimension in dimensions]
    decoded = []
    for row in rows:
        subset = [int(place) for place in row["subset"]]
        conditions = tuple((positions[place], row["found"][place]) for place in subset)
        decoded.append((conditions, row["moments"]))
    decoded.sort(key=lambda entry: (len(entry[0]), [(p, v is None, v or "") for p, v in entry[0]]))
    moments = np.array([moments for _, moments in decoded], float)
    counts = SliceCounts(
        [conditions for conditions, _ in decoded], moments.reshape(len(rows), 2, -1)
    )
    if not np.isfinite(counts.moments).all():
        raise GlasshouseError(
            "The metric is no finite number: its columns hold infinite or too large values.",
            "Leave those rows out, or limit them with least().",
        )
    return SliceCounts(
        [conditions for conditions, _ in decoded], moments.reshape(len(decoded), 2, -1)
    )


@contextmanager
def _settings(db: Database, values: dict[str, str]) -> Iterator[None]:
    """Settings of the transaction that hold while the block works."""
    earlier = {name: db.setting(name) for name in values}
    _set(db, values)
    try:
        yield
    finally:
        _set(db, {name: value for name, value in earlier.items() if value})


def _set(db: Database, values: dict[str, str]) -> None:
    for name, value in values.items():
        db.call("select set_config($1, $2, true)", ("text", "text"), (name, value))


class _Statement:
    """The parts of the statements; k0, k1, … are the keys of the dimensions."""

    def __init__(
        self,
        db: Database,
        request: DriversRequest,
        population: Population,
        dimensions: Sequence[Dimension],
        changed_settings: Collection[str],
    ) -> None:
        self.db, self.request, self.population = db, request, population
        self.dimensions, self.changed_settings = dimensions, changed_settings

    def sums(self) -> str:
        """Sums over the cells of blocks, then over those of slices."""
        blocks = choose_blocks([d.size for d in self.dimensions], self.request.max_order)
        moments = SUM_MOMENTS if self.request.metric.denominator is None else RATIO_MOMENTS
        products = {"n": "count(*)", "a": "sum(a)", "aa": "sum(a * a)"}
        products |= {"b": "sum(b)", "ab": "sum(a * b)", "bb": "sum(b * b)"}
        sets = [", ".join(["is_test", *self._keys(block.dimensions)]) for block in blocks]
        sums = [f"{products[name]} as {name}" for name in moments]
        keys = self._keys(range(len(self.dimensions)))
        return f"""
            with cells as materialized (
                select {", ".join([self._mask(), "is_test", *keys, *sums])}
                from ({self._labelled_rows()}) as labelled
                group by grouping sets (({"), (".join(sets)}))
            )
            {" union all ".join(self._slices(block, moments) for block in blocks)}
        """

    def _slices(self, block: Block, moments: Sequence[str]) -> str:
        sets = [", ".join(self._keys(subset)) for subset in block.subsets]
        # A dimension of the block may belong to sets that another block sums.
        used = sorted({place for subset in block.subsets for place in subset})
        sums = [
            f"coalesce(sum({name}) filter (where {side}), 0)"
            for side in ("not is_test", "is_test")
            for name in moments
        ]
        return f"""
            select
                {self._subset(used)} as subset,
                {self._values(used)} as found,
                array[{", ".join(sums)}]::float8[] as moments
            from cells
            where block = {self._mask_of(block.dimensions)}
            group by grouping sets (({"), (".join(sets)}))
            having {self._support()} {self._no_rare_value(used, grouped=True)}
        """

    def distinct(self) -> str:
        """Distinct values for each set of dimensions, from the rows of each value in each cell."""
        everything = tuple(range(len(self.dimensions)))
        blocks = choose_blocks([1] * len(self.dimensions), self.request.max_order)
        keys = ", ".join(["is_test", *self._keys(everything), "a"])
        return f"""
            with cells as (
                select {keys}, count(*) as n
                from ({self._labelled_rows()}) as labelled
                group by {keys}
            ),
            totals as (
                select is_test, a, sum(n) as total
                from cells
                where a is not null
                group by is_test, a
            ),
            entities as materialized (
                select cells.*, totals.total
                from cells left join totals on totals.a = cells.a and totals.is_test = cells.is_test
            )
            {" union all ".join(self._distinct_slices(s) for s in blocks[0].subsets)}
        """

    def _distinct_slices(self, subset: tuple[int, ...]) -> str:
        keys = self._keys(subset)
        moments = [
            f"coalesce({moment} filter (where {condition}), 0)"
            for side in ("not is_test", "is_test")
            for moment, condition in (
                ("sum(n)", side),
                ("count(a)", side),
                ("count(a)", f"{side} and n = total"),
            )
        ]
        return f"""
            select
                array[{", ".join(map(str, subset))}]::int[] as subset,
                {self._values(subset)} as found,
                array[{", ".join(moments)}]::float8[] as moments
            from (
                select {", ".join([*keys, "is_test", "a"])}, sum(n) as n, max(total) as total
                from entities
                where true {self._no_rare_value(subset, grouped=False)}
                group by {", ".join([*keys, "is_test", "a"])}
            ) as entity
            {"group by " + ", ".join(keys) if keys else ""}
            having {self._support()}
        """

    def _labelled_rows(self) -> str:
        """The rows of both sets: keys of the dimensions, and the values of the metric."""
        quote = self.db.quote_identifier
        flag = self.request.is_test.value(quote)
        values = [f"{flag} as is_test"]
        for place, dimension in enumerate(self.dimensions):
            value = dimension.column.value(quote)
            values.append(f"{self._key(dimension, value)} as k{place}")
            if self._needs_null_key(dimension):
                values.append(f"{value} is null as n{place}")
        for name, term in zip("ab", self.request.metric.terms, strict=False):
            values.append(f"{self._value(term)} as {name}")
        # Without OFFSET PostgreSQL would compute a value for each of its sums.
        return f"""
            select {", ".join(values)}
            from {subquery(self.request.query)}
            where {flag} is not null
            offset 0
        """

    def _key(self, dimension: Dimension, value: str) -> str:
        """The value itself where it is frequent, else NULL."""
        if not dimension.has_rare:
            return value
        literals = ", ".join(map(self.db.quote_literal, dimension.values))
        array = f"array[{literals}]::{dimension.column.type}[]"
        return f"case when {value} = any({array}) then {value} end"

    def _value(self, term: Term) -> str:
        if term.column is None:
            return "1::float8"
        column = self.request.metric_columns[term.column]
        value = column.value(self.db.quote_identifier)
        if self.request.metric.is_distinct:
            return value
        if column.kind == BOOLEAN and term.function == SUM:
            return f"coalesce({value}::int, 0)::float8"
        if term.function == SUM:
            # As everywhere in the engine, NaN counts as NULL.
            return f"coalesce(nullif({value}::float8, 'NaN'), 0)"
        is_float = column.base_type in ("float4", "float8", "numeric")
        present = f"nullif({value}, 'NaN')" if is_float else value
        return f"({present} is not null)::int::float8"

    @staticmethod
    def _needs_null_key(dimension: Dimension) -> bool:
        """Whether a key of NULL can mean both NULL and a rare value."""
        return dimension.has_rare and dimension.has_null

    def _keys(self, places: Sequence[int]) -> list[str]:
        return [
            name
            for place in places
            for name in (
                (f"k{place}", f"n{place}")
                if self._needs_null_key(self.dimensions[place])
                else (f"k{place}",)
            )
        ]

    def _mask(self) -> str:
        """grouping() of the keys of all dimensions as `block`; it takes at least one argument."""
        keys = [f"k{place}" for place in range(len(self.dimensions))]
        return f"grouping({', '.join(keys)}) as block" if keys else "0 as block"

    def _mask_of(self, places: Sequence[int]) -> int:
        count = len(self.dimensions)
        return sum(2 ** (count - 1 - place) for place in range(count) if place not in places)

    def _subset(self, places: Sequence[int]) -> str:
        """The dimensions that a row of a slice is grouped by."""
        parts = [f"case when grouping(k{place}) = 0 then {place} end" for place in places]
        return f"array_remove(array[{', '.join(parts)}]::int[], null)"

    def _values(self, places: Sequence[int]) -> str:
        """The canonical text of the value of each dimension; NULL for those not in the slice."""
        texts = [
            canonical_text(dimension.column, f"k{place}", self.changed_settings, SCHEMA)
            if place in places
            else "null"
            for place, dimension in enumerate(self.dimensions)
        ]
        return f"array[{', '.join(texts)}]::text[]"

    def _support(self) -> str:
        share, population = self.request.min_support, self.population
        control = "coalesce(sum(n) filter (where not is_test), 0)"
        test = "coalesce(sum(n) filter (where is_test), 0)"
        return (
            f"({control} >= {share!r} * {population.control} "
            f"or {test} >= {share!r} * {population.test})"
        )

    def _no_rare_value(self, places: Sequence[int], grouped: bool) -> str:
        """The condition that no value of the slice stands for all rare ones."""
        conditions = []
        for place in places:
            dimension = self.dimensions[place]
            if dimension.has_rare:
                parts = [f"grouping(k{place}) = 1"] if grouped else []
                parts.append(f"k{place} is not null")
                parts += [f"n{place}"] if dimension.has_null else []
                conditions.append(f"and ({' or '.join(parts)})")
        return " ".join(conditions)
