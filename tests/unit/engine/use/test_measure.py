"""ml.measure: the numbers are those of scikit-learn, whoever made the predictions."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.measure.classification_metrics import LABEL_METRICS
from glasshouse_ml.use.evaluate import evaluate
from glasshouse_ml.use.measure.measure import COLUMNS, measure
from sklearn import metrics as sk

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

RNG = np.random.default_rng(3)
TRUTH = RNG.random(500) < 0.3
SCORE = np.clip(0.3 * TRUTH + 0.6 * RNG.random(500), 0, 1)
BINARY: list[dict[str, Any]] = [
    # Predicted from 0.6 on, as a tool with another threshold would.
    {"truth": "churned" if t else "stayed", "answer": "churned" if s > 0.6 else "stayed",
     "score": float(s)}
    for t, s in zip(TRUTH, SCORE, strict=True)
]  # fmt: skip


def measure_rows(
    rows: list[dict[str, Any]],
    task: str = "classification",
    score: str | None = "score",
    **names: Any,
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]], StandIn]:
    """The metrics by name, all other rows, and the database with its notices."""
    db = StandIn(rows)
    result = measure(
        db, "q", task, names.get("truth", "truth"), names.get("answer", "answer"), score
    )
    records = [dict(zip(COLUMNS, row, strict=True)) for row in result]
    json.dumps(records, allow_nan=False)
    metrics = {row["metric"]: row for row in records if row["kind"] == "metric"}
    return metrics, [row for row in records if row["kind"] != "metric"], db


def test_binary_classification_with_score() -> None:
    metrics, others, db = measure_rows(BINARY)
    predictions = SCORE > 0.6
    assert metrics["roc_auc"]["value"] == pytest.approx(sk.roc_auc_score(TRUTH, SCORE))
    assert metrics["brier"]["value"] == pytest.approx(sk.brier_score_loss(TRUTH, SCORE))
    assert metrics["precision"]["value"] == pytest.approx(sk.precision_score(TRUTH, predictions))
    assert metrics["f1"]["value"] == pytest.approx(sk.f1_score(TRUTH, predictions))
    assert metrics["mcc"]["value"] == pytest.approx(sk.matthews_corrcoef(TRUTH, predictions))
    assert metrics["roc_auc"]["baseline"] == pytest.approx(0.5)
    assert all(row["lower"] <= row["value"] <= row["upper"] for row in metrics.values())
    assert {row["metric"] for row in others} == {
        "roc", "precision_recall", "gain", "calibration", "score_distribution", "threshold",
        "confusion",
    }  # fmt: skip
    cells = {
        (row["series"], row["predicted"]): row["value"]
        for row in others
        if row["kind"] == "confusion"
    }
    assert cells["churned", "stayed"] == (TRUTH & ~predictions).sum()
    assert sum(cells.values()) == 500
    assert db.notices == ["The score is taken as the probability of 'churned'."]


def test_score_belongs_to_class_predicted_for_high_scores() -> None:
    """Also where convention, the rarer class or a word for yes, names the other one."""
    reverse_scores = [{**row, "score": 1 - row["score"]} for row in BINARY]
    metrics, _, db = measure_rows(reverse_scores)
    assert db.notices == ["The score is taken as the probability of 'stayed'."]
    assert metrics["roc_auc"]["value"] == pytest.approx(sk.roc_auc_score(TRUTH, SCORE))
    assert metrics["log_loss"]["value"] == pytest.approx(sk.log_loss(TRUTH, SCORE))


def test_predicted_classes_have_class_metrics() -> None:
    metrics, others, _ = measure_rows(BINARY, score=None)
    assert tuple(metrics) == LABEL_METRICS
    assert metrics["accuracy"]["value"] == pytest.approx(((SCORE > 0.6) == TRUTH).mean())
    assert {row["kind"] for row in others} == {"confusion"}


def test_multiclass_with_probabilities() -> None:
    names = ["10", "9", "x"]
    raw = RNG.random((300, 3)) ** 3
    shares = raw / raw.sum(axis=1, keepdims=True)
    truth = np.array([RNG.choice(3, p=row) for row in shares])
    rows = [
        {"truth": names[t], "answer": names[row.argmax()],
         "score": dict(zip(names, row.tolist(), strict=True))}
        for t, row in zip(truth, shares, strict=True)
    ]  # fmt: skip
    metrics, others, _ = measure_rows(rows)
    assert metrics["log_loss"]["value"] == pytest.approx(sk.log_loss(truth, shares))
    assert metrics["roc_auc"]["value"] == pytest.approx(
        sk.roc_auc_score(truth, shares, multi_class="ovr")
    )
    assert {row["series"] for row in others if row["metric"] == "roc"} == set(names)
    # The probability of the predicted class alone ranks nothing.
    top_scores = [{**row, "score": max(row["score"].values())} for row in rows]
    metrics, _, db = measure_rows(top_scores)
    assert tuple(metrics) == LABEL_METRICS
    assert "jsonb" in db.notices[0]


def test_predicted_only_class_is_counted() -> None:
    rows = [*BINARY[:200], {"truth": "stayed", "answer": "moved", "score": 0.1}]
    metrics, _, db = measure_rows(rows, score=None)
    assert db.notices[0].startswith("'truth' never holds 'moved', which 'answer' holds.")
    truth, predictions = zip(*((row["truth"], row["answer"]) for row in rows), strict=True)
    assert metrics["f1"]["value"] == pytest.approx(
        sk.f1_score(truth, predictions, average="macro", zero_division=0)
    )


@pytest.mark.parametrize("task", ["regression", "forecast"])
def test_regression_metrics(task: str) -> None:
    truth = RNG.lognormal(3, 0.5, 400)
    predictions = truth * RNG.normal(1, 0.2, 400)
    rows = [
        {"truth": t, "answer": a} for t, a in zip(truth.tolist(), predictions.tolist(), strict=True)
    ]
    metrics, others, _ = measure_rows(rows, task, None)
    assert metrics["mae"]["value"] == pytest.approx(sk.mean_absolute_error(truth, predictions))
    assert metrics["r2"]["value"] == pytest.approx(sk.r2_score(truth, predictions))
    assert metrics["rmse"]["baseline"] == pytest.approx(truth.std())
    assert metrics["mae"]["lower"] < metrics["mae"]["value"] < metrics["mae"]["upper"]
    assert {row["metric"] for row in others} == {
        "predicted_actual", "residual_distribution", "residual_quantile",
    }  # fmt: skip


def test_rows_without_truth_or_prediction_are_counted_and_left_out() -> None:
    rows = [
        *BINARY[:300],
        *({**row, "truth": None} for row in BINARY[:3]),
        {**BINARY[0], "answer": None},
        {**BINARY[0], "score": None},
    ]
    metrics, _, db = measure_rows(rows)
    assert metrics["roc_auc"]["rows"] == 300
    assert db.notices[:3] == [
        "Left out 3 rows without a truth (truth is NULL or NaN).",
        "Left out 1 row without a prediction (answer is NULL or NaN).",
        "Left out 1 row without a score (score is NULL or NaN).",
    ]


def test_result_equals_evaluate(mixed: list[dict]) -> None:
    db = StandIn(mixed[:250])
    call(db, key="id")
    new_rows = mixed[250:]
    db.rows = new_rows
    expected = {name: rest for name, *rest in evaluate(db, "a model", "q", None)}
    prediction_rows = [
        {"truth": row["target"], "answer": answer, "score": score}
        for row, (_, answer, score, _) in zip(
            new_rows, predict(db, "a model", "q", None), strict=True
        )
    ]
    metrics, _, _ = measure_rows(prediction_rows)
    for name, (value, lower, upper, _, rows) in expected.items():
        row = metrics[name]
        assert row["value"] == pytest.approx(value), name
        assert row["rows"] == rows
        # Rows in another order, or rows that belong together, give another sample.
        assert row["lower"] == pytest.approx(lower, abs=0.1), name
        assert row["upper"] == pytest.approx(upper, abs=0.1), name


ONE = {"truth": "yes", "answer": "yes", "score": 0.5, "number": 1.0, "document": {"yes": 0.5}}
ROWS = [ONE, {**ONE, "truth": "no"}]


@pytest.mark.parametrize(
    ("rows", "task", "names", "message"),
    [
        (ROWS, "clustering", {}, "does not measure a clustering"),
        (ROWS, "regresion", {}, "no task 'regresion'"),
        (ROWS, "classification", {"truth": "wahr"}, "no column 'wahr', which is named as truth"),
        (ROWS, "classification", {"answer": None}, "no column None"),
        (ROWS, "classification", {"score": "none"}, "no column 'none', which is named as score"),
        (ROWS, "classification", {"score": "answer"}, "one column twice|is a number"),
        (ROWS, "classification", {"answer": "truth", "score": None}, "one column twice"),
        (ROWS, "regression", {}, "no score beside"),
        (ROWS, "regression", {"score": None}, "the truth is a number"),
        ([], "classification", {}, "no column|no row"),
        ([ONE, ONE], "classification", {}, "one class only: 'yes'"),
        ([{**row, "truth": None} for row in ROWS], "classification", {}, "NULL in every row"),
        ([{**row, "answer": 1} for row in ROWS], "classification", {}, "is a class of"),
        ([*ROWS, {**ONE, "score": 1.5}], "classification", {}, "outside 0 to 1 in 1 row.*1.5"),
        (
            [*ROWS, {**ONE, "score": 1.0000000001}], "classification", {}, "example 1.0000000001",
        ),
        ([*ROWS, {**ONE, "score": -0.1}], "classification", {}, "outside 0 to 1"),
        ([*ROWS, {**ONE, "score": float("inf")}], "classification", {}, "infinite"),
        (ROWS, "classification", {"score": "document"}, "add up to 0.5"),
        (
            [{**row, "document": {"yes": 0.5, "maybe": 0.5}} for row in ROWS],
            "classification", {"score": "document"}, "'maybe' a probability",
        ),
        (
            [{**row, "document": {"yes": "much"}} for row in ROWS],
            "classification", {"score": "document"}, "no class a probability",
        ),
    ],
)  # fmt: skip
def test_errors_are_one_line(
    rows: list[dict], task: str, names: dict[str, Any], message: str
) -> None:
    with pytest.raises(GlasshouseError, match=message) as caught:
        measure_rows(rows, task, **names)
    assert "\n" not in caught.value.message
