"""A PostgreSQL server that others use too, and a Glasshouse that works on it.

The server is a copy of the template without the roles and databases of Glasshouse, and without the
engine in the environment of the server. What others have there is compared as a dump.
"""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest

from scripts.database_url import existing_server
from scripts.settings import Settings
from scripts.stack.build import build_functions
from scripts.stack.external.names import SCHEMAS
from scripts.stack.external.stack import ExternalStack
from scripts.stack.provision import provision
from tests.clusters import ROOT, Warehouse, cluster, throwaway_settings

PASSWORD = "o'ther/p@ss #1%"
OTHERS = """
    create role boss superuser login;
    create role bob login;
    create role app nologin;
    comment on role app is 'Reads the totals';
    create schema sales authorization bob;
    set role bob;
    create table sales.orders (id int primary key, amount numeric check (amount > 0));
    insert into sales.orders select number, number * 1.5 from generate_series(1, 100) as number;
    create view sales.totals as select sum(amount) as amount from sales.orders;
    create function sales.next(id int) returns int language sql as 'select id + 1';
    grant select on sales.totals to app;
    alter default privileges in schema sales grant select on tables to app;
    reset role;
    create table public.notes (text text);
    insert into public.notes values ('ours');
"""
ROLES = "transformer, dashboard, analyst, superset, readers, ml_registry"


@dataclass
class Server:
    """The server of others, and the settings of a Glasshouse that works on it."""

    warehouse: Warehouse
    settings: Settings

    @property
    def stack(self) -> ExternalStack:
        """As a command opens it."""
        return ExternalStack(self.settings)

    def run(self, statement: str, database: str = "company") -> list[tuple]:
        """Run statements as the superuser, each on its own."""
        with closing(psycopg2.connect(**self.warehouse.stack.superuser(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def dump(self, *options: str) -> str:
        """All roles and databases as SQL; `options` of pg_dump limit it to the database company."""
        stack = self.warehouse.stack
        program = stack.postgres_program("pg_dump" if options else "pg_dumpall")
        database = ["--dbname=company"] if options else []
        text = subprocess.run(
            [*program, *options, *database], capture_output=True, text=True, check=True
        ).stdout
        # Newer versions write a random word into each dump.
        return "\n".join(line for line in text.splitlines() if "restrict " not in line[:12])

    def others(self) -> str:
        """The database company without the schemas of Glasshouse and PL/Python."""
        text = self.dump(*(f"--exclude-schema={schema}" for schema in SCHEMAS))
        blocks = text.split("\n--\n")
        return "\n--\n".join(
            block for block in blocks if "plpython3u" not in block and "transformer" not in block
        )

    def install(self) -> None:
        """What `make up` does before the sample data."""
        stack = self.stack
        stack.check()
        stack.prepare()
        stack.update_server_environment()
        provision(self.settings, stack.superuser("postgres"))
        build_functions(self.settings, stack, show=False)


@contextmanager
def server_of_others() -> Iterator[Server]:
    """The server, and a folder for the state of Glasshouse."""
    with cluster("server") as warehouse:
        superuser = warehouse.stack.superuser("postgres")
        with closing(psycopg2.connect(**superuser)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for database in ("warehouse", "superset"):
                    cursor.execute(f"drop database {database}")
                cursor.execute(f"drop role {ROLES}")
                cursor.execute("create database company")
        state = warehouse.settings.state / "installation"
        state.mkdir(mode=0o755)
        # The server's own PYTHONPATH names a folder that is not there any more.
        (warehouse.settings.state / "server").rename(state / "server")
        server = Server(warehouse, settings_for(warehouse, state, socket=True))
        server.run(OTHERS)
        server.run(f"alter role boss password '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
        yield server


def settings_for(warehouse: Warehouse, state: Path, socket: bool = False, **parts: Any) -> Settings:
    """Settings with DATABASE_URL; `parts` of the URL that differ.

    `socket`: the superuser connects through the Unix socket, and everybody else over TCP.
    """
    port = warehouse.settings.postgres_port
    url = {"user": "boss", "password": PASSWORD, "host": "127.0.0.1", "database": "company"} | parts
    text = (
        f"postgresql://{url['user']}:{quote(url['password'], safe='')}@{url['host']}:{port}"
        f"/{url['database']}?application_name=trial"
    )
    values = {"DATABASE_URL": text}
    if socket:
        folder = quote(warehouse.stack.superuser("postgres")["host"], safe="")
        values = {
            "DATABASE_URL": f"postgresql://127.0.0.1:{port}/company?application_name=trial",
            "DATABASE_ADMIN_URL": text.replace("127.0.0.1", folder),
        }
    return throwaway_settings(ROOT, state).model_copy(
        update={
            "existing_server": existing_server(values),
            "postgres_host": url["host"],
            "postgres_port": port,
            "extra_values": {**warehouse.settings.extra_values, **values},
        }
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with server_of_others() as server:
        yield server


@pytest.fixture(autouse=True)
def no_confirmation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YES", raising=False)
