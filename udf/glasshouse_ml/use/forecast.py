"""ml.forecast: the future of a trained forecast, without another fit."""

from collections.abc import Iterator

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import check_interrupts, interruptible
from glasshouse_ml.model.forecasting.calendar import from_facts
from glasshouse_ml.model.forecasting.calendar_features import calendar_features
from glasshouse_ml.model.forecasting.forecast_model import ForecastModel
from glasshouse_ml.model.forecasting.global_model import GlobalModel
from glasshouse_ml.model.forecasting.known_ahead import known_values
from glasshouse_ml.model.forecasting.panel import Panel
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use.forecast_rows import ForecastRows, read_forecast_rows

_GLOBAL = "global_boosting"

# Series, at, step, forecast, lower, upper, baseline.
Row = tuple[str, str, int, float, float, float, float]


def forecast(
    db: Database, model: str, horizon: int | None, known_ahead: str | None, version: int | None
) -> Iterator[Row]:
    """A row for each series and step, the series in the order of their names."""
    stored = registry.load_forecast(db, model, version)
    steps = stored.horizon if horizon is None else horizon
    if not 1 <= steps <= stored.horizon:
        raise GlasshouseError(
            f"The horizon is {steps}; model {model!r} was trained for 1 to {stored.horizon} steps.",
            f"Train it with options => '{{\"horizon\": {steps}, …}}'."
            if steps > 0
            else f"Give 1 to {stored.horizon}, or leave it out.",
        )
    with interruptible(db.check_interrupts):
        members = {}
        if known_ahead is not None:
            members = {_GLOBAL: _with_known(db, model, stored, known_ahead, steps)}
        elif stored.facts["needs_known"]:
            raise GlasshouseError(
                f"Model {model!r} needs {_known_ahead_names(stored)} of the steps ahead, "
                "which its training rows did not have.",
                "Give known_ahead => 'select …', or rows of the future with a target of NULL in "
                "the training query.",
            )
        for name, forecasts in zip(stored.facts["names"], stored.predictions(members), strict=True):
            check_interrupts()
            for step, at, value, lower, upper, baseline in forecasts[:steps]:
                yield name, at, step, value, lower, upper, baseline


def _known_ahead_names(stored: ForecastModel) -> str:
    return ", ".join(entry["name"] for entry in stored.facts["known"])


def _with_known(
    db: Database, model: str, stored: ForecastModel, query: str, steps: int
) -> np.ndarray:
    """The forecasts of the global model under the values of a query, of shape (series, periods)."""
    if stored.regressor is None:
        raise GlasshouseError(
            f"Model {model!r} takes no known_ahead: no series is answered by the global model on "
            "columns known ahead.",
            "Leave it out.",
        )
    known_values = _read_known(db, stored, query)
    # A step beyond those that are asked needs no value.
    known_values = np.where(np.isfinite(known_values), known_values, stored.future_values)
    _check_complete(stored, known_values, steps)
    look_back, periods = stored.tail.shape[1], stored.periods
    calendar = from_facts(stored.facts["calendar"])
    first, last = int(stored.ends.min()) + 1, int(stored.ends.max()) + periods
    features, names = calendar_features(
        calendar, np.arange(first, last + 1), stored.facts["holidays"]
    )
    places = stored.ends[:, None] + np.arange(1, periods + 1) - first
    future = np.concatenate([known_values, features[places]], axis=2)
    past = np.full((len(known_values), look_back, future.shape[2]), np.nan)
    panel = Panel(
        stored.facts["names"],
        stored.tail,
        np.isfinite(stored.tail),
        stored.ends,
        tuple(stored.facts["seasons"]),
        np.concatenate([past, future], axis=1),
        names,
    )
    return GlobalModel(stored.regressor).forecasts(panel, np.array([look_back]), periods)[0]


def _read_known(db: Database, stored: ForecastModel, query: str) -> np.ndarray:
    facts = stored.facts
    entries = {entry["name"]: entry for entry in facts["known"]}
    rows = read_forecast_rows(db, stored, query, list(entries), "The query of known_ahead")
    for name, entry in entries.items():
        column = rows.columns[name]
        if column.kind != entry["kind"]:
            raise GlasshouseError(
                f"Column {name!r} is of type {column.type}; in training it was {entry['type']}.",
                f"Cast it in the query to {entry['type']}.",
            )
    columns = {name: _numbers(rows, name, facts["levels"]) for name in entries}
    values = known_values(columns, rows.series, rows.numbers, stored.ends, 0, stored.periods)
    if stored.hierarchy:
        values = stored.hierarchy.add_means(values[len(stored.hierarchy.names) :])
    return values.astype(float)


def _numbers(rows: ForecastRows, name: str, levels: dict[str, list[str]]) -> np.ndarray:
    """The values of a column as in training: a text that training did not have is -1."""
    if rows.columns[name].numeric:
        return rows.table.numbers[name]
    codes = {level: float(code) for code, level in enumerate(levels[name])}
    texts = rows.table.texts[name].values()
    return np.array([np.nan if text is None else codes.get(text, -1.0) for text in texts])


def _check_complete(stored: ForecastModel, known_values: np.ndarray, steps: int) -> None:
    calendar = from_facts(stored.facts["calendar"])
    is_step = calendar.is_step(stored.ends, steps)[:, : stored.periods]
    is_missing = ~np.isfinite(known_values[:, : is_step.shape[1]]) & is_step[:, :, None]
    missing = np.argwhere(is_missing)
    if not len(missing):
        return
    series, step, column = missing[0]
    at = calendar.instants(stored.ends[series : series + 1] + step + 1)[0]
    raise GlasshouseError(
        f"known_ahead has no {stored.facts['known'][column]['name']} of series "
        f"{stored.facts['names'][series]!r} at {at} ({len(missing)} values are missing).",
        "Give a row for each series and step, or a smaller horizon.",
    )
