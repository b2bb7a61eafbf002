"""The commands that keep the project itself in order: lint, format, lock."""

import subprocess
import sys
from pathlib import Path

import click

from scripts.errors import UserError
from scripts.settings import ROOT

PYTHON = ("scripts", "scripts/glasshouse", "udf", "tests", "docker")
SQL = ("dbt",)
GROUPS = ("warehouse", "superset", "sync", "dev")


@click.command()
def lint() -> None:
    """Check style and formatting of Python and SQL; changes nothing."""
    _run(
        ["ruff", "check", *_there(PYTHON)],
        ["ruff", "format", "--check", *_there(PYTHON)],
        ["sqlfmt", "--check", "--no-progressbar", *_there(SQL)],
    )


@click.command("format")
def format_code() -> None:
    """Format Python, SQL and the dashboards' YAML."""
    from scripts.assets.checks.report import format_files

    format_files(ROOT)
    _run(
        ["ruff", "check", "--fix", *_there(PYTHON)],
        ["ruff", "format", *_there(PYTHON)],
        ["sqlfmt", "--quiet", *_there(SQL)],
    )


@click.command()
@click.option("--upgrade", is_flag=True, help="Take newer versions where the limits allow it.")
def lock(upgrade: bool) -> None:
    """Write the requirements.lock files anew from their pyproject.toml."""
    from scripts.bootstrap import uv
    from scripts.stack.native.server_environment import EXTRAS

    program = uv.find(ROOT / ".stack")
    if program is None:
        raise UserError("uv is not there yet", "make up fetches it")
    # Names, versions and hashes for every platform; no address, so any mirror will do.
    command = [program, "pip", "compile", "pyproject.toml"]
    command += ["--universal", "--python-version=3.11", "--generate-hashes"]
    command += ["--no-header", "--quiet", *(["--upgrade"] if upgrade else [])]
    groups = [f"--group={group}" for group in GROUPS]
    udf = ROOT / "udf"
    locks = [(ROOT, "requirements.lock", groups), (udf, "requirements.lock", [])]
    for extra in EXTRAS:
        # The same versions as without it, so that the locks can be installed together.
        more = [f"--extra={extra}", "--constraint=requirements.lock"]
        locks.append((udf, f"requirements.{extra}.lock", more))
    locks.append((ROOT / "tests" / "bench", "requirements.lock", []))
    for folder, name, more in locks:
        done = subprocess.run(
            [*command, f"--output-file={name}", *more], cwd=folder, env=uv.environment()
        )
        if done.returncode:
            raise UserError(f"{folder / 'pyproject.toml'} has no solution", "read the lines above")


def _there(folders: tuple[str, ...]) -> list[str]:
    return [folder for folder in folders if (ROOT / folder).exists()]


def _run(*commands: list[str]) -> None:
    """Run all of them, so that one call shows everything; then fail if one has failed."""
    failed = False
    for program, *arguments in commands:
        path = Path(sys.executable).with_name(program)
        failed |= subprocess.run([str(path), *arguments], cwd=ROOT).returncode != 0
    if failed:
        raise UserError("The code is not in order", "make format, then mend what is left")
