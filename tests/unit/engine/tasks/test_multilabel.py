"""Several labels at once: probabilities and metrics equal scikit-learn's."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.measure.multilabel_metrics import METRICS, MultilabelScores
from glasshouse_ml.tasks.multilabel import MIN_LABEL_ROWS
from glasshouse_ml.use.evaluate import evaluate
from glasshouse_ml.use.explain import explain
from glasshouse_ml.use.sql_export.compiling import compile_prediction
from glasshouse_ml.use.sql_export.exporting import export_model
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    hamming_loss,
    log_loss,
    roc_auc_score,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

VALUES, LABELS = make_multilabel_classification(
    240, n_features=5, n_classes=3, n_labels=1, random_state=3
)
TRAINING = np.arange(len(VALUES)) % 4 > 0
# As people name things: a comma, quotes, a semicolon.
NAMES = ['say "hi"', "crime, true", "sci;fi"]
COLUMNS = ["wet", "cold", "dark"]


def rows_with(labels: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            **{f"f{place}": float(value) for place, value in enumerate(values)},
            "part": "train" if TRAINING[number] else "test",
            **labels(number),
        }
        for number, values in enumerate(VALUES)
    ]


def as_columns(number: int) -> dict[str, Any]:
    return dict(zip(COLUMNS, map(bool, LABELS[number]), strict=True))


def train(rows: list[dict[str, Any]], target: str, **changes: Any) -> tuple[StandIn, dict]:
    db = StandIn(rows)
    arguments = {"task": "multilabel", "key": "id", "split": '{"by": "column", "column": "part"}'}
    call(db, **{**arguments, "target": target, **changes})
    return db, db.recorded[-1]


def probabilities(db: StandIn) -> tuple[list[str], np.ndarray]:
    result = {int(k): json.loads(p) for k, _, _, p in predict(db, "a model", "q", None)}
    names = list(result[0])
    return names, np.array(
        [[result[number][name] for name in names] for number in range(len(VALUES))]
    )


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    """The probabilities of scikit-learn's own one model per label."""
    model = make_pipeline(
        StandardScaler(), MultiOutputClassifier(LogisticRegression(max_iter=1000))
    )
    model.fit(VALUES[TRAINING], LABELS[TRAINING])
    return np.column_stack([each[:, 1] for each in model.predict_proba(VALUES)])


def test_columns_equal_scikit_learn(expected: np.ndarray) -> None:
    db, payload = train(rows_with(as_columns), "wet, cold,dark")
    names, result = probabilities(db)
    assert names == COLUMNS
    np.testing.assert_allclose(result, expected, atol=1e-9)
    truth, test = LABELS[~TRAINING], expected[~TRAINING]
    predicted = (test > 0.5).astype(int)
    outside = {
        "roc_auc": roc_auc_score(truth, test),
        "log_loss": np.mean(
            [log_loss(y, p, labels=[0, 1]) for y, p in zip(truth.T, test.T, strict=True)]
        ),
        "f1_macro": f1_score(truth, predicted, average="macro"),
        "f1_micro": f1_score(truth, predicted, average="micro"),
        "subset_accuracy": accuracy_score(truth, predicted),
        "hamming_loss": hamming_loss(truth, predicted),
    }
    of_model = {
        (row["segment"], row["metric"]): row
        for row in payload["metrics"]
        if (row["series"], row["split"]) == ("model", "test")
    }
    for name, value in outside.items():
        row = of_model["all", name]
        assert row["value"] == pytest.approx(value), name
        assert row["lower"] <= row["value"] <= row["upper"]
    area = roc_auc_score(truth[:, 1], test[:, 1])
    assert of_model["label = cold", "roc_auc"]["value"] == pytest.approx(area)
    f1 = f1_score(truth[:, 1], predicted[:, 1])
    assert of_model["label = cold", "f1"]["value"] == pytest.approx(f1)
    # The baseline answers with the shares of the training rows.
    shares = LABELS[TRAINING].mean(axis=0)
    assert payload["version"]["metric"] == "log_loss"
    baseline = np.mean(
        [
            log_loss(y, np.full(len(y), s), labels=[0, 1])
            for y, s in zip(truth.T, shares, strict=True)
        ]
    )
    assert payload["version"]["baseline"] == pytest.approx(baseline)
    assert payload["version"]["score"] < baseline
    json.dumps(payload, allow_nan=False)


@pytest.mark.parametrize("form", ["separator", "json"])
def test_lists_give_the_same_model(form: str, expected: np.ndarray) -> None:
    names = NAMES if form == "json" else ["sci-fi", 'say "hi"', "crime, true"]

    def as_list(number: int) -> dict[str, Any]:
        mine = [name for name, has in zip(names, LABELS[number], strict=True) if has]
        # Order and repetitions mean nothing.
        mine = mine[::-1] + mine if number % 2 else mine
        return {"genres": json.dumps(mine) if form == "json" else "; ".join(mine)}

    db, payload = train(rows_with(as_list), "genres")
    label_names, result = probabilities(db)
    assert label_names == sorted(names)
    np.testing.assert_allclose(result, expected[:, np.argsort(names)], atol=1e-9)
    entries = {entry["class"]: entry["train"] for entry in payload["version"]["classes"]}
    assert entries == dict(zip(names, LABELS[TRAINING].sum(axis=0).tolist(), strict=True))
    key, prediction, score, _ = next(iter(predict(db, "a model", "q", None)))
    position = int(key)
    assert set(json.loads(prediction)) == {
        n for n, p in zip(names, expected[position], strict=True) if p > 0.5
    }
    assert score == pytest.approx(expected[position].max())


def test_evaluate_reads_labels_as_the_training_did() -> None:
    for target, labels in (
        ("wet,cold,dark", as_columns),
        (
            "tags",
            lambda n: {
                "tags": ";".join(c for c, has in zip(COLUMNS, LABELS[n], strict=True) if has)
            },
        ),
    ):
        db, payload = train(rows_with(labels), target)
        db.rows = [row for row in db.rows if row["part"] == "test"]
        of_test = {
            row["metric"]: row["value"]
            for row in payload["metrics"]
            if (row["series"], row["split"], row["segment"]) == ("model", "test", "all")
        }
        baseline = payload["version"]["baseline"]
        result = {row[0]: row for row in evaluate(db, "a model", "q", None)}
        assert {name: row[1] for name, row in result.items()} == pytest.approx(of_test)
        assert result["log_loss"][4] == pytest.approx(baseline)


def test_rows_without_a_label_are_left_out() -> None:
    rows = rows_with(as_columns)
    rows[1]["cold"] = None
    _, payload = train(rows, "wet,cold,dark")
    assert payload["version"]["rows_train"] == TRAINING.sum() - 1
    assert payload["version"]["split"]["rows_without_target"] == 1


def test_empty_list_is_a_row_without_labels_and_null_is_none() -> None:
    def labels(number: int) -> dict[str, Any]:
        mine = [c for c, has in zip(COLUMNS, LABELS[number], strict=True) if has]
        return {"tags": None if number == 2 else json.dumps(mine)}

    _, payload = train(rows_with(labels), "tags")
    assert (LABELS.sum(axis=1) == 0).sum() > 1
    assert payload["version"]["rows_train"] + payload["version"]["rows_test"] == len(VALUES) - 1


def test_rare_labels_are_left_out_by_name() -> None:
    def labels(number: int) -> dict[str, Any]:
        mine = [c for c, has in zip(COLUMNS, LABELS[number], strict=True) if has]
        return {"tags": ";".join([*mine, *(["once"] if number == 5 else [])])}

    db, payload = train(rows_with(labels), "tags")
    assert [entry["class"] for entry in payload["version"]["classes"]] == sorted(COLUMNS)
    (entry,) = [e for e in payload["version"]["excluded"] if e["name"] == "tags: once"]
    assert entry["reason"].startswith("1 row of 240")
    assert any("once" in notice for notice in db.notices)


def test_label_that_a_fold_lacks_is_no_error() -> None:
    """Split by a column, all rows with the label may be in the test part."""

    def labels(number: int) -> dict[str, Any]:
        return {**as_columns(number), "late": bool(not TRAINING[number] and number < 100)}

    _, payload = train(rows_with(labels), "wet,cold,dark,late")
    assert sum(row["late"] for row in rows_with(labels)) >= MIN_LABEL_ROWS
    assert payload["version"]["score"] > 0


def test_other_algorithms_train_and_predict() -> None:
    few = '["random_forest", "hist_gradient_boosting", "gaussian_nb", "decision_tree"]'
    options = {"folds": 2, "bootstrap": 0, "importance_repeats": 0}
    db, payload = train(rows_with(as_columns), "wet,cold,dark", algorithms=few, options=options)
    assert [c["error"] for c in payload["candidates"]] == [None] * 5
    _, result = probabilities(db)
    assert result.shape == (240, 3)


def test_column_that_tells_a_label_is_an_issue() -> None:
    def labels(number: int) -> dict[str, Any]:
        return {**as_columns(number), "leak": float(LABELS[number, 2])}

    _, payload = train(rows_with(labels), "wet,cold,dark")
    findings = [row for row in payload["checks"] if row["code"] == "target_leakage"]
    assert [(row["severity"], row["column_name"]) for row in findings] == [("issue", "leak")]
    failed = [row["message"] for row in payload["checks"] if "could not be" in row["message"]]
    assert failed == []


@pytest.mark.parametrize(
    ("target", "changes", "message"),
    [
        ("wet,warm", {}, "no column 'warm'"),
        ("wet,wet", {}, "names a column twice"),
        ("wet", {}, "holds no lists"),
        ("wet,f0", {}, "a label is a boolean, or 0 or 1"),
        ("wet,part", {}, "is of type text"),
        ("wet,cold", {"key": "cold"}, "has another role"),
        ('["wet"', {}, "no JSON array"),
        ("wet,cold", {"options": {"calibration": "sigmoid"}}, "means nothing for multilabel"),
        ("wet,cold", {"options": {"group_by": "part"}}, "means nothing for multilabel"),
        ("wet,cold", {"options": {"class_weight": "balanced"}}, "means nothing for multilabel"),
        ("wet,cold", {"options": {"segments": ["label"]}}, "the name of the segments of labels"),
        ("wet,cold", {"algorithms": '["mlp"]'}, "no algorithm"),
        ("wet,cold", {"metric": "f1"}, "no metric 'f1' for multilabel"),
    ],
)
def test_refusals_are_one_line(target: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GlasshouseError) as error:
        train(rows_with(as_columns), target, **changes)
    assert message in error.value.message
    assert "\n" not in error.value.message


def test_what_needs_one_target_refuses_the_model() -> None:
    db, _ = train(rows_with(as_columns), "wet,cold,dark")
    with pytest.raises(GlasshouseError, match="cannot be explained"):
        list(explain(db, "a model", "q", 3))
    with pytest.raises(GlasshouseError, match="an estimator for each label"):
        export_model(db, "a model", "rows", None)
    assert "ml.predict('a model'" in compile_prediction(db, "a model", "q", None)


def test_metrics_of_undefined_labels() -> None:
    """A label that no row has counts as F1 0, as in scikit-learn, and has no ROC AUC."""
    actual = np.array([[1, 0], [0, 0], [1, 0]], np.int8)
    scores = MultilabelScores(actual, np.array([[0.9, 0.1], [0.2, 0.3], [0.4, 0.2]]))
    assert METRICS["roc_auc"].value(scores) == 1.0
    expected = f1_score(actual, scores.predicted, average="macro", zero_division=0)
    assert METRICS["f1_macro"].value(scores) == pytest.approx(expected)
    draws = np.array([[1.0, 2.0, 0.0]])
    repeated = scores.take(np.array([0, 1, 1]))
    for name, metric in METRICS.items():
        if name == "roc_auc":
            continue  # of the draws no row lacks the label that the others have
        assert metric.values(scores, draws)[0] == pytest.approx(metric.value(repeated))


def test_label_that_no_training_row_has_is_an_issue() -> None:
    # Enough rows have it, all of them in the test part.
    rows = rows_with(lambda n: {**as_columns(n), "late": not TRAINING[n]})
    _, payload = train(rows, "wet, cold, late")
    [row] = [row for row in payload["checks"] if row["code"] == "rare_class"]
    assert row["severity"] == "issue"
    assert row["message"].startswith("No training row has the label 'late'")
    _, payload = train(rows_with(as_columns), ", ".join(COLUMNS))
    severities = [r["severity"] for r in payload["checks"] if r["code"] == "rare_class"]
    assert severities == ["passed"]
