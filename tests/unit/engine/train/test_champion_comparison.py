"""options.promote = if_better: both versions are compared on the same test rows."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.measure.classification_metrics import METRICS, ClassificationScores
from glasshouse_ml.train.champion_comparison import compare_scores
from sklearn.metrics import roc_auc_score

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

IF_BETTER = '{"bootstrap": 50, "importance_repeats": 1, "promote": "if_better"}'


def retrain(db: StandIn, **changes: Any) -> dict[str, Any]:
    return call(db, key="id", options=IF_BETTER, **changes)


def comparison_notice(db: StandIn) -> str:
    """The notice about the comparison, which is followed by one about predictions by dbt."""
    *_, comparison_notice, last_notice = db.notices
    assert last_notice.startswith("Predictions by dbt follow")
    return comparison_notice


def comparison(db: StandIn) -> dict[str, Any]:
    return db.recorded[-1]["version"]["comparison"]


def test_first_version_has_no_comparison(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    assert retrain(db)["champion"]
    assert "comparison" not in db.recorded[0]["version"]


def test_only_better_version_becomes_champion(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db, key="id", algorithms='["dummy"]')
    assert retrain(db)["champion"]
    assert comparison(db)["champion"] == 1
    assert comparison(db)["champion_score"] == 0.5
    assert comparison(db)["lower"] > 0
    assert not retrain(db)["champion"], "equal is not better"
    assert comparison(db)["gain"] == 0
    assert not retrain(db, algorithms='["dummy"]')["champion"]
    assert comparison(db)["better"] is False
    assert [p["version"]["status"] for p in db.recorded][:2] == ["archived", "champion"]
    assert any("stays" in notice for notice in db.notices)


def test_both_versions_are_scored_on_same_test_rows(mixed: list[dict]) -> None:
    db = StandIn([{**row, "part": "test" if n % 3 else "train"} for n, row in enumerate(mixed)])
    split = '{"by": "column", "column": "part"}'
    call(db, key="id", split=split)
    retrain(db, split=split, algorithms='["hist_gradient_boosting"]')
    testing = [row["part"] == "test" for row in db.rows]
    truth = np.array([row["target"] for row in db.rows])[testing]
    for version, name in ((1, "champion_score"), (2, "score")):
        scores = np.array([score for _, _, score, _ in predict(db, "a model", "q", version)])
        assert comparison(db)[name] == pytest.approx(roc_auc_score(truth, scores[testing]))
    assert comparison(db)["rows"] == sum(testing)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: {k: v for k, v in r.items() if k != "amount"}, "'amount' is missing"),
        (lambda r: {**r, "amount": str(r["amount"])[:3]}, "'amount' is of another type"),
        (lambda r: {**r, "target": f"class {r['target']}"}, "holds other classes"),
    ],
)
def test_unreadable_champion_is_replaced(mixed: list[dict], change, reason: str) -> None:
    db = StandIn(mixed)
    call(db, key="id")
    db.rows = [change(row) for row in mixed]
    assert retrain(db)["champion"]
    assert reason in comparison(db)["not_comparable"]
    assert any(reason in notice for notice in db.notices)


def test_champion_of_other_target_is_replaced(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db, key="id")
    assert retrain(db, target="loyal")["champion"]
    assert any("Its target is 'target', not 'loyal'." in notice for notice in db.notices)


def test_smaller_is_better_for_error_metrics() -> None:
    actual = np.array([0, 1] * 50)
    sure, unsure = (
        ClassificationScores(
            actual, np.column_stack([np.where(actual, 1 - p, p), np.where(actual, p, 1 - p)])
        )
        for p in (0.9, 0.6)
    )
    result = compare_scores(METRICS["log_loss"], sure, unsure, 200, 0)
    assert result["better"]
    assert result["gain"] == pytest.approx(np.log(0.9 / 0.6))
    # Every row gains the same, and a paired interval knows that; an unpaired one would not.
    assert result["upper"] - result["lower"] < 1e-9
    assert not compare_scores(METRICS["log_loss"], unsure, sure, 200, 0)["better"]


def test_keep_does_not_change_request(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    for keep in (None, 3):
        options = {"bootstrap": 0, "importance_repeats": 0, "keep": keep}
        call(db, options=json.dumps(options | {"retrain": "if_changed"}))
    assert len(db.recorded) == 1


def test_comparison_precedes_lock_and_repeats_for_new_champion(
    mixed: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    db = StandIn(mixed)
    call(db, key="id", algorithms='["dummy"]')
    call(db, key="id", options={"promote": "never"}, algorithms='["decision_tree"]')
    order = []
    original_call = db.call

    def call_and_note(statement: str, *arguments: Any) -> list[dict]:
        if "select content" in statement:
            order.append("champion loaded")
        if "reserve_version" in statement:
            order.append("locked")
        return original_call(statement, *arguments)

    monkeypatch.setattr(db, "call", call_and_note)
    retrain(db)
    assert order == ["champion loaded", "locked"]
    assert comparison(db)["champion"] == 1

    def promoted_meanwhile(statement: str, *arguments: Any) -> list[dict]:
        if "reserve_version" in statement:
            for number, payload in enumerate(db.recorded, start=1):
                payload["version"]["status"] = "champion" if number == 2 else "archived"
        return original_call(statement, *arguments)

    monkeypatch.setattr(db, "call", promoted_meanwhile)
    retrain(db)
    assert comparison(db)["champion"] == 2, "the champion that is replaced"
    assert comparison_notice(db).count("champion, version 2") == 1


def test_comparison_has_limited_rows(mixed: list[dict], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glasshouse_ml.train.champion_comparison.MAX_ROWS", 40)
    db = StandIn(mixed)
    call(db, key="id")
    retrain(db, algorithms='["decision_tree"]')
    assert comparison(db)["rows"] == 40


def test_notice_without_bootstrap_mentions_missing_interval(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db, key="id", algorithms='["dummy"]')
    call(db, key="id", options={"bootstrap": 0, "promote": "if_better"})
    assert (comparison(db)["lower"], comparison(db)["better"]) == (None, True)
    assert comparison_notice(db).endswith(
        "There is no interval of the gain: options.bootstrap is 0."
    )


def test_undefined_metric_rejects_without_error() -> None:
    rows = [
        {"a": float(n % 9), "day": n, "target": float(n % 7 if n < 80 else 3)} for n in range(100)
    ]
    db = StandIn(rows)
    for _ in range(2):
        call(
            db,
            options={"promote": "if_better"},
            task="regression",
            metric="r2",
            algorithms='["ridge"]',
            split='{"by": "time", "column": "day"}',
        )
    assert (comparison(db)["score"], comparison(db)["better"]) == (None, False)
    assert "r2 is undefined for the new version" in comparison_notice(db)
