"""`make doctor`: what the database server lacks, each with its remedy."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.console import console, say
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack import build_state
from scripts.stack.external import libraries
from scripts.stack.external.connection import connect_admin
from scripts.stack.external.names import read_names
from scripts.stack.external.requirements import Finding, read_python, server_findings
from scripts.stack.external.stack import LIBRARY_PATH
from scripts.stack.external.workers import worker_findings
from scripts.stack.interface import Stack
from scripts.stack.paths import Paths


def show_findings(settings: Settings, stack: Stack) -> bool:
    """Print one line for each requirement; True if all are met."""
    findings = list(find(settings, stack))
    for finding in findings:
        mark = "[red]✗[/]" if finding.remedy else "[green]✓[/]"
        console.print(f"{mark} {finding.name:<12}", end=" ")
        console.out(finding.detail, highlight=False)
        if finding.remedy:
            console.out(f"  Do: {finding.remedy}.", highlight=False)
        for line in finding.lines:
            console.out(f"    {line}", highlight=False)
    missing = sum(bool(finding.remedy) for finding in findings)
    say()
    say(f"{missing} of {len(findings)} are missing." if missing else "Nothing is missing.")
    return not missing


def find(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """What the server has and lacks; changes nothing there."""
    try:
        connection = _connect(settings, stack)
    except UserError as error:
        yield Finding("connection", error.problem, error.remedy)
        return
    with closing(connection), connection.cursor() as cursor:
        server = server_findings(cursor, settings)
        yield from server
        missing = {finding.name for finding in server if finding.remedy}
        if not missing & {"plpython3u", "rights", "writes"}:
            yield from _python_findings(cursor, settings, stack)
        connection.rollback()
        folder = build_state.read(settings, LIBRARY_PATH) or ""
        yield from worker_findings(cursor, settings, folder)
        connection.rollback()
        if settings.existing_server:
            yield _names_finding(cursor, settings)
        connection.rollback()


def _connect(settings: Settings, stack: Stack):
    """A connection of the superuser; a UserError if the server does not answer."""
    if settings.existing_server:
        return connect_admin(settings)
    database = stack.parts()[0]
    if not database.healthy:
        raise UserError(f"PostgreSQL: {database.detail}", "make up")
    return psycopg2.connect(**stack.superuser(settings.database))


def _python_findings(cursor: Cursor, settings: Settings, stack: Stack) -> Iterator[Finding]:
    """The Python of PL/Python, and the libraries that it finds."""
    python, finding = read_python(cursor, settings, "")
    yield finding
    if python is None or finding.remedy:
        return
    if not settings.existing_server:
        remedy = "make up, which installs them"
        yield _libraries_finding(python, "the environment of the server", remedy)
        return
    Paths(settings.state).prepare()
    root = libraries.library_root(cursor, settings)
    folder = libraries.site_packages(root, python.version)
    server_python, _ = read_python(cursor, settings, str(folder))
    if root != Path(libraries.REMOTE_FOLDER):
        remedy = "make up, which installs them there"
        yield _libraries_finding(server_python, str(folder), remedy)
        return
    remedy = (
        f"run these commands; if the server runs on this machine, instead let its user read"
        f" {Paths(settings.state).server_state} (chmod o+x on each folder above it)"
    )
    commands = libraries.remote_commands(settings, python.version)
    yield _libraries_finding(server_python, f"{folder} on the server's host", remedy, commands)


def _libraries_finding(
    python: libraries.ServerPython | None,
    where: str,
    remedy: str,
    commands: list[str] | None = None,
) -> Finding:
    if python and python.is_complete:
        return Finding("libraries", f"the engine and its libraries are in {where}")
    wrong = list(python.wrong_libraries) if python else []
    if python and not python.has_current_package:
        wrong.append("glasshouse_ml is missing or of another version")
    detail = f"they belong in {where}: {', '.join(wrong)}"
    return Finding("libraries", detail, remedy, tuple(commands or ()))


def _names_finding(cursor: Cursor, settings: Settings) -> Finding:
    names = read_names(cursor, settings)
    if names.clashes:
        remedy = "rename these, or use another server or database (docs/production.md)"
        return Finding("names", f"others use {', '.join(names.clashes)}", remedy)
    state = "Glasshouse is installed" if names.is_installed else "the names are free"
    return Finding("names", f"{state}: roles, schemas and databases")
