"""The stack on an existing PostgreSQL server: Superset is a process of this machine."""

import os
import shutil
import sys
from contextlib import closing
from typing import Any

import click
import psycopg2

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack import build_state
from scripts.stack.external import libraries
from scripts.stack.external.connection import admin_cursor, admin_dsn, rolled_back_cursor
from scripts.stack.external.names import Names, require_free_names
from scripts.stack.external.removal import remove_everything
from scripts.stack.external.requirements import require_server
from scripts.stack.interface import Part, version_text
from scripts.stack.native import server_environment
from scripts.stack.native.postgres_packages import require_python
from scripts.stack.native.process_stack import ProcessStack
from scripts.stack.superset_client import superset_part

LIBRARY_PATH = "library_path"
IDENTIFIER = """
    select system_identifier || ' ' || oid
    from pg_control_system() cross join pg_database where datname = current_database()
"""


class ExternalStack(ProcessStack):
    """The server of DATABASE_URL, and a Superset."""

    def check(self) -> None:
        """Check the connection, the rights and the names; ask before the first installation."""
        self.superset.check_port()
        with admin_cursor(self.settings) as cursor:
            require_server(cursor, self.settings)
            names = require_free_names(cursor, self.settings)
        if not names.is_installed:
            _confirm(self.settings, names)

    def prepare(self) -> str:
        """Make the folders of this installation; the server is not changed."""
        self.paths.prepare()
        with admin_cursor(self.settings) as cursor:
            cursor.execute("show server_version_num")
            return f"PostgreSQL {version_text(int(cursor.fetchone()[0]))}, an existing server"

    def update_server_environment(self) -> str:
        """Bring the libraries to the server's disk if it runs here; otherwise check them."""
        if not self.settings.has_superuser:
            return "not checked, because .env names no superuser"
        with rolled_back_cursor(self.settings) as cursor:
            python = libraries.inspect_python(cursor, self.settings, "").version
            root = libraries.library_root(cursor, self.settings)
        if python not in libraries.SUPPORTED_PYTHON:
            raise UserError(
                f"PL/Python of the server at {self.settings.database_place} runs Python {python}",
                f"use a server with one of {', '.join(libraries.SUPPORTED_PYTHON)}",
            )
        done = "libraries are there"
        if root == self.paths.server_environment:
            require_python(python, self.paths.logs / "install.log")
            done = server_environment.make_current(self.settings, python)
        folder = str(libraries.site_packages(root, python))
        with rolled_back_cursor(self.settings) as cursor:
            state = libraries.inspect_python(cursor, self.settings, folder)
        if not state.is_complete:
            raise UserError(
                f"The server at {self.settings.database_place} lacks the engine's libraries in"
                f" {folder}, or has another version of them",
                "make doctor, which lists the commands",
            )
        build_state.write(self.settings, LIBRARY_PATH, folder)
        return f"Python {python}, {done}"

    def library_path(self) -> str:
        """The folder that the last `update_server_environment` found."""
        folder = build_state.read(self.settings, LIBRARY_PATH)
        if folder is None:
            self.update_server_environment()
            folder = build_state.read(self.settings, LIBRARY_PATH)
        return folder or ""

    def start_database(self) -> str:
        """Nothing: the server runs already."""
        return f"{self.settings.database_place}, DATABASE_URL in .env"

    def superuser(self, database: str) -> dict[str, Any]:
        """The login of DATABASE_ADMIN_URL. In place of the database postgres it uses ours."""
        return admin_dsn(self.settings, "" if database == "postgres" else database)

    def database_id(self) -> str:
        """PostgreSQL's system identifier, and the database's number."""
        # Not every installation has the superuser's login when it only builds.
        with (
            closing(psycopg2.connect(**self.settings.dsn("transformer"))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(IDENTIFIER)
            return str(cursor.fetchone()[0])

    def parts(self) -> list[Part]:
        """The state of the server and of Superset."""
        return [self._database_part(), superset_part(self.settings, self.superset.running())]

    def stop(self) -> list[str]:
        """Stop Superset; the database server is not ours to stop."""
        return ["Superset"] if self.superset.stop() else []

    def remove(self) -> None:
        """Remove our schemas, roles and functions from the server, then the state folders."""
        remove_everything(self.settings)
        self.remove_folders()

    def psql(self) -> list[str]:
        """The psql of this machine."""
        return [self._program("psql")]

    def postgres_program(self, name: str) -> list[str]:
        """The program of this machine; only backups use it, and a server of others has its own."""
        return [self._program(name)]

    def _program(self, name: str) -> str:
        program = shutil.which(name)
        if program is None:
            raise UserError(f"This machine has no {name}", "apt-get install postgresql-client")
        return program

    def _database_part(self) -> Part:
        name = "PostgreSQL"
        place = f"{self.settings.database_place}/{self.settings.database}"
        try:
            connection = psycopg2.connect(**self.settings.dsn("transformer"))
        except psycopg2.OperationalError as error:
            return Part(name, False, f"{place}: {str(error).strip().splitlines()[-1].strip()}")
        version = version_text(connection.server_version)
        connection.close()
        return Part(name, True, f"{version}, {place} (DATABASE_URL)")


def _confirm(settings: Settings, names: Names) -> None:
    """Ask before the first installation; a UserError if there is nobody to ask."""
    effect = (
        f"This creates in the database {settings.database} at {settings.database_place}"
        f" {', '.join(names.missing)}, and PL/Python if it is missing there"
    )
    if settings.existing_superset:
        effect += f", and dashboards in the Superset at {settings.existing_superset}"
    if os.environ.get("YES") == "1":
        return
    if not sys.stdin.isatty():
        raise UserError(f"{effect}, and asks first", "YES=1 make up")
    click.confirm(f"{effect}. Continue?", abort=True)
