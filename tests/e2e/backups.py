"""Backup, reset, restore: whether an installation comes back as it was, whichever way it runs."""

import hashlib
import re
from pathlib import Path

import psycopg2
from psycopg2 import sql

from scripts.assets.checks.charts import run_queries
from scripts.assets.client.superset import Superset
from scripts.assets.files.bundle import FOLDER, read_files
from scripts.stack import dbt_state
from scripts.stack.selection import open_stack
from tests.e2e.clone import Clone

BACKUP = Path("backups", "one")
TABLES = """
    select schemaname, tablename from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2
"""


def checksums(clone: Clone) -> dict[str, str]:
    """One sum for the rows of each table in the warehouse."""
    found = {}
    connection = psycopg2.connect(**open_stack(clone.settings).superuser("warehouse"))
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        for schema, table in cursor.fetchall():
            name = sql.Identifier(schema, table)
            cursor.execute(sql.SQL("select t::text from {} as t order by 1").format(name))
            rows = "\n".join(text for (text,) in cursor)
            found[f"{schema}.{table}"] = hashlib.sha256(rows.encode()).hexdigest()
    connection.close()
    return found


def dashboards(clone: Clone) -> dict[str, str]:
    """What Superset exports, but for the time of the export."""
    exported = Superset(clone.settings).export()
    return {name: text for name, text in exported.items() if name != "metadata.yaml"}


def survives(clone: Clone) -> None:
    """Back up, remove everything, restore into the empty stack under another key, and compare."""
    assert clone.make("up").returncode == 0
    rows, assets = checksums(clone), dashboards(clone)
    manifest = dbt_state.folder(clone.settings) / "manifest.json"
    models = manifest.read_bytes()
    assert "predictions.pred_breast_cancer" in rows
    done = clone.make("backup", f"TO={BACKUP}")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = clone.root / BACKUP
    assert folder.stat().st_mode & 0o077 == 0
    assert "is there already" in clone.make("backup", f"TO={BACKUP}").stderr

    assert "asks first" in clone.make("restore", f"FROM={BACKUP}").stderr
    assert checksums(clone) == rows
    damaged = clone.root / "backups" / "damaged"
    damaged.mkdir()
    for file in folder.glob("*.*"):
        (damaged / file.name).write_bytes(file.read_bytes()[: 10**5])
    (damaged / "secret_key").write_text("x")
    said = clone.make("restore", "FROM=backups/damaged", env={"YES": "1"}).stderr
    assert "is not as it was written" in said
    assert checksums(clone) == rows

    assert clone.make("reset", env={"YES": "1"}).returncode == 0
    env = clone.root / ".env"
    env.write_text(re.sub(r"(?m)^SUPERSET_SECRET_KEY=.*", "SUPERSET_SECRET_KEY=n", env.read_text()))
    done = clone.make("restore", f"FROM={BACKUP}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert checksums(clone) == rows
    assert dashboards(clone) == assets
    # The next build compares with what these tables were built from, so it builds only changes.
    assert manifest.read_bytes() == models
    # What was built and pushed is known to be: nothing is done again.
    status = clone.make("status").stdout
    assert re.search(r"✓ Models +built [-0-9: ]+$", status, re.MULTILINE), status
    plan = clone.make("plan")
    assert plan.returncode == 0, plan.stdout + plan.stderr
    assert "Nothing to do" in clone.make("push").stdout
    # Passwords that were encrypted with the old key are read with the new one.
    bundle = read_files(clone.root / FOLDER).bundle()
    answers = run_queries(bundle, Superset(clone.settings))
    assert answers
    assert [answer.error for answer in answers if answer.error or answer.empty] == []
