"""A private PostgreSQL cluster: made, configured, started, stopped, asked how it is."""

import getpass
import shutil
import subprocess
from pathlib import Path

import psycopg2

from scripts.errors import UserError
from scripts.settings import ROOT, Settings
from scripts.stack.native.machine import Postgres
from scripts.stack.native.processes import (
    alive,
    end,
    mark,
    read_pid,
    require_free_port,
    wait_until,
    working_in,
)
from scripts.stack.paths import Places, as_server, places, server_user

CONFIGURATION = """\
# Written by `make up` from .env; changes are lost. Own settings: postgresql.conf.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
"""
# The settings that do not depend on how the server runs.
SHARED = ROOT / "docker" / "postgres" / "server.conf"

ACCESS = """\
# The owner of this installation is the superuser over the socket, without a password.
local all postgres peer map=glasshouse
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


class Cluster:
    """The database cluster of one installation."""

    def __init__(self, settings: Settings, server: Postgres) -> None:
        self.settings = settings
        self.server = server
        self.places: Places = places(settings)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.places.data

    def running(self) -> bool:
        """Whether our server (not merely some process of that number) is up."""
        pid = read_pid(self.data / "postmaster.pid")
        return pid is not None and alive(pid) and pid in working_in(self.data)

    def check_port(self) -> None:
        """Refuse where the port of .env is somebody else's; nothing has been touched then."""
        # Children of a server that was killed hold on for a moment; start() sweeps them away.
        if not working_in(self.data) or self._port() != self.settings.postgres_port:
            require_free_port(self.settings, "POSTGRES_PORT")

    def start(self) -> str:
        """Have the server run with the settings as they are; says what was done."""
        self.check_port()
        changed = self._configure() if self.data.exists() else True
        if self.running() and not changed:
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
        """End the server and whatever is left of it; False when nothing ran."""
        left = working_in(self.data)
        if not left:
            return False
        if self.running():
            self._pg_ctl("stop", "--mode=fast", "--timeout=30", check=False)
        end(working_in(self.data))
        return True

    def superuser(self, database: str = "postgres") -> dict[str, object]:
        """How to connect as the superuser: over the socket, as the owner of the installation."""
        return {
            "host": str(self.places.sockets),
            "port": self.settings.postgres_port,
            "user": "postgres",
            "dbname": database,
        }

    def version(self) -> str:
        """The running server's version, such as 15.20."""
        connection = psycopg2.connect(**self.superuser())
        number = connection.server_version
        connection.close()
        return f"{number // 10000}.{number % 10000}"

    def _port(self) -> int | None:
        """The port of the running server, from the fourth line of its PID file."""
        lines = (_read(self.data / "postmaster.pid") or "").splitlines()
        return int(lines[3]) if len(lines) > 3 else None

    def _create(self) -> None:
        """initdb under another name first: a half-made cluster never gets the real one."""
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._own(draft)
        environment = as_server()["env"] | mark(self.settings.state, "tool")
        done = subprocess.run(
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
            **as_server(capture_output=True, text=True, env=environment),
        )
        if done.returncode:
            raise UserError(
                f"initdb failed: {(done.stderr.strip() or 'no reason given').splitlines()[-1]}",
                "mend that, then start again",
            )
        with (draft / "postgresql.conf").open("a") as file:
            file.write("\n# Written by `make up`; what stands below this line wins.\n")
            file.write("include = 'glasshouse.conf'\n")
        draft.rename(self.data)

    def _configure(self) -> bool:
        """Write the configuration; True where it was another one before."""
        self._make_socket_folder()
        owner = getpass.getuser()
        users = dict.fromkeys((owner, server_user() or owner))
        texts = {
            "glasshouse.conf": CONFIGURATION.format(
                port=self.settings.postgres_port, sockets=self.places.sockets
            )
            + SHARED.read_text(encoding="utf-8"),
            "pg_hba.conf": ACCESS,
            "pg_ident.conf": "".join(f"glasshouse {user} postgres\n" for user in users),
        }
        changed = [name for name, text in texts.items() if _read(self.data / name) != text]
        for name in changed:
            draft = self.data / f"{name}.new"
            draft.write_text(texts[name])
            draft.chmod(0o600)
            self._own(draft)
            draft.rename(self.data / name)
        return bool(changed)

    def _make_socket_folder(self) -> None:
        folder = self.places.sockets
        folder.mkdir(exist_ok=True, mode=0o700)
        self._own(folder)
        # It may be in /tmp, where somebody else could have put a folder of that name first.
        if folder.is_symlink() or folder.owner() != (server_user() or getpass.getuser()):
            raise UserError(f"{folder} belongs to another user", "remove it, then start again")

    def _launch(self) -> None:
        # Files that name a process which is gone, is somebody else's by now, or is dead and not
        # yet buried (in a container nobody may do that) only stand in the way.
        for left in (self.data / "postmaster.pid", *self.places.sockets.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)
        log = self.places.logs / "postgres.log"
        site = self.places.server_environment / "lib" / f"python{self.server.python_version()}"
        environment = {
            **as_server()["env"],
            "PYTHONPATH": str(site / "site-packages"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
            # With one thread each a fit takes a fifth of the time on a small, busy machine.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        with log.open("a") as file:
            start = log.stat().st_size
            done = self._pg_ctl(
                "start", "--wait", "--timeout=120", check=False,
                env=environment, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
        if done.returncode or not wait_until(self.running, 5):
            said = log.read_bytes()[start:].decode(errors="replace").splitlines()
            fatal = [line for line in said if "FATAL" in line or "ERROR" in line]
            reason = (fatal or said or ["no reason given"])[-1].strip()
            raise UserError(f"PostgreSQL does not start: {reason}", f"see {log}, then start again")

    def _pg_ctl(self, verb: str, *options: str, check: bool = True, **more: object):
        command = [self.server.programs / "pg_ctl", verb, "--pgdata", self.data, "--silent"]
        return subprocess.run([*command, *options], check=check, **as_server(**more))

    def _own(self, path: Path) -> None:
        user = server_user()
        if user:
            shutil.chown(path, user, user)


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
