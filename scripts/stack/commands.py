"""The commands that start, stop, show and fill the stack."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from scripts.bootstrap.locks import alone
from scripts.console import step
from scripts.errors import UserError
from scripts.settings import Settings, create_settings, load_settings
from scripts.stack.interface import Stack, choose, open_stack
from scripts.stack.native.processes import end, marked


def _open() -> tuple[Settings, Stack]:
    settings = load_settings()
    return settings, open_stack(settings)


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Commands that change the stack wait for one another; nobody else is at work inside."""
    with alone(settings.state / "glasshouse.lock"):
        # What a killed command has left running would work against this one.
        end(marked(settings.state, "tool"))
        yield


@click.command()
def up() -> None:
    """Start everything, from nothing or from anything."""
    from scripts.stack.up import up as run

    settings = create_settings()
    with _only_one(settings):
        choose(settings)
        run(settings, open_stack(settings))


@click.command()
def down() -> None:
    """Stop everything; the data stay."""
    settings, stack = _open()
    with _only_one(settings), step("Stopping") as current:
        current.note(", ".join(stack.stop()) or "nothing was running")


@click.command()
def reset() -> None:
    """Stop everything and remove the data (asks; YES=1 does not)."""
    settings, stack = _open()
    if os.environ.get("YES") != "1":
        if not sys.stdin.isatty():
            raise UserError("This removes the database and asks first", "YES=1 make reset")
        click.confirm(f"Remove the database and Superset's state of {settings.root}?", abort=True)
    with _only_one(settings), step("Removing"):
        stack.stop()
        stack.remove()


@click.command()
def status() -> None:
    """One line a part; exit code 0 when all is well."""
    from scripts.stack.status import show_status

    if not show_status(*_open()):
        raise SystemExit(1)


@click.command()
@click.option("--select", multiple=True, help="These dbt nodes alone.")
def build(select: tuple[str, ...]) -> None:
    """Functions, then models and reports (dbt)."""
    from scripts.stack.build import build as run

    settings, stack = _open()
    _require_database(stack)
    with _only_one(settings):
        with step("Preparing the server's Python") as current:
            current.note(stack.update_server_environment())
        run(settings, stack, select, replace_shop=os.environ.get("YES") == "1")


@click.command()
def refresh() -> None:
    """Build what depends on the data that have arrived since the last build."""
    from scripts.stack.build import refresh as run

    settings, stack = _open()
    _require_database(stack)
    with _only_one(settings):
        with step("Preparing the server's Python") as current:
            current.note(stack.update_server_environment())
        run(settings, stack)


@click.command()
@click.option("--to", "folder", envvar="TO", type=click.Path(path_type=Path))
def backup(folder: Path | None) -> None:
    """Save the warehouse and Superset's metadata (TO=folder; default: a new one in backups/)."""
    from scripts.stack.backup import backup as run
    from scripts.stack.backup import tell

    settings, stack = _open()
    _require_database(stack)
    with _only_one(settings):
        tell(run(settings, stack, folder))


@click.command()
@click.option("--from", "folder", envvar="FROM", type=click.Path(path_type=Path), required=True)
def restore(folder: Path) -> None:
    """Put a backup in the place of what is there (FROM=folder; asks; YES=1 does not)."""
    from scripts.stack.restore import restore as run

    settings = create_settings()
    with _only_one(settings):
        choose(settings)
        run(settings, open_stack(settings), folder)


@click.command()
def docs() -> None:
    """What every table and column is, and where it comes from: dbt's pages, with the lineage."""
    from scripts.stack.docs import write_docs

    settings, stack = _open()
    _require_database(stack)
    with _only_one(settings), step("Describing the warehouse (dbt)") as current:
        current.note(f"open {write_docs(settings)}")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def psql(arguments: tuple[str, ...]) -> None:
    """psql on the warehouse as transformer; reads standard input when that is no terminal."""
    settings, stack = _open()
    _require_database(stack)
    dsn = settings.dsn("transformer")
    environment = {
        **os.environ,
        "PGHOST": dsn["host"],
        "PGPORT": str(dsn["port"]),
        "PGUSER": dsn["user"],
        "PGPASSWORD": dsn["password"],
        "PGDATABASE": dsn["dbname"],
    }
    # A script that goes on after an error does half of its work and says all is well.
    strict = [] if sys.stdin.isatty() else ["--set=ON_ERROR_STOP=1", "--no-psqlrc"]
    command = [*stack.psql(), *strict, *arguments]
    sys.stdout.flush()
    os.execve(command[0], command, environment)  # noqa: S606


@click.command()
@click.argument("part", required=False)
@click.option("--lines", "-n", default=40, show_default=True, help="How many of the last lines.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on.")
def logs(part: str | None, lines: int, follow: bool) -> None:
    """The last lines of each part's log."""
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


def _require_database(stack: Stack) -> None:
    database = stack.parts()[0]
    if not database.well:
        raise UserError(f"{database.name}: {database.detail}", "make up")
