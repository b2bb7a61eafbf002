"""Forecasts of one origin beside the truth, within what the target can be."""

import numpy as np

from glasshouse_ml.measure.forecast_metrics import ForecastScores
from glasshouse_ml.model.forecasting.conformal import Offsets
from glasshouse_ml.model.forecasting.forecast_model import bounded
from glasshouse_ml.model.forecasting.hierarchy import Hierarchy
from glasshouse_ml.model.forecasting.panel import Panel

# Below this mean absolute value whole numbers count rare events, whose expectation has decimals.
_MIN_WHOLE = 10


def origin_scores(
    panel: Panel,
    place: int,
    forecasts: np.ndarray,
    truth: np.ndarray,
    offsets: Offsets | None,
    scale: np.ndarray,
    level: float,
    hierarchy: Hierarchy | None = None,
) -> ForecastScores:
    """The rows of one origin in which the truth is known."""
    forecast, actual = forecasts[place], truth[place]
    none = np.full(forecast.shape, np.nan)
    lower, upper = (forecast + offsets.lower, forecast + offsets.upper) if offsets else (none, none)
    bounds = (*target_bounds(panel.history), hierarchy)
    if offsets:
        forecast, lower, upper = bounded(forecast, lower, upper, *bounds)
    else:
        forecast, _, _ = bounded(forecast, forecast, forecast, *bounds)
    series, step = np.indices(actual.shape)
    is_present = np.isfinite(actual) & np.isfinite(forecast)
    return ForecastScores(
        actual[is_present],
        forecast[is_present],
        lower[is_present],
        upper[is_present],
        scale[series[is_present]],
        level,
        series[is_present],
        step[is_present] + 1,
    )


def target_bounds(history: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each series whether it is never below 0, and whether its answers are whole numbers."""
    present = np.isfinite(history)
    values = np.where(present, history, 0.0)
    is_whole = (values == np.rint(values)).all(axis=1)
    mean = np.abs(values).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    return (values >= 0).all(axis=1), is_whole & (mean >= _MIN_WHOLE)
