"""Helpers for backup and restore that work in every mode."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from scripts.assets.checks.charts import run_queries
from scripts.assets.client.superset import Superset
from scripts.assets.files.bundle import FOLDER, read_files
from scripts.assets.model.asset import Bundle
from scripts.stack import dbt_state
from scripts.stack.selection import open_stack
from tests.e2e.clone import Clone

BACKUP = Path("backups", "one")
TABLES = """
    select schemaname, tablename from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2
"""


def checksums(clone: Clone) -> dict[str, tuple]:
    """The number of rows of each table in the warehouse, and the sum of their hash values."""
    result = {}
    connection = psycopg2.connect(**open_stack(clone.settings).superuser("warehouse"))
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        for schema, table in cursor.fetchall():
            name = sql.Identifier(schema, table)
            query = sql.SQL("select count(*), sum(hashtextextended(t::text, 0)) from {} as t")
            cursor.execute(query.format(name))
            result[f"{schema}.{table}"] = cursor.fetchone()
    connection.close()
    return result


def dashboards(clone: Clone) -> dict[str, str]:
    """What Superset exports, but for the time of the export and the address of the warehouse."""
    files = Superset(clone.settings).export()
    own = ("metadata.yaml", "databases/")
    return {name: text for name, text in files.items() if not name.startswith(own)}


@dataclass(frozen=True)
class Content:
    """What a backup has to bring back."""

    rows: dict[str, tuple]
    assets: dict[str, str]
    manifest: bytes


def back_up(clone: Clone) -> Content:
    """Make the backup, and see that a restore asks first and refuses a damaged one."""
    assert clone.make("up").returncode == 0
    content = Content(checksums(clone), dashboards(clone), manifest_of(clone).read_bytes())
    assert "predictions.pred_breast_cancer" in content.rows
    folder = clone.root / BACKUP
    shutil.rmtree(folder.parent, ignore_errors=True)
    result = clone.make("backup", f"TO={BACKUP}")
    assert result.returncode == 0, result.stdout + result.stderr
    assert folder.stat().st_mode & 0o077 == 0
    assert "exists already" in clone.make("backup", f"TO={BACKUP}").stderr

    assert "asks first" in clone.make("restore", f"FROM={BACKUP}").stderr
    damaged_backup = clone.root / "backups" / "damaged"
    damaged_backup.mkdir()
    for file in folder.glob("*.*"):
        (damaged_backup / file.name).write_bytes(file.read_bytes()[: 10**5])
    (damaged_backup / "secret_key").write_text("x")
    errors = clone.make("restore", "FROM=backups/damaged", env={"YES": "1"}).stderr
    assert "is not as it was written" in errors
    assert checksums(clone) == content.rows
    return content


def is_restored(clone: Clone, content: Content) -> None:
    """The clone, under a key and passwords of its own, has all that was backed up."""
    assert checksums(clone) == content.rows
    assert dashboards(clone) == content.assets
    # The next build compares with what these tables were built from, so it builds only changes.
    assert manifest_of(clone).read_bytes() == content.manifest
    # What was built and pushed is known to be: nothing is done again.
    status = clone.make("status").stdout
    assert re.search(r"✓ Models +built [-0-9: ]+$", status, re.MULTILINE), status
    # Users have the passwords in .env, which are others in another installation.
    plan = clone.make("plan").stdout
    changes = [line for line in plan.splitlines() if line.startswith(("~", "+", "-"))]
    assert [line for line in changes if not line.startswith("~ user ")] == []
    assert clone.make("push").returncode == 0
    # Passwords that were encrypted with the old key are read with the new one.
    assert charts_without_rows(clone, limit=10) == []


def manifest_of(clone: Clone) -> Path:
    """The manifest of the last good build."""
    return dbt_state.folder(clone.settings) / "manifest.json"


def charts_without_rows(clone: Clone, limit: int | None = None) -> list[str]:
    """The titles of the charts, or of the first `limit`, whose query fails or finds nothing."""
    bundle = read_files(clone.root / FOLDER).bundle()
    charts = Bundle.of(bundle.kind("charts")[:limit] + bundle.kind("datasets"))
    results = run_queries(charts, Superset(clone.settings))
    assert results
    return [answer.chart.title for answer in results if answer.error or answer.empty]
