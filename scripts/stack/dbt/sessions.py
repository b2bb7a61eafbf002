"""Keeps the database sessions of dbt open between the nodes of a command.

dbt closes a thread's connection after each node. Each new session of PostgreSQL imports
scikit-learn again, which takes about a second for a node that trains, predicts or measures.
"""

import psycopg2
from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.adapters.postgres.impl import PostgresAdapter


class SessionManager(PostgresConnectionManager):
    """Resets a session where dbt would close it; dbt closes all when the command ends."""

    def release(self) -> None:
        """Leave nothing to the next node: no transaction, temporary table, lock or setting."""
        connection = self.get_if_exists()
        if connection is None or connection.state != "open":
            return
        try:
            connection.handle.reset()
            connection.transaction_open = False
        except psycopg2.Error:
            # The server has ended the session. The next node opens another one.
            super().release()


def keep_sessions() -> None:
    """Have dbt use this manager, for which it has no setting."""
    PostgresAdapter.ConnectionManager = SessionManager
