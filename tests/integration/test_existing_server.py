"""A PostgreSQL server that others use too: what is created there, refused, listed and removed.

The server is a copy of the template without the roles and databases of Glasshouse, and without the
engine in the environment of the server. What others have there is compared as a dump.
"""

import shutil
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
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.build import build_functions
from scripts.stack.external.doctor import find
from scripts.stack.external.names import SCHEMAS, read_names
from scripts.stack.external.stack import ExternalStack
from scripts.stack.native.postgres_packages import installed_postgres
from scripts.stack.paths import as_server_user
from scripts.stack.provision import provision
from scripts.stack.signing_key import KEY_FILE
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
TRAIN = """
    select score > 0.9 from ml.train(
        'trial', 'select n as id, n % 7 as a, n % 5 as b, 2.0 * (n % 7) - n % 5 as y
            from generate_series(1, 300) as n',
        'regression', 'y', 'id', '[{"algorithm": "ridge"}]', 'r2'
    )
"""


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
def _no_confirmation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YES", raising=False)


def test_life_beside_others(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before, others = server.dump(), server.others()
    with pytest.raises(
        UserError, match=r"creates in the database company at .*role transformer"
    ) as e:
        server.install()
    assert "schema reports" in e.value.line and "YES=1 make up" in e.value.line
    assert "\n" not in e.value.line
    findings = {finding.name: finding for finding in find(server.settings, server.stack)}
    assert findings["names"].detail.startswith("the names are free")
    assert not any(finding.remedy for finding in findings.values())
    assert server.dump() == before

    monkeypatch.setenv("YES", "1")
    server.install()
    assert server.others() == others
    with closing(psycopg2.connect(**server.settings.dsn("transformer"))) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(TRAIN)
            assert cursor.fetchone() == (True,)
        with connection, connection.cursor() as cursor:
            query = "select 1 as id, 3 as a, 2 as b"
            cursor.execute(
                "select round(prediction::numeric) from ml.predict('trial', %s)", [query]
            )
            assert cursor.fetchone() == (4,)
    monkeypatch.delenv("YES")
    # It asks no second time, and changes nothing.
    server.install()
    names = read_all_names(server)
    assert names.is_installed and not names.clashes and not names.missing
    server.run("create role dashboard_0123456789ab in role readers")

    # A second process has no other way to the functions than their own text.
    with (
        closing(psycopg2.connect(**server.settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select ml.promote('trial', 1)")
        cursor.execute("select model from ml.model_versions")
        assert cursor.fetchall() == [("trial",)]

    refused_removal(server)
    state = server.settings.state
    shutil.copytree(state / "server", state.with_name("kept"), symlinks=True, copy_function=_link)
    server.stack.remove()
    state.with_name("kept").rename(state / "server")
    assert server.dump() == before
    assert not (server.warehouse.settings.state / "postgres" / KEY_FILE).exists()
    # Nothing is left to do.
    assert read_all_names(server).own_roles == []


def refused_removal(server: Server) -> None:
    """Objects of others in the schemas of Glasshouse, or on top of them, stop the removal."""
    server.run("grant all on schema reports, ml to bob")
    for create, drop, name in (
        ("create table reports.mine (a int)", "drop table reports.mine", "table reports.mine"),
        ("create table ml.mine (a int)", "drop table ml.mine", "table ml.mine"),
        (
            "set role bob; create function ml.mine() returns int language sql as 'select 1'",
            "drop function ml.mine()", "function ml.mine()",
        ),
        (
            "create view public.models as select model from ml.model_versions",
            "drop view public.models", "view models",
        ),
        (
            "create table public.results (result ml.training_result)",
            "drop table public.results", "column result of table results",
        ),
    ):  # fmt: skip
        server.run(create)
        complete = server.dump()
        with pytest.raises(UserError, match="Nothing was removed") as caught:
            server.stack.remove()
        assert name in caught.value.line and "\n" not in caught.value.line
        assert server.dump() == complete
        server.run(drop)
    server.run("revoke all on schema reports, ml from bob")


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def read_all_names(server: Server) -> Any:
    with (
        closing(psycopg2.connect(**server.settings.dsn("postgres"))) as connection,
        connection.cursor() as cursor,
    ):
        return read_names(cursor, server.settings)


@pytest.mark.parametrize(
    ("create", "drop", "name"),
    [
        ("create role dashboard", "drop role dashboard", "role dashboard"),
        (
            "create role analyst; comment on role analyst is 'Glasshouse in the database \"x\"'",
            "drop role analyst", "role analyst (Glasshouse in the database \"x\")",
        ),
        ("create schema staging authorization bob", "drop schema staging", "schema staging"),
        ("create schema ml", "drop schema ml", "schema ml"),
        ("create database superset owner bob", "drop database superset", "database superset"),
    ],
)  # fmt: skip
def test_taken_name_is_one_line_and_changes_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch, create: str, drop: str, name: str
) -> None:
    monkeypatch.setenv("YES", "1")
    for statement in create.split("; "):
        server.run(statement)
    try:
        before = server.dump()
        for attempt in (
            server.install,
            lambda: provision(server.settings, server.stack.superuser("postgres")),
        ):
            with pytest.raises(UserError, match="nothing was changed") as caught:
                attempt()
            assert name in caught.value.line and "\n" not in caught.value.line
        finding = list(find(server.settings, server.stack))[-1]
        assert finding.name == "names" and name in finding.detail and finding.remedy
        assert server.dump() == before
    finally:
        server.run(drop)


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"password": "wr/ong"}, "refuses: password authentication failed"),
        ({"database": "no such"}, 'refuses: database "no such" does not exist'),
        ({"host": "/no/such/folder"}, "no server answers at /no/such/folder"),
        ({"host": "no-such-host.invalid"}, "no server answers at no-such-host.invalid"),
        ({"user": "bob", "password": "x"}, "refuses: password authentication failed"),
    ],
)
def test_wrong_url_is_one_line(server: Server, parts: dict[str, str], problem: str) -> None:
    if parts.get("host", "").startswith("/"):
        parts = {"host": quote(parts["host"], safe="")}
    settings = settings_for(server.warehouse, server.settings.state, **parts)
    with pytest.raises(UserError, match=r"DATABASE_URL in \.env: ") as caught:
        ExternalStack(settings).check()
    assert problem in caught.value.line and "\n" not in caught.value.line
    assert PASSWORD not in caught.value.line and "wr/ong" not in caught.value.line
    part = ExternalStack(settings).parts()[0]
    assert not part.healthy and "\n" not in part.detail


def test_plain_role_is_refused(server: Server) -> None:
    server.run("alter role bob password 'x'")
    settings = settings_for(server.warehouse, server.settings.state, user="bob", password="x")
    with pytest.raises(UserError, match="bob is no superuser"):
        ExternalStack(settings).check()
    findings = {finding.name: finding for finding in find(settings, ExternalStack(settings))}
    assert "DATABASE_ADMIN_URL" in findings["rights"].remedy
    assert "libraries" not in findings


def test_doctor_names_commands_where_the_server_is_elsewhere(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = server.dump()
    monkeypatch.setattr("scripts.stack.external.libraries.reads_our_files", lambda *_: False)
    finding = {each.name: each for each in find(server.settings, server.stack)}["libraries"]
    python = installed_postgres(server.warehouse.stack.paths.data).python_version()
    assert (
        f"/opt/glasshouse/lib/python{python}/site-packages on the server's host" in finding.detail
    )
    assert "scikit-learn missing" in finding.detail
    assert f"sudo python{python} -m venv /opt/glasshouse" in finding.lines
    with pytest.raises(UserError, match="make doctor, which lists the commands"):
        server.stack.update_server_environment()
    assert server.dump() == before


def test_doctor_where_the_database_has_another_encoding(server: Server) -> None:
    server.run("create database latin encoding 'LATIN1' locale 'C' template template0")
    settings = settings_for(server.warehouse, server.settings.state, database="latin")
    findings = {finding.name: finding for finding in find(settings, ExternalStack(settings))}
    assert "encoding 'UTF8' template template0" in findings["encoding"].remedy
    with pytest.raises(UserError, match="encoded in LATIN1"):
        ExternalStack(settings).check()
    server.run("drop database latin")


def test_doctor_where_pl_python_is_not_installed() -> None:
    with server_of_others() as server:
        server.warehouse.stack.stop()
        with running_without_plpython(server):
            findings = {each.name: each for each in find(server.settings, server.stack)}
            major = installed_postgres(server.warehouse.stack.paths.data).major
            remedy = findings["plpython3u"].remedy
            assert f"apt-get install postgresql-plpython3-{major}" in remedy
            assert "make export" in remedy
            assert not findings["version"].remedy
            with pytest.raises(UserError, match="PL/Python is not installed"):
                server.stack.check()


@contextmanager
def running_without_plpython(server: Server) -> Iterator[None]:
    """The cluster with the same PostgreSQL, in a folder that lacks PL/Python."""
    postgres = installed_postgres(server.warehouse.stack.paths.data)
    folder = server.warehouse.settings.state / "programs"
    major = str(postgres.major)
    programs = folder / "lib" / "postgresql" / major
    shutil.copytree(postgres.programs.parent / "bin", programs / "bin", symlinks=True)
    (programs / "lib").symlink_to(postgres.programs.parent / "lib")
    shared = Path("/usr/share/postgresql") / major
    (folder / "share" / "postgresql").mkdir(parents=True)
    shutil.copytree(
        shared, folder / "share" / "postgresql" / major, symlinks=True,
        ignore=shutil.ignore_patterns("plpython3u*", "*.sample"),
    )  # fmt: skip
    for link in folder.rglob("*"):
        if not link.is_symlink():
            link.chmod(0o755)
    command = [str(programs / "bin" / "pg_ctl"), "-D", str(server.warehouse.stack.paths.data)]
    log = server.warehouse.stack.paths.logs / "without.log"
    log.touch(mode=0o666)
    with log.open("w") as file:
        subprocess.run(
            [*command, "start", "-w"], check=True, **as_server_user(stdout=file, stderr=file)
        )
    try:
        yield
    finally:
        subprocess.run([*command, "stop", "-m", "immediate"], check=True, **as_server_user())


def test_doctor_of_a_server_of_our_own(engine: Warehouse) -> None:
    findings = {each.name: each for each in find(engine.settings, engine.stack)}
    assert not any(finding.remedy for finding in findings.values())
    assert findings.keys() >= {"version", "rights", "plpython3u", "Python", "libraries"}
    package = engine.stack.paths.server_environment
    (file,) = package.glob("lib/*/site-packages/glasshouse_ml/__init__.py")
    text = file.read_text()
    file.unlink()
    try:
        file.write_text(text + "\n# another version\n")
        libraries = {each.name: each for each in find(engine.settings, engine.stack)}["libraries"]
        assert "glasshouse_ml is missing or of another version" in libraries.detail
        assert "make up" in libraries.remedy
    finally:
        file.write_text(text)
