"""options.budget_s: what ends, what does not, and what the registry says of it."""

import json
import time

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.interrupts import check_interrupts, interruptible, interruptible_step
from glasshouse_ml.measure.classification_metrics import METRICS
from glasshouse_ml.model import time_budget
from glasshouse_ml.model.fitting import Candidate
from glasshouse_ml.model.time_budget import TimeBudget

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

AUC, LOSS = METRICS["roc_auc"], METRICS["log_loss"]


def candidate(number: int, scores: list[float], seconds: float, share: float = 1.0) -> Candidate:
    return Candidate(number, f"algorithm {number}", {}, [], scores, seconds, share)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test sets."""
    now = [0.0]
    monkeypatch.setattr(time_budget.time, "perf_counter", lambda: now[0])
    return now


def test_candidate_ends_only_when_slow_and_worse_and_late(
    clock: list[float],
) -> None:
    budget = TimeBudget(20, AUC)
    budget.check_fold([0.5], 100, 5)  # the first candidate always ends its folds
    budget.add(candidate(1, [0.8, 0.9, 0.8, 0.9, 0.8], 5))
    clock[0] = 10
    budget.check_fold([0.7], 1.5, 5)  # worse and slower, but there is time
    budget.check_fold([0.7], 0.5, 5)  # faster
    budget.check_fold([0.81], 4, 5)  # better in the same fold
    budget.check_fold([0.7] * 5, 90, 5)  # all folds are done
    with pytest.raises(GlasshouseError, match=r"after 1 of 5 folds .* is 0.7, that of .* 0.8"):
        budget.check_fold([0.7], 4, 5)


def test_smaller_losses_are_better(clock: list[float]) -> None:
    budget = TimeBudget(5, LOSS)
    budget.add(candidate(1, [0.4, 0.4], 1))
    budget.add(candidate(2, [0.3, 0.3], 1))
    budget.add(candidate(3, [0.5, 0.5], 1))
    budget.check_fold([0.29], 9, 2)
    with pytest.raises(GlasshouseError, match=r"algorithm 2 0\.3"):
        budget.check_fold([0.35], 9, 2)


def test_deadline_waits_for_one_complete_candidate(clock: list[float]) -> None:
    budget = TimeBudget(5, AUC)
    clock[0] = 60
    budget.check_deadline()
    budget.add(candidate(0, [0.5], 1))
    budget.add(candidate(1, [0.9], 1, share=1 / 3))
    budget.check_deadline()
    budget.add(candidate(2, [0.6], 1))
    with pytest.raises(GlasshouseError, match="= 5 seconds are over"):
        budget.check_deadline()
    unlimited = TimeBudget(None, AUC)
    unlimited.add(candidate(1, [0.9], 1))
    clock[0] = 1e9
    unlimited.check_deadline()
    unlimited.check_fold([0.1], 1e9, 5)


def test_step_ends_without_call() -> None:
    def fail() -> None:
        raise GlasshouseError("over")

    with interruptible(lambda: None):
        with pytest.raises(GlasshouseError), interruptible_step(fail):
            time.sleep(0.06)
            check_interrupts()
        time.sleep(0.06)
        check_interrupts()


def test_training_within_budget() -> None:
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(600):
        x, z = rng.normal(size=2)
        rows.append({"x": float(x), "z": float(z), "target": bool(x + rng.normal() > 0)})
    slow = {"algorithm": "random_forest", "params": {"n_estimators": 5_000}}
    algorithms = json.dumps(["logistic_regression", slow, "decision_tree"])
    db, ample, free = StandIn(rows), StandIn(rows), StandIn(rows)
    start = time.monotonic()
    call(db, {"budget_s": 0.7}, algorithms=algorithms)
    assert time.monotonic() - start < 20
    candidates = db.recorded[0]["candidates"]
    assert [c["chosen"] for c in candidates] == [False, True, False, False]
    assert "budget_s" in candidates[2]["error"]
    assert "budget_s" in candidates[3]["error"]
    assert any("budget_s" in notice for notice in db.notices)
    quick = json.dumps(["logistic_regression", "decision_tree"])
    call(ample, {"budget_s": 3_600}, algorithms=quick)
    call(free, algorithms=quick)
    scores = [[c["fold_scores"] for c in d.recorded[0]["candidates"]] for d in (ample, free)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("value", [0, -1, "60", True])
def test_refused(value: object) -> None:
    with pytest.raises(GlasshouseError, match="budget_s"):
        call(StandIn([{"x": 1.0, "target": True}]), {"budget_s": value})
