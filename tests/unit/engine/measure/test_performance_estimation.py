"""The interval of an estimate covers the realised metric as often as it states."""

import numpy as np
import pytest
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.measure.performance_estimation import (
    CalibrationCurve,
    estimate_classification,
    estimate_regression,
)
from glasshouse_ml.measure.regression_metrics import RegressionScores

SEEDS, TEST_ROWS, ROWS = 20, 1_500, 800


def simulate(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Predicted probabilities that are too extreme, and the classes."""
    logit = rng.normal(-0.5, 1, rows)
    probabilities = 1 / (1 + np.exp(-1.6 * logit))
    return probabilities, rng.random(rows) < 1 / (1 + np.exp(-logit))


def calibration_curve(probabilities: np.ndarray, actual: np.ndarray) -> CalibrationCurve:
    groups = np.array_split(np.argsort(probabilities), 10)
    return CalibrationCurve(
        np.array([probabilities[group].mean() for group in groups]),
        np.array([actual[group].mean() for group in groups]),
        np.array([float(len(group)) for group in groups]),
    )


def test_interval_covers_realised_metric() -> None:
    covered = dict.fromkeys(("roc_auc", "accuracy", "log_loss"), 0)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        curve = calibration_curve(*simulate(rng, TEST_ROWS))
        probabilities, actual = simulate(rng, ROWS)
        estimates = estimate_classification(probabilities, 0.5, curve, seed)
        scores = ClassificationScores(
            actual.astype(int), np.column_stack([1 - probabilities, probabilities])
        )
        for metric in covered:
            estimate, lower, upper = estimates[metric]
            assert lower < estimate < upper
            covered[metric] += lower <= scores.metrics[metric].value(scores) <= upper
    # Of 20 intervals that cover with 95 %, fewer than 17 do so in 1.6 % of all cases.
    assert min(covered.values()) >= 17, covered


def test_estimate_without_calibration_is_biased() -> None:
    rng = np.random.default_rng(0)
    curve = calibration_curve(*simulate(rng, 20_000))
    probabilities, actual = simulate(rng, 20_000)
    scores = ClassificationScores(
        actual.astype(int), np.column_stack([1 - probabilities, probabilities])
    )
    realised = scores.metrics["roc_auc"].value(scores)
    none = CalibrationCurve(*(np.empty(0),) * 3)
    raw = estimate_classification(probabilities, 0.5, none)["roc_auc"][0]
    corrected = estimate_classification(probabilities, 0.5, curve)["roc_auc"][0]
    assert abs(corrected - realised) < 0.01 < 0.05 < raw - realised


def test_regression_interval_covers_realised_metric() -> None:
    covered = dict.fromkeys(("mae", "rmse"), 0)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        test, now = rng.uniform(0, 10, TEST_ROWS), rng.uniform(0, 10, ROWS) ** 1.2
        # The error grows with the prediction, so the mean error of the test would not do.
        test_actual = test + rng.normal(0, 0.2 + 0.3 * test)
        actual = now + rng.normal(0, 0.2 + 0.3 * np.minimum(now, 10))
        estimates = estimate_regression(now, test, test_actual, seed)
        scores = RegressionScores(actual, now)
        for metric in covered:
            estimate, lower, upper = estimates[metric]
            assert lower < estimate < upper
            covered[metric] += lower <= scores.metrics[metric].value(scores) <= upper
    assert min(covered.values()) >= 17, covered


def test_one_row_and_equal_scores() -> None:
    curve = CalibrationCurve(np.array([0.2, 0.8]), np.array([0.0, 1.0]), np.array([5.0, 5.0]))
    assert np.isnan(estimate_classification(np.array([0.5]), 0.5, curve)["roc_auc"]).all()
    estimates = estimate_classification(np.full(50, 0.4), 0.5, curve)
    assert estimates["roc_auc"][0] == pytest.approx(0.5)
