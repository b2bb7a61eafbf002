"""make refresh: one at a time, one line, one row."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.bootstrap.locks import try_lock
from scripts.errors import UserError
from scripts.stack.refresh import run


@contextmanager
def no_lock(settings: Any) -> Iterator[None]:
    yield


def settings_in(state: Path) -> Any:
    """Settings without a webhook."""
    return SimpleNamespace(state=state, value=lambda key: None)


STACK = SimpleNamespace(update_server_environment=lambda: "up to date")


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    rows: list[tuple] = []

    def record(settings: Any, number: int | None, status: str, detail: str) -> int:
        rows.append((number, status, detail))
        return 7

    monkeypatch.setattr(run, "_record", record)
    return rows


def test_one_line_and_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: list, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(run, "refresh", lambda settings, stack: "up to date")
    run.run_refresh(settings_in(tmp_path), STACK, no_lock)
    assert recorded == [(None, "running", ""), (7, "succeeded", "up to date")]
    assert capsys.readouterr().out.splitlines()[-1].startswith("Refresh: succeeded in 0 s; up to")


def test_second_refresh_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: list, capsys: pytest.CaptureFixture
) -> None:
    def second(settings: Any, stack: Any) -> str:
        run.run_refresh(settings_in(tmp_path), STACK, no_lock)
        return "up to date"

    monkeypatch.setattr(run, "refresh", second)
    run.run_refresh(settings_in(tmp_path), STACK, no_lock)
    assert len(recorded) == 2
    assert capsys.readouterr().out.count("another refresh is running; nothing was done.") == 1


@pytest.mark.parametrize("error", [UserError("dbt failed", "read the log"), KeyboardInterrupt()])
def test_failure_is_recorded_and_releases_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: list, error: BaseException
) -> None:
    def fail(settings: Any, stack: Any) -> str:
        raise error

    monkeypatch.setattr(run, "refresh", fail)
    with pytest.raises(type(error)):
        run.run_refresh(settings_in(tmp_path), STACK, no_lock)
    assert [status for _, status, _ in recorded] == ["running", "failed"]
    with try_lock(tmp_path / "refresh.lock") as is_free:
        assert is_free
