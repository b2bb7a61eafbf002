"""Rows that are read for a trained forecast: their series and their steps after its history."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.table import Column, Table
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.query_text import clean_query
from glasshouse_ml.data.row_reader import Reader, read_columns
from glasshouse_ml.model.forecasting.calendar import from_facts
from glasshouse_ml.model.forecasting.forecast_model import ForecastModel

_DAY_SECONDS = 86_400
_SEPARATOR = " / "


@dataclass(frozen=True)
class ForecastRows:
    """The rows of a query.

    Attributes
    ----------
    table : Table
        The columns that were asked for.
    columns : dict
        All columns of the query by name.
    series : ndarray of shape (rows,)
        The position of the series; -1 for rows of no series or period of the model.
    numbers : ndarray of shape (rows,)
        The number of the period.
    """

    table: Table
    columns: dict[str, Column]
    series: np.ndarray
    numbers: np.ndarray


def read_forecast_rows(
    db: Database, stored: ForecastModel, query: str, names: Sequence[str], place: str
) -> ForecastRows:
    """Read the time, the series and some more columns of a query; `place` names it in errors."""
    facts, query = stored.facts, clean_query(query)
    columns = {column.name: column for column in read_columns(db, query)}
    for name in (facts["time"], *facts["series"], *names):
        if name not in columns:
            raise GlasshouseError(f"{place} returns no column {name!r}.", near_names(name, columns))
    time = columns[facts["time"]]
    if time.type != facts["time_type"]:
        raise GlasshouseError(
            f"Column {time.name!r} is of type {time.type}; in training it was "
            f"{facts['time_type']}.",
            f"Cast it in the query to {facts['time_type']}.",
        )
    known_columns = [columns[name] for name in names]
    numbers = [time, *(column for column in known_columns if column.numeric)]
    texts = [columns[name] for name in facts["series"]]
    texts += [column for column in known_columns if not column.numeric]
    table = Reader(db, query, numbers, texts).table()
    times = table.numbers[time.name] * _DAY_SECONDS
    if not np.isfinite(times).all():
        raise GlasshouseError(
            f"Column {time.name!r} holds NULL or infinity.",
            f"Leave those rows out: where isfinite({time.name}).",
        )
    calendar = from_facts(facts["calendar"])
    local = calendar.local(np.round(times, 3))
    series = np.where(calendar.includes(local), _series(stored, table), -1)
    return ForecastRows(table, columns, series, calendar.numbers(local))


def _series(stored: ForecastModel, table: Table) -> np.ndarray:
    columns = stored.facts["series"]
    if not columns:
        return np.zeros(table.rows, np.int64)
    positions = {name: position for position, name in enumerate(stored.facts["names"])}
    values = [table.texts[name].values() for name in columns]
    names = (_SEPARATOR.join(map(str, row)) for row in zip(*values, strict=True))
    return np.array([positions.get(name, -1) for name in names], np.int64)
