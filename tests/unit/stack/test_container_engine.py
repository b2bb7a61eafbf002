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
    own_folder, other_folder = tmp_path / "ours", tmp_path / "others"
    for folder in (own_folder, other_folder):
        folder.mkdir()
    own_pid, other_pid = daemon(own_folder), daemon(other_folder)
    # A number that meanwhile belongs to somebody else.
    (own_folder / "pid").write_text(str(other_pid))
    _stop_earlier_daemon(own_folder)
    assert is_alive(other_pid)
    assert not (own_folder / "pid").exists()
    (own_folder / "pid").write_text(str(own_pid))
    _stop_earlier_daemon(own_folder)
    assert not is_alive(own_pid)
    (other_folder / "pid").write_text(str(other_pid))
    _stop_earlier_daemon(other_folder)
    assert not is_alive(other_pid)
    (own_folder / "pid").write_text("no number")
    _stop_earlier_daemon(own_folder)


def test_engine_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with (
        pytest.raises(BootstrapError, match="start Docker"),
        temporary_engine(tmp_path / "engine", tmp_path / "log"),
    ):
        pass
    assert not (tmp_path / "engine").exists()
