"""MODE=cluster: servers that start, stop and grow, and let in those who have a password."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from scripts.settings import Settings
from scripts.stack.build import build_functions
from scripts.stack.external.doctor import find
from scripts.stack.provision import provision
from scripts.stack.selection import open_stack
from tests.clusters import Warehouse, citus_stack, free_port

from .citus_cluster import has_citus

pytestmark = [
    pytest.mark.citus,
    pytest.mark.skipif(not has_citus(), reason="PostgreSQL of this machine has no Citus"),
]


@pytest.fixture(scope="module")
def servers() -> Iterator[Warehouse]:
    with citus_stack() as servers:
        rows(
            servers.settings,
            "transformer",
            "create table marts.numbers (number int, label text);"
            " select create_distributed_table('marts.numbers', 'number');"
            " insert into marts.numbers select i, i::text from generate_series(1, 100) as i",
        )
        yield servers


def rows(settings: Settings, role: str, statement: str) -> list[tuple]:
    with closing(psycopg2.connect(**settings.dsn(role))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for part in statement.split(";"):
                cursor.execute(part)
            return cursor.fetchall() if cursor.description else []


def restarted(settings: Settings, **changes: object) -> Settings:
    """What `make down`, another `.env` and `make up` do to the servers."""
    open_stack(settings).stop()
    settings = settings.model_copy(update=changes)
    stack = open_stack(settings)
    stack.check()
    stack.start_database()
    provision(settings, stack.superuser("postgres"))
    return settings


def test_each_server_has_its_line_in_the_status(servers: Warehouse) -> None:
    parts = [part for part in servers.stack.parts() if part.name != "Superset"]
    assert [part.name for part in parts] == ["PostgreSQL", "Worker 1", "Worker 2"]
    assert all(part.healthy for part in parts), parts


def test_rows_are_on_the_workers(servers: Warehouse) -> None:
    places = rows(
        servers.settings,
        "transformer",
        "select nodeport, count(*) from pg_dist_shard_placement"
        " join pg_dist_shard using (shardid) where logicalrelid = 'marts.numbers'::regclass"
        " group by nodeport order by nodeport",
    )
    port = servers.settings.postgres_port
    assert places == [(port + 1, 4), (port + 2, 4)]


@pytest.mark.parametrize("role", ["transformer", "analyst"])
def test_every_login_reads_from_the_workers(servers: Warehouse, role: str) -> None:
    statement = (
        "with numbers as materialized (select * from marts.numbers)"
        " select count(*), sum(number) from numbers where label in (select label from numbers)"
    )
    assert rows(servers.settings, role, statement) == [(100, 5050)]


def test_a_reader_reaches_the_workers_by_queries_only(servers: Warehouse) -> None:
    for call in ("run_command_on_workers('select 1')", "citus_add_node('/tmp', 1)"):
        with pytest.raises(psycopg2.Error, match="permission denied"):
            rows(servers.settings, "analyst", f"select {call}")


def test_workers_refuse_a_wrong_password(servers: Warehouse) -> None:
    login = servers.settings.dsn("transformer") | {"password": "another"}
    login |= {"host": str(servers.stack.paths.sockets), "port": servers.settings.postgres_port + 1}
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(**login)


def test_doctor_names_what_a_worker_lacks(servers: Warehouse) -> None:
    settings, stack = servers.settings, servers.stack
    lacks = [finding for finding in find(settings, stack) if finding.name == "worker"]
    assert len(lacks) == 2
    assert all(finding.remedy for finding in lacks)
    build_functions(settings, stack, show=False)
    found = [finding for finding in find(settings, stack) if finding.name == "worker"]
    assert len(found) == 2
    assert not any(finding.remedy for finding in found), found


def test_servers_keep_their_rows_with_other_ports_passwords_and_more_workers(
    servers: Warehouse,
) -> None:
    settings = restarted(
        servers.settings,
        postgres_port=free_port(),
        transformer_password="another: one",
        extra_values=servers.settings.extra_values | {"CLUSTER_WORKERS": "3"},
    )
    stack = open_stack(settings)
    try:
        assert rows(settings, "transformer", "select sum(number) from marts.numbers") == [(5050,)]
        nodes = rows(settings, "transformer", "select count(*) from pg_dist_node")
        assert nodes == [(4,)]
        assert stack.stop()[-3:] == ["worker 1", "worker 2", "worker 3"]
        parts = [part.healthy for part in stack.parts() if part.name != "Superset"]
        assert not any(parts)
    finally:
        stack.stop()
