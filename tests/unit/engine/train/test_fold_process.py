"""Folds that processes fit have the scores of one session, to the digit."""

import json
import os
from typing import Any

import pytest
from glasshouse_ml.data import processes
from glasshouse_ml.train.processes import fold_process

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

ALGORITHMS = json.dumps(
    [
        "logistic_regression",
        {"algorithm": "hist_gradient_boosting", "params": {"max_iter": 7}},
        {"algorithm": "random_forest", "params": {"n_estimators": 5, "max_features": 3.5}},
    ]
)


class Set(StandIn):
    """A session in which glasshouse.sessions has a value."""

    sessions: str | None = None

    def setting(self, name: str) -> str | None:
        return self.sessions if name == processes.SETTING else None


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of processes that were started; from the second fold on they are used."""
    counts: list[int] = []

    class Counted(processes.Processes):
        def __init__(self, count: int, *arguments: Any) -> None:
            counts.append(count)
            super().__init__(count, *arguments)

    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(processes, "Processes", Counted)
    monkeypatch.setattr(fold_process, "ALONE_S", 0.0)
    return counts


def candidates(db: StandIn) -> list[dict[str, Any]]:
    """What the registry has about the candidates, without the seconds."""
    rows = db.recorded[-1]["candidates"]
    return [{k: v for k, v in row.items() if "seconds" not in k} for row in rows]


def test_scores_are_the_same(mixed: list[dict], started: list[int]) -> None:
    db = Set([{**row, "w": 1.0 + number % 3} for number, row in enumerate(mixed)])
    call(db, {"weight": "w"}, key="id", algorithms=ALGORITHMS)
    assert started == []
    alone = candidates(db)
    # The last candidate fails: its message is that of the session.
    assert [bool(row["error"]) for row in alone].count(True) == 1
    db.sessions = "2"
    call(db, {"weight": "w"}, key="id", algorithms=ALGORITHMS)
    assert candidates(db) == alone
    assert db.recorded[1]["metrics"] == db.recorded[0]["metrics"]
    assert set(started) == {2}


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"memory_mb": 100_000}, "memory_mb"), ({"group_by": "loyal"}, "groups")],
)
def test_session_fits_folds_with_a_reason(
    mixed: list[dict], started: list[int], options: dict[str, Any], reason: str
) -> None:
    db = Set(mixed)
    db.sessions = "2"
    call(db, options, key="id")
    assert started == []
    [notice] = [each for each in db.notices if "glasshouse.sessions" in each]
    assert reason in notice
