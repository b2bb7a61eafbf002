"""Intervals, curves and counts."""

import json

import numpy as np
import pytest
from glasshouse_ml.measure.classification_metrics import METRICS, ClassificationScores
from glasshouse_ml.measure.curves import MAX_POINTS, curve_rows
from glasshouse_ml.measure.intervals import (
    confusion_rows,
    metric_intervals,
    metric_rows,
    wilson_interval,
)
from sklearn import metrics as reference

from tests.unit.engine.measure.test_metrics import scores


def points(rows: list[dict], curve: str, series: str) -> tuple[np.ndarray, np.ndarray]:
    result = [r for r in rows if (r["curve"], r["series"]) == (curve, series)]
    assert [r["position"] for r in result] == list(range(1, len(result) + 1))
    return np.array([r["x"] for r in result]), np.array([r["y"] for r in result])


def test_intervals_contain_value_and_shrink_with_rows() -> None:
    widths = []
    for rows in (60, 600, 6_000):
        class_scores = ClassificationScores(*scores(3, rows, 2))
        result = metric_intervals(class_scores, 200, 0)
        for name, (lower, upper) in result.items():
            assert lower <= METRICS[name].value(class_scores) <= upper, name
        widths.append(result["roc_auc"][1] - result["roc_auc"][0])
    assert widths == sorted(widths, reverse=True)
    # The deviation Hanley and McNeil give for this area and these counts.
    assert widths[1] == pytest.approx(4 * 0.0185, rel=0.35)


def test_error_free_test_part_has_interval_below_one() -> None:
    probabilities = np.repeat([[0.9, 0.1], [0.1, 0.9]], [30, 20], axis=0)
    result = metric_intervals(
        ClassificationScores(np.repeat([0, 1], [30, 20]), probabilities), 50, 0
    )
    for name, rows in (("accuracy", 50), ("recall", 20), ("precision", 20)):
        # The "rule of three" (3/n) is the well-known rough figure of the same thing.
        assert result[name][0] == pytest.approx(1 - 3 / rows, abs=0.04)
        assert result[name][1] == 1.0


def test_model_without_flagged_rows_has_no_precision_interval() -> None:
    result = metric_intervals(
        ClassificationScores(np.array([0, 1] * 20), np.repeat([[0.6, 0.4]], 40, axis=0)), 50, 0
    )
    assert result["precision"] == pytest.approx((np.nan, np.nan), nan_ok=True)
    assert result["recall"][0] == 0.0


def test_intervals_are_seeded_and_optional() -> None:
    class_scores = ClassificationScores(*scores(4, 80, 3))
    assert metric_intervals(class_scores, 50, 1) == metric_intervals(class_scores, 50, 1)
    assert metric_intervals(class_scores, 0, 1) == {}


def test_result_is_valid_json() -> None:
    # One row a class in the test part: many bootstrap samples lack one.
    class_scores = ClassificationScores(np.array([0, 1]), np.array([[0.4, 0.6], [0.2, 0.8]]))
    rows = metric_rows(
        class_scores, "model", "test", intervals=metric_intervals(class_scores, 50, 0)
    )
    json.dumps([*rows, *curve_rows(class_scores, ["a", "b"])], allow_nan=False)
    assert len(rows) == len(METRICS)


@pytest.mark.parametrize("rows", [40, 3_000])
def test_roc_and_precision_recall_equal_scikit_learn(rows: int) -> None:
    actual, probabilities = scores(5, rows, 2, digits=2)
    result = curve_rows(ClassificationScores(actual, probabilities), ["no", "yes"])
    x, y = points(result, "roc", "yes")
    false_positives, true_positives, _ = reference.roc_curve(
        actual, probabilities[:, 1], drop_intermediate=False
    )
    np.testing.assert_allclose(x, false_positives)
    np.testing.assert_allclose(y, true_positives)
    precision, recall, _ = reference.precision_recall_curve(actual, probabilities[:, 1])
    x, y = points(result, "precision_recall", "yes")
    np.testing.assert_allclose(x, recall[:-1][::-1])
    np.testing.assert_allclose(y, precision[:-1][::-1])


def test_long_curves_are_thinned_and_keep_ends_and_area() -> None:
    actual, probabilities = scores(6, 5_000, 2)
    result = curve_rows(ClassificationScores(actual, probabilities), ["no", "yes"])
    x, y = points(result, "roc", "yes")
    assert len(x) <= MAX_POINTS
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    area = METRICS["roc_auc"].value(ClassificationScores(actual, probabilities))
    assert reference.auc(x, y) == pytest.approx(area, abs=0.005)


def test_gain_calibration_and_score_distribution() -> None:
    actual, probabilities = scores(7, 1_000, 2)
    result = curve_rows(ClassificationScores(actual, probabilities), ["no", "yes"])
    x, y = points(result, "gain", "yes")
    np.testing.assert_allclose(x, np.arange(101) / 100)
    best = actual[np.argsort(-probabilities[:, 1])]
    np.testing.assert_allclose(
        y[[0, 10, 50, 100]], [0, *(best[: int(1000 * s)].sum() / best.sum() for s in (0.1, 0.5, 1))]
    )
    calibration = [r for r in result if r["curve"] == "calibration"]
    assert sum(r["n"] for r in calibration) == 1_000
    assert all(r["lower"] <= r["y"] <= r["upper"] for r in calibration)
    for series in ("no", "yes"):
        x, y = points(result, "score_distribution", series)
        assert (len(x), y.sum()) == (20, pytest.approx(1))


def test_wilson_interval_equals_published_values() -> None:
    # Known values for 8 of 10, and an interval that is no point at 0 of 10.
    assert wilson_interval(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_confusion_has_all_pairs() -> None:
    actual, probabilities = scores(8, 50, 3)
    names = ["a", "b", "c"]
    result = confusion_rows(ClassificationScores(actual, probabilities), names)
    expected = reference.confusion_matrix(actual, probabilities.argmax(1))
    assert [row["n"] for row in result] == expected.ravel().tolist()
    assert {row["threshold"] for row in result} == {None}
    two = confusion_rows(
        ClassificationScores(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]])), ["n", "y"]
    )
    assert [(r["actual"], r["predicted"], r["n"]) for r in two] == [
        ("n", "n", 1),
        ("n", "y", 0),
        ("y", "n", 1),
        ("y", "y", 0),
    ]
