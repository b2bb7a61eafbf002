"""Predictions of several processes are those of one session, to the digit and in the same order."""

import os
from typing import Any

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data import processes
from glasshouse_ml.use import predict as predict_module

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

WORDS = ("slow delivery", "never again!", "très bon", "", "good price \U0001f600")
FOREST = '[{"algorithm": "random_forest", "params": {"n_estimators": 7, "n_jobs": -1}}]'
BOOSTED = '[{"algorithm": "hist_gradient_boosting", "params": {"max_iter": 7}}]'
XGBOOST = '[{"algorithm": "xgboost", "params": {"n_estimators": 7}}]'


class Set(StandIn):
    """A session in which glasshouse.sessions has a value."""

    sessions: str | None = None

    def setting(self, name: str) -> str | None:
        return self.sessions if name == processes.SETTING else None


def rows(count: int = 230) -> list[dict[str, Any]]:
    return [
        {
            "id": f"row {number}",
            "amount": None if number % 7 == 0 else (number * 37 % 101) / 3,
            "colour": ("red", "green", None, 'a "blue"')[number % 4],
            "comment": f"{WORDS[number % 5]} {WORDS[number * 3 % 5]} {number % 23}",
            "flag": number % 3 == 0,
            "target": (number * 37 % 101) > 50,
        }
        for number in range(count)
    ]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes from the second batch on."""
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(predict_module, "BATCH", 25)
    monkeypatch.setattr(processes, "ALONE_S", 0.0)


def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of processes of each call from now on."""
    counts: list[int] = []

    class Counted(processes.Processes):
        def __init__(self, count: int, *arguments: Any) -> None:
            counts.append(count)
            super().__init__(count, *arguments)

    monkeypatch.setattr(processes, "Processes", Counted)
    return counts


CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "two classes": ({"algorithms": FOREST}, True),
    "texts instead of raw bytes": ({"algorithms": BOOSTED}, False),
    "many classes": ({"algorithms": XGBOOST, "target": "colour"}, True),
    "numbers with an interval": (
        {
            "task": "regression",
            "target": "amount",
            "algorithms": BOOSTED,
            "options": {"interval": 0.8},
        },
        True,
    ),
    "outliers": (
        {"task": "outliers", "target": None, "algorithms": '["isolation_forest"]'},
        True,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_predictions_are_the_same(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    arguments, raw = CASES[case]
    db = Set(rows(), raw)
    call(db, key="id", **arguments)
    alone = list(predict(db, "a model", "q", None))
    counts = started(monkeypatch)
    # Each process takes seconds to load the libraries, so one case tries a third one.
    numbers = [2, 3] if case == "two classes" else [2]
    for sessions in (1, *numbers):
        db.sessions = str(sessions)
        assert list(predict(db, "a model", "q", None)) == alone
    assert counts == numbers
    assert not any("sessions" in notice for notice in db.notices)


def test_rows_without_key_are_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    db = Set([{"amount": row["amount"], "target": row["target"]} for row in rows()])
    call(db)
    alone = list(predict(db, "a model", "q", None))
    counts, db.sessions = started(monkeypatch), "2"
    assert list(predict(db, "a model", "q", None)) == alone
    assert counts == [2]


def test_invalid_row_of_a_later_batch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    db = Set(rows())
    call(db, key="id", algorithms=BOOSTED)
    db.rows[-40]["amount"] = float("inf")
    messages = []
    for db.sessions in ("1", "2"):
        with pytest.raises(GlasshouseError, match="'amount' holds infinite") as caught:
            list(predict(db, "a model", "q", None))
        messages.append((caught.value.message, caught.value.hint, caught.value.sqlstate))
    assert messages[0] == messages[1]


def test_short_call_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    db = Set(rows())
    call(db, key="id")
    db.sessions, counts = "2", started(monkeypatch)
    monkeypatch.setattr(processes, "ALONE_S", 1_000.0)
    assert len(list(predict(db, "a model", "q", None))) == len(db.rows)
    monkeypatch.setattr(processes, "ALONE_S", 0.0)
    db.rows = db.rows[:25]
    assert len(list(predict(db, "a model", "q", None))) == 25
    assert counts == []


def test_models_of_groups_are_predicted_by_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    db = Set(rows())
    call(db, key="id", options={"group_by": "flag"}, algorithms=BOOSTED)
    alone = list(predict(db, "a model", "q", None))
    db.sessions, counts = "2", started(monkeypatch)
    db.notices.clear()
    assert list(predict(db, "a model", "q", None)) == alone
    assert counts == []
    [notice] = db.notices
    assert notice.startswith("glasshouse.sessions has no effect")
