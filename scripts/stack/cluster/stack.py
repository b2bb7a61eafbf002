"""The stack as processes of this machine, with PostgreSQL as a Citus cluster."""

from pathlib import Path

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.cluster.membership import join_nodes
from scripts.stack.cluster.nodes import Node, Worker, existing_workers
from scripts.stack.interface import Part
from scripts.stack.native.postgres_packages import Postgres, installed_postgres
from scripts.stack.native.stack import NativeStack

MOST_WORKERS = 64


class ClusterStack(NativeStack):
    """A coordinator in place of the single server of the native stack, and workers beside it."""

    @property
    def cluster(self) -> Node:
        """The coordinator."""
        return Node(self.settings, super().cluster.server)

    @property
    def workers(self) -> list[Worker]:
        """The workers that `.env` asks for, and those of earlier."""
        count = max(worker_count(self.settings), *existing_workers(self.settings), 0)
        return [Worker(self.settings, self.cluster.server, number + 1) for number in range(count)]

    def check(self) -> None:
        """Check Citus and the number of workers, then what the native stack checks."""
        require_citus(self.paths.data)
        existing, count = existing_workers(self.settings), worker_count(self.settings)
        if existing and existing[-1] > count:
            raise UserError(
                f".env: CLUSTER_WORKERS={count}, and this installation has {existing[-1]} workers,"
                " which store rows",
                f"write CLUSTER_WORKERS={existing[-1]}, or make reset",
            )
        if self.paths.data.exists() and not existing:
            raise UserError(
                "MODE=cluster in .env, and this installation has a single server with its rows",
                "write MODE=native; for a cluster, use another clone, or make reset first",
            )
        super().check()

    def start_database(self) -> str:
        """Start the workers and the coordinator, and join them."""
        for worker in self.workers:
            worker.start()
        result = super().start_database()
        return f"{result}, {join_nodes(self.settings, self.cluster, self.workers)}"

    def parts(self) -> list[Part]:
        """The state of the coordinator, of Superset and of each worker."""
        installed = installed_postgres(self.paths.data)
        workers = self.workers if installed else []
        return [*super().parts(), *(worker.part() for worker in workers)]

    def stop(self) -> list[str]:
        """Stop Superset, the coordinator and the workers."""
        stopped = super().stop()
        if installed_postgres(self.paths.data):
            stopped += [f"worker {worker.number}" for worker in self.workers if worker.stop()]
        return stopped


def require_citus(data: Path) -> Postgres:
    """The PostgreSQL with Citus; a UserError where Citus is missing."""
    server = installed_postgres(data)
    if server is None or not server.has_extension("citus"):
        where = f"PostgreSQL {server.major} of this machine" if server else "this machine"
        major = server.major if server else "<version>"
        raise UserError(
            f"MODE=cluster needs the extension Citus, and {where} has none",
            f"install the package postgresql-{major}-citus-13.2 from Citus' archive"
            " (https://docs.citusdata.com), or write MODE=native, which needs none of it",
        )
    return server


def worker_count(settings: Settings) -> int:
    """CLUSTER_WORKERS in `.env`."""
    text = settings.value("CLUSTER_WORKERS") or "2"
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise UserError(
            f'.env: CLUSTER_WORKERS cannot be "{text}"',
            f"write a number from 1 to {MOST_WORKERS}",
        )
    return int(text)
