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
    weights: np.ndarray | None = None

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The measures of a regression; errors in proportion where nothing is below zero."""
        if self.actual.min() >= 0:
            return METRICS
        return {name: metric for name, metric in METRICS.items() if name != "rmsle"}

    @property
    def scores(self) -> np.ndarray:
        """What ml.predict gives as the score: the number itself."""
        return self.predicted

    def take(self, rows: np.ndarray) -> "RegressionScores":
        """Some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return RegressionScores(self.actual[rows], self.predicted[rows], weights)

    def proportions(self) -> dict[str, tuple[int, int]]:
        """No measure of a regression counts rows."""
        return {}

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
