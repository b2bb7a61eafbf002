"""The container engine of `make test-docker`, tested without an engine."""

import os
import subprocess
from pathlib import Path

import pytest

from scripts.bootstrap import BootstrapError
from scripts.bootstrap.container_engine import _stop_earlier_daemon, temporary_engine
from scripts.stack.processes import is_alive


def daemon(folder: Path) -> int:
    """A process of nobody's that names the folder on its command line, as dockerd does."""
    script = f"tail -f /dev/null --pid={os.getpid()} {folder}/log > /dev/null 2>&1 & echo $!"
    (folder / "log").touch()
    return int(subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout)


def test_daemon_of_killed_run_is_ended_and_no_other(tmp_path: Path) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    for folder in (ours, others):
        folder.mkdir()
    mine, foreign = daemon(ours), daemon(others)
    # A number that meanwhile belongs to somebody else.
    (ours / "pid").write_text(str(foreign))
    _stop_earlier_daemon(ours)
    assert is_alive(foreign)
    assert not (ours / "pid").exists()
    (ours / "pid").write_text(str(mine))
    _stop_earlier_daemon(ours)
    assert not is_alive(mine)
    (others / "pid").write_text(str(foreign))
    _stop_earlier_daemon(others)
    assert not is_alive(foreign)
    (ours / "pid").write_text("no number")
    _stop_earlier_daemon(ours)


def test_engine_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with (
        pytest.raises(BootstrapError, match="start Docker"),
        temporary_engine(tmp_path / "engine", tmp_path / "log"),
    ):
        pass
    assert not (tmp_path / "engine").exists()
