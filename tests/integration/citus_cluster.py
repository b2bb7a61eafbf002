"""A Citus cluster of this machine: a coordinator with the engine, and workers without it."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache

import psycopg2

from scripts.stack.native.postgres_packages import installed_postgres
from scripts.stack.paths import Paths
from scripts.stack.workers import update_workers
from tests.clusters import ROOT, Warehouse, cluster

# The servers connect to one another as the role that runs a query.
ACCESS = """\
local all postgres peer map=glasshouse
local all all trust
host all all 127.0.0.1/32 trust
"""


@dataclass(frozen=True)
class CitusCluster:
    """The servers of a cluster."""

    coordinator: Warehouse
    workers: list[Warehouse]


@cache
def has_citus() -> bool:
    """Whether the PostgreSQL of the tests has the extension."""
    server = installed_postgres(Paths(ROOT / ".stack").data)
    if server is None:
        return False
    command = [server.programs / "pg_config", "--sharedir"]
    folder = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return subprocess.run(["test", "-e", f"{folder}/extension/citus.control"]).returncode == 0


@contextmanager
def citus_cluster(workers: int = 2) -> Iterator[CitusCluster]:
    """A cluster that is prepared as `make build` prepares it; gone afterwards."""
    with ExitStack() as servers:
        coordinator = servers.enter_context(cluster("engine"))
        others = [servers.enter_context(cluster("server")) for _ in range(workers)]
        for server in (coordinator, *others):
            _load_citus(server)
        ports = [server.settings.postgres_port for server in others]
        with closing(superuser(coordinator)) as connection, connection.cursor() as cursor:
            place = "127.0.0.1", coordinator.settings.postgres_port
            cursor.execute("select citus_set_coordinator_host(%s, %s)", place)
            for port in ports:
                cursor.execute("select citus_add_node('127.0.0.1', %s)", [port])
        for server in others:
            (Paths(server.settings.state).data / "glasshouse.key").unlink(missing_ok=True)
        update_workers(coordinator.settings, coordinator.stack)
        yield CitusCluster(coordinator, others)


def superuser(server: Warehouse) -> psycopg2.extensions.connection:
    """A connection of the superuser, which commits each statement."""
    connection = psycopg2.connect(**server.stack.superuser("warehouse"))
    connection.autocommit = True
    return connection


def _load_citus(server: Warehouse) -> None:
    """Restart the server with the library, and create the extension."""
    access = Paths(server.settings.state).data / "cluster_hba.conf"
    access.write_text(ACCESS)
    access.chmod(0o644)
    with closing(superuser(server)) as connection, connection.cursor() as cursor:
        cursor.execute("alter system set shared_preload_libraries = 'citus'")
        cursor.execute(f"alter system set hba_file = '{access}'")
    server.stack.stop()
    server.stack.start_database()
    with closing(superuser(server)) as connection, connection.cursor() as cursor:
        # On a server of `make up` nobody may execute new functions; Citus grants its own.
        cursor.execute("alter default privileges grant execute on functions to public")
        cursor.execute("create extension citus")
        cursor.execute("alter default privileges revoke execute on functions from public")
