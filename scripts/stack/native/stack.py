"""The parts as processes of this machine."""

import shutil
from pathlib import Path
from typing import Any

from scripts.bootstrap import environments
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.interface import Part, database_id, database_part, superset_part
from scripts.stack.native import machine
from scripts.stack.native import server_environment as server_env
from scripts.stack.native.postgres import Cluster
from scripts.stack.native.processes import require_free_port
from scripts.stack.native.superset import Superset
from scripts.stack.paths import places


class NativeStack:
    """PostgreSQL from the distribution, everything else from this installation's environments."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.places = places(settings)
        self.superset = Superset(settings)

    @property
    def cluster(self) -> Cluster:
        """The database cluster, run by the PostgreSQL that fits it."""
        server = machine.postgres(self.places.data)
        if server is None:
            raise UserError(
                "The PostgreSQL that this installation runs on is not installed", "make up"
            )
        return Cluster(self.settings, server)

    def check(self) -> None:
        """Ports and disk space; a part that runs already keeps its port."""
        if not self.places.data.exists():
            environments.check_room(self.settings.state)
        if machine.postgres(self.places.data):
            self.cluster.check_port()
        else:
            require_free_port(self.settings, "POSTGRES_PORT")
        self.superset.check_port()

    def prepare(self) -> str:
        """PostgreSQL with PL/Python; the folders of this installation."""
        server = machine.require_postgres(self.places.data, self.places.logs / "install.log")
        self.places.prepare()
        return f"PostgreSQL {server.major}, Python {server.python_version()}"

    def update_server_environment(self) -> str:
        """scikit-learn as udf's lock says, and a copy of our package."""
        return server_env.make_current(self.settings, self.cluster.server)

    def start_database(self) -> str:
        """The private cluster: made on the first call."""
        done = self.cluster.start()
        return f"{self.cluster.version()} on port {self.settings.postgres_port}, {done}"

    def superuser(self, database: str) -> dict[str, Any]:
        """Over the socket, as the owner of the installation: a lost password does no harm."""
        return self.cluster.superuser(database)

    def database_id(self) -> str:
        """PostgreSQL gives every cluster a number of its own."""
        return database_id(self.superuser("postgres"))

    def prepare_superset(self) -> str:
        """Its metadata live in the same cluster."""
        return self.superset.prepare(self.database_id())

    def start_superset(self) -> str:
        """gunicorn, in the background."""
        return self.superset.start()

    def stop_superset(self) -> None:
        """Superset alone."""
        self.superset.stop()

    def keep_superset_key(self, key: str) -> None:
        """In the file that Superset's preparation compares with .env."""
        self.superset.keep_key(key)

    def forget_cached_numbers(self) -> None:
        """The cache is a folder."""
        self.superset.forget_cached_numbers()

    def parts(self) -> list[Part]:
        """PostgreSQL and Superset."""
        installed = machine.postgres(self.places.data) is not None
        return [
            database_part(self.settings, installed and self.cluster.running()),
            superset_part(self.settings, self.superset.running(), self.superset),
        ]

    def stop(self) -> list[str]:
        """Superset first: it holds connections."""
        stopped = ["Superset"] if self.superset.stop() else []
        # Without the programs nothing of the cluster can run either.
        if machine.postgres(self.places.data) and self.cluster.stop():
            stopped.append("PostgreSQL")
        return stopped

    def remove(self) -> None:
        """Both places; the environments of the operator's own tools stay."""
        sockets = self.places.sockets
        if self.places.server_state != self.places.state:
            shutil.rmtree(self.places.server_state, ignore_errors=True)
        shutil.rmtree(sockets, ignore_errors=True)
        self.places.clear()

    def logs(self) -> list[Path]:
        """One file a part."""
        return sorted(self.places.logs.glob("*.log"))

    def follow(self, part: str | None, lines: int) -> list[str]:
        """Every part writes to a file."""
        return []

    def psql(self) -> list[str]:
        """The one that belongs to the server."""
        return [str(self.cluster.server.programs / "psql")]

    def postgres_program(self, name: str) -> list[str]:
        """The server's own, over the socket."""
        login = self.superuser("postgres")
        options = [f"--host={login['host']}", f"--port={login['port']}", "--username=postgres"]
        return [str(self.cluster.server.programs / name), *options]
