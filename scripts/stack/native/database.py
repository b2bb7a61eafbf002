"""The private PostgreSQL cluster of an installation: create, configure, start, stop."""

import getpass
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg2

from scripts.errors import UserError
from scripts.resources import find_in_output, program_error
from scripts.settings import ROOT, Settings
from scripts.stack.interface import version_text
from scripts.stack.native.postgres_packages import Postgres
from scripts.stack.paths import Paths, as_server_user, server_user
from scripts.stack.processes import (
    find_by_working_directory,
    is_alive,
    process_tag,
    read_pid,
    require_free_port,
    terminate,
    wait_until,
)

CONFIGURATION = """\
# Written by `make up` from .env. Put your own settings into postgresql.conf.
listen_addresses = '{addresses}'
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
"""
# On a small, busy machine a fit with one thread takes a fifth of the time.
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
# The settings that containers use too.
SHARED_SETTINGS = ROOT / "docker" / "postgres" / "server.conf"

ACCESS = """\
# The owner of this installation connects as the superuser over the socket, without a password.
local all postgres peer map=glasshouse
local replication postgres peer map=glasshouse
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


class Cluster:
    """A database cluster of one installation: a data directory and its server."""

    # The TCP addresses that the server listens on; it always listens on its socket.
    addresses = "127.0.0.1"

    def __init__(self, settings: Settings, server: Postgres) -> None:
        self.settings = settings
        self.server = server
        self.paths = Paths(settings.state)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.paths.data

    @property
    def port(self) -> int:
        """The port, which is also part of the socket's name."""
        return self.settings.postgres_port

    def running(self) -> bool:
        """Whether the server runs; a reused process number does not count."""
        pid = read_pid(self.data / "postmaster.pid")
        return pid is not None and is_alive(pid) and pid in self._processes()

    def check_port(self) -> None:
        """Raise UserError if another program listens on the port."""
        # Children of a killed server keep the port for a moment; start() terminates them.
        if not self._processes() or self._running_port() != self.port:
            require_free_port(self.settings, "POSTGRES_PORT")

    def start(self) -> str:
        """Make the server run with the present settings; returns what was done."""
        self.check_port()
        changed = self._configure() if self.data.exists() else True
        if self.running() and not changed:
            # After a crash the server recovers and refuses connections meanwhile.
            wait_until(self.accepts_connections, 120)
            return "already running"
        self.stop()
        self.check_port()
        created = not self.data.exists()
        if created:
            self._create()
            self._configure()
        self._launch()
        return "new cluster" if created else "started"

    def stop(self) -> bool:
        """Stop the server and its remaining children; False if nothing ran."""
        if not self._processes():
            return False
        if self.running():
            self._pg_ctl("stop", "--mode=fast", "--timeout=30", check=False)
        terminate(self._processes())
        return True

    def superuser(self, database: str = "postgres") -> dict[str, Any]:
        """Arguments for psycopg2.connect as the superuser, over the socket."""
        return {
            "host": str(self.paths.sockets),
            "port": self.port,
            "user": "postgres",
            "dbname": database,
        }

    def accepts_connections(self) -> bool:
        """Whether the superuser can log in."""
        try:
            psycopg2.connect(**self.superuser()).close()
        except psycopg2.OperationalError:
            return False
        return True

    def version(self) -> str:
        """The running server's version, such as 15.20."""
        connection = psycopg2.connect(**self.superuser())
        version = version_text(connection.server_version)
        connection.close()
        return version

    def _processes(self) -> list[int]:
        return find_by_working_directory(self.data)

    def _running_port(self) -> int | None:
        """The port of the running server, from the fourth line of its PID file."""
        lines = (_read(self.data / "postmaster.pid") or "").splitlines()
        return int(lines[3]) if len(lines) > 3 else None

    def _create(self) -> None:
        """Run initdb in a draft folder, so that an incomplete cluster never has the final name."""
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._own(draft)
        environment = as_server_user()["env"] | process_tag(self.settings.state, "tool")
        process = subprocess.run(
            [
                self.server.programs / "initdb",
                f"--pgdata={draft}",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
                "--auth-local=peer",
                "--auth-host=scram-sha-256",
            ],
            **as_server_user(capture_output=True, text=True, env=environment),
        )
        if process.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise program_error("initdb failed", process.stderr, "solve that, then start again")
        with (draft / "postgresql.conf").open("a") as file:
            file.write("\n# Written by `make up`; settings below the next line override it.\n")
            file.write("include = 'glasshouse.conf'\n")
        draft.rename(self.data)

    def configuration(self) -> dict[str, str]:
        """The text of each configuration file in the data directory."""
        owner = getpass.getuser()
        users = dict.fromkeys((owner, server_user() or owner))
        return {
            "glasshouse.conf": CONFIGURATION.format(
                addresses=self.addresses, port=self.port, sockets=self.paths.sockets
            )
            + SHARED_SETTINGS.read_text(encoding="utf-8"),
            "pg_hba.conf": ACCESS,
            "pg_ident.conf": "".join(f"glasshouse {user} postgres\n" for user in users),
        }

    def environment(self) -> dict[str, str]:
        """The environment variables of the server."""
        site = self.paths.server_environment / "lib" / f"python{self.server.python_version()}"
        return {
            **as_server_user()["env"],
            "PYTHONPATH": str(site / "site-packages"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
            **THREADS,
        }

    def _configure(self) -> bool:
        """Write the configuration files; True if they have changed."""
        self._make_socket_folder()
        texts = self.configuration()
        changed = [name for name, text in texts.items() if _read(self.data / name) != text]
        for name in changed:
            draft = self.data / f"{name}.new"
            draft.write_text(texts[name])
            draft.chmod(0o600)
            self._own(draft)
            draft.rename(self.data / name)
        return bool(changed)

    def _make_socket_folder(self) -> None:
        folder = self.paths.sockets
        folder.mkdir(exist_ok=True, mode=0o700)
        self._own(folder)
        # It may be in /tmp, where another user can make a folder of that name first.
        if folder.is_symlink() or folder.owner() != (server_user() or getpass.getuser()):
            raise UserError(f"{folder} belongs to another user", "remove it, then start again")

    def _launch(self) -> None:
        # PostgreSQL refuses to start if these name a zombie or a process of another program.
        socket = self.paths.sockets / f".s.PGSQL.{self.port}"
        for stale in (
            self.data / "postmaster.pid",
            socket,
            socket.with_name(f"{socket.name}.lock"),
        ):
            stale.unlink(missing_ok=True)
        log = self.paths.logs / f"{self.data.name}.log"
        with log.open("a") as file:
            start = log.stat().st_size
            process = self._pg_ctl(
                "start", "--wait", "--timeout=120", check=False,
                env=self.environment(), stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
        if process.returncode or not wait_until(self.running, 5):
            output = log.read_bytes()[start:].decode(errors="replace")
            fatal = [line for line in output.splitlines() if "FATAL" in line or "ERROR" in line]
            raise find_in_output(output, "PostgreSQL does not start") or program_error(
                "PostgreSQL does not start",
                "\n".join(fatal) or output,
                f"see {log}, then start again",
            )

    def _pg_ctl(
        self, verb: str, *options: str, check: bool = True, **arguments: Any
    ) -> subprocess.CompletedProcess[bytes]:
        program = str(self.server.programs / "pg_ctl")
        command = [program, verb, "--pgdata", str(self.data), "--silent", *options]
        return subprocess.run(command, check=check, **as_server_user(**arguments))

    def _own(self, path: Path) -> None:
        user = server_user()
        if user:
            shutil.chown(path, user, user)


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
