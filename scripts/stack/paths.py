"""The folders that hold the state of an installation."""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER_USER = "postgres"
# The path of a socket has at most 107 bytes; PostgreSQL adds /.s.PGSQL.<port>.lock to the folder.
MAX_SOCKET_FOLDER = 107 - len("/.s.PGSQL.65535.lock")
# `clear` leaves these: the operator's tools and the lock that the running command holds.
TOOLS = {"venv", "venv.lock", "uv", "uv.lock", "glasshouse.lock", "refresh.lock"}


@dataclass(frozen=True)
class Paths:
    """The folders of one installation; `state` is its folder .stack."""

    state: Path

    @property
    def server_state(self) -> Path:
        """The folder that the database server's user must reach: .stack, or the one it names."""
        try:
            return Path(self._pointer.read_text().strip())
        except FileNotFoundError:
            return self.state

    @property
    def _pointer(self) -> Path:
        return self.state / "server_state"

    @property
    def data(self) -> Path:
        """The data directory of the database cluster."""
        return self.server_state / "postgres"

    @property
    def server_environment(self) -> Path:
        """The Python environment that the database server imports from."""
        return self.server_state / "server"

    @property
    def sockets(self) -> Path:
        """The folder of the server's Unix socket."""
        folder = self.server_state / "sockets"
        if len(os.fsencode(folder)) <= MAX_SOCKET_FOLDER:
            return folder
        # Another user may have made this folder first; the code that makes it checks the owner.
        return Path(f"/tmp/glasshouse-{os.getuid()}-{_short_hash(folder)}")  # noqa: S108

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """The folder of the PID files."""
        return self.state / "run"

    def prepare(self) -> None:
        """Make the folders.

        The server's state moves below /var/lib if the server's user cannot reach `state`.
        """
        for folder in (self.state, self.logs, self.run):
            folder.mkdir(parents=True, exist_ok=True)
        self.logs.chmod(0o700)
        if os.geteuid() == 0 and not self._pointer.exists() and not _reachable(self.state):
            target = Path("/var/lib/glasshouse") / _short_hash(self.state)
            target.mkdir(parents=True, exist_ok=True)
            draft = self._pointer.with_suffix(".new")
            draft.write_text(f"{target}\n")
            draft.rename(self._pointer)
        self.server_state.mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Remove all state but the environments of the operator's tools."""
        for path in self.state.iterdir() if self.state.exists() else ():
            if path.name in TOOLS:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def server_user() -> str | None:
    """The user that the database server runs as; None means the current user.

    Root cannot run PostgreSQL. Its package creates the user; a machine that runs containers only
    does not have that user.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER).pw_name
    except KeyError:
        return None


def as_server_user(**arguments: Any) -> dict[str, Any]:
    """Arguments for subprocess.run that start a program as the server's user.

    The program gets a small environment of its own. `arguments` are added to the result.
    """
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"}
    defaults: dict[str, Any] = {"cwd": "/", "stdin": subprocess.DEVNULL, "env": environment}
    user = server_user()
    if user:
        defaults |= {"user": user, "group": user, "extra_groups": []}
    return defaults | arguments


def _short_hash(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]


def _reachable(folder: Path) -> bool:
    command = ["/usr/bin/test", "-x", str(folder)]
    return subprocess.run(command, **as_server_user()).returncode == 0
