"""Measures of quality for regression, each for many weightings of the same rows at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glasshouse_ml.core.metric import Metric


@dataclass(frozen=True)
class RegressionScores:
    """Rows with the number they have and the number they were given."""

    actual: np.ndarray
    predicted: np.ndarray
    # The bounds of the prediction interval, where the model has one.
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The measures of a regression; errors in proportion where nothing is below zero."""
        metrics = METRICS if self.lower is None else {**METRICS, **INTERVAL_METRICS}
        if self.actual.min() >= 0:
            return metrics
        return {name: metric for name, metric in metrics.items() if name != "rmsle"}

    @property
    def scores(self) -> np.ndarray:
        """What ml.predict gives as the score: the number itself."""
        return self.predicted

    def take(self, rows: np.ndarray) -> "RegressionScores":
        """Some of the rows."""
        bounds = (self.lower, self.upper, self.weights)
        lower, upper, weights = (None if b is None else b[rows] for b in bounds)
        return RegressionScores(self.actual[rows], self.predicted[rows], lower, upper, weights)

    def proportions(self) -> dict[str, tuple[int, int]]:
        """The rows within their bounds; none with weights."""
        if self.lower is None or self.upper is None or self.weights is not None:
            return {}
        return {"interval_coverage": (int(self.is_covered.sum()), len(self.actual))}

    @cached_property
    def is_covered(self) -> np.ndarray:
        """Whether the true number lies within the bounds, for each row that has bounds."""
        if self.lower is None or self.upper is None:
            return np.full(len(self.actual), np.nan)
        return (self.lower <= self.actual) & (self.actual <= self.upper)

    @cached_property
    def errors(self) -> np.ndarray:
        """How far off each answer is."""
        return np.abs(self.actual - self.predicted)

    @cached_property
    def by_error(self) -> np.ndarray:
        """The rows from the smallest error to the largest."""
        return np.argsort(self.errors, kind="stable")


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ values / weights.sum(axis=1)


def _rmse(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    return np.sqrt(_mean(rows.errors**2, weights))


def _mae(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    return _mean(rows.errors, weights)


def _median_absolute_error(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    """Weights are how often a row was drawn: the middle of the rows written out that often.

    With weights of rows it is the least error up to which half of the weight lies.
    """
    ends = np.cumsum(weights[:, rows.by_error], axis=1)
    ranked, count = rows.errors[rows.by_error], ends[:, -1:]
    if rows.weights is not None:
        return ranked[(ends < count / 2).sum(axis=1)]
    lower = (ends <= (count - 1) // 2).sum(axis=1)
    upper = (ends <= count // 2).sum(axis=1)
    return (ranked[lower] + ranked[upper]) / 2


def _mape(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    # A row whose true number is 0 has no error in per cent, so there is no mean of them.
    return _mean(rows.errors / np.where(rows.actual == 0, np.nan, np.abs(rows.actual)), weights)


def _wape(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    return weights @ rows.errors / (weights @ np.abs(rows.actual))


def _r2(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    # Around the overall mean first, or the difference of two huge sums would lose its digits.
    differences = rows.actual - rows.actual.mean()
    variance = _mean(differences**2, weights) - _mean(differences, weights) ** 2
    return 1.0 - _mean(rows.errors**2, weights) / np.where(variance > 0, variance, np.nan)


def _pinball(quantile: float) -> Callable[[RegressionScores, np.ndarray], np.ndarray]:
    """Least where a share of `quantile` of the rows lies below what is predicted.

    At one half it is half of the mean absolute error (Koenker and Bassett, Econometrica 46, 1978).
    """

    def pinball_loss(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
        differences = rows.actual - rows.predicted
        return _mean(np.maximum(quantile * differences, (quantile - 1) * differences), weights)

    return pinball_loss


# For models of a low and of a high quantile: what the answers should seldom fall below or exceed.
PINBALLS = {"pinball_10": 0.1, "pinball_90": 0.9}


def _rmsle(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    """Errors in proportion; an answer below 0, which has no logarithm, counts as 0."""
    if rows.actual.min() < 0:
        return np.full(len(weights), np.nan)
    differences = np.log1p(rows.actual) - np.log1p(np.maximum(rows.predicted, 0.0))
    return np.sqrt(_mean(differences**2, weights))


def _interval_coverage(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    """The share of the rows within their bounds; NaN without bounds."""
    return _mean(rows.is_covered.astype(float), weights)


def _interval_width(rows: RegressionScores, weights: np.ndarray) -> np.ndarray:
    if rows.lower is None or rows.upper is None:
        return np.full(len(weights), np.nan)
    return _mean(rows.upper - rows.lower, weights)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("rmse", _rmse, higher_is_better=False),
        Metric("mae", _mae, higher_is_better=False),
        Metric("median_absolute_error", _median_absolute_error, higher_is_better=False),
        Metric(
            "mape",
            _mape,
            higher_is_better=False,
            undefined_where="the target is 0 in any row",
            alternatives="wape or mae",
        ),
        Metric(
            "wape",
            _wape,
            higher_is_better=False,
            undefined_where="the target is 0 in every row",
            alternatives="mae or rmse",
        ),
        Metric(
            "r2",
            _r2,
            undefined_where="the target is the same in every row",
            alternatives="rmse or mae",
        ),
        *(Metric(name, _pinball(q), higher_is_better=False) for name, q in PINBALLS.items()),
        Metric(
            "rmsle",
            _rmsle,
            higher_is_better=False,
            undefined_where="the target is below 0 in any row",
            alternatives="rmse or mae",
        ),
    )
}
# Of a model with an interval; no candidate is chosen by them.
INTERVAL_METRICS = {
    metric.name: metric
    for metric in (
        Metric("interval_coverage", _interval_coverage),
        Metric("interval_width", _interval_width, higher_is_better=False),
    )
}
