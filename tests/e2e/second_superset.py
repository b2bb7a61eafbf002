"""A second Superset: the same PostgreSQL server, with its own metadata database.

It costs the seconds of a web server's start, where a whole second stack would cost minutes.
"""

import os
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg2

from scripts.assets.access.file import BUILT_IN
from scripts.settings import Settings
from scripts.stack.native.postgres_packages import installed_postgres
from scripts.stack.native.superset import Superset as WebServer
from scripts.stack.paths import Paths
from tests.conftest import free_port

DATABASE = "superset_second"
# What the first has brought with it, and a fresh installation has not.
_FORGET = """
truncate dbs, tables, slices, dashboards, row_level_security_filters, logs cascade;
delete from ab_permission_view_role
  where role_id in (select id from ab_role where name not in __ROLES__);
delete from ab_user_role where user_id in (select id from ab_user where username <> 'admin');
delete from ab_user where username <> 'admin';
delete from ab_role where name not in __ROLES__;
select setval('slices_id_seq', 500), setval('tables_id_seq', 700), setval('dashboards_id_seq', 300);
""".replace("__ROLES__", str((*BUILT_IN, "Public")))


class SecondSuperset(WebServer):
    """The web server; `settings` are those of the first, with another port and state."""

    def __init__(self, settings: Settings, state: Path) -> None:
        for name in ("logs", "run"):
            (state / name).mkdir()
        port = {"superset_port": free_port(), "state": state}
        super().__init__(settings.model_copy(update=port))

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.settings.local_superset_url

    @property
    def addresses(self) -> dict[str, str]:
        """What an overlay says: where it answers, and where it finds the warehouse from outside."""
        host, port = self.settings.postgres_host, self.settings.postgres_port
        return {"SUPERSET_URL": self.url, "POSTGRES_HOST": host, "POSTGRES_PORT": str(port)}

    def create(self) -> None:
        """A copy of the first's metadata without its assets; then start."""
        dsn = self.settings.dsn("postgres")
        # As its own `with`, a connection would begin a transaction, and this must not be in one.
        with closing(psycopg2.connect(**dsn)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"drop database if exists {DATABASE} with (force)")
                cursor.execute(f"create database {DATABASE} owner superset")
        source, target = (
            self.settings.uri("superset", name, driver="postgresql")
            for name in ("superset", DATABASE)
        )
        postgres = installed_postgres(Paths(self.settings.state).data)
        assert postgres
        tools = postgres.programs
        dump = subprocess.run([tools / "pg_dump", source], capture_output=True, check=True).stdout
        for script in (dump, _FORGET.encode()):
            command = [tools / "psql", "--quiet", "--set=ON_ERROR_STOP=1", target]
            subprocess.run(command, input=script, capture_output=True, check=True)
        self.start()

    def kill(self) -> None:
        """End it as a power cut would."""
        for process in self._processes():
            os.kill(process, signal.SIGKILL)

    def _environment(self, part: str = "superset") -> dict[str, str]:
        uri = self.settings.uri("superset", DATABASE)
        return super()._environment(part) | {"SUPERSET_METADATA_URI": uri}
