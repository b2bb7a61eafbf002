"""The sums of a form as SQL expressions over the columns of `rows`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from glasshouse_ml.core.table import Column
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data.packing import as_number
from glasshouse_ml.use.sql_export.sums import Sum
from glasshouse_ml.use.sql_export.terms import Line, Listed

# Types that hold no NaN and nothing beyond MAX_ABSOLUTE_VALUE need not be looked at.
_ALWAYS_PLAIN = {"smallint", "integer", "bigint", "boolean"}
# Beyond this many a search in a sorted list is faster than a question after the other.
_MOST_QUESTIONS = 16
# A difference from it is never so small that a product with it vanishes, which Postgres refuses.
_ALMOST_ZERO = 1e-200
# A function takes at most a hundred arguments.
MOST_PAIRS = 50
# The name of the first column whose number is too large; in JSON an infinite one is a text.
_TOO_LARGE = (
    f"$.keyvalue() ? (@.value > {MAX_ABSOLUTE_VALUE!r} || @.value < -{MAX_ABSOLUTE_VALUE!r} "
    '|| @.value == "Infinity" || @.value == "-Infinity").key'
)

Quote = Callable[[str], str]


@dataclass(frozen=True)
class Writer:
    """Writes SQL for the columns of one query; identifier and text quote names and values."""

    columns: Sequence[Column]  # in the order of the features
    identifier: Quote
    text: Quote

    def total(self, found: Sum) -> str:
        """A weighted sum."""
        terms = sorted(found.terms.items())
        lines = [number(found.constant), *(self._term(position, term) for position, term in terms)]
        total = "(" + "\n  + ".join(lines) + ")"
        doubtful = [
            self.columns[position]
            for position, term in terms
            if isinstance(term, Line) and self.columns[position].type not in _ALWAYS_PLAIN
        ]
        return self._refusing(total, doubtful) if doubtful else total

    def _refusing(self, total: str, columns: Sequence[Column]) -> str:
        """The same, or an error that names the column where a term was infinite.

        The error is a number that cannot be read: an expression has no other way to object, and
        only so can a view hold it that knows nothing of the engine. It stands there once for all
        columns: whoever asks for one row waits for the expression to be set up, not for its sums.
        """
        values = [f"{self.text(column.name)}, {self._number(column)}" for column in columns]
        held = " || ".join(
            f"jsonb_build_object({', '.join(values[start : start + MOST_PAIRS])})"
            for start in range(0, len(values), MOST_PAIRS)
        )
        name = f"jsonb_path_query_first({held}, {self.text(_TOO_LARGE)}) #>> '{{}}'"
        said = f"concat('Column ''', {name}, ''' holds an infinite or too large value')"
        return f"coalesce(nullif({total}, 'Infinity'), {said}::float8)"

    def _number(self, column: Column) -> str:
        return as_number(column, column.value(self.identifier))

    def _term(self, position: int, term: Line | Listed) -> str:
        column = self.columns[position]
        if isinstance(term, Line):
            return self._line(column, term)
        return self._listed(f'{column.value(self.identifier)}::text collate "C"', term)

    def _line(self, column: Column, line: Line) -> str:
        value = self._number(column)
        centre = line.centre if abs(line.centre) > _ALMOST_ZERO else _ALMOST_ZERO
        sloped = f"({value} - {number(centre)}) * {number(line.slope)}" if line.slope else "0"
        if column.type in _ALWAYS_PLAIN:
            if not line.slope:
                return f"case when {value} is null then {number(line.missing)} else 0 end"
            return f"coalesce({sloped}, {number(line.missing)})"
        limit = number(MAX_ABSOLUTE_VALUE)
        if column.type.startswith("numeric"):
            # Looked at as it is: making a float8 of it costs more than all the rest.
            value, limit = column.value(self.identifier), f"'{MAX_ABSOLUTE_VALUE!r}'::numeric"
        # NaN counts as missing; Postgres finds it larger than all numbers and equal to itself.
        return (
            f"case when abs({value}) <= {limit} then {sloped} "
            f"when {value} <> 'NaN' then 'Infinity' else {number(line.missing)} end"
        )

    def _listed(self, value: str, listed: Listed) -> str:
        told = {text: found for text, found in listed.numbers.items() if found != listed.other}
        if not told:
            found = number(listed.other)
        elif len(told) <= _MOST_QUESTIONS:
            cases = [f"when {self.text(text)} then {number(found)}" for text, found in told.items()]
            found = f"case {value} {' '.join(cases)} else {number(listed.other)} end"
        else:
            found = (
                f"coalesce(({self._search(told)} ->> ({value}))::float8, {number(listed.other)})"
            )
        if listed.missing == listed.other:
            return found
        return f"case when {value} is null then {number(listed.missing)} else {found} end"

    def _search(self, told: Mapping[str, float]) -> str:
        return f"{self.text(json.dumps(told, ensure_ascii=False))}::jsonb"


def number(value: float) -> str:
    """A number exactly as it is."""
    return f"'{float(value)!r}'::float8"
