"""Weighted sums as SQL expressions over the columns of `rows`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from glasshouse_ml.core.table import Column
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data.calendar_parts import calendar_part_sql
from glasshouse_ml.data.packing import as_number
from glasshouse_ml.use.sql_export.terms import CategoricalTerm, NumericTerm
from glasshouse_ml.use.sql_export.weighted_sums import WeightedSum

# Types without NaN and without values beyond the limit need no check.
_BOUNDED_TYPES = {"smallint", "integer", "bigint", "boolean"}
# With more categories a lookup in a jsonb object is faster than a CASE.
_MAX_CASES = 16
# A centre of zero could make a product underflow, which is an error in Postgres.
_MIN_CENTRE = 1e-200
# A function takes at most a hundred arguments.
MAX_PAIRS = 50
# The name of the first column whose number is too large; in JSON an infinite one is a text.
_TOO_LARGE = (
    f"$.keyvalue() ? (@.value > {MAX_ABSOLUTE_VALUE!r} || @.value < -{MAX_ABSOLUTE_VALUE!r} "
    '|| @.value == "Infinity" || @.value == "-Infinity").key'
)

Quote = Callable[[str], str]


@dataclass(frozen=True)
class SqlWriter:
    """Writes SQL for the columns of one query; identifier and text quote names and values."""

    columns: Sequence[Column]  # in the order of the features
    identifier: Quote
    quote_literal: Quote

    def total(self, weighted_sum: WeightedSum) -> str:
        """A weighted sum."""
        terms = sorted(weighted_sum.terms.items())
        summands = [
            number_literal(weighted_sum.constant),
            *(self._term(position, part, term) for (position, part), term in terms),
        ]
        total = "(" + "\n  + ".join(summands) + ")"
        unbounded = [
            self.columns[position]
            for (position, _), term in terms
            if isinstance(term, NumericTerm) and self.columns[position].type not in _BOUNDED_TYPES
        ]
        return self._with_range_check(total, unbounded) if unbounded else total

    def _with_range_check(self, total: str, columns: Sequence[Column]) -> str:
        """The same, or an error that names the column whose value was infinite or too large.

        A cast of a message to a number raises the error: an expression has no other way, and a view
        must not depend on the engine. There is one check for all columns, because the setup of the
        expression takes most of the time of a query for one row.
        """
        values = [f"{self.quote_literal(column.name)}, {self.number(column)}" for column in columns]
        object_sql = " || ".join(
            f"jsonb_build_object({', '.join(values[start : start + MAX_PAIRS])})"
            for start in range(0, len(values), MAX_PAIRS)
        )
        name = f"jsonb_path_query_first({object_sql}, {self.quote_literal(_TOO_LARGE)}) #>> '{{}}'"
        message = f"concat('Column ''', {name}, ''' holds an infinite or too large value')"
        return f"coalesce(nullif({total}, 'Infinity'), {message}::float8)"

    def number(self, column: Column) -> str:
        """The number that models get for a value of the column."""
        return as_number(column, column.value(self.identifier))

    def _term(self, position: int, part: str, term: NumericTerm | CategoricalTerm) -> str:
        column = self.columns[position]
        if part and isinstance(term, CategoricalTerm):
            value = calendar_part_sql(part, column.value(self.identifier), column.base_type)
            return self._categorical_term(f"{value}::text", term)
        if isinstance(term, NumericTerm):
            return self._numeric_term(column, term)
        return self._categorical_term(f'{column.value(self.identifier)}::text collate "C"', term)

    def _numeric_term(self, column: Column, term: NumericTerm) -> str:
        value = self.number(column)
        centre = term.centre if abs(term.centre) > _MIN_CENTRE else _MIN_CENTRE
        product = (
            f"({value} - {number_literal(centre)}) * {number_literal(term.slope)}"
            if term.slope
            else "0"
        )
        if column.type in _BOUNDED_TYPES:
            if not term.slope:
                return f"case when {value} is null then {number_literal(term.missing)} else 0 end"
            return f"coalesce({product}, {number_literal(term.missing)})"
        limit = number_literal(MAX_ABSOLUTE_VALUE)
        if column.type.startswith("numeric"):
            # Compared without a cast to float8, which would cost more than the rest.
            value, limit = column.value(self.identifier), f"'{MAX_ABSOLUTE_VALUE!r}'::numeric"
        # NaN counts as missing; Postgres finds it larger than all numbers and equal to itself.
        return (
            f"case when abs({value}) <= {limit} then {product} "
            f"when {value} <> 'NaN' then 'Infinity' else {number_literal(term.missing)} end"
        )

    def _categorical_term(self, value: str, term: CategoricalTerm) -> str:
        other, missing = number_literal(term.other), number_literal(term.missing)
        categories = {
            category: number for category, number in term.numbers.items() if number != term.other
        }
        if not categories:
            expression = other
        elif len(categories) <= _MAX_CASES:
            cases = [
                f"when {self.quote_literal(category)} then {number_literal(number)}"
                for category, number in categories.items()
            ]
            expression = f"case {value} {' '.join(cases)} else {other} end"
        else:
            expression = f"coalesce(({self._as_json(categories)} ->> ({value}))::float8, {other})"
        if term.missing == term.other:
            return expression
        return f"case when {value} is null then {missing} else {expression} end"

    def _as_json(self, categories: Mapping[str, float]) -> str:
        return f"{self.quote_literal(json.dumps(categories, ensure_ascii=False))}::jsonb"


def number_literal(value: float) -> str:
    """A float8 literal with the exact value."""
    return f"'{float(value)!r}'::float8"
