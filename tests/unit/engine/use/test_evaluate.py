"""ml.evaluate measures new rows as ml.train measures its test rows."""

import json
from datetime import date, timedelta

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.use.evaluate import evaluate
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict


@pytest.fixture
def trained_db(mixed: list[dict]) -> StandIn:
    db = StandIn(mixed[:250])
    call(db, key="id")
    db.rows = mixed[250:]
    return db


def evaluated_metrics(db: StandIn) -> dict[str, tuple]:
    return {name: rest for name, *rest in evaluate(db, "a model", "q", None)}


def test_metrics_equal_scikit_learn(trained_db: StandIn) -> None:
    result = evaluated_metrics(trained_db)
    truth = np.array([row["target"] for row in trained_db.rows])
    scores = np.array([score for _, _, score, _ in predict(trained_db, "a model", "q", None)])
    for name, measure in (
        ("roc_auc", roc_auc_score),
        ("average_precision", average_precision_score),
        ("log_loss", log_loss),
    ):
        value, lower, upper, _, count = result[name]
        assert value == pytest.approx(measure(truth, scores), abs=1e-9)
        assert lower < value < upper
        assert count == 150
    counts = {c["class"]: c["train"] for c in trained_db.recorded[0]["version"]["classes"]}
    prior = counts["true"] / sum(counts.values())
    assert result["log_loss"][3] == pytest.approx(log_loss(truth, np.full(150, prior)), abs=1e-9)
    assert result["roc_auc"][3] == 0.5


def test_rows_of_test_part_give_recorded_metrics(mixed: list[dict]) -> None:
    rows = [{**row, "part": "test" if n % 4 == 0 else "train"} for n, row in enumerate(mixed)]
    db = StandIn(rows)
    call(db, key="id", split='{"by": "column", "column": "part"}')
    db.rows = [row for row in rows if row["part"] == "test"]
    metrics = {
        (m["series"], m["metric"]): m for m in db.recorded[0]["metrics"] if m["split"] == "test"
    }
    evaluation = evaluated_metrics(db)
    assert evaluation
    for name, (value, lower, upper, baseline, _) in evaluation.items():
        entry = metrics["model", name]
        assert (value, baseline) == (entry["value"], metrics["baseline", name]["value"])
        # The draws differ with the order of the rows; the interval hardly does.
        assert lower == pytest.approx(entry["lower"], abs=0.15)
        assert upper == pytest.approx(entry["upper"], abs=0.15)


def test_row_order_does_not_change_result(trained_db: StandIn) -> None:
    first = evaluated_metrics(trained_db)
    trained_db.rows = trained_db.rows[::-1]
    assert evaluated_metrics(trained_db) == first


def test_rows_of_one_class_have_accuracy_and_no_roc_auc(trained_db: StandIn) -> None:
    trained_db.rows = [row for row in trained_db.rows if row["target"]]
    result = evaluated_metrics(trained_db)
    assert result["roc_auc"][0] is None
    assert 0 < result["accuracy"][0] <= 1


def test_rows_without_target_are_left_out(trained_db: StandIn) -> None:
    trained_db.rows = [*trained_db.rows, {**trained_db.rows[0], "target": None}]
    trained_db.notices.clear()
    assert evaluated_metrics(trained_db)["accuracy"][4] == 150
    assert "Left out 1 row without a target (target is NULL)." in trained_db.notices


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: {k: v for k, v in r.items() if k != "target"}, "no column 'target', which the"),
        (lambda r: {k: v for k, v in r.items() if k != "amount"}, "no column 'amount'"),
        (lambda r: {**r, "target": None}, "target is NULL in every row"),
        (lambda r: {**r, "target": "maybe"}, "'maybe', a class that was not in training"),
    ],
)
def test_invalid_rows_are_refused(trained_db: StandIn, change, message: str) -> None:
    trained_db.rows = [change(row) for row in trained_db.rows]
    with pytest.raises(GlasshouseError, match=message):
        evaluate(trained_db, "a model", "q", None)


def test_unknown_model_is_refused(trained_db: StandIn) -> None:
    with pytest.raises(GlasshouseError, match="no version 5"):
        evaluate(trained_db, "a model", "q", 5)
    trained_db.recorded.clear()
    with pytest.raises(GlasshouseError, match="no model 'a model'"):
        evaluate(trained_db, "a model", "q", None)


@pytest.mark.parametrize("by", ["group", "time", "key", "random"])
def test_dependent_rows_widen_intervals(mixed: list[dict], by: str) -> None:
    # Each row is there four times: in one group, under one key and on one day.
    rows = [
        {**row, "team": f"team {n // 4}", "day": date(2026, 1, 1) + timedelta(n // 4)}
        for n, row in enumerate([row for row in mixed for _ in range(4)])
    ]
    db = StandIn(rows)
    column = {"group": "team", "time": "day"}.get(by)
    split = {"by": by, **({"column": column} if column else {})}
    call(db, key="id", split=json.dumps(split), options={"bootstrap": 200})
    together = {row[0]: row for row in evaluate(db, "a model", "q", None)}
    unit = column or "id"
    if unit == "day":
        db.rows = [{**row, unit: rows[0][unit]} for row in rows]
    else:
        db.rows = [{**row, unit: f"{n}"} for n, row in enumerate(rows)]
    apart = {row[0]: row for row in evaluate(db, "a model", "q", None)}
    for name in ("roc_auc", "log_loss", "accuracy"):
        width = together[name][3] - together[name][2]
        assert width > 1.5 * (apart[name][3] - apart[name][2]), name


def test_class_names_with_decimal_zero_match_numbers() -> None:
    rows = [{"a": number % 5, "target": f"{number % 2}.0"} for number in range(80)]
    db = StandIn(rows)
    call(db)
    db.rows = [{**row, "target": row["target"].removesuffix(".0")} for row in rows]
    assert evaluate(db, "a model", "select * from rows", None)
