"""`make docs`: what dbt knows of every table, and how they hang together, as one page to open."""

import shutil
import subprocess
import sys
from pathlib import Path

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.build import dbt_environment


def write_docs(settings: Settings) -> Path:
    """Have dbt describe the warehouse; gives the page, which needs no server and no network."""
    project = settings.root / "dbt"
    environment = dbt_environment(settings, "warehouse")
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "docs", "generate", "--static", "--no-use-colors"]
        + ["--project-dir", project, "--profiles-dir", project],
        cwd=settings.root, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    log = settings.state / "logs" / "dbt.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"\n$ dbt docs generate\n{done.stdout}")
    if done.returncode:
        raise UserError("dbt could not describe the warehouse", f"make build, or read {log}")
    page = settings.state / "docs" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(environment["DBT_TARGET_PATH"]) / "static_index.html", page)
    return page
