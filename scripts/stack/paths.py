"""Where the state of an installation lives."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.settings import Settings

SERVER_USER = "postgres"
# A socket's whole path may have 107 bytes; PostgreSQL adds /.s.PGSQL.<port>.lock to the folder.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.65535.lock")


@dataclass(frozen=True)
class Places:
    """The folders of one installation."""

    state: Path

    @property
    def server_state(self) -> Path:
        """What the database server's user must reach: .stack, or the folder .stack points to."""
        try:
            return Path(self._pointer.read_text().strip())
        except FileNotFoundError:
            return self.state

    @property
    def _pointer(self) -> Path:
        return self.state / "server_state"

    @property
    def data(self) -> Path:
        """The database cluster."""
        return self.server_state / "postgres"

    @property
    def server_environment(self) -> Path:
        """The Python environment that the database server imports from."""
        return self.server_state / "server"

    @property
    def sockets(self) -> Path:
        """Where the server puts its Unix socket."""
        folder = self.server_state / "sockets"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
            return folder
        # Whoever makes it checks that nobody else was there first.
        return Path(f"/tmp/glasshouse-{os.getuid()}-{_short_name(folder)}")  # noqa: S108

    @property
    def logs(self) -> Path:
        """What the parts have said."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """PID files."""
        return self.state / "run"

    def prepare(self) -> None:
        """Make the folders; move the server's state where its user can reach it, if need be."""
        for folder in (self.state, self.logs, self.run):
            folder.mkdir(parents=True, exist_ok=True)
        self.logs.chmod(0o700)
        if os.geteuid() == 0 and not self._pointer.exists() and not _reachable(self.state):
            elsewhere = Path("/var/lib/glasshouse") / _short_name(self.state)
            elsewhere.mkdir(parents=True, exist_ok=True)
            draft = self._pointer.with_suffix(".new")
            draft.write_text(f"{elsewhere}\n")
            draft.rename(self._pointer)
        self.server_state.mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Remove all state but the environments of the operator's own tools."""
        kept = {"venv", "venv.lock", "uv", "uv.lock", "glasshouse.lock"}
        for path in self.state.iterdir() if self.state.exists() else ():
            if path.name in kept:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def places(settings: Settings) -> Places:
    """The folders of this installation."""
    return Places(settings.state)


def server_user() -> str | None:
    """The user the database server runs as; None: whoever runs this command."""
    return SERVER_USER if os.geteuid() == 0 else None


def as_server(**more: object) -> dict[str, object]:
    """Arguments for subprocess.run: as the server's user, in an environment of its own."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"}
    arguments: dict[str, object] = {"cwd": "/", "stdin": subprocess.DEVNULL, "env": environment}
    user = server_user()
    if user:
        arguments |= {"user": user, "group": user, "extra_groups": []}
    return arguments | more


def _short_name(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]


def _reachable(folder: Path) -> bool:
    return subprocess.run(["/usr/bin/test", "-x", str(folder)], **as_server()).returncode == 0
