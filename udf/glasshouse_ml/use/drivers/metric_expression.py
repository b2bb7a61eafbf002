"""The metric of ml.drivers: a text such as 'sum(amount)', parsed and never executed as it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from glasshouse_ml.core.errors import GlasshouseError, shown

SUM, COUNT, DISTINCT = "sum", "count", "count distinct"
_TOKEN = re.compile(r"\s*(?:(?P<quoted>\"(?:[^\"]|\"\")+\")|(?P<name>[^\W\d][\w$]*)|(?P<sign>\S))")
_FORMS = (
    "Write sum(column), count(*), count(column), avg(column), count(distinct column), or two sums "
    "or counts with / between them; the query can compute anything else as a column."
)


@dataclass(frozen=True)
class Term:
    """A sum of a column, a count of rows (column None), of values, or of distinct values."""

    function: str
    column: str | None


@dataclass(frozen=True)
class MetricExpression:
    """One term, or one divided by another."""

    numerator: Term
    denominator: Term | None = None

    @property
    def is_distinct(self) -> bool:
        """Whether it counts distinct values, which does not add up over slices."""
        return self.numerator.function == DISTINCT

    @property
    def terms(self) -> tuple[Term, ...]:
        """Numerator and denominator."""
        return (self.numerator, self.denominator) if self.denominator else (self.numerator,)


def parse_metric(text: str | None) -> MetricExpression:
    """The expression that a text names.

    Names without quotes are folded to lower case, as in SQL.
    """
    if not text or not text.strip():
        raise GlasshouseError("The metric is missing.", _FORMS)
    parser = _Parser(text)
    expression = parser.term()
    if parser.accepts("/"):
        second = parser.term()
        for term in (expression, second):
            if term.denominator or term.is_distinct:
                raise GlasshouseError(
                    f"The metric {shown(text)} divides or is divided by an average or a count of "
                    "distinct values.",
                    _FORMS,
                )
        expression = MetricExpression(expression.numerator, second.numerator)
    parser.expect_end()
    return expression


class _Parser:
    """Reads one token after another."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: Sequence[re.Match[str]] = list(_TOKEN.finditer(text.rstrip()))
        self.position = 0

    def term(self) -> MetricExpression:
        """A function and its argument; avg is a sum by a count."""
        function = self._word()
        if function not in ("sum", "count", "avg"):
            raise self._error()
        self.position += 1
        self._expect("(")
        if function == "count" and self.accepts("*"):
            self._expect(")")
            return MetricExpression(Term(COUNT, None))
        # A column may be named distinct: then a bracket follows.
        is_distinct = function == "count" and self._word() == "distinct" and self._peek(1) != ")"
        self.position += is_distinct
        column = self._column()
        self._expect(")")
        if function == "avg":
            return MetricExpression(Term(SUM, column), Term(COUNT, column))
        return MetricExpression(Term(DISTINCT if is_distinct else function, column))

    def accepts(self, sign: str) -> bool:
        """Whether the next token is this sign, which is then read."""
        matches = self._peek() == sign
        self.position += matches
        return matches

    def expect_end(self) -> None:
        """Refuse what follows."""
        if self.position < len(self.tokens):
            raise self._error()

    def _expect(self, sign: str) -> None:
        if not self.accepts(sign):
            raise self._error()

    def _peek(self, ahead: int = 0) -> str | None:
        place = self.position + ahead
        return self.tokens[place]["sign"] if place < len(self.tokens) else None

    def _word(self) -> str | None:
        if self.position >= len(self.tokens):
            return None
        name = self.tokens[self.position]["name"]
        return name.lower() if name else None

    def _column(self) -> str:
        name = self._word()
        if name is None and self.position < len(self.tokens):
            quoted = self.tokens[self.position]["quoted"]
            name = quoted[1:-1].replace('""', '"') if quoted else None
        if name is None:
            raise self._error()
        self.position += 1
        return name

    def _error(self) -> GlasshouseError:
        if self.position >= len(self.tokens):
            return GlasshouseError(f"The metric {shown(self.text)} ends too early.", _FORMS)
        token = self.tokens[self.position]
        place = token.start() + len(token[0]) - len(token[0].lstrip()) + 1
        return GlasshouseError(
            f"The metric {shown(self.text)} cannot be read from letter {place} on.", _FORMS
        )
