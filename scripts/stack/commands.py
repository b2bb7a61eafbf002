"""The commands that start, stop, build, show and save the stack."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from scripts.bootstrap.locks import exclusive_lock
from scripts.console import say, step
from scripts.errors import UserError
from scripts.settings import Settings, create_settings, load_settings
from scripts.stack.external.libpq import libpq_environment
from scripts.stack.interface import Stack
from scripts.stack.processes import find_by_tag, terminate
from scripts.stack.selection import choose_mode, open_stack


def _open() -> tuple[Settings, Stack]:
    settings = load_settings()
    return settings, open_stack(settings)


@contextmanager
def _stack_lock(settings: Settings) -> Iterator[None]:
    """Hold the lock of the installation: commands that change the stack run one after another."""
    with exclusive_lock(settings.state / "glasshouse.lock"):
        # Programs that a killed command has left running would interfere with this command.
        terminate(find_by_tag(settings.state, "tool"))
        yield


@contextmanager
def running_stack() -> Iterator[tuple[Settings, Stack]]:
    """The installation with its lock held; an error if its database does not run."""
    settings, stack = _open()
    _require_database(stack)
    with _stack_lock(settings):
        yield settings, stack


@click.command()
def up() -> None:
    """Start the stack, build the models and push the dashboards; installs what is missing."""
    from scripts.stack.up import up as run

    settings = create_settings()
    with _stack_lock(settings):
        choose_mode(settings)
        run(settings, open_stack(settings))


@click.command()
def down() -> None:
    """Stop the stack and keep the data."""
    settings, stack = _open()
    with _stack_lock(settings), step("Stopping") as current:
        current.note(", ".join(stack.stop()) or "nothing was running")


@click.command()
def reset() -> None:
    """Stop the stack and remove its data (asks first, unless YES=1)."""
    settings, stack = _open()
    what = "the database"
    if settings.existing_server:
        what = (
            f"Glasshouse's schemas, roles and functions from the database {settings.database} at"
            f" {settings.database_place}"
        )
    if os.environ.get("YES") != "1":
        if not sys.stdin.isatty():
            raise UserError(f"This removes {what} and needs a confirmation", "YES=1 make reset")
        click.confirm(f"Remove {what} and Superset's state of {settings.root}?", abort=True)
    with _stack_lock(settings), step("Removing"):
        stack.stop()
        stack.remove()
    if settings.existing_superset:
        say(f"The dashboards in the Superset at {settings.existing_superset} stay there.")


@click.command()
def status() -> None:
    """Show the state of each part; exit code 0 if every part is healthy."""
    from scripts.stack.status import show_status

    if not show_status(*_open()):
        raise SystemExit(1)


@click.command()
def doctor() -> None:
    """List what the database server lacks, with remedies; exit code 0 if nothing is missing."""
    from scripts.stack.external.doctor import show_findings

    if not show_findings(*_open()):
        raise SystemExit(1)


@click.command()
@click.option("--select", multiple=True, help="Build only these dbt nodes.")
def build(select: tuple[str, ...]) -> None:
    """Build the functions, then the models and reports (dbt)."""
    from scripts.stack.build import build as run

    settings, stack = _open()
    _require_database(stack)
    with _stack_lock(settings):
        with step("Preparing the server's Python") as current:
            current.note(stack.update_server_environment())
        run(settings, stack, select, replace_shop=os.environ.get("YES") == "1")


@click.command()
@click.option("--wait", is_flag=True, help="Wait for a refresh that is running, then refresh.")
def refresh(wait: bool) -> None:
    """Build what depends on the data that arrived since the last build."""
    from scripts.stack.refresh.run import run_refresh

    settings, stack = _open()
    _require_database(stack)
    run_refresh(settings, stack, _stack_lock, wait)


@click.command("watch-data")
def watch_data() -> None:
    """Refresh after each notification of the database, until Ctrl+C."""
    from scripts.stack.refresh.watch_data import watch_data as run

    settings, stack = _open()
    _require_database(stack)
    run(settings, [sys.executable, "-m", "scripts.cli", "refresh", "--wait"])


@click.command()
@click.option(
    "--from",
    "first",
    envvar="FROM",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The first day to repeat (FROM=2011-06-01).",
)
@click.option(
    "--to",
    "last",
    envvar="TO",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The last day to repeat (TO=2011-12-01).",
)
@click.option(
    "--step",
    "days",
    envvar="STEP",
    type=click.IntRange(min=1),
    default=1,
    help="Days between two refreshes (STEP=7).",
)
def replay(first: datetime, last: datetime, days: int) -> None:
    """Repeat the shop's recorded history, with a refresh after each day (asks, unless YES=1)."""
    from scripts.stack.refresh.replay import replay as run

    settings, stack = _open()
    _require_database(stack)
    if os.environ.get("YES") != "1":
        question = "The shop's later rows, its models and their logged predictions are removed"
        if not sys.stdin.isatty():
            raise UserError(f"{question}, which needs a confirmation", "YES=1 make replay …")
        click.confirm(f"{question}. Go on?", abort=True)
    run(settings, stack, _stack_lock, first.date(), last.date(), days)


@click.command()
@click.option("--to", "folder", envvar="TO", type=click.Path(path_type=Path))
def backup(folder: Path | None) -> None:
    """Back up the databases and trained models (TO=folder; default: a new one in backups/)."""
    from scripts.stack.backup import backup as run
    from scripts.stack.backup import print_location

    settings, stack = _open()
    _require_own_server(settings)
    _require_database(stack)
    with _stack_lock(settings):
        print_location(run(settings, stack, folder))


@click.command()
@click.option("--from", "folder", envvar="FROM", type=click.Path(path_type=Path), required=True)
def restore(folder: Path) -> None:
    """Replace the databases with a backup (FROM=folder; asks first, unless YES=1)."""
    from scripts.stack.restore import restore as run

    settings = create_settings()
    _require_own_server(settings)
    with _stack_lock(settings):
        choose_mode(settings)
        run(settings, open_stack(settings), folder)


@click.command()
def docs() -> None:
    """Write dbt's documentation of tables, columns and lineage as one page."""
    from scripts.stack.docs import write_docs

    settings, stack = _open()
    _require_database(stack)
    with _stack_lock(settings), step("Writing the documentation (dbt)") as current:
        current.note(f"open {write_docs(settings)}")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def psql(arguments: tuple[str, ...]) -> None:
    """Run psql on the warehouse as transformer; reads standard input if it is no terminal."""
    settings, stack = _open()
    _require_database(stack)
    dsn = settings.dsn("transformer")
    environment = {
        **os.environ,
        **libpq_environment(settings, "transformer"),
        "PGHOST": dsn["host"],
        "PGPORT": str(dsn["port"]),
        "PGUSER": dsn["user"],
        "PGPASSWORD": dsn["password"],
        "PGDATABASE": dsn["dbname"],
    }
    # Without this, psql goes on after an error in a script and exits with code 0.
    strict = [] if sys.stdin.isatty() else ["--set=ON_ERROR_STOP=1", "--no-psqlrc"]
    command = [*stack.psql(), *strict, *arguments]
    sys.stdout.flush()
    os.execve(command[0], command, environment)  # noqa: S606


@click.command()
@click.argument("part", required=False)
@click.option("--lines", "-n", default=40, show_default=True, help="Number of lines to show.")
@click.option("--follow", "-f", is_flag=True, help="Go on showing new lines.")
def logs(part: str | None, lines: int, follow: bool) -> None:
    """Show the last lines of each part's log."""
    stack = _open()[1]
    if follow and (command := stack.follow(part, lines)):
        os.execv(command[0], command)  # noqa: S606
    files = stack.logs()
    names = [file.stem for file in files]
    if part:
        files = [file for file in files if file.stem == part]
    if not files:
        raise UserError(
            f"There is no log {part}" if part else "There are no logs yet",
            f"choose one of {', '.join(names)}" if names else "make up",
        )
    tail = shutil.which("tail") or "/usr/bin/tail"
    options = [f"--lines={lines}", *(["--follow=name"] if follow else [])]
    os.execv(tail, [tail, *options, *map(str, files)])  # noqa: S606


def _require_own_server(settings: Settings) -> None:
    if settings.mode == "cluster":
        raise UserError(
            "make backup and make restore do not work on a cluster yet",
            "make down, then copy the folder .stack (docs/cluster.md)",
        )
    if settings.existing_server:
        raise UserError(
            "make backup and make restore work on Glasshouse's own server only",
            "back up yours as before: the databases"
            f" {settings.database} and superset, and the file glasshouse.key of its data directory",
        )


def _require_database(stack: Stack) -> None:
    database = stack.parts()[0]
    if not database.healthy:
        raise UserError(f"{database.name}: {database.detail}", "make up")
