"""Superset: its metadata prepared, its web process started, asked how it is, and stopped."""

import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import requests

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack import build_state as stamps
from scripts.stack.native.processes import (
    alive,
    end,
    mark,
    marked,
    read_pid,
    require_free_port,
    wait_until,
)
from scripts.stack.paths import places

# Two cores: two processes, each with threads for the requests that wait for the database.
WORKERS, THREADS = 2, 8


class Superset:
    """The web server of one installation."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        here = places(settings)
        self.home = here.state / "superset"
        self.pid_file = here.run / "superset.pid"
        self.log = here.logs / "superset.log"

    @property
    def version(self) -> str:
        """The installed version."""
        return version("apache-superset")

    def check_port(self) -> None:
        """Refuse where the port of .env is somebody else's; nothing has been touched then."""
        # Children of a process that was killed hold on for a moment; start() sweeps them away.
        if not self._processes() or self._port() != self.settings.superset_port:
            require_free_port(self.settings, "SUPERSET_PORT")

    def running(self) -> bool:
        """Whether our web process is alive."""
        pid = read_pid(self.pid_file)
        return pid is not None and alive(pid) and pid in self._processes()

    def healthy(self) -> bool:
        """Whether it answers, with Superset's own pages: a process alone proves nothing."""
        try:
            health = requests.get(f"{self.settings.own_superset_url}/health", timeout=5)
            login = requests.get(f"{self.settings.own_superset_url}/login/", timeout=10)
        except requests.RequestException:
            return False
        return health.text.strip() == "OK" and login.ok and "data-bootstrap" in login.text

    def prepare(self, cluster_id: str) -> str:
        """Prepare the metadata database; does nothing where that has been done for this state."""
        wanted = self._fingerprint(cluster_id)
        if stamps.read(self.settings, "superset") == wanted:
            return "up to date"
        stamps.forget(self.settings, "superset")
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.log.with_name("superset-prepare.log")
        with path.open("w") as log:
            done = subprocess.run(
                [sys.executable, "-m", "scripts.stack.native.superset_init"],
                cwd=self.settings.root, env=self._environment("tool"), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip
        if done.returncode:
            said = path.read_text(errors="replace").strip().splitlines()
            raise UserError(
                f"Superset's metadata could not be prepared: {(said or ['no reason given'])[-1]}",
                f"see {path}, then start again",
            )
        stamps.write(self.settings, "superset", wanted)
        return self.version

    def start(self) -> str:
        """Have the web process run with the configuration as it is; says what was done."""
        wanted = self._configuration()
        if self.running() and stamps.read(self.settings, "web") == wanted and self.healthy():
            return "already running"
        self.check_port()
        self.stop()
        self.check_port()
        self._launch()
        stamps.write(self.settings, "web", wanted)
        return "started"

    def stop(self) -> bool:
        """End the web process and its children; False when nothing ran."""
        left = self._processes()
        if left:
            main = read_pid(self.pid_file)
            end([main] if main in left else left)
            end(self._processes())
        self.pid_file.unlink(missing_ok=True)
        return bool(left)

    def keep_key(self, key: str) -> None:
        """Note the key that the metadata were written with."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._key_file
        file.touch(mode=0o600)
        file.write_text(key)

    def forget_cached_numbers(self) -> None:
        """Have every chart ask the database again."""
        # The folder stays: a running Superset does not make it again.
        for file in (self.home / "cache" / "data").glob("*"):
            file.unlink(missing_ok=True)

    def _launch(self) -> None:
        command = [
            sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.settings.superset_port}",
            "--pid", str(self.pid_file), "--workers", str(WORKERS), "--threads", str(THREADS),
            "--worker-class", "gthread", "--timeout", "120", "--keep-alive", "5",
            "--graceful-timeout", "5", "--log-level", "warning",
            "superset.app:create_app()",
        ]  # fmt: skip
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log.open("a") as log:
            start = self.log.stat().st_size
            process = subprocess.Popen(
                command, cwd=self.settings.root, env=self._environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: process.poll() is not None or self.healthy(), 120)
        if process.poll() is not None or not self.running():
            said = self.log.read_bytes()[start:].decode(errors="replace").strip().splitlines()
            self.stop()
            raise UserError(
                f"Superset does not start: {(said or ['no reason given'])[-1]}",
                f"see {self.log}, then start again",
            )

    def _environment(self, part: str = "superset") -> dict[str, str]:
        """Only what Superset needs: a PYTHONPATH or FLASK_APP of the caller must not reach it."""
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        settings = self.settings
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PYTHONPATH": os.pathsep.join((str(settings.root / "docker"), str(settings.root))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "ignore",
            "FLASK_APP": "superset.app:create_app()",
            "SUPERSET_HOME": str(self.home),
            "SUPERSET_CACHE_FOLDER": str(self.home / "cache"),
            "SUPERSET_KEY_FILE": str(self._key_file),
            "SUPERSET_METADATA_URI": settings.uri("superset", "superset"),
            "SUPERSET_SECRET_KEY": settings.superset_secret_key,
            "SUPERSET_ADMIN_USER": settings.superset_admin_user,
            "SUPERSET_ADMIN_PASSWORD": settings.superset_admin_password,
            "WAREHOUSE_URI": settings.uri("dashboard"),
            "SUPERSET_PORT": str(settings.superset_port),
            **mark(settings.state, part),
        }

    @property
    def _key_file(self) -> Path:
        return self.home / "secret_key"

    def _processes(self) -> list[int]:
        return marked(self.settings.state, "superset")

    def _port(self) -> int | None:
        known = stamps.read(self.settings, "web")
        return int(known.partition(" ")[0]) if known else None

    def _fingerprint(self, cluster_id: str) -> str:
        """What the metadata depends on: the version, the cluster, and the secrets of .env."""
        settings = self.settings
        parts = (
            self.version, cluster_id, settings.superset_admin_user,
            settings.superset_admin_password, settings.superset_secret_key,
            settings.uri("dashboard"),
        )  # fmt: skip
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _configuration(self) -> str:
        """What the web process depends on; it starts with the port."""
        files = sorted(Path(self.settings.root, "docker").glob("superset_*.py"))
        parts = [file.read_bytes() for file in files]
        parts.append(repr(sorted(self._environment().items())).encode())
        parts.append(self.version.encode())
        digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
        return f"{self.settings.superset_port} {digest}"
