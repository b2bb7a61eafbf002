"""Makes the servers of this machine one Citus cluster, and keeps their addresses up to date."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from scripts.postgres_roles import set_logins
from scripts.settings import PASSWORD_FIELDS, Settings
from scripts.stack.cluster.nodes import Node

# The coordinator is in group 0. The other groups are numbered in the order of joining.
NODES = """
    select nodeid, nodename, nodeport from pg_dist_node
    where noderole = 'primary'
    order by groupid
"""
# Citus' own function asks the other nodes, which have new addresses as well.
MOVE = "update pg_dist_node set nodename = %s, nodeport = %s where nodeid = %s"


def join_nodes(settings: Settings, coordinator: Node, workers: Sequence[Node]) -> str:
    """Register the workers at the coordinator; says what had to be done."""
    for node in (coordinator, *workers):
        _create_database(node, settings.database)
    # Citus copies a role when a worker joins. Later passwords reach the workers in this way.
    passwords = {role: settings.password(role) for role in PASSWORD_FIELDS}
    for worker in workers:
        with _superuser(worker, "postgres") as connection:
            set_logins(connection, passwords)
    registered = _update_addresses(settings, (coordinator, *workers))
    with _superuser(coordinator, settings.database) as connection, connection.cursor() as cursor:
        if not registered:
            cursor.execute("select citus_set_coordinator_host(%s, %s)", _address(coordinator))
        added = workers[max(registered - 1, 0) :]
        for worker in added:
            cursor.execute("select citus_add_node(%s, %s)", _address(worker))
    state = f"{len(added)} added" if added else "already joined"
    return f"workers: {len(workers)}, {state}"


def _create_database(node: Node, name: str) -> None:
    with _superuser(node, "postgres") as connection, connection.cursor() as cursor:
        cursor.execute("select from pg_database where datname = %s", [name])
        if not cursor.rowcount:
            cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with _superuser(node, name) as connection, connection.cursor() as cursor:
        cursor.execute("create extension if not exists citus")


def _update_addresses(settings: Settings, nodes: Sequence[Node]) -> int:
    """Tell each registered node where the others are now; returns how many are registered."""
    with _superuser(nodes[0], settings.database) as connection, connection.cursor() as cursor:
        cursor.execute(NODES)
        registered = cursor.fetchall()
    moved = [
        (*_address(node), number)
        for (number, *address), node in zip(registered, nodes, strict=False)
        if tuple(address) != _address(node)
    ]
    for node in nodes[: len(registered)] if moved else ():
        with _superuser(node, settings.database) as connection, connection.cursor() as cursor:
            cursor.executemany(MOVE, moved)
    return len(registered)


def _address(node: Node) -> tuple[str, int]:
    """The address of a node as the other nodes see it: the folder of its socket, and its port."""
    return str(node.paths.sockets), node.port


@contextmanager
def _superuser(node: Node, database: str) -> Iterator[Connection]:
    """A connection that commits each statement."""
    with closing(psycopg2.connect(**node.superuser(database))) as connection:
        connection.autocommit = True
        yield connection
