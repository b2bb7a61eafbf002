"""What the workers of a Citus cluster need, each with its remedy."""

from psycopg2.extensions import cursor as Cursor

from scripts.settings import Settings
from scripts.stack.external.library_path import path_statements
from scripts.stack.external.requirements import Finding

HAS_CITUS = "select from pg_extension where extname = 'citus'"
RUN = "select nodename || ':' || nodeport, success, result from run_command_on_workers(%s)"
CHECK = """
do language plpython3u $worker$
{statements}
from glasshouse_ml.registry import signatures
if not signatures.KEY_FILE.exists():
    plpy.error("it has no key to verify models with")
$worker$
"""


def worker_findings(cursor: Cursor, settings: Settings, library_path: str) -> list[Finding]:
    """One for each worker: whether it can run the engine; none where there is no cluster."""
    cursor.execute(HAS_CITUS)
    if not cursor.rowcount:
        return []
    cursor.execute(RUN, [CHECK.format(statements=path_statements(library_path))])
    remedy = "make build"
    if settings.existing_server:
        remedy = "install PL/Python and the libraries there (docs/cluster.md), then make build"
    return [
        Finding("worker", f"{worker} runs the engine")
        if is_complete
        else Finding("worker", f"{worker}: {result.strip().splitlines()[0]}", remedy)
        for worker, is_complete, result in cursor.fetchall()
    ]
