"""The arguments of ml.drivers, checked against the columns of the query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names, shown
from glasshouse_ml.core.json_arguments import json_object
from glasshouse_ml.core.table import BOOLEAN, NUMBER, Column
from glasshouse_ml.core.validation import check_keys, is_number, is_whole_number
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.query_text import clean_query
from glasshouse_ml.data.row_reader import read_columns
from glasshouse_ml.use.drivers.metric_expression import (
    DISTINCT,
    SUM,
    MetricExpression,
    parse_metric,
)

# The sets of dimensions grow with the power of the order: 12 dimensions have 298 sets up to 3.
MAX_DIMENSIONS, MAX_ORDER = 12, 4
DEFAULTS: dict[str, Any] = {"max_order": 3, "min_support": 0.02, "prune": True}
MIN_SUPPORT = 0.001


@dataclass(frozen=True)
class DriversRequest:
    """What to compare, and how far to search."""

    query: str
    metric: MetricExpression
    metric_columns: dict[str, Column]  # by name
    is_test: Column
    dimensions: Sequence[Column]
    max_order: int
    min_support: float
    prune: bool


def parse_request(
    db: Database,
    query: str,
    metric: str,
    is_test: str,
    dimensions: Sequence[str] | None,
    options: str | None,
) -> DriversRequest:
    """The request that the arguments make; no row is read."""
    expression = parse_metric(metric)
    values = _options(json_object(options, "options"))
    query = clean_query(query)
    columns = {column.name: column for column in read_columns(db, query)}
    metric_columns = {
        term.column: _column(columns, term.column, "the metric")
        for term in expression.terms
        if term.column is not None
    }
    for term in expression.terms:
        if term.function == SUM:
            _check_summable(metric_columns[str(term.column)])
        if term.function == DISTINCT and metric_columns[str(term.column)].kind is None:
            raise GlasshouseError(
                f"Values of column {term.column!r}, of type "
                f"{metric_columns[str(term.column)].type}, cannot be compared.",
                "Cast it to text in the query.",
            )
    flag = _column(columns, is_test, "is_test")
    if flag.kind != BOOLEAN:
        raise GlasshouseError(
            f"Column {is_test!r} is of type {flag.type}; is_test names a boolean column.",
            "Write a condition in the query, for example month = '2011-11-01' as is_test.",
        )
    chosen = _dimensions(columns, dimensions, is_test)
    return DriversRequest(query, expression, metric_columns, flag, chosen, **values)


def _options(options: dict[str, Any]) -> dict[str, Any]:
    check_keys(options, DEFAULTS, "options")
    values = {**DEFAULTS, **options}
    order, support = values["max_order"], values["min_support"]
    if not is_whole_number(order) or not 1 <= order <= MAX_ORDER:
        raise GlasshouseError(
            f"options.max_order is {shown(order)}.", f"Give a whole number from 1 to {MAX_ORDER}."
        )
    if not is_number(support) or not MIN_SUPPORT <= support <= 1:
        raise GlasshouseError(
            f"options.min_support is {shown(support)}.",
            f"Give a share of the rows from {MIN_SUPPORT} to 1.",
        )
    if not isinstance(values["prune"], bool):
        raise GlasshouseError(f"options.prune is {shown(values['prune'])}.", "Give true or false.")
    return values


def _column(columns: dict[str, Column], name: str | None, place: str) -> Column:
    if name is None or name not in columns:
        raise GlasshouseError(
            f"The query returns no column {name!r}, which {place} names.",
            near_names(str(name), columns),
        )
    return columns[name]


def _check_summable(column: Column) -> None:
    if column.kind not in (NUMBER, BOOLEAN):
        raise GlasshouseError(
            f"Column {column.name!r} is of type {column.type}; the metric needs a number.",
            "Cast it in the query.",
        )


def _dimensions(
    columns: dict[str, Column], names: Sequence[str] | None, is_test: str
) -> Sequence[Column]:
    if not names or not all(isinstance(name, str) for name in names):
        raise GlasshouseError(
            "There is no dimension.", "Name columns: dimensions => array['country', 'channel']."
        )
    if len(names) > MAX_DIMENSIONS:
        raise GlasshouseError(
            f"There are {len(names)} dimensions; {MAX_DIMENSIONS} are the most.",
            "Leave out those that say the same as another.",
        )
    for position, name in enumerate(names):
        if name in names[:position]:
            raise GlasshouseError(f"Dimension {name!r} is named twice.", "Name it once.")
        if name == is_test:
            raise GlasshouseError(
                f"Dimension {name!r} is the column that says which rows are the test set.",
                "Leave it out of the dimensions.",
            )
        if _column(columns, name, "dimensions").kind is None:
            raise GlasshouseError(
                f"Column {name!r} is of type {columns[name].type}, which is no dimension.",
                "Texts, numbers, booleans, dates and times are.",
            )
    return [columns[name] for name in names]
