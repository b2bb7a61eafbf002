"""ml.evaluate for a forecast: its answers beside the values that have come since."""

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database
from glasshouse_ml.measure.forecast_metrics import ForecastScores
from glasshouse_ml.model.forecasting.calendar import from_facts
from glasshouse_ml.model.forecasting.forecast_model import ForecastModel
from glasshouse_ml.use.forecast_rows import read_forecast_rows

# The name of the task.
FORECAST = "forecast"


def score_forecast(
    db: Database, stored: ForecastModel, query: str, target: str, model: str
) -> tuple[ForecastScores, ForecastScores]:
    """The forecast and the seasonal naive rule, in the steps for which the query has values."""
    if stored.facts["needs_known"]:
        raise GlasshouseError(
            f"Model {model!r} keeps no forecast of its own, because it was trained without the "
            "columns known ahead of the future.",
            "Train it with rows of the future whose target is NULL.",
        )
    rows = read_forecast_rows(db, stored, query, [target], "The query")
    if not rows.columns[target].numeric:
        raise GlasshouseError(
            f"Target column {target!r} is of type {rows.columns[target].type}.",
            "Cast it in the query to a number.",
        )
    actual = rows.table.numbers[target]
    ahead = rows.numbers - stored.ends[np.maximum(rows.series, 0)]
    calendar = from_facts(stored.facts["calendar"])
    is_step = calendar.is_step(stored.ends, stored.horizon)[:, : stored.periods]
    is_measured = (rows.series >= 0) & np.isfinite(actual)
    is_measured &= (ahead >= 1) & (ahead <= is_step.shape[1])
    is_measured[is_measured] = is_step[rows.series[is_measured], ahead[is_measured] - 1]
    if not is_measured.any():
        last = calendar.instants(stored.ends.max(keepdims=True))[0]
        raise GlasshouseError(
            f"The query returns no value of the {stored.horizon} steps that model {model!r} "
            f"forecasts: its history ends at {last}.",
            "Give rows that came after the training, with the same names of series.",
        )
    series, period = rows.series[is_measured], ahead[is_measured] - 1
    scale = np.array(stored.facts["scale"], float)[series]
    none = np.full(len(series), np.nan)

    def scores(forecast: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> ForecastScores:
        level = stored.facts["level"]
        return ForecastScores(
            actual[is_measured], forecast, lower, upper, scale, level, series, period + 1
        )

    forecast, lower, upper = (values[series, period] for values in stored.intervals())
    return scores(forecast, lower, upper), scores(stored.baseline[series, period], none, none)
