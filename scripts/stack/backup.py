"""`make backup` and `make restore`: everything that cannot be made again from git and the sources.

A backup is a folder: the warehouse with the registry, the key that signs its models, the manifest
of the last good build, Superset's metadata, what git and Superset last agreed on, and Superset's
key, without which the passwords in the metadata cannot be read. Only its owner can read it, as with
`.env`.
"""

import hashlib
import json
import shutil
import subprocess
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg2

from scripts.console import say, step
from scripts.errors import UserError
from scripts.resources import program_error
from scripts.settings import Settings
from scripts.stack import dbt_state
from scripts.stack.build import built
from scripts.stack.interface import Stack
from scripts.stack.signing_key import read_key, replace_key

DATABASES = ("warehouse", "superset")
CONTENTS = "backup.json"
# The key of the server that signed the models; backups from before models were signed have none.
SIGNING_KEY = "signing_key"
# Roles are the cluster's, not a database's: no dump holds them.
ROLES = """
    select coalesce(json_agg(rolname order by rolname), '[]') from pg_roles
    where rolname !~ '^pg_' and not rolcanlogin
"""


def backup(settings: Settings, stack: Stack, folder: Path | None) -> Path:
    """Write a backup; the folder it is in. A half-written one never gets its name."""
    folder = folder or settings.root / "backups" / datetime.now().strftime("%Y-%m-%d_%H%M%S")
    if folder.exists():
        raise UserError(f"{folder} is there already", "choose another folder: make backup TO=…")
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    sums = {}
    for database in DATABASES:
        with step(f"Saving the database {database}") as current:
            file = draft / f"{database}.dump"
            _dump(stack, database, file)
            sums[file.name] = _sum(file)
            current.note(f"{file.stat().st_size / 1e6:.1f} MB")
    _write_secret(draft / "secret_key", settings.superset_secret_key)
    with closing(psycopg2.connect(**stack.superuser("postgres"))) as connection:
        signing_key = read_key(connection)
    if signing_key is not None:
        _write_secret(draft / SIGNING_KEY, signing_key.hex())
    for name, source in _state_folders(settings).items():
        if source.is_dir():
            shutil.copytree(source, draft / name)
    contents = {
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "postgresql": _ask(stack, "show server_version_num") // 10000,
        "superset": version("apache-superset"),
        "roles": _ask(stack, ROLES),
        "built": built(settings),
        "sha256": sums,
    }
    (draft / CONTENTS).write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
    draft.rename(folder)
    return folder


def read_contents(folder: Path) -> dict[str, Any]:
    """What a backup says of itself; a UserError where it is none, or is not whole."""
    try:
        contents = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
        sums, _ = contents["sha256"], (folder / "secret_key").read_text()
    except (OSError, ValueError, KeyError):
        what = f"{folder} is no backup" if folder.is_dir() else f"There is no folder {folder}"
        raise UserError(what, "name a folder that make backup has written") from None
    for name, wanted in sums.items():
        file = folder / name
        if not file.exists() or _sum(file) != wanted:
            raise UserError(f"{file} is not as it was written", "take another copy of the backup")
    return contents


def refuse_newer(contents: dict[str, Any], major: int) -> None:
    """What an older program cannot read is not begun."""
    if contents["postgresql"] > major:
        raise UserError(
            f"The backup is of PostgreSQL {contents['postgresql']}, and this server is {major}",
            "restore it with that version or a newer one",
        )
    mine = version("apache-superset")
    if _numbers(contents["superset"]) > _numbers(mine):
        raise UserError(
            f"The backup is of Superset {contents['superset']}, and this one is {mine}",
            "restore it with that version or a newer one",
        )


def restore_databases(stack: Stack, folder: Path, contents: dict[str, Any]) -> None:
    """Replace both databases and the signing key, once both databases have been read whole."""
    _run_alone(stack, *map(_role, contents["roles"]))
    for database in DATABASES:
        with step(f"Reading the database {database}"):
            new = f"{database}_restoring"
            owner = "superset" if database == "superset" else "postgres"
            _run_alone(
                stack,
                f'drop database if exists "{new}" with (force)',
                f'create database "{new}" owner "{owner}" template template0',
            )
            _load(stack, new, folder / f"{database}.dump")
    for database in DATABASES:
        _run_alone(
            stack,
            f'drop database if exists "{database}" with (force)',
            f'alter database "{database}_restoring" rename to "{database}"',
        )
    if (folder / SIGNING_KEY).exists():
        key = bytes.fromhex((folder / SIGNING_KEY).read_text())
        with closing(psycopg2.connect(**stack.superuser("warehouse"))) as connection:
            replace_key(connection, key)


def restore_state(settings: Settings, folder: Path) -> None:
    """Replace the folders that describe the content of the databases by those of the backup.

    A folder that the backup lacks is removed: it describes databases that have been replaced.
    """
    for name, target in _state_folders(settings).items():
        shutil.rmtree(target, ignore_errors=True)
        if (folder / name).is_dir():
            shutil.copytree(folder / name, target)


def _state_folders(settings: Settings) -> dict[str, Path]:
    """By name in the backup: what git and Superset last agreed on; the last good build's manifest.

    The next push reads the first to know whose a change is. The next build reads the second to
    know which models have changed; without it, all tables are built anew.
    """
    return {"pushed": settings.state / "pushed", "dbt_state": dbt_state.folder(settings)}


def tell(folder: Path) -> None:
    """Where the backup is, and that it is worth protecting."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    say(f"{folder}, {size / 1e6:.1f} MB. It holds your data and two keys: protect it as .env.")


def _dump(stack: Stack, database: str, file: Path) -> None:
    command = [*stack.postgres_program("pg_dump"), "--format=custom", f"--dbname={database}"]
    with file.open("wb") as output:
        file.chmod(0o600)
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
    if done.returncode:
        raise program_error(
            f"pg_dump of {database} failed",
            done.stderr.decode(errors="replace"),
            "mend that, then start again",
        )


def _load(stack: Stack, database: str, file: Path) -> None:
    command = [*stack.postgres_program("pg_restore"), "--exit-on-error", f"--dbname={database}"]
    with file.open("rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True)
    if done.returncode:
        raise program_error(
            f"{file} cannot be restored, and nothing was replaced",
            done.stderr.decode(errors="replace"),
            "mend that, then start again",
        )


def _role(name: str) -> str:
    """Makes a role that owns things and never logs in, where it is missing."""
    quoted, text = name.replace('"', '""'), name.replace("'", "''")
    there = f"select from pg_roles where rolname = '{text}'"
    return (
        f'do $$ begin if not exists ({there}) then create role "{quoted}" nologin; end if; end $$'
    )


def _run_alone(stack: Stack, *statements: str) -> None:
    """Statements about databases, which no transaction may hold."""
    connection = psycopg2.connect(**stack.superuser("postgres"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def _ask(stack: Stack, query: str) -> Any:
    connection = psycopg2.connect(**stack.superuser("postgres"))
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            value = cursor.fetchone()[0]
            return int(value) if isinstance(value, str) else value
    finally:
        connection.close()


def _write_secret(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)


def _sum(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
