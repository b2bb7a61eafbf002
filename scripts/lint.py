"""The commands `lint` and `format`: what each linter checks, and how it is called."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from scripts.errors import UserError
from scripts.settings import ROOT

PYTHON = ("scripts", "scripts/glasshouse", "udf", "tests", "docker")
SQL = ("dbt",)
# .pre-commit-config.yaml calls each of them by its name.
LINTERS = {
    "rules": ["ruff", "check", *PYTHON],
    "formatting": ["ruff", "format", "--check", *PYTHON],
    "sql": ["sqlfmt", "--check", "--no-progressbar", *SQL],
    "imports": ["lint-imports", "--no-cache"],
    "types": ["mypy"],
}
FOLDERS = "folders"
# Code is hard to find in a folder with more files than this.
MAX_FILES = 25


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*LINTERS, FOLDERS]))
def lint(names: tuple[str, ...]) -> None:
    """Check Python and SQL: style, formatting, imports, types; all linters or the named ones."""
    chosen = names or (*LINTERS, FOLDERS)
    # Side by side: the type checker takes as long as all the others.
    with ThreadPoolExecutor() as executor:
        runs = {name: executor.submit(_run, LINTERS[name]) for name in chosen if name in LINTERS}
        for run in runs.values():
            click.echo(run.result().stdout, nl=False)
    failed = [name for name, run in runs.items() if run.result().returncode]
    if FOLDERS in chosen:
        crowded = crowded_folders(ROOT)
        for folder, count in crowded.items():
            click.echo(f"{folder}: {count} Python files, at most {MAX_FILES} are allowed")
        failed += [FOLDERS] if crowded else []
    if failed:
        raise UserError(
            f"These checks failed: {', '.join(failed)}",
            "make format, then correct what the lines above name",
        )


@click.command("format")
def format_code() -> None:
    """Format Python, SQL and the dashboards' YAML."""
    from scripts.assets.checks.report import format_files

    format_files(ROOT)
    commands = (
        ["ruff", "check", "--fix", *PYTHON],
        ["ruff", "format", *PYTHON],
        ["sqlfmt", "--quiet", *SQL],
    )
    done = [_run(command) for command in commands]
    for run in done:
        click.echo(run.stdout, nl=False)
    if any(run.returncode for run in done):
        raise UserError("The code could not be formatted", "correct what the lines above name")


def crowded_folders(root: Path) -> dict[str, int]:
    """The folders of the engine, the commands and their unit tests with too many Python files."""
    files = [
        file.relative_to(root)
        for part in ("scripts", "udf", "tests/unit")
        for file in (root / part).rglob("*.py")
    ]
    folders = sorted({file.parent for file in files})
    counts = {str(folder): sum(file.parent == folder for file in files) for folder in folders}
    return {folder: count for folder, count in counts.items() if count > MAX_FILES}


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program of this environment; its output and errors are one text."""
    program, *arguments = command
    path = Path(sys.executable).with_name(program)
    # lint-imports imports the packages by name.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "udf")))}
    return subprocess.run(
        [path, *arguments], cwd=ROOT, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
