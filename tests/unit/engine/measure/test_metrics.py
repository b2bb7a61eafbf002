"""Every metric equals scikit-learn's, also with weights."""

import numpy as np
import pytest
from glasshouse_ml.measure.classification_metrics import METRICS, ClassificationScores
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

BINARY = {
    "roc_auc": lambda y, p, w: reference.roc_auc_score(y, p[:, 1], sample_weight=w),
    "average_precision": lambda y, p, w: reference.average_precision_score(
        y, p[:, 1], sample_weight=w
    ),
    "log_loss": lambda y, p, w: reference.log_loss(y, p, sample_weight=w),
    "brier": lambda y, p, w: reference.brier_score_loss(y, p[:, 1], sample_weight=w),
    "accuracy": lambda y, p, w: reference.accuracy_score(y, p.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: reference.balanced_accuracy_score(
        y, p.argmax(1), sample_weight=w
    ),
    "precision": lambda y, p, w: reference.precision_score(
        y, p.argmax(1), sample_weight=w, zero_division=0
    ),
    "recall": lambda y, p, w: reference.recall_score(
        y, p.argmax(1), sample_weight=w, zero_division=0
    ),
    "f1": lambda y, p, w: reference.f1_score(y, p.argmax(1), sample_weight=w, zero_division=0),
    "mcc": lambda y, p, w: reference.matthews_corrcoef(y, p.argmax(1), sample_weight=w),
}


def scores(seed: int, rows: int, classes: int, digits: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Labels of every class and probabilities; few digits give many ties."""
    rng = np.random.default_rng(seed)
    actual = np.append(np.arange(classes), rng.integers(0, classes, rows - classes))
    odds = rng.normal(size=(rows, classes)) + np.eye(classes)[actual]
    probabilities = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    if classes == 2:
        first = np.round(probabilities[:, 0], digits)
        probabilities = np.column_stack([first, 1 - first])
    return actual, probabilities


def test_all_metrics_have_reference() -> None:
    assert set(METRICS) == set(BINARY)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 60), st.sampled_from([1, 2, 16]))
def test_weighted_binary_metrics_equal_scikit_learn(seed: int, rows: int, digits: int) -> None:
    actual, probabilities = scores(seed, rows, 2, digits)
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 4, (3, rows)).astype(float)
    weights[:, :2] = 1  # every class has a row that counts
    for name, metric in METRICS.items():
        result = metric.measure(ClassificationScores(actual, probabilities), weights)
        expected = [BINARY[name](actual, probabilities, w) for w in weights]
        np.testing.assert_allclose(result, expected, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("seed", range(3))
def test_multiclass_metrics_equal_scikit_learn(seed: int) -> None:
    y, p = scores(seed, 80, 3)
    label = p.argmax(1)
    expected = {
        "roc_auc": reference.roc_auc_score(y, p, multi_class="ovr"),
        "average_precision": reference.average_precision_score(y, p),
        "log_loss": reference.log_loss(y, p),
        "brier": ((p - np.eye(3)[y]) ** 2).sum(axis=1).mean(),
        "accuracy": reference.accuracy_score(y, label),
        "balanced_accuracy": reference.balanced_accuracy_score(y, label),
        "precision": reference.precision_score(y, label, average="macro", zero_division=0),
        "recall": reference.recall_score(y, label, average="macro"),
        "f1": reference.f1_score(y, label, average="macro"),
        "mcc": reference.matthews_corrcoef(y, label),
    }
    result = {name: metric.value(ClassificationScores(y, p)) for name, metric in METRICS.items()}
    assert result == pytest.approx(expected, abs=1e-12)


def test_first_class_can_be_positive() -> None:
    actual, probabilities = scores(1, 50, 2)
    first_class_scores = ClassificationScores(1 - actual, probabilities[:, ::-1], positive=0)
    second_class_scores = ClassificationScores(actual, probabilities, positive=1)
    for name in ("roc_auc", "average_precision", "brier", "f1", "precision", "recall"):
        assert METRICS[name].value(first_class_scores) == pytest.approx(
            METRICS[name].value(second_class_scores)
        )


def test_certain_wrong_prediction_has_finite_log_loss() -> None:
    rows = ClassificationScores(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert METRICS["log_loss"].value(rows) == pytest.approx(-np.log(np.finfo(float).eps) / 2)


def test_class_without_rows_is_not_in_mean() -> None:
    actual, probabilities = scores(2, 30, 2)
    three = np.column_stack([probabilities, np.zeros(30)])
    assert np.isfinite(METRICS["roc_auc"].value(ClassificationScores(actual, three)))


@pytest.mark.parametrize("labels", [(0, 1), (0, 2), (1,), (0, 1, 2, 3)])
@pytest.mark.parametrize("errors", [False, True])
def test_means_cover_occurring_classes_only(labels: tuple[int, ...], errors: bool) -> None:
    rng = np.random.default_rng(len(labels))
    actual = rng.choice(labels, 60)
    predictions = actual.copy()
    if errors:
        predictions[::7] = 3  # also where no row is of this class
    result = ClassificationScores(actual, np.eye(4)[predictions] * 0.9 + 0.025)
    for name, function in {
        "precision": reference.precision_score,
        "recall": reference.recall_score,
        "f1": reference.f1_score,
    }.items():
        expected = function(actual, predictions, average="macro", zero_division=0)
        assert METRICS[name].value(result) == pytest.approx(expected), name
    for name in ("balanced_accuracy", "accuracy", "mcc"):
        expected = getattr(reference, {"mcc": "matthews_corrcoef"}.get(name, f"{name}_score"))
        assert METRICS[name].value(result) == pytest.approx(expected(actual, predictions)), name
    assert errors or METRICS["f1"].value(result) == 1.0
