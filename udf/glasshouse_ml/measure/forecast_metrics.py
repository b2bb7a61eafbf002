"""Metrics of forecasts and of their intervals, over the rows of series and steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.split import ResamplingUnits


@dataclass(frozen=True)
class ForecastScores:
    """Forecasts beside the truth, a row for each series and step.

    Attributes
    ----------
    actual, forecast, lower, upper : ndarray of shape (rows,)
    scale : ndarray of shape (rows,)
        The mean absolute error of the seasonal naive rule in the history of the row's series; NaN
        where it is 0.
    level : float
        The share of the truth that the interval is meant to hold.
    series, step : ndarray of shape (rows,)
        The position of the series, and the step from 1.
    """

    actual: np.ndarray
    forecast: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    scale: np.ndarray
    level: float
    series: np.ndarray
    step: np.ndarray

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of a forecast; those of the interval only where there is one."""
        if np.isfinite(self.lower).any():
            return METRICS
        return {n: m for n, m in METRICS.items() if n not in INTERVAL_METRICS}

    def take(self, rows: np.ndarray) -> "ForecastScores":
        """The same for some of the rows, given by a mask or by positions."""
        names = ("actual", "forecast", "lower", "upper", "scale", "series", "step")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def proportions(self) -> dict[str, tuple[int, int]]:
        """None: the rows of a series resemble one another; Wilson's interval would be short."""
        return {}

    @property
    def errors(self) -> np.ndarray:
        """Forecast less truth."""
        return self.forecast - self.actual


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, np.where(bottom > 0, bottom, np.nan))


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    present = np.isfinite(values)
    return _ratio(weights @ np.where(present, values, 0.0), weights @ present.astype(float))


def _mase(rows: ForecastScores, weights: np.ndarray) -> np.ndarray:
    return _mean(np.abs(rows.errors) / rows.scale, weights)


def _wape(rows: ForecastScores, weights: np.ndarray) -> np.ndarray:
    return _ratio(weights @ np.abs(rows.errors), weights @ np.abs(rows.actual))


def _mae(rows: ForecastScores, weights: np.ndarray) -> np.ndarray:
    return _mean(np.abs(rows.errors), weights)


def _rmse(rows: ForecastScores, weights: np.ndarray) -> np.ndarray:
    return np.sqrt(_mean(rows.errors**2, weights))


def _bias(rows: ForecastScores, weights: np.ndarray) -> np.ndarray:
    return _ratio(weights @ rows.errors, weights @ np.abs(rows.actual))


def _quantile_loss(rows: ForecastScores, weights: np.ndarray) -> np.ndarray:
    """The mean pinball loss of both ends, by the mean absolute truth."""
    tail = (1 - rows.level) / 2
    loss = np.zeros(len(rows.actual))
    for end, share in ((rows.lower, tail), (rows.upper, 1 - tail)):
        distance = rows.actual - end
        loss += np.maximum(share * distance, (share - 1) * distance) / 2
    return _ratio(weights @ loss, weights @ np.abs(rows.actual))


def _coverage(rows: ForecastScores, weights: np.ndarray) -> np.ndarray:
    inside = (rows.actual >= rows.lower) & (rows.actual <= rows.upper)
    return _mean(inside.astype(float), weights)


def _width(rows: ForecastScores, weights: np.ndarray) -> np.ndarray:
    return _ratio(weights @ (rows.upper - rows.lower), weights @ np.abs(rows.actual))


INTERVAL_METRICS = ("interval_coverage", "relative_interval_width", "quantile_loss")


def _relative(name: str, measure: Callable[[ForecastScores, np.ndarray], np.ndarray]) -> Metric:
    """A metric by the sum of the absolute truth."""
    return Metric(
        name,
        measure,
        higher_is_better=False,
        undefined_where="the truth is 0 in every row",
        alternatives="mae or rmse",
    )


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "mase",
            _mase,
            higher_is_better=False,
            undefined_where="every series repeats itself each season",
            alternatives="mae or rmse",
        ),
        _relative("wape", _wape),
        Metric("mae", _mae, higher_is_better=False),
        Metric("rmse", _rmse, higher_is_better=False),
        _relative("bias", _bias),
        _relative("quantile_loss", _quantile_loss),
        Metric("interval_coverage", _coverage),
        _relative("relative_interval_width", _width),
    )
}
# The metrics by which candidates can be compared.
DEFAULT = "mase"
DECIDING = (DEFAULT, "wape", "mae", "rmse")


def resampling_units(scores: ForecastScores, season: int) -> ResamplingUnits:
    """What the bootstrap draws: whole series, or of a single series blocks of a season."""
    series, codes = np.unique(scores.series, return_inverse=True)
    if len(series) > 1:
        return ResamplingUnits(codes)
    steps, codes = np.unique(scores.step, return_inverse=True)
    return ResamplingUnits(codes, max(1, min(season, len(steps) // 2)))
