"""The threshold curve and the learning curve equal a second computation."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from glasshouse_ml.core.target import Costs
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.measure.curves import threshold_rows
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn


def random_scores(count: int = 300, positive: int = 1) -> ClassificationScores:
    rng = np.random.default_rng(4)
    actual = rng.integers(0, 2, count)
    # Two decimals: many scores lie right on a threshold.
    chances = np.round(np.clip(actual * 0.3 + rng.random(count) * 0.7, 0, 1), 2)
    return ClassificationScores(actual, np.column_stack([1 - chances, chances]), positive)


@pytest.mark.parametrize("positive", [0, 1])
def test_threshold_rows_equal_scikit_learn(positive: int) -> None:
    rows = replace(random_scores(positive=positive), costs=Costs(2.0, 7.0))
    result: dict[str, dict[float, dict]] = {}
    for row in threshold_rows(rows):
        assert row["x"] == row["threshold"]
        result.setdefault(row["series"], {})[row["x"]] = row
    assert set(result) == {"precision", "recall", "f1", "flagged_share", "cost"}
    truth = rows.actual == positive
    for threshold in (0.0, 0.25, 0.29, 0.5, 0.57, 0.9):
        predictions = rows.probabilities[:, positive] >= threshold
        (_, false_positives), (false_negatives, _) = confusion_matrix(
            truth, predictions, labels=[False, True]
        )
        expected = {
            "precision": precision_score(truth, predictions),
            "recall": recall_score(truth, predictions),
            "f1": f1_score(truth, predictions),
            "flagged_share": predictions.mean(),
            "cost": (2 * false_positives + 7 * false_negatives) / len(truth),
        }
        for series, value in expected.items():
            assert result[series][threshold]["y"] == pytest.approx(value), (series, threshold)
        assert result["recall"][threshold]["n"] == predictions.sum()


def test_no_flagged_row_has_no_precision() -> None:
    rows = ClassificationScores(np.array([0, 1]), np.array([[0.6, 0.4], [0.7, 0.3]]))
    last = [row for row in threshold_rows(rows) if row["x"] == 1.0]
    assert {row["series"]: row["y"] for row in last} == {
        "recall": 0,
        "f1": 0,
        "flagged_share": 0,
    }


def test_multiclass_has_no_threshold_rows() -> None:
    assert threshold_rows(ClassificationScores(np.array([0, 1, 2]), np.eye(3))) == []


def learning_curve(db: StandIn, **changes: object) -> dict[str, list[dict]]:
    options = {"bootstrap": 0, "importance_repeats": 0, **changes}
    call(db, key="id", options=json.dumps(options))
    result: dict[str, list[dict]] = {}
    for row in db.recorded[-1]["curves"]:
        if row["curve"] == "learning":
            result.setdefault(row["series"], []).append(row)
    return result


def test_learning_curve_ends_at_training_score(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    result = learning_curve(db, learning_curve=4)
    payload = db.recorded[0]
    assert [row["position"] for row in result["validation"]] == [1, 2, 3, 4]
    for rows in result.values():
        sizes = [row["x"] for row in rows]
        for before, after in pairwise(sizes[:3]):
            assert after == pytest.approx(2 * before, abs=2)
        assert sizes == sorted(sizes)
    candidate = next(c for c in payload["candidates"] if c["chosen"])
    last = result["validation"][-1]
    assert last["y"] == pytest.approx(candidate["score"])
    assert last["upper"] - last["y"] == pytest.approx(candidate["deviation"])
    (whole,) = [
        m["value"]
        for m in payload["metrics"]
        if (m["split"], m["metric"], m["series"]) == ("train", "roc_auc", "model")
    ]
    assert result["training"][-1]["y"] == whole
    assert result["training"][-1]["x"] == payload["version"]["rows_train"]
    assert result == learning_curve(db, learning_curve=4)


def test_learning_curve_is_drawn_by_default_when_cheap(mixed: list[dict]) -> None:
    assert learning_curve(StandIn(mixed), learning_curve=None)
    assert not learning_curve(StandIn(mixed), learning_curve=0)
    many = [{**row, "id": f"{row['id']} {copy}"} for copy in range(8) for row in mixed]
    assert not learning_curve(StandIn(many), learning_curve=None)


def test_rare_class_is_in_every_share() -> None:
    rng = np.random.default_rng(0)
    rows = [{"id": n, "x": float(rng.normal()) + (n < 12), "target": n < 12} for n in range(400)]
    result = learning_curve(StandIn(rows), learning_curve=4)
    assert len(result["validation"]) == 4
