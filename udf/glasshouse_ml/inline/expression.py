"""The sums of a form as SQL expressions over the columns of `rows`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from glasshouse_ml.encoding import LARGEST
from glasshouse_ml.inline.sums import Sum
from glasshouse_ml.inline.terms import Line, Listed
from glasshouse_ml.packing import as_number
from glasshouse_ml.table import Column

# Types that hold no NaN and nothing beyond LARGEST need not be looked at.
_ALWAYS_PLAIN = {"smallint", "integer", "bigint", "boolean"}
# Beyond this many a search in a sorted list is faster than a question after the other.
_MOST_QUESTIONS = 16
# A difference from it is never so small that a product with it vanishes, which Postgres refuses.
_ALMOST_ZERO = 1e-200

Quote = Callable[[str], str]


@dataclass(frozen=True)
class Writer:
    """Writes SQL for the columns of one query; identifier and text quote names and values."""

    columns: Sequence[Column]  # in the order of the features
    identifier: Quote
    text: Quote

    def total(self, found: Sum) -> str:
        """A weighted sum."""
        terms = [self._term(position, term) for position, term in sorted(found.terms.items())]
        lines = "\n  + ".join([number(found.constant), *terms])
        return f"({lines})"

    def _term(self, position: int, term: Line | Listed) -> str:
        column = self.columns[position]
        name = column.value(self.identifier)
        if isinstance(term, Line):
            return self._line(column, as_number(column, name), term)
        return self._listed(f'{name}::text collate "C"', term)

    def _line(self, column: Column, value: str, line: Line) -> str:
        centre = line.centre if abs(line.centre) > _ALMOST_ZERO else _ALMOST_ZERO
        sloped = f"({value} - {number(centre)}) * {number(line.slope)}" if line.slope else "0"
        if column.type in _ALWAYS_PLAIN:
            if not line.slope:
                return f"case when {value} is null then {number(line.missing)} else 0 end"
            return f"coalesce({sloped}, {number(line.missing)})"
        # The refusal is a number that cannot be read: an expression has no other way to object,
        # and only so can a view hold it that knows nothing of the engine.
        refusal = self.text(f"Column {column.name!r} holds an infinite or too large value: ")
        return (
            f"case when abs({value}) <= {number(LARGEST)} then {sloped} "
            f"when {value} is null or {value} = 'NaN' then {number(line.missing)} "
            f"else ({refusal} || {value})::float8 end"
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
