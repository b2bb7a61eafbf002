"""Functions that use a model work for every task and every algorithm."""

import json
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.algorithms import CATALOGUE
from glasshouse_ml.use import explain as explanation
from glasshouse_ml.use.drift import drift
from glasshouse_ml.use.evaluate import evaluate
from glasshouse_ml.use.explain import explain
from sklearn.metrics import r2_score, root_mean_squared_error

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

QUICK = {"bootstrap": 0, "importance_repeats": 0, "folds": 2}
# As much of a model as there is to explain; each row asks it hundreds of times.
SMALL = {
    "random_forest": {"n_estimators": 5},
    "extra_trees": {"n_estimators": 5},
    "gradient_boosting": {"n_estimators": 5},
    "hist_gradient_boosting": {"max_iter": 5},
    "ada_boost": {"n_estimators": 5},
    "bagging": {"n_estimators": 3},
    "mlp": {"max_iter": 20},
    "logistic_regression_cv": {"Cs": 2},
    "theil_sen": {"max_subpopulation": 100},
    "lightgbm": {"n_estimators": 5},
    "xgboost": {"n_estimators": 5},
}
EVERY = [(task, name) for task in ("classification", "regression") for name in CATALOGUE[task]]
# The coefficients of these are the whole of their answer.
SUMS = {
    "classification": {"logistic_regression", "logistic_regression_cv", "sgd"},
    "regression": {
        "linear_regression",
        "ridge",
        "ridge_cv",
        "lasso",
        "elastic_net",
        "huber",
        "sgd",
    },
}


@pytest.fixture
def numbers(mixed: list[dict]) -> list[dict]:
    """The mixed rows with a positive number to predict."""
    rng = np.random.default_rng(3)
    return [
        {
            **{k: v for k, v in row.items() if k not in ("same", "empty")},
            "target": float(
                np.exp((row["amount"] or 0) / 2 + (row["colour"] == "red") + rng.normal() / 5)
            ),
        }
        for row in mixed
    ]


def train(rows: list[dict], algorithm: str = "ridge", **changes: Any) -> StandIn:
    db = StandIn(rows)
    arguments = {"task": "regression", "key": "id", "options": json.dumps(QUICK), **changes}
    entry = {"algorithm": algorithm, "params": SMALL.get(algorithm, {})}
    call(db, algorithms=json.dumps([entry]), **arguments)
    return db


@pytest.mark.parametrize(("task", "algorithm"), EVERY)
def test_contributions_sum_to_prediction_for_every_algorithm(
    numbers: list[dict],
    mixed: list[dict],
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    algorithm: str,
) -> None:
    rows = (numbers if task == "regression" else mixed)[:200]
    db = train(rows, algorithm, task=task)
    db.rows = rows[:6]
    calls: list[bool] = []
    original = explanation.sampled_shapley

    def watched(*arguments: Any) -> Any:
        calls.append(True)
        return original(*arguments)

    monkeypatch.setattr(explanation, "sampled_shapley", watched)
    result = explain(db, "a model", "q", 1)
    sums = [sum(row[4] for row in of) for _, of in groupby(result, lambda row: row[0])]
    predictions = np.array([score for _, _, score, _ in predict(db, "a model", "q", None)])
    if algorithm in SUMS[task]:
        assert not calls
        if task == "classification":
            predictions = np.log(predictions / (1 - predictions))
    if not (task == "classification" and not calls):
        np.testing.assert_allclose(sums, predictions, rtol=1e-9, atol=1e-9)


def test_evaluate_gives_recorded_metrics(numbers: list[dict]) -> None:
    rows = [{**row, "part": "test" if n % 4 == 0 else "train"} for n, row in enumerate(numbers)]
    options = json.dumps({**QUICK, "bootstrap": 100})
    db = train(rows, split='{"by": "column", "column": "part"}', options=options)
    db.rows = [row for row in rows if row["part"] == "test"]
    metrics = {
        (m["series"], m["metric"]): m for m in db.recorded[0]["metrics"] if m["split"] == "test"
    }
    result = {name: rest for name, *rest in evaluate(db, "a model", "q", None)}
    for name, (value, lower, upper, baseline, count) in result.items():
        if name == "rmsle" and metrics["model", name]["value"] is None:
            assert value is None  # an answer below zero has no error in proportion
            continue
        assert value == pytest.approx(metrics["model", name]["value"], rel=1e-9)
        assert baseline == pytest.approx(metrics["baseline", name]["value"], rel=1e-9, abs=1e-9)
        assert lower <= value <= upper
        assert count == 100
    truth = [row["target"] for row in db.rows]
    predictions = [score for _, _, score, _ in predict(db, "a model", "q", None)]
    assert result["rmse"][0] == pytest.approx(root_mean_squared_error(truth, predictions))
    assert result["r2"][0] == pytest.approx(r2_score(truth, predictions))


def test_evaluate_skips_rows_without_number_and_refuses_text(numbers: list[dict]) -> None:
    db = train(numbers)
    db.rows = [*numbers[:50], {**numbers[0], "target": None}]
    assert {line[5] for line in evaluate(db, "a model", "q", None)} == {50}
    db.rows = [{**row, "target": "much"} for row in numbers]
    with pytest.raises(GlasshouseError, match="of type text; the model predicts a number"):
        evaluate(db, "a model", "q", None)
    db.rows = [{**row, "target": float("inf")} for row in numbers]
    with pytest.raises(GlasshouseError, match="'target' holds infinite"):
        evaluate(db, "a model", "q", None)


def test_version_with_smaller_error_becomes_champion(numbers: list[dict]) -> None:
    db = train(numbers, "dummy")
    for algorithm, wins in (("ridge", True), ("dummy", False)):
        options = json.dumps({**QUICK, "bootstrap": 50, "promote": "if_better"})
        arguments = {"task": "regression", "key": "id", "options": options}
        assert call(db, algorithms=json.dumps([algorithm]), **arguments)["champion"] is wins
        comparison = db.recorded[-1]["version"]["comparison"]
        assert (comparison["score"] < comparison["champion_score"]) is wins
        assert (comparison["gain"] > 0) is wins


def test_drift_without_classes(numbers: list[dict]) -> None:
    db = train(numbers)
    *features, prediction_drift = drift(db, "a model", "q", None)
    assert [row[4] for row in features] == [0, 0, 0]
    assert prediction_drift[4] > 0, "the answers are compared with those on test rows alone"


@pytest.mark.parametrize("algorithm", ["isolation_forest", "one_class_svm", "sgd_one_class_svm"])
def test_outlier_contributions_sum_to_score(numbers: list[dict], algorithm: str) -> None:
    rows = [{k: v for k, v in row.items() if k != "target"} for row in numbers[:200]]
    db = train(rows, algorithm, task="outliers", target=None)
    wild = {**rows[0], "id": "wild", next(k for k in rows[0] if k != "id"): 1e3}
    db.rows = [*rows[:5], wild]
    result = {
        key: list(of) for key, of in groupby(explain(db, "a model", "q", None), lambda r: r[0])
    }
    sums = [sum(row[4] for row in of) for of in result.values()]
    scores = [score for _, _, score, _ in predict(db, "a model", "q", None)]
    np.testing.assert_allclose(sums, scores, rtol=1e-9, atol=1e-9)
    # The column that is beyond all others is named first.
    assert float(result["wild"][1][3]) == 1e3


def test_clustering_is_evaluated_and_not_explained(numbers: list[dict]) -> None:
    rows = [{k: v for k, v in row.items() if k != "target"} for row in numbers]
    arguments = {"task": "clustering", "target": None}
    db = train(rows[:300], "k_means", **arguments)
    db.rows = rows[300:]
    result = {name: rest for name, *rest in evaluate(db, "a model", "q", None)}
    assert 0 < result["silhouette"][0] < 1
    assert result["silhouette"][3:] == [None, 100]
    assert len(drift(db, "a model", "q", None)) == 3
    with pytest.raises(
        GlasshouseError, match="is of task clustering, whose predictions cannot be explained"
    ):
        explain(db, "a model", "q", 1)
    options = json.dumps({**QUICK, "bootstrap": 20, "promote": "if_better"})
    call(db, algorithms='["k_means"]', key="id", **arguments, options=options)
    comparison = db.recorded[-1]["version"]["comparison"]
    assert comparison["better"] is (comparison["gain"] > 0)
