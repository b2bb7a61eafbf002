"""The registry's schema in the database: udf/registry, applied by the superuser where it changed.

`migrations/` holds numbered files. Each is applied once, in a transaction of its own, and recorded
in ml.migrations. `functions/`, `comments/` and `rights.sql` can be applied again at any time; they
are, together and in one transaction, when one of them or a migration is new. A registry that is
current gets no DDL at all.
"""

import hashlib
import tomllib
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from scripts.console import warn
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.external.library_path import path_statements
from scripts.stack.interface import Stack
from scripts.stack.signing_key import create_key

FOLDER = Path("udf", "registry")
HISTORY = "history.sql"
REPEATABLE = ("functions/*.sql", "comments/*.sql", "rights.sql")
# One update runs at a time. A table and not an advisory lock, which transformer could take too.
LOCK = "lock table ml.migrations in exclusive mode"
LOCK_TIMEOUT = "5s"

RECORD = """
    insert into ml.migrations (name, checksum, applied_at, applied_by, glasshouse_version)
    values (%s, %s, clock_timestamp(), session_user, %s)
"""
# The oldest transaction that holds a table of the registry.
HOLDER = """
    select
        activity.pid,
        coalesce(nullif(activity.application_name, ''), activity.backend_type),
        to_char(activity.query_start, 'YYYY-MM-DD HH24:MI:SS'),
        relations.oid::regclass::text,
        left(regexp_replace(activity.query, '\\s+', ' ', 'g'), 60)
    from pg_locks as locks
    join pg_stat_activity as activity using (pid)
    join pg_class as relations on relations.oid = locks.relation and relations.relkind = 'r'
    where
        locks.granted
        and locks.pid <> pg_backend_pid()
        and locks.database = (select oid from pg_database where datname = current_database())
        and relations.relnamespace = to_regnamespace('ml')
    order by activity.xact_start
    limit 1
"""


@dataclass(frozen=True)
class Script:
    """A file of udf/registry; `name` is its path there without the suffix."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def update_registry(settings: Settings, stack: Stack) -> str:
    """Bring the registry up to date; says what was applied."""
    with closing(psycopg2.connect(**stack.superuser(settings.database))) as connection:
        applied = apply(connection, settings.root, stack.library_path())
    return f"applied {', '.join(applied)}" if applied else "up to date"


def apply(connection: Connection, root: Path, library_path: str = "") -> list[str]:
    """Apply what `root`/udf/registry has and the database lacks; names the applied scripts.

    `connection` belongs to a superuser. `library_path`: as `Stack.library_path`. A UserError says
    which file failed, or what held a table.
    """
    current: Script | None = None
    applied: list[str] = []
    try:
        statements = path_statements(library_path)
        _begin(connection, root, statements)
        create_key(connection)
        while any(_pending(connection, root, statements)):
            with connection, connection.cursor() as cursor:
                cursor.execute(LOCK)
                # Another update may have been faster.
                migrations, repeatable = find_pending(_recorded(cursor), *_files(root, statements))
                current = migrations[0] if migrations else None
                applied += _apply(cursor, [current] if current else repeatable, root)
        return applied
    except LockNotAvailable:
        raise _blocked(connection, current) from None
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        where = FOLDER / f"{current.name}.sql" if current else FOLDER
        raise UserError(f"{where} failed: {reason}", "correct the file, then make build") from None
    finally:
        for notice in connection.notices:
            warn(notice.partition(":")[2].strip().splitlines()[0])
        connection.notices.clear()


def migrations(root: Path) -> list[Script]:
    """The numbered migrations in the order in which they are applied."""
    return _scripts(root, "migrations/*.sql")


def repeatable_scripts(root: Path, statements: str = "") -> list[Script]:
    """Functions, comments and rights, in the order in which they are applied.

    `statements`: Python code with which each PL/Python function begins.
    """
    begin = "language plpython3u\nas $$\n"
    return [
        replace(script, text=script.text.replace(begin, begin + statements))
        for pattern in REPEATABLE
        for script in _scripts(root, pattern)
    ]


def registry_script(root: Path) -> str:
    """All SQL of the registry as one text, for what reads it without a database."""
    history = (root / FOLDER / HISTORY).read_text(encoding="utf-8")
    scripts = [*migrations(root), *repeatable_scripts(root)]
    return "\n".join([*(script.text for script in scripts), history])


def find_pending(
    recorded: dict[str, str], migrations: list[Script], repeatable: list[Script]
) -> tuple[list[Script], list[Script]]:
    """Migrations that are not recorded, and the repeatable scripts if they must be applied again.

    `recorded` maps the names in ml.migrations to checksums. A UserError where a migration that was
    applied has changed or is missing.
    """
    files = {script.name: script for script in migrations}
    for name, checksum in recorded.items():
        if not name.startswith("migrations/"):
            continue
        if name not in files:
            raise UserError(
                f"The database has the migration {name}, and {FOLDER} has no such file",
                "use the version of the project that applied it, or a newer one",
            )
        if files[name].checksum != checksum:
            raise UserError(
                f"{FOLDER / name}.sql has changed since it was applied",
                "restore it with git checkout, and put the change into a migration of its own",
            )
    new = [script for script in migrations if script.name not in recorded]
    applied = {name: sum_ for name, sum_ in recorded.items() if name not in files}
    same = applied == {script.name: script.checksum for script in repeatable}
    return new, [] if same and not new else repeatable


def _scripts(root: Path, pattern: str) -> list[Script]:
    folder = root / FOLDER
    scripts = [
        Script(file.relative_to(folder).with_suffix("").as_posix(), file.read_text("utf-8"))
        for file in sorted(folder.glob(pattern))
    ]
    if not scripts:
        raise UserError(f"{folder / pattern} is missing", "restore it from git")
    return scripts


def _begin(connection: Connection, root: Path, statements: str) -> None:
    """The session's settings, and what has to be there before the first migration."""
    _run(connection, f"set lock_timeout = '{LOCK_TIMEOUT}'; set client_min_messages = warning")
    extension = "exists (select from pg_extension where extname = 'plpython3u')"
    query = f"select {extension}, to_regclass('ml.migrations') is not null"
    has_python, has_history = _rows(connection, query)[0]
    if not has_python:
        _run(connection, "create extension plpython3u")
    if statements:
        # For the migrations that run Python, in this session.
        _run(connection, f"do language plpython3u $$\n{statements}$$")
    if not has_history:
        _run(connection, (root / FOLDER / HISTORY).read_text(encoding="utf-8"))


def _pending(
    connection: Connection, root: Path, statements: str
) -> tuple[list[Script], list[Script]]:
    with connection, connection.cursor() as cursor:
        return find_pending(_recorded(cursor), *_files(root, statements))


def _recorded(cursor: Cursor) -> dict[str, str]:
    cursor.execute("select name, checksum from ml.migrations")
    return dict(cursor.fetchall())


def _files(root: Path, statements: str) -> tuple[list[Script], list[Script]]:
    return migrations(root), repeatable_scripts(root, statements)


def _apply(cursor: Cursor, scripts: list[Script], root: Path) -> list[str]:
    """Run and record one migration, or all repeatable scripts; names them."""
    # After a migration the repeatable scripts are applied again.
    cursor.execute("delete from ml.migrations where name !~ '^migrations/'")
    for script in scripts:
        cursor.execute(script.text)
        cursor.execute(RECORD, (script.name, script.checksum, _project_version(root)))
    return [script.name for script in scripts]


def _run(connection: Connection, script: str) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(script)


def _rows(connection: Connection, query: str) -> list[tuple]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _blocked(connection: Connection, script: Script | None) -> UserError:
    """What held a table for longer than the timeout."""
    what = FOLDER / f"{script.name}.sql" if script else FOLDER
    holders = _rows(connection, HOLDER)
    if not holders:
        return UserError(f"{what} waited {LOCK_TIMEOUT} for a lock that is free now", "make build")
    pid, application, since, relation, query = holders[0]
    return UserError(
        f"{what} cannot be applied: process {pid} ({application}) holds {relation} since {since}"
        f" with: {query}",
        f"wait until it has ended, or end it with select pg_terminate_backend({pid});"
        " then make build",
    )


def _project_version(root: Path) -> str:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
