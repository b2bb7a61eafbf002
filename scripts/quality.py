"""The commands that keep the project itself in order: test, lint, format."""

import os
import subprocess
import sys
from pathlib import Path

import click

from scripts.errors import UserError
from scripts.settings import ROOT

SUITES = ("unit", "integration", "e2e")
PYTHON = ("scripts", "scripts/glasshouse", "udf", "tests", "docker")
SQL = ("dbt",)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("suite", type=click.Choice(("all", *SUITES)), default="all")
@click.argument("options", nargs=-1)
def test(suite: str, options: tuple[str, ...]) -> None:
    """Run the tests: all of them or one suite; further options go to pytest."""
    if suite in ("all", "e2e"):
        from scripts.stack.machine import require_browser

        require_browser(ROOT / ".stack" / "logs" / "install.log")
    folders = ["tests"] if suite == "all" else [f"tests/{suite}"]
    command = [sys.executable, "-m", "pytest", *folders, *options]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606


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
    from scripts.assets.report import format_files

    _run(["ruff", "check", "--fix", *_there(PYTHON)], ["ruff", "format", *_there(PYTHON)])
    _run(["sqlfmt", "--quiet", *_there(SQL)])
    format_files(ROOT)


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
