"""The workers of a Citus cluster: what they need before the engine can use them.

Citus itself copies schemas, roles and extensions to a worker. It commits a change of the registry
on the coordinator alone, where the registry stays. A worker gets the functions that run there, the
key that verifies artifacts, and a copy of the artifacts in use.
"""

from contextlib import closing

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.external.library_path import path_statements
from scripts.stack.external.workers import HAS_CITUS, RUN
from scripts.stack.interface import Stack
from scripts.stack.signing_key import read_key

# What ml.predict_shard and ml.read_shard call on a worker. A function follows those that it calls,
# because PostgreSQL checks its body.
FUNCTIONS = (
    "failure", "raise_failure", "rawarray", "rawbytes", "numbers", "predict_batches", "predict",
    "predict_shard_body", "predict_shard", "canonical_text", "read_shard_body", "read_shard",
)  # fmt: skip
SHARED_ARTIFACTS = "ml.shared_artifacts"
WORKERS = "select from pg_dist_node where isactive and noderole = 'primary' and groupid <> 0"
DISTRIBUTE_FUNCTION = """
    select create_distributed_function(oid::regprocedure)
    from pg_proc
    where
        pronamespace = 'ml'::regnamespace
        and proname = %s
        and not exists (
            select from pg_dist_object
            where classid = 'pg_proc'::regclass and objid = pg_proc.oid
        )
"""
SHARE_ARTIFACTS = """
    select create_reference_table(%s)
    where not exists (select from pg_dist_partition where logicalrelid = %s::regclass)
"""
# The statements hold the key, so they must not reach the log of a server.
SILENT = """
    set local log_statement = none;
    set local log_min_duration_statement = -1;
    set local log_min_error_statement = panic;
"""
WRITE_KEY = """
do language plpython3u $worker$
{statements}
from glasshouse_ml.registry import signatures
key = bytes.fromhex('{key}')
try:
    same = signatures.KEY_FILE.read_bytes() == key
except FileNotFoundError:
    same = False
if not same:
    signatures.write_key(key)
$worker$
"""


def is_cluster(settings: Settings, stack: Stack) -> bool:
    """Whether Citus is installed in the database and has workers."""
    with (
        closing(psycopg2.connect(**stack.superuser(settings.database))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(HAS_CITUS)
        if not cursor.rowcount:
            return False
        cursor.execute(WORKERS)
        return bool(cursor.rowcount)


def update_workers(settings: Settings, stack: Stack) -> str:
    """Bring the workers up to date; names them."""
    with closing(psycopg2.connect(**stack.superuser(settings.database))) as connection:
        with connection, connection.cursor() as cursor:
            # Citus creates PL/Python on the workers for the first one.
            for name in FUNCTIONS:
                cursor.execute(DISTRIBUTE_FUNCTION, [name])
            cursor.execute(SHARE_ARTIFACTS, [SHARED_ARTIFACTS, SHARED_ARTIFACTS])
        key = read_key(connection)
        assert key
        with connection, connection.cursor() as cursor:
            return _write_key(cursor, key, path_statements(stack.library_path()))


def _write_key(cursor: Cursor, key: bytes, statements: str) -> str:
    """Have each worker sign and verify with the coordinator's key; names the workers."""
    cursor.execute(SILENT)
    cursor.execute(RUN, [SILENT + WRITE_KEY.format(statements=statements, key=key.hex())])
    workers = cursor.fetchall()
    for worker, success, result in workers:
        if not success:
            raise UserError(
                f"The worker {worker} cannot run the engine: {result.strip().splitlines()[0]}",
                "install PL/Python and the engine's libraries there (docs/cluster.md),"
                " then make build",
            )
    return ", ".join(worker for worker, _, _ in workers)
