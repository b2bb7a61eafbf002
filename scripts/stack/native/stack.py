"""The stack as processes of this machine."""

import shutil
from typing import Any

from scripts.bootstrap import environments
from scripts.errors import UserError
from scripts.stack.interface import Part, database_id, database_part
from scripts.stack.native import server_environment
from scripts.stack.native.database import Cluster
from scripts.stack.native.postgres_packages import installed_postgres, require_postgres
from scripts.stack.native.process_stack import ProcessStack
from scripts.stack.processes import require_free_port
from scripts.stack.superset_client import superset_part


class NativeStack(ProcessStack):
    """PostgreSQL from the distribution; Superset from the tools' environment."""

    @property
    def cluster(self) -> Cluster:
        """The database cluster, with the PostgreSQL version that made it."""
        server = installed_postgres(self.paths.data)
        if server is None:
            raise UserError("The PostgreSQL of this installation is not installed", "make up")
        return Cluster(self.settings, server)

    def check(self) -> None:
        """Check ports and disk space; a part that runs already keeps its port."""
        if not self.paths.data.exists():
            environments.require_disk_space(self.settings.state)
        if installed_postgres(self.paths.data):
            self.cluster.check_port()
        else:
            require_free_port(self.settings, "POSTGRES_PORT")
        self.superset.check_port()

    def prepare(self) -> str:
        """Install PostgreSQL with PL/Python; make the folders of this installation."""
        server = require_postgres(self.paths.data, self.paths.logs / "install.log")
        self.paths.prepare()
        return f"PostgreSQL {server.major}, Python {server.python_version()}"

    def update_server_environment(self) -> str:
        """Install the libraries of udf's lock; copy our package beside them."""
        return server_environment.make_current(self.settings, self.cluster.server.python_version())

    def library_path(self) -> str:
        """Nothing: the server has PYTHONPATH in its environment."""
        return ""

    def start_database(self) -> str:
        """Start the private cluster; the first call creates it."""
        result = self.cluster.start()
        return f"{self.cluster.version()} on port {self.settings.postgres_port}, {result}"

    def superuser(self, database: str) -> dict[str, Any]:
        """Over the socket as the owner of the installation, which needs no password."""
        return self.cluster.superuser(database)

    def database_id(self) -> str:
        """PostgreSQL's system identifier."""
        return database_id(self.superuser("postgres"))

    def parts(self) -> list[Part]:
        """The state of PostgreSQL and Superset."""
        installed = installed_postgres(self.paths.data) is not None
        return [
            database_part(self.settings, installed and self.cluster.running()),
            superset_part(self.settings, self.superset.running()),
        ]

    def stop(self) -> list[str]:
        """Stop Superset first, because it holds connections; then PostgreSQL."""
        stopped = ["Superset"] if self.superset.stop() else []
        # No server can run if its programs are not installed.
        if installed_postgres(self.paths.data) and self.cluster.stop():
            stopped.append("PostgreSQL")
        return stopped

    def remove(self) -> None:
        """Remove both state folders; the environments of the operator's tools stay."""
        shutil.rmtree(self.paths.sockets, ignore_errors=True)
        self.remove_folders()

    def psql(self) -> list[str]:
        """The psql of the server's version."""
        return [str(self.cluster.server.programs / "psql")]

    def postgres_program(self, name: str) -> list[str]:
        """The program of the server's version, over the socket."""
        login = self.superuser("postgres")
        options = [f"--host={login['host']}", f"--port={login['port']}", "--username=postgres"]
        return [str(self.cluster.server.programs / name), *options]
