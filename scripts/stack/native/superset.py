"""The Superset process of an installation: prepare its metadata, start it, stop it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from scripts.resources import program_error
from scripts.settings import Settings
from scripts.stack import build_state
from scripts.stack.paths import Paths
from scripts.stack.processes import (
    find_by_tag,
    is_alive,
    process_tag,
    read_pid,
    require_free_port,
    terminate,
    wait_until,
)
from scripts.stack.superset_client import is_healthy, superset_version

# For two cores: two processes, each with threads for the requests that wait for the database.
WORKERS, THREADS = 2, 8
# Variables of the caller that Superset gets. Others, such as PYTHONPATH, could change it.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


class Superset:
    """The web server of one installation."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        paths = Paths(settings.state)
        self.home = paths.state / "superset"
        self.pid_file = paths.run / "superset.pid"
        self.log = paths.logs / "superset.log"

    def check_port(self) -> None:
        """Raise UserError if another program listens on the port."""
        # Children of a killed process keep the port for a moment; start() terminates them.
        if not self._processes() or self._port() != self.settings.superset_port:
            require_free_port(self.settings, "SUPERSET_PORT")

    def running(self) -> bool:
        """Whether the main web process is alive."""
        pid = read_pid(self.pid_file)
        return pid is not None and is_alive(pid) and pid in self._processes()

    def prepare(self, cluster_id: str) -> str:
        """Bring the metadata database up to date; does nothing if its inputs have not changed."""
        inputs_hash = self._metadata_inputs(cluster_id)
        if build_state.read(self.settings, "superset") == inputs_hash:
            return "up to date"
        build_state.forget(self.settings, "superset")
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.log.with_name("superset-prepare.log")
        with path.open("w") as log:
            process = subprocess.run(
                [sys.executable, "-m", "superset_init"],
                cwd=self.settings.root, env=self._environment("tool"), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip
        if process.returncode:
            raise program_error(
                "Superset's metadata could not be prepared",
                path.read_text(errors="replace"),
                f"see {path}, then start again",
            )
        build_state.write(self.settings, "superset", inputs_hash)
        return superset_version()

    def start(self) -> str:
        """Make the web process run with the present configuration; returns what was done."""
        configuration = self._configuration()
        if (
            self.running()
            and build_state.read(self.settings, "web") == configuration
            and is_healthy(self.settings)
        ):
            return "already running"
        self.check_port()
        self.stop()
        self.check_port()
        self._launch()
        build_state.write(self.settings, "web", configuration)
        return "started"

    def stop(self) -> bool:
        """Stop the web process and its children; False if nothing ran."""
        processes = self._processes()
        if processes:
            main = read_pid(self.pid_file)
            terminate([main] if main in processes else processes)
            terminate(self._processes())
        self.pid_file.unlink(missing_ok=True)
        return bool(processes)

    def store_previous_key(self, key: str) -> None:
        """Store the key that the metadata were encrypted with."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._key_file.touch(mode=0o600)
        self._key_file.write_text(key)

    def clear_query_cache(self) -> None:
        """Remove the cached results, so that every chart queries the database again."""
        # A running Superset does not make the folder again, so it stays.
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
                command, cwd=self.settings.root, env=self._environment("superset"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: process.poll() is not None or is_healthy(self.settings), 120)
        if process.poll() is not None or not self.running():
            output = self.log.read_bytes()[start:].decode(errors="replace")
            self.stop()
            raise program_error(
                "Superset does not start", output, f"see {self.log}, then start again"
            )

    def _environment(self, role: str) -> dict[str, str]:
        """The environment variables of a Superset process."""
        settings = self.settings
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "PYTHONPATH": str(settings.root / "docker"),
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
            **process_tag(settings.state, role),
        }

    @property
    def _key_file(self) -> Path:
        return self.home / "secret_key"

    def _processes(self) -> list[int]:
        return find_by_tag(self.settings.state, "superset")

    def _port(self) -> int | None:
        """The port of the running web process."""
        configuration = build_state.read(self.settings, "web")
        return int(configuration.partition(" ")[0]) if configuration else None

    def _metadata_inputs(self, cluster_id: str) -> str:
        """A hash of what the metadata depend on: version, cluster and secrets."""
        settings = self.settings
        parts = (
            superset_version(), cluster_id, settings.superset_admin_user,
            settings.superset_admin_password, settings.superset_secret_key,
            settings.uri("dashboard"),
        )  # fmt: skip
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _configuration(self) -> str:
        """The port, and a hash of everything else that the web process depends on."""
        files = sorted(Path(self.settings.root, "docker").glob("superset_*.py"))
        parts = [file.read_bytes() for file in files]
        parts.append(repr(sorted(self._environment("superset").items())).encode())
        parts.append(superset_version().encode())
        digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
        return f"{self.settings.superset_port} {digest}"
