"""options.weight: rows that count more than others, in fits and in metrics."""

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.measure.classification_metrics import METRICS, ClassificationScores
from glasshouse_ml.measure.regression_metrics import METRICS as OF_NUMBERS
from glasshouse_ml.measure.regression_metrics import RegressionScores
from glasshouse_ml.model.algorithms import CATALOGUE
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.evaluate import evaluate
from sklearn import metrics

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

WEIGHTED = {"weight": "w"}
BY_PART = '{"by": "column", "column": "part"}'


def people(seed: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(300):
        x, z = rng.normal(size=2)
        rows.append(
            {
                "id": f"p{number}",
                "day": date(2024, 1, 1) + timedelta(days=number),
                "x": float(x),
                "z": float(z),
                "w": float(rng.integers(1, 5)),
                "part": "test" if number % 4 == 0 else "train",
                "target": bool(x + rng.normal() > 0),
                "amount": float(2 * x - z + rng.normal()),
            }
        )
    return rows


def repeated(rows: list[dict]) -> list[dict]:
    """Each row as often as its weight says, with a number that tells its copies apart."""
    return [
        {k: v for k, v in row.items() if k != "w"} for row in rows for _ in range(int(row["w"]))
    ]


def columns(rows: list[dict], *dropped: str) -> list[dict]:
    return [{k: v for k, v in row.items() if k not in dropped} for row in rows]


def test_metrics_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    for classes in (2, 3):
        truth = rng.integers(0, classes, 200)
        shares = rng.dirichlet(np.ones(classes), 200).round(2)
        shares /= shares.sum(axis=1, keepdims=True)
        w = rng.exponential(size=200)
        scores = ClassificationScores(truth, shares, weights=w)
        predictions, kind = shares.argmax(1), "binary" if classes == 2 else "macro"
        expected = {
            "accuracy": metrics.accuracy_score(truth, predictions, sample_weight=w),
            "balanced_accuracy": metrics.balanced_accuracy_score(
                truth, predictions, sample_weight=w
            ),
            "precision": metrics.precision_score(truth, predictions, average=kind, sample_weight=w),
            "recall": metrics.recall_score(truth, predictions, average=kind, sample_weight=w),
            "f1": metrics.f1_score(truth, predictions, average=kind, sample_weight=w),
            "mcc": metrics.matthews_corrcoef(truth, predictions, sample_weight=w),
            "log_loss": metrics.log_loss(truth, shares, sample_weight=w),
        }
        if classes == 2:
            positive = shares[:, 1]
            expected["roc_auc"] = metrics.roc_auc_score(truth, positive, sample_weight=w)
            expected["brier"] = metrics.brier_score_loss(truth, positive, sample_weight=w)
        for name, value in expected.items():
            assert METRICS[name].value(scores) == pytest.approx(value, abs=1e-12), name
        assert scores.proportions() == {}
        some = scores.take(np.arange(50))
        assert METRICS["accuracy"].value(some) == pytest.approx(
            metrics.accuracy_score(truth[:50], predictions[:50], sample_weight=w[:50])
        )
    actual, estimates, w = rng.exponential(size=(3, 101))
    numbers = RegressionScores(actual, estimates, weights=w)
    for name, measure in (
        ("mae", metrics.mean_absolute_error),
        ("rmse", metrics.root_mean_squared_error),
        ("r2", metrics.r2_score),
        ("mape", metrics.mean_absolute_percentage_error),
    ):
        expected_value = measure(actual, estimates, sample_weight=w)
        assert OF_NUMBERS[name].value(numbers) == pytest.approx(expected_value), name
    ones = np.ones(101)
    unweighted_scores, weighted_scores = (
        RegressionScores(actual, estimates),
        RegressionScores(actual, estimates, weights=ones),
    )
    assert OF_NUMBERS["median_absolute_error"].value(weighted_scores) == pytest.approx(
        OF_NUMBERS["median_absolute_error"].value(unweighted_scores)
    )


@pytest.mark.parametrize(
    ("task", "algorithm"),
    [("classification", "decision_tree"), ("regression", "linear_regression")],
)
def test_weight_equals_number_of_copies(task: str, algorithm: str) -> None:
    target = {"classification": "target", "regression": "amount"}[task]
    other = ({"target", "amount"} - {target}).pop()
    arguments: dict[str, Any] = {
        "task": task,
        "target": target,
        "split": BY_PART,
        "algorithms": json.dumps([{"algorithm": algorithm, "params": {}}]),
    }
    rows = columns(people(), other, "day", "id")
    by_weight, by_copies = StandIn(rows), StandIn(repeated(rows))
    call(by_weight, WEIGHTED, **arguments)
    call(by_copies, **arguments)
    one, two = (db.recorded[0]["version"] for db in (by_weight, by_copies))
    assert one["score"] == pytest.approx(two["score"])
    assert one["baseline"] == pytest.approx(two["baseline"])
    assert one["rows_train"] == 225
    assert {feature["name"] for feature in one["features"]} == {"x", "z"}
    matrix = np.array([[row["x"], row["z"]] for row in rows])
    predictions = [
        unpack(db.artifacts[0]).pipeline.predict(matrix) for db in (by_weight, by_copies)
    ]
    assert np.allclose(*predictions)
    evaluation = {row[0]: row[1:5:3] for row in evaluate(by_weight, "a model", "q", None)}
    of_copies = {row[0]: row[1:5:3] for row in evaluate(by_copies, "a model", "q", None)}
    for name in ("mae", "rmse", "r2") if task == "regression" else ("accuracy", "log_loss", "f1"):
        assert evaluation[name] == pytest.approx(of_copies[name]), name


def test_rows_without_a_weight_are_left_out_and_counted() -> None:
    rows = columns(people(), "amount", "day")
    for number in range(10):
        rows[number]["w"] = None if number < 4 else 0.0
    db = StandIn(rows)
    call(db, WEIGHTED, key="id")
    version = db.recorded[0]["version"]
    assert version["rows_train"] + version["rows_test"] == 290
    assert version["split"]["rows_without_target"] == 0
    reasons = {entry["name"]: entry["reason"] for entry in version["excluded"]}
    assert reasons["w"].endswith("10 rows with a weight of 0 or NULL were left out.")
    assert any("10 rows with a weight of 0 or NULL" in notice for notice in db.notices)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([-1.0], WEIGHTED, "is negative in 300 rows"),
        ([1.0, float("inf")], WEIGHTED, "holds infinity"),
        ([0.0, None], WEIGHTED, "0 or NULL in every row"),
        (["heavy"], WEIGHTED, "is of type text"),
        ([1.0], {"weight": "target"}, "is of type boolean"),
        ([1.0], {"weight": "nothing"}, "no column 'nothing'"),
        ([1.0], {"weight": 3}, "options.weight is 3"),
        ([1.0], {"weight": "w", "group_by": "part"}, "together with options.group_by"),
        ([1.0], {"weight": "w", "calibration": "sigmoid"}, "together with options.calibration"),
    ],
)
def test_refused(values: list, options: dict, message: str) -> None:
    rows = columns(people(), "amount")
    for number, row in enumerate(rows):
        row["w"] = values[number % len(values)]
    with pytest.raises(GlasshouseError, match=message):
        call(StandIn(rows), options, key="id")


def test_algorithm_without_weights_is_refused() -> None:
    rows = columns(people(), "amount")
    with pytest.raises(GlasshouseError, match="k_neighbors does not support options") as e:
        call(StandIn(rows), WEIGHTED, key="id", algorithms='["k_neighbors"]')
    assert "hist_gradient_boosting" in e.value.hint


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "hist_gradient_boosting", "bagging"])
def test_boosting_takes_weights(name: str) -> None:
    if name not in CATALOGUE["classification"]:
        pytest.skip(f"{name} is not installed.")
    rows = columns(people(), "amount", "day")
    # Rows of the other kind say the opposite, and hardly count.
    rows += [{**row, "target": not row["target"], "w": 0.01, "id": row["id"] + "-"} for row in rows]
    db = StandIn(rows)
    call(db, WEIGHTED, algorithms=json.dumps([name]), split='{"by": "random", "test": 0.3}')
    assert db.recorded[0]["version"]["score"] > 0.6


def test_weights_with_a_transformed_target_and_rules_in_time() -> None:
    rows = columns(people(), "target", "id")
    for row in rows:
        row["amount"] = abs(row["amount"])
    db = StandIn(rows)
    options = {**WEIGHTED, "target_transform": "log1p", "segments": ["part"]}
    split = '{"by": "time", "column": "day", "gap": "2 days"}'
    call(db, options, task="regression", target="amount", algorithms='["ridge"]', split=split)
    names = [c["algorithm"] for c in db.recorded[0]["candidates"]]
    assert "last_value" in names
    unweighted = StandIn(columns(rows, "w"))
    call(
        unweighted,
        {"target_transform": "log1p"},
        task="regression",
        target="amount",
        algorithms='["ridge"]',
        split=split,
    )
    scores = [d.recorded[0]["version"]["score"] for d in (db, unweighted)]
    assert scores[0] != scores[1]
