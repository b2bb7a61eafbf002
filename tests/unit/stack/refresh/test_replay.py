"""make replay: which models know the days that are repeated, and the order of its steps."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.errors import UserError
from scripts.stack.refresh import replay

MANIFEST = {
    "child_map": {
        "source.glasshouse.shop.orders": ["model.glasshouse.stg"],
        "source.glasshouse.csv.other": ["model.glasshouse.other"],
        "model.glasshouse.stg": ["model.glasshouse.churn", "test.glasshouse.unique"],
        "model.glasshouse.churn": [],
    },
    "nodes": {
        "model.glasshouse.stg": {"name": "stg", "config": {"materialized": "view"}},
        "model.glasshouse.churn": {"name": "churn", "config": {"materialized": "ml_model"}},
        "model.glasshouse.other": {"name": "other", "config": {"materialized": "ml_model"}},
    },
}


@contextmanager
def no_lock(settings: Any) -> Iterator[None]:
    yield


class Shop:
    """Keeps what is asked of it."""

    def __init__(self, steps: list[str]) -> None:
        self.steps = steps

    def rewind(self, day: date) -> None:
        self.steps.append(f"rewind {day}")

    def advance(self, first: date, days: int) -> int:
        self.steps.append(f"{days} days from {first}")
        return 5


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a replay does, in order."""
    steps: list[str] = []
    monkeypatch.setattr(replay, "recorded_shop", lambda dsn: Shop(steps))
    monkeypatch.setattr(replay, "_drop_models", lambda settings: ["churn"])
    monkeypatch.setattr(replay, "build", lambda *args, **options: steps.append("build"))
    monkeypatch.setattr(replay, "run_refresh", lambda *args, **options: steps.append("refresh"))
    return steps


def run(first: date, last: date, days: int) -> None:
    settings: Any = SimpleNamespace(dsn=lambda role: {})
    replay.replay(settings, None, no_lock, first, last, days)  # type: ignore[arg-type]


def test_last_step_ends_on_the_last_day(steps: list[str]) -> None:
    run(date(2011, 6, 1), date(2011, 6, 10), 7)
    assert steps == [
        "rewind 2011-06-01", "build", "7 days from 2011-06-01", "refresh", "3 days from 2011-06-08",
        "refresh",
    ]  # fmt: skip


def test_exchanged_dates_are_refused_before_anything_is_done(steps: list[str]) -> None:
    with pytest.raises(UserError, match="FROM=2011-06-02 is after TO=2011-06-01"):
        run(date(2011, 6, 2), date(2011, 6, 1), 1)
    assert steps == []


def test_only_models_of_the_shop_are_dropped(tmp_path: Path) -> None:
    settings: Any = SimpleNamespace(state=tmp_path)
    assert replay._models_of_shop(settings) == []
    folder = tmp_path / "dbt" / "state"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    assert replay._models_of_shop(settings) == ["churn"]
