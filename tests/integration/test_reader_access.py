"""Whatever SQL the logins of Superset run, they see their rows and change nothing."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import psycopg2
import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from scripts.assets.access.database import update_readers
from scripts.assets.access.readers import login_name
from scripts.assets.model.asset import Asset, Bundle
from scripts.postgres_roles import set_logins
from scripts.settings import ROOT
from scripts.stack import logins
from scripts.stack.provision import provision
from tests.access.attacks import EFFECTS, STATEMENTS, TEXT_AS_QUERY
from tests.clusters import Warehouse, cluster

FRANCE = "Stakeholder France"
DATABASE = "d0000000-0000-0000-0000-000000000001"
# Rows that a reader must not see hold this word.
SECRET = "Madrid"
TABLES = f"""
    create table reports.calls (country text, city text);
    insert into reports.calls values ('France', 'Lyon'), ('Spain', '{SECRET}');
    create view reports.copied as select * from reports.calls;
    create view reports.copied_twice as select * from reports.copied;
    create view reports.invoked with (security_invoker = true) as select * from reports.calls;
    create table reports.open as select 1 as a;
    create table marts.orders as select 'Spain' as country, '{SECRET}' as city;
    create table marts.published as select 'Spain' as country, '{SECRET}' as city;
    create table predictions.scores as select '{SECRET}' as city;
    create table features.secret as select '{SECRET}' as city;
    analyze;
"""


@dataclass
class Readers:
    """A server with tables and row filters, and what Superset uses to connect to it."""

    warehouse: Warehouse
    git: Bundle
    connection_class: type

    def as_superset(self, login: str) -> Any:
        """The connection of a login, as Superset opens it."""
        dsn = self.warehouse.dsn(login)
        return closing(psycopg2.connect(**dsn, connection_factory=self.connection_class))

    def directly(self, login: str) -> Any:
        """A connection of a login without Superset's cursor."""
        return closing(psycopg2.connect(**self.warehouse.dsn(login)))

    def rows(self, login: str, query: str) -> list[tuple]:
        with self.as_superset(login) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()


def dataset(schema: str, name: str, sql: str | None = None) -> Asset:
    uuid = f"{schema}.{name}"
    data = {"table_name": name, "schema": schema, "uuid": uuid, "database_uuid": DATABASE}
    return Asset("datasets", data | {"sql": sql})


def row_filter(name: str, clause: str, **fields: Any) -> Asset:
    data = {"name": name, "clause": clause, "datasets": ["reports.calls"], "roles": [FRANCE]}
    return Asset("filters", data | fields)


def bundle(*filters: Asset) -> Bundle:
    address = "postgresql+psycopg2://dashboard:x@localhost/warehouse"
    database = {"database_name": "warehouse", "uuid": DATABASE, "sqlalchemy_uri": address}
    datasets = [dataset("reports", "calls"), dataset("marts", "published")]
    return Bundle.of([Asset("databases", database), *datasets, *filters])


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    with cluster("server") as warehouse:
        with (
            closing(psycopg2.connect(**warehouse.dsn("transformer"))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(TABLES)
        git = bundle(row_filter("French rows", "country = 'France'"))
        update_readers(git, warehouse.settings)
        values = {"WAREHOUSE_URI": warehouse.settings.uri("dashboard")}
        with patch.dict(os.environ, values):
            file = ROOT / "docker" / "superset_connection.py"
            spec = importlib.util.spec_from_file_location("superset_connection", file)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        roles = {FRANCE}
        assert module.login_name("dashboard", roles) == login_name("dashboard", roles)
        yield Readers(warehouse, git, module.ReaderConnection)


LOGINS = (
    "dashboard",
    "analyst",
    login_name("dashboard", [FRANCE]),
    login_name("analyst", [FRANCE]),
)
DASHBOARD, ANALYST, FRENCH, FRENCH_ANALYST = LOGINS


def test_login_reads_its_relations_and_rows(readers: Readers) -> None:
    def city(login: str, relation: str) -> set[str] | None:
        try:
            return {row[0] for row in readers.rows(login, f"select city from {relation}")}
        except psycopg2.errors.InsufficientPrivilege:
            return None

    both, lyon, madrid = {"Lyon", SECRET}, {"Lyon"}, {SECRET}
    expected = {
        #                     dashboard, analyst, French dashboard, French analyst
        "reports.calls": (both, both, lyon, lyon),
        "reports.copied": (both, both, None, None),
        "reports.copied_twice": (both, both, None, None),
        "reports.invoked": (both, both, lyon, lyon),
        "marts.orders": (None, madrid, None, madrid),
        "marts.published": (madrid,) * 4,
        "predictions.scores": (None, madrid, None, madrid),
        "features.secret": (None,) * 4,
    }
    actual = {relation: tuple(city(each, relation) for each in LOGINS) for relation in expected}
    assert actual == expected


@pytest.mark.parametrize("attack", TEXT_AS_QUERY + EFFECTS)
def test_expression_has_no_effect(readers: Readers, attack: str) -> None:
    expression = attack.format(table="reports.calls", hidden="features.secret")
    for open_connection in (readers.as_superset, readers.directly):
        with open_connection(FRENCH) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(f"select {expression} from reports.calls")
                text = str(cursor.fetchall())
            except psycopg2.Error as error:
                text = ""
                assert not isinstance(error, psycopg2.errors.QueryCanceled)
            assert SECRET not in text
            assert attack in TEXT_AS_QUERY or text in ("", "[(None,)]"), text


@pytest.mark.parametrize("attack", STATEMENTS)
def test_only_single_select_runs(readers: Readers, attack: str) -> None:
    for login in (DASHBOARD, FRENCH_ANALYST):
        text = attack.format(table="reports.calls", hidden="features.secret", login=login)
        with readers.as_superset(login) as connection, connection.cursor() as cursor:
            with pytest.raises(psycopg2.Error):
                cursor.execute(text)
            connection.commit()


def test_passwords_and_settings_are_unchanged(readers: Readers) -> None:
    assert logins.part(readers.warehouse.settings, has_superset=False).healthy
    for login in LOGINS:
        query = "select current_setting('statement_timeout'), current_setting('temp_file_limit')"
        assert readers.rows(login, query) == [("1min", "2GB")]


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from reports.calls;",
        "  SELECT 1 as n -- a remark",
        "with a as (select 1 as n) select n from a",
        "values (1), (2)",
        "table reports.calls",
        "(select 1) union all (select 2) order by 1",
        "select '; drop table x', $$;$$, '%', 10 % 3",
    ],
)
def test_chart_queries_run(readers: Readers, query: str) -> None:
    with readers.as_superset(DASHBOARD) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchall()
        assert cursor.description
        # As SQLAlchemy does it: parameters, and per cent signs written twice.
        cursor.execute("select %(name)s || '%%'", {"name": "it's"})
        assert cursor.fetchall() == [("it's%",)]


def test_sqlalchemy_connects_and_reads_catalog(readers: Readers) -> None:
    address = readers.warehouse.settings.uri("dashboard")
    options = {"connection_factory": readers.connection_class}
    engine = create_engine(address, poolclass=NullPool, connect_args=options)
    inspector = inspect(engine)
    assert {"calls", "open"} <= set(inspector.get_table_names(schema="reports"))
    assert "invoked" in inspector.get_view_names(schema="reports")
    columns = [each["name"] for each in inspector.get_columns("calls", schema="reports")]
    assert columns == ["country", "city"]
    with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute('set search_path = "reports"')
        cursor.execute("select count(*) from calls")
        assert cursor.fetchall() == [(2,)]


def test_error_shows_only_own_query(readers: Readers) -> None:
    with readers.as_superset(DASHBOARD) as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.errors.UndefinedColumn) as caught:
            cursor.execute("select nothing from reports.calls")
        assert "LINE 1: select nothing from reports.calls" in str(caught.value)
        assert "open_query" not in str(caught.value)


def test_recreated_table_keeps_filter(readers: Readers) -> None:
    statements = """
        create table reports.calls_new as select * from reports.calls;
        drop table reports.calls cascade; alter table reports.calls_new rename to calls;
    """
    with closing(psycopg2.connect(**readers.warehouse.dsn("transformer"))) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(statements)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            readers.rows(FRENCH, "select * from reports.calls")
        with connection, connection.cursor() as cursor:
            cursor.execute("select access.apply('reports.calls')")
        assert readers.rows(FRENCH, "select city from reports.calls") == [("Lyon",)]
        with connection, connection.cursor() as cursor:
            views = "create view reports.copied as table reports.calls;"
            cursor.execute(views + "select access.apply('reports.copied')")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            readers.rows(FRENCH, "select * from reports.copied")


def test_groups_base_filters_and_new_clauses(readers: Readers) -> None:
    settings = readers.warehouse.settings
    both = (
        row_filter("French rows", "country = 'France'", group="country"),
        row_filter("Spanish rows", "country = 'Spain'", group="country"),
        row_filter("No city", "city <> 'Lyon'", type="Base", roles=["Boss"]),
    )
    update_readers(bundle(*both), settings)
    assert readers.rows(FRENCH, "select city from reports.calls") == [(SECRET,)]
    assert readers.rows(DASHBOARD, "select city from reports.calls") == [(SECRET,)]
    boss = login_name("dashboard", ["Boss"])
    assert len(readers.rows(boss, "select city from reports.calls")) == 2
    update_readers(readers.git, settings)
    assert readers.rows(FRENCH, "select city from reports.calls") == [("Lyon",)]
    assert update_readers(readers.git, settings) == "up to date"


def test_changed_password_is_reported_and_reset(readers: Readers) -> None:
    settings, superuser = readers.warehouse.settings, readers.warehouse.stack.superuser("postgres")
    with closing(psycopg2.connect(**superuser)) as connection, connection:
        set_logins(connection, {"dashboard": "another", FRENCH: "another"})
    part = logins.part(settings, has_superset=False)
    assert not part.healthy
    assert f"dashboard, {FRENCH}" in part.detail
    assert "make up" in part.detail
    provision(settings, superuser)
    update_readers(readers.git, settings)
    assert logins.part(settings, has_superset=False).healthy
