"""`make restore`: bring an installation to the state of a backup."""

import os
import sys
from pathlib import Path

import click
import psycopg2

from scripts.console import say, step
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack import backup, build, dashboards
from scripts.stack import build_state as stamps
from scripts.stack.interface import Stack
from scripts.stack.provision import provision

STAMP_NAMES = ("build", "functions", "push", "superset")
FILLED = "select exists (select from pg_namespace where nspname in ('ml', 'reports'))"


def restore(settings: Settings, stack: Stack, folder: Path) -> None:
    """Replace the databases of this installation by those of a backup."""
    contents = backup.read_contents(folder)
    stack.check()
    with step("Checking the machine") as current:
        current.note(stack.prepare())
    with step("Preparing the server's Python") as current:
        current.note(stack.update_server_environment())
    with step("Starting PostgreSQL") as current:
        current.note(stack.start_database())
    backup.refuse_newer(contents, _major(stack))
    if _is_filled(stack):
        _ask_first(settings)
    # Superset has connections to the databases that are replaced.
    stack.stop_superset()
    with step("Roles, databases, schemas"):
        provision(settings, stack.superuser("postgres"))
    backup.restore_databases(stack, folder, contents)
    for name in STAMP_NAMES:
        stamps.forget(settings, name)
    with step("Roles, databases, schemas") as current:
        current.note(provision(settings, stack.superuser("postgres")))
    dashboards.update_readers_if_valid(settings)
    backup.restore_state(settings, folder)
    if contents.get("built"):
        build.mark_built(settings, stack, contents["built"])
    # The next step encrypts stored passwords anew with this installation's own key.
    stack.store_previous_superset_key((folder / "secret_key").read_text())
    with step("Preparing Superset") as current:
        current.note(stack.prepare_superset())
    stack.clear_query_cache()
    with step("Starting Superset") as current:
        current.note(stack.start_superset())
    say(
        f"Restored what was saved on {contents['made']}. make up builds what git has changed since."
    )


def _major(stack: Stack) -> int:
    connection = psycopg2.connect(**stack.superuser("postgres"))
    major = connection.server_version // 10000
    connection.close()
    return major


def _is_filled(stack: Stack) -> bool:
    """Whether the warehouse contains anything that a restore would remove."""
    try:
        connection = psycopg2.connect(**stack.superuser("warehouse"))
    except psycopg2.OperationalError:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute(FILLED)
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()


def _ask_first(settings: Settings) -> None:
    if os.environ.get("YES") == "1":
        return
    effect = f"This replaces the database and Superset's state of {settings.root}"
    if not sys.stdin.isatty():
        raise UserError(f"{effect} and asks first", "YES=1 make restore FROM=…")
    click.confirm(f"{effect}. Continue?", abort=True)
