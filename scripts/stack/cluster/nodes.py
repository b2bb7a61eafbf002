"""The servers of a Citus cluster: the coordinator, which takes all statements, and the workers."""

import re
from pathlib import Path

from scripts.settings import PASSWORD_FIELDS, Settings
from scripts.stack.interface import Part
from scripts.stack.native.database import Cluster
from scripts.stack.native.postgres_packages import Postgres
from scripts.stack.paths import Paths

# One number of shards for every table: tables lie side by side whatever the number of workers is.
# The nodes connect over the socket, which needs no TLS.
CITUS = """\
shared_preload_libraries = 'citus'
citus.shard_count = 8
citus.local_hostname = '{sockets}'
citus.node_conninfo = 'sslmode=prefer'
citus.enable_statistics_collection = off
"""
PASSWORDS = "node_passwords"


class Node(Cluster):
    """A server with Citus; it logs in to the other nodes with the passwords of `.env`."""

    def configuration(self) -> dict[str, str]:
        """The files of a single server, with Citus, and the passwords for libpq."""
        texts = super().configuration()
        texts["glasshouse.conf"] += CITUS.format(sockets=self.paths.sockets)
        return texts | {PASSWORDS: password_file(self.settings)}

    def environment(self) -> dict[str, str]:
        """The environment of a single server, and where libpq finds the passwords."""
        return super().environment() | {"PGPASSFILE": str(self.data / PASSWORDS)}


class Worker(Node):
    """A server that stores shards. Nobody but the nodes connects to it: it has a socket only."""

    addresses = ""

    def __init__(self, settings: Settings, server: Postgres, number: int) -> None:
        super().__init__(settings, server)
        self.number = number

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.paths.server_state / f"worker{self.number}"

    @property
    def port(self) -> int:
        """A port after the coordinator's; it only names the socket."""
        return self.settings.postgres_port + self.number

    def check_port(self) -> None:
        """Nothing: no other program uses a socket of this installation."""

    def part(self) -> Part:
        """The worker's line of `make status`."""
        name = f"Worker {self.number}"
        if not self.running():
            return Part(name, False, "not running")
        if not self.accepts_connections():
            return Part(name, False, "runs, but accepts no connections")
        return Part(name, True, f"{self.version()}, socket {self.paths.sockets}:{self.port}")


def existing_workers(settings: Settings) -> list[int]:
    """The numbers of the workers that have a data directory."""
    folders = Paths(settings.state).server_state.glob("worker*")
    matches = [re.fullmatch(r"worker(\d+)", folder.name) for folder in folders]
    return sorted(int(match.group(1)) for match in matches if match)


def password_file(settings: Settings) -> str:
    """The passwords of all roles as libpq reads them; logins with row filters share the last."""
    passwords = {role: settings.password(role) for role in PASSWORD_FIELDS}
    passwords["*"] = settings.row_filter_password
    lines = [f"*:*:*:{role}:{_escaped(password)}" for role, password in passwords.items()]
    return "\n".join(lines) + "\n"


def _escaped(password: str) -> str:
    return re.sub(r"([\\:])", r"\\\1", password)
