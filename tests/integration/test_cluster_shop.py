"""The shop on a Citus cluster: the same figures as on one server, also after a refresh."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import psycopg2
import pytest
from psycopg2 import sql

from scripts.examples.shop.loading import fill_if_empty
from scripts.examples.shop.simulator.continuation import open_simulation
from scripts.stack import build
from tests.clusters import Warehouse, citus_stack, cluster

from .citus_cluster import has_citus

pytestmark = [
    pytest.mark.citus,
    pytest.mark.slow,
    pytest.mark.skipif(not has_citus(), reason="PostgreSQL of this machine has no Citus"),
]

SCHEMAS = ("vault", "marts", "features", "predictions")
# When a row was written; the days and times of the shop are other columns.
TIMES_OF_THE_BUILD = ("load_date", "logged_at", "predicted_at", "made_at")
COLUMNS = """
    select table_schema, table_name, column_name, data_type
    from information_schema.columns
    join information_schema.tables using (table_schema, table_name)
    where table_schema = any(%s) and table_type = 'BASE TABLE' and column_name <> all(%s)
        and table_name not in ('shop_load', 'upgrades')
    order by table_schema, table_name, ordinal_position
"""
# Sums that do not depend on the order of the rows.
SUMS = {
    "double precision": "sum(round({}::numeric, 9))",
    "": "sum(hashtextextended({}::text, 0)::numeric)",
}


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Warehouse]]:
    """A single server and a cluster, each with the shop."""
    with ExitStack() as stack:
        single = stack.enter_context(cluster("warehouse"))
        many = stack.enter_context(citus_stack())
        fill_if_empty(many.dsn("transformer"), lambda place: None)
        build.build(many.settings, many.stack, show=False)
        yield [single, many]


def figures(server: Warehouse) -> dict[tuple[str, str], tuple]:
    """The number of rows of each table, and for each column its values and their sum."""
    with (
        closing(psycopg2.connect(**server.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(COLUMNS, [list(SCHEMAS), list(TIMES_OF_THE_BUILD)])
        tables: dict[tuple[str, str], list[sql.Composable]] = {}
        for schema, table, column, kind in cursor.fetchall():
            name = sql.Identifier(column)
            terms = tables.setdefault((schema, table), [sql.SQL("count(*)")])
            terms.append(sql.SQL("count({})").format(name))
            terms.append(sql.SQL(SUMS.get(kind, SUMS[""])).format(name))
        result = {}
        for place, terms in tables.items():
            query = sql.SQL("select {} from {}")
            cursor.execute(query.format(sql.SQL(", ").join(terms), sql.Identifier(*place)))
            result[place] = cursor.fetchone()
        return result


def assert_same_figures(servers: list[Warehouse]) -> None:
    single, many = map(figures, servers)
    assert len(single) > 50
    assert {place for place in single | many if single.get(place) != many.get(place)} == set()


def test_a_build_has_the_figures_of_one_server(servers: list[Warehouse]) -> None:
    assert_same_figures(servers)
    with (
        closing(psycopg2.connect(**servers[1].dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select count(*) from pg_dist_partition where partmethod = 'h'")
        assert cursor.fetchone()[0] >= 30


def test_a_refresh_has_the_figures_of_one_server(servers: list[Warehouse]) -> None:
    for server in servers:
        with open_simulation(server.dsn("transformer")) as simulation:
            simulation.advance()
        # The template does not say what it was built from, so the first call builds everything.
        build.refresh(server.settings, server.stack)
    assert_same_figures(servers)
