"""ml.drivers: which slices of the rows explain the change of a metric between two sets of rows."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.records import json_number
from glasshouse_ml.data.canonical_text import depends_on_settings
from glasshouse_ml.data.database import Database
from glasshouse_ml.use.drivers.counting import count_slices
from glasshouse_ml.use.drivers.frequent_values import Population, find_frequent_values
from glasshouse_ml.use.drivers.request import DriversRequest, parse_request
from glasshouse_ml.use.drivers.slices import measure_slices, redundant, slice_text

DriverRow = tuple[Any, ...]


def drivers(
    db: Database,
    query: str,
    metric: str,
    is_test: str,
    dimensions: Sequence[str] | None,
    options: str | None,
) -> list[DriverRow]:
    """A row for all rows, then one for each slice, by the size of its contribution."""
    request = parse_request(db, query, metric, is_test, dimensions, options)
    is_text_changed = any(map(depends_on_settings, request.dimensions))
    changed_settings = db.changed_settings() if is_text_changed else frozenset()
    population = find_frequent_values(db, request, changed_settings)
    _check_population(db, request, population)
    counts = count_slices(db, request, population, changed_settings)
    is_ratio, is_distinct = request.metric.denominator is not None, request.metric.is_distinct
    measures = measure_slices(counts, is_ratio, is_distinct)
    is_shown = np.ones(len(counts.conditions), bool)
    if request.prune:
        is_shown = ~redundant(counts, is_ratio, is_distinct)
    searched, shown = len(is_shown) - 1, int(is_shown.sum()) - 1
    db.notice(
        f"Compared {searched} slices with at least {request.min_support:g} of the rows of either "
        f"set; {searched - shown} that say no more than a wider one are left out."
    )
    names = [column.name for column in request.dimensions]
    rows = []
    for place in np.flatnonzero(is_shown):
        conditions = counts.conditions[place]
        control, test = measures.value[place]
        row = (
            slice_text(conditions, names),
            json.dumps({names[at]: value for at, value in conditions}),
            len(conditions),
            *map(json_number, (control, test, test - control)),
            json_number(measures.contribution[place]),
            json_number(measures.unexpected[place]),
            json_number(measures.support[place]),
            json_number(measures.p_value[place]),
            *(int(n) for n in counts.moments[place, :, 0]),
        )
        rows.append((place > 0, -abs(np.nan_to_num(measures.contribution[place])), place, row))
    return [row for *_, row in sorted(rows, key=lambda entry: entry[:3])]


def _check_population(db: Database, request: DriversRequest, population: Population) -> None:
    name = request.is_test.name
    if not population.control + population.test + population.unassigned:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    if not population.control or not population.test:
        value = "false" if population.test else "true"
        raise GlasshouseError(
            f"Column {name!r} is {value} in no row: there is nothing to compare.",
            "Return the rows of both sets; the column says which are the test set.",
        )
    if population.unassigned:
        db.notice(f"Left out {count_rows(population.unassigned)} whose {name} is NULL.")
    empty = [d.column.name for d in population.dimensions if not d.values and not d.has_null]
    if empty:
        db.notice(
            f"No value of {', '.join(map(repr, empty))} reaches the support of "
            f"{request.min_support:g}: group the values in the query, or lower min_support."
        )
