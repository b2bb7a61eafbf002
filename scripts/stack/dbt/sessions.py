"""Keeps the database sessions of dbt open between the nodes of a command.

dbt closes a thread's connection after each node. Each new session of PostgreSQL imports
scikit-learn again, which takes about a second for a node that trains, predicts or measures.
"""

import psycopg2
from dbt.adapters.postgres.connections import PostgresConnectionManager

_close_session = PostgresConnectionManager.release


def keep_sessions() -> None:
    """Have dbt reset a session where it would close it. dbt has no setting for this."""
    PostgresConnectionManager.release = _reset_session


def _reset_session(manager: PostgresConnectionManager) -> None:
    """Leave nothing to the next node: no transaction, temporary table, lock or setting.

    dbt closes the session when the command ends.
    """
    connection = manager.get_if_exists()
    if connection is None or connection.state != "open":
        return
    try:
        connection.handle.reset()
        connection.transaction_open = False
    except psycopg2.Error:
        # The server has ended the session. The next node opens another one.
        _close_session(manager)
