"""Estimates metrics of predictions whose truth is not known yet, with 95 % intervals.

Classification (confidence-based performance estimation, as in NannyML): if the probabilities are
calibrated, each row is positive with its probability, so a metric can be computed on drawn classes.
The calibration curve of the test rows corrects the probabilities. Regression: the error of a row is
drawn from the test rows with a similar prediction.

Each draw also draws the calibration curve, or the test errors, anew. The interval therefore covers
both sources of chance: which rows turn out positive, and how well few test rows measure the errors.
It assumes that the relation between inputs and truth has not changed since the test; only the
realised value shows such a change (concept drift).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.measure.regression_metrics import RegressionScores

DRAWS = 200
# Draws are made in blocks, so that memory is bounded.
_CELLS = 2_000_000
_ERROR_GROUPS = 10
_NEWTON_STEPS = 10

Estimate = tuple[float, float, float]


@dataclass(frozen=True)
class CalibrationCurve:
    """Mean probability, share of positive rows and number of rows, by group of test rows."""

    predicted: np.ndarray
    observed: np.ndarray
    rows: np.ndarray

    def draw(self, rng: np.random.Generator, probabilities: np.ndarray) -> np.ndarray:
        """Corrected probabilities, with a curve that these test rows make plausible.

        The correction is a logistic regression on the log odds (Platt, 1999). A normal prior of its
        coefficients, around no correction, keeps it defined where the test rows separate.
        """
        if not len(self.rows):
            return probabilities
        positive = self.observed * self.rows
        # The posterior of each share under Jeffreys' prior.
        shares = rng.beta(positive + 0.5, self.rows - positive + 0.5)
        terms = np.column_stack([np.ones(len(shares)), _log_odds(self.predicted)])
        coefficients = np.array([0.0, 1.0])
        for _ in range(_NEWTON_STEPS):
            fitted = expit(terms @ coefficients)
            weights = self.rows * fitted * (1 - fitted)
            gradient = terms.T @ (self.rows * (shares - fitted)) - (coefficients - [0.0, 1.0])
            step = np.linalg.solve((terms.T * weights) @ terms + np.eye(2), gradient)
            coefficients = coefficients + np.clip(step, -1, 1)
        return expit(coefficients[0] + max(coefficients[1], 0.0) * _log_odds(probabilities))


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    return logit(np.clip(probabilities, 1e-6, 1 - 1e-6))


def estimate_classification(
    probabilities: np.ndarray, threshold: float, curve: CalibrationCurve, seed: int = 0
) -> dict[str, Estimate]:
    """Each metric of two classes: estimate, lower and upper bound.

    Parameters
    ----------
    probabilities : ndarray of shape (rows,)
        The probability of the positive class, as predicted.
    threshold : float
        From this probability on a row is predicted positive.
    curve : CalibrationCurve
        Of the test rows.
    seed : int
        Of the draws.
    """
    rows = len(probabilities)
    both = np.column_stack([1 - probabilities, probabilities])
    # Every row once as negative and once as positive; the weights say which of the two it is.
    scores = ClassificationScores(
        np.repeat([0, 1], rows), np.concatenate([both, both]), threshold=threshold
    )
    rng = np.random.default_rng(seed)

    def blocks() -> Iterator[np.ndarray]:
        for count in _block_sizes(2 * rows):
            positive = np.array(
                [rng.random(rows) < curve.draw(rng, probabilities) for _ in range(count)]
            )
            yield np.concatenate([~positive, positive], axis=1).astype(float)

    return _summarise(scores, blocks())


def estimate_regression(
    predictions: np.ndarray, test_predictions: np.ndarray, test_actual: np.ndarray, seed: int = 0
) -> dict[str, Estimate]:
    """Each metric of a regression: estimate, lower and upper bound; (rows,) and (test rows,)."""
    rng = np.random.default_rng(seed)
    errors = test_actual - test_predictions
    edges = np.quantile(test_predictions, np.linspace(0, 1, _ERROR_GROUPS + 1)[1:-1])
    group = np.searchsorted(edges, predictions)
    test_group = np.searchsorted(edges, test_predictions)
    values: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        check_interrupts()
        actual = predictions.copy()
        for each in np.unique(group):
            pool = errors[test_group == each] if (test_group == each).any() else errors
            pool = rng.choice(pool, len(pool))
            members = group == each
            actual[members] += rng.choice(pool, int(members.sum()))
        scores = RegressionScores(actual, predictions)
        for name, metric in scores.metrics.items():
            if metric.supports_bootstrap:
                values.setdefault(name, []).append(metric.value(scores))
    return {name: _estimate(np.array(drawn)) for name, drawn in values.items()}


def _block_sizes(cells: int) -> Iterator[int]:
    size = max(1, min(DRAWS, _CELLS // cells))
    for start in range(0, DRAWS, size):
        check_interrupts()
        yield min(size, DRAWS - start)


def _summarise(scores: EvaluationInput, blocks: Iterator[np.ndarray]) -> dict[str, Estimate]:
    metrics = {name: metric for name, metric in scores.metrics.items() if metric.supports_bootstrap}
    values: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    for weights in blocks:
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, metric in metrics.items():
                values[name].append(metric.measure(scores, weights))
    return {name: _estimate(np.concatenate(drawn)) for name, drawn in values.items()}


def _estimate(values: np.ndarray) -> Estimate:
    """Mean and the 95 % interval of the draws in which the metric is defined."""
    values = values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan, np.nan
    lower, upper = np.quantile(values, (0.025, 0.975))
    return float(values.mean()), float(lower), float(upper)
