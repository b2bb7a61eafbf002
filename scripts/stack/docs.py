"""`make docs`: dbt's documentation of tables, columns and lineage as one HTML page."""

import shutil
import subprocess
import sys
from pathlib import Path

from scripts.errors import UserError
from scripts.resources import find_in_output
from scripts.settings import Settings
from scripts.stack.build import dbt_environment


def write_docs(settings: Settings) -> Path:
    """Generate the page and return its path; it needs no server and no network."""
    project = settings.root / "dbt"
    environment = dbt_environment(settings, "warehouse")
    command = [str(Path(sys.executable).with_name("dbt")), "docs", "generate", "--static"]
    command += ["--no-use-colors", "--project-dir", str(project), "--profiles-dir", str(project)]
    process = subprocess.run(
        command,
        cwd=settings.root, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    log = settings.state / "logs" / "dbt.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"\n$ dbt docs generate\n{process.stdout}")
    if process.returncode:
        failed = "dbt could not write the documentation"
        raise find_in_output(process.stdout, failed) or UserError(
            failed, f"make build, or read {log}"
        )
    page = settings.state / "docs" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(environment["DBT_TARGET_PATH"]) / "static_index.html", page)
    return page
