"""Finding and ending the processes of this installation, and of no other."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.errors import UserError
from scripts.settings import Settings

MARK = "GLASSHOUSE_PROCESS"


def mark(state: Path, part: str) -> dict[str, str]:
    """What to put into the environment of a process, to find it again by."""
    return {MARK: f"{part} of {state}"}


def alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and waits for its parent does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder`: a PostgreSQL server and its children."""
    target = os.path.realpath(folder)
    return [pid for pid in _all() if _link(pid, "cwd").removesuffix(" (deleted)") == target]


def marked(state: Path, part: str) -> list[int]:
    """Processes of this installation that were started as `part`, and their children."""
    wanted = f"{MARK}={part} of {state}".encode()
    found = []
    for pid in _all():
        try:
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
        except OSError:
            continue
    return found


def end(pids: list[int], patience: float = 20) -> None:
    """Ask the processes to end; after `patience` seconds make them."""
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        if wait_until(lambda: not any(map(alive, pids)), wait):
            return


def wait_until(condition, seconds: float) -> bool:
    """Look again and again until `condition()` holds; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def read_pid(path: Path) -> int | None:
    """The number in the first line of a PID file, if there is a sound one."""
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def require_free_port(settings: Settings, key: str) -> None:
    """Refuse to start a part on a port that somebody else listens on."""
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


def _all() -> Iterator[int]:
    own = os.getpid()
    numbers = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return (pid for pid in numbers if pid != own)


def _link(pid: int, name: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/{name}").readlink())
    except OSError:
        return ""
