"""Makes the servers of this machine one Citus cluster, and keeps their addresses up to date."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from scripts.postgres_roles import set_logins
from scripts.settings import PASSWORD_FIELDS, Settings
from scripts.stack.cluster.nodes import Node

# The coordinator is in group 0. The other groups are numbered in the order of joining.
COORDINATOR = "select nodeid, nodename, nodeport from pg_dist_node where groupid = 0"
WORKERS = """
    select nodeid, nodename, nodeport from pg_dist_node
    where groupid <> 0 and noderole = 'primary'
    order by groupid
"""


def join_nodes(settings: Settings, coordinator: Node, workers: Sequence[Node]) -> str:
    """Register the workers at the coordinator; says what had to be done."""
    for node in (coordinator, *workers):
        _create_database(node, settings.database)
    # Citus copies a role when a worker joins. Later passwords reach the workers in this way.
    passwords = {role: settings.password(role) for role in PASSWORD_FIELDS}
    for worker in workers:
        with _superuser(worker, "postgres") as connection:
            set_logins(connection, passwords)
    with _superuser(coordinator, settings.database) as connection, connection.cursor() as cursor:
        _set_coordinator(cursor, coordinator)
        added = _set_workers(cursor, workers)
    state = f"{added} added" if added else "already joined"
    return f"workers: {len(workers)}, {state}"


def _create_database(node: Node, name: str) -> None:
    with _superuser(node, "postgres") as connection, connection.cursor() as cursor:
        cursor.execute("select from pg_database where datname = %s", [name])
        if not cursor.rowcount:
            cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with _superuser(node, name) as connection, connection.cursor() as cursor:
        cursor.execute("create extension if not exists citus")


def _set_coordinator(cursor: Cursor, coordinator: Node) -> None:
    cursor.execute(COORDINATOR)
    nodes = cursor.fetchall()
    if [node[1:] for node in nodes] != [_address(coordinator)]:
        cursor.execute("select citus_set_coordinator_host(%s, %s)", _address(coordinator))


def _set_workers(cursor: Cursor, workers: Sequence[Node]) -> int:
    """Add the workers that are new, and correct the addresses of the others."""
    cursor.execute(WORKERS)
    nodes = cursor.fetchall()
    for (node, *address), worker in zip(nodes, workers, strict=False):
        if tuple(address) != _address(worker):
            cursor.execute("select citus_update_node(%s, %s, %s)", [node, *_address(worker)])
    for worker in workers[len(nodes) :]:
        cursor.execute("select citus_add_node(%s, %s)", _address(worker))
    return len(workers[len(nodes) :])


def _address(node: Node) -> tuple[str, int]:
    """The address of a node as the other nodes see it: the folder of its socket, and its port."""
    return str(node.paths.sockets), node.port


@contextmanager
def _superuser(node: Node, database: str) -> Iterator[Connection]:
    """A connection that commits each statement."""
    with closing(psycopg2.connect(**node.superuser(database))) as connection:
        connection.autocommit = True
        yield connection
