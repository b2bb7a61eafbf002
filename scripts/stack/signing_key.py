"""The key with which the database server signs trained models: a file in its data directory.

The server creates the key, and PL/Python functions read it as the server's operating system user.
No role but the superuser can read it through SQL.
"""

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from scripts.console import warn

KEY_FILE = "glasshouse.key"
KEY_BYTES = 32
READ = f"select pg_read_binary_file('{KEY_FILE}', 0, {KEY_BYTES}, true)"
HAS_SIGNATURES = """
    select from pg_attribute where attrelid = to_regclass('ml.artifacts') and attname = 'signature'
"""
HAS_MODELS = "select from ml.artifacts where signature is not null limit 1"


def read_key(connection: Connection) -> bytes | None:
    """The key; None where the server has none. `connection` belongs to a superuser."""
    with connection, connection.cursor() as cursor:
        cursor.execute(READ)
        content = cursor.fetchone()[0]
    return None if content is None else bytes(content)


def create_key(connection: Connection) -> None:
    """Have the server make a random key if it has none."""
    if read_key(connection) is not None:
        return
    with connection, connection.cursor() as cursor:
        _run_python(cursor, "signatures.create_key()")
        cursor.execute(HAS_SIGNATURES)
        if cursor.rowcount:
            cursor.execute(HAS_MODELS)
        if cursor.rowcount:
            warn(
                f"{KEY_FILE} was missing in the data directory, so the server has made a new one. "
                "Train the models again, or restore the old key (docs/production.md)."
            )


def replace_key(connection: Connection, key: bytes) -> None:
    """Have the server sign and verify with the key of a backup from now on."""
    with connection, connection.cursor() as cursor:
        # The statement holds the key, so it must not reach the server's log.
        cursor.execute(
            "set local log_statement = none; set local log_min_duration_statement = -1;"
            " set local log_min_error_statement = panic; set local log_duration = off"
        )
        _run_python(cursor, f"signatures.write_key(bytes.fromhex('{key.hex()}'))")


def _run_python(cursor: Cursor, call: str) -> None:
    cursor.execute(
        f"do language plpython3u $$\nfrom glasshouse_ml.registry import signatures\n{call}\n$$"
    )
