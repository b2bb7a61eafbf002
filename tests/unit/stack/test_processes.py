"""Only processes of this installation are found and ended, and used ports are reported."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.errors import UserError
from scripts.stack import processes


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen]:
    """A process that works in `tmp_path`, bears its mark and does not end when asked to."""
    program = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, **processes.process_tag(tmp_path, "tool")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()


def test_processes_are_found_by_tag_and_folder(sleeper: subprocess.Popen, tmp_path: Path) -> None:
    assert processes.find_by_tag(tmp_path, "tool") == [sleeper.pid]
    assert processes.find_by_tag(tmp_path, "superset") == []
    assert processes.find_by_tag(tmp_path.parent, "tool") == []
    assert processes.find_by_working_directory(tmp_path) == [sleeper.pid]
    assert processes.find_by_working_directory(tmp_path.parent) == []


def test_unresponsive_process_is_killed(sleeper: subprocess.Popen) -> None:
    assert processes.is_alive(sleeper.pid)
    processes.terminate([sleeper.pid], grace_seconds=0.2)
    # It has ended; that nobody has asked for its exit code yet does not make it alive.
    assert not processes.is_alive(sleeper.pid)


def test_invalid_pid_file_has_no_pid(tmp_path: Path) -> None:
    assert processes.read_pid(tmp_path / "none") is None
    (tmp_path / "pid").write_text("")
    assert processes.read_pid(tmp_path / "pid") is None
    (tmp_path / "pid").write_text("4711\nmore\n")
    assert processes.read_pid(tmp_path / "pid") == 4711


def test_port_in_use_error_names_setting() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        settings = SimpleNamespace(superset_port=port)
        with pytest.raises(UserError, match=rf"Port {port} \(SUPERSET_PORT in .env\) is in use"):
            processes.require_free_port(settings, "SUPERSET_PORT")
    processes.require_free_port(settings, "SUPERSET_PORT")
