"""Finds and ends the processes of this installation only."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.errors import UserError
from scripts.settings import Settings

# Processes are recognised by this environment variable, which their children inherit.
TAG = "GLASSHOUSE_PROCESS"


def process_tag(state: Path, role: str) -> dict[str, str]:
    """The environment variable that identifies a process of the installation in `state`."""
    return {TAG: f"{role} of {state}"}


def find_by_tag(state: Path, role: str) -> list[int]:
    """The processes with the tag of this installation and `role`, and their children."""
    entry = f"{TAG}={role} of {state}".encode()
    pids = []
    for pid in _other_processes():
        try:
            if entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                pids.append(pid)
        except OSError:
            continue
    return pids


def find_by_working_directory(folder: Path) -> list[int]:
    """The processes that work in `folder`: a PostgreSQL server and its children."""
    target = os.path.realpath(folder)
    return [
        pid
        for pid in _other_processes()
        if _working_directory(pid).removesuffix(" (deleted)") == target
    ]


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def terminate(pids: list[int], grace_seconds: float = 20) -> None:
    """Send SIGTERM to the processes, and SIGKILL to those that still run after the grace period."""
    for signal_number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5)):
        for pid in pids:
            try:
                os.kill(pid, signal_number)
            except ProcessLookupError:
                continue
        if wait_until(lambda: not any(map(is_alive, pids)), seconds):
            return


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until `condition()` holds; False if it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def read_pid(path: Path) -> int | None:
    """The number in the first line of a PID file; None if there is no valid one."""
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def require_free_port(settings: Settings, key: str) -> None:
    """Raise UserError if another program listens on the port that `.env` names in `key`."""
    port = getattr(settings, key.lower())
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise UserError(
                f"Port {port} ({key} in .env) is reserved for the system",
                f"set {key} in .env to a number above 1023, then start again",
            ) from None
        except OSError:
            raise UserError(
                f"Port {port} ({key} in .env) is in use by another program",
                f"set {key} in .env to a free port or stop that program, then start again",
            ) from None


def _other_processes() -> Iterator[int]:
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return (pid for pid in pids if pid != os.getpid())


def _working_directory(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""
