"""The steps of `make remove`: the files, tables and registry entries of a model that was added."""

import re
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.add.dbt_files import added_paths
from scripts.add.facts import ORIGIN, is_registered
from scripts.console import say, step
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.build import build
from scripts.stack.interface import Stack

# The schema of what dbt builds from each folder of models, the readers first.
SCHEMAS = {
    "predictions": "predictions",
    "ml": "models",
    "features": "features",
    "staging": "staging",
}
END_BUILDS = """
    select pg_terminate_backend(pid)
    from (
        select distinct pid
        from pg_locks
        inner join pg_stat_activity as activity using (pid)
        inner join pg_class on pg_class.oid = relation
        where
            application_name = 'dbt'
            and activity.usename = current_user
            and format('%%s.%%s', relnamespace::regnamespace, relname) = any (%s)
    ) as sessions
"""
KIND = "select relkind, obj_description(oid, 'pg_class') from pg_class where oid = to_regclass(%s)"


def files_of(root: Path, name: str) -> tuple[str, list[Path]]:
    """The schema of the source and the existing files of a model that `make add` has made."""
    models = root / "dbt" / "models"
    for staging in sorted((models / "staging").glob(f"*/stg_*__{name}.sql")):
        schema = staging.parent.name
        paths = [models / path for path in (added_paths(root, name, schema) or {}).values()]
        if paths:
            feature_files = sorted((models / "features" / name).glob(f"feat_{name}__*"))
            return schema, [path for path in (*paths, *feature_files) if path.exists()]
    raise UserError(f"make add has not made a model {name}", "ls dbt/models/ml lists the models")


def remove(settings: Settings, stack: Stack, name: str) -> None:
    """Remove everything that `make add NAME=name` has made; the files go to a backup folder."""
    schema, files = files_of(settings.root, name)
    require_no_readers(settings.root, name, schema, files)
    remove_model(settings, name)
    build(settings, stack, ("path:models/reports,source:ml+",), show=False)


def remove_model(settings: Settings, name: str) -> None:
    """Remove tables, registry entries and files of a model; the reports still show it."""
    schema, files = files_of(settings.root, name)
    models = settings.root / "dbt" / "models"
    with (
        step("Removing the tables and the model") as current,
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        relations = _relations(models, name, schema, files)
        # A session of a build that was interrupted may still train, and lock what it reads.
        cursor.execute(END_BUILDS, [relations])
        removed = [relation for relation in relations if _drop(cursor, *relation.split(".", 1))]
        if is_registered(cursor, name):
            cursor.execute("select ml.drop_model(%s)", [name])
            removed.append(f"model {name}")
        current.note(", ".join(removed))
    folder = settings.state / "removed" / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for file in files:
        target = folder / file.relative_to(models)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target)
    for parent in sorted({file.parent for file in files}):
        if not any(parent.iterdir()):
            parent.rmdir()
    say(f"The dbt files are in {folder.relative_to(settings.root)}")


def require_no_readers(root: Path, name: str, schema: str, files: list[Path]) -> None:
    """Refuse to remove what another file of the project reads."""
    nodes = "|".join([f"stg_{schema}__{name}", *(re.escape(file.stem) for file in files)])
    read = re.compile(
        rf"""\bref\(\s*["']({nodes})["']|\bsource\(\s*["']csv["']\s*,\s*["']{name}(_unlabelled)?["']"""
    ).search
    for file in sorted((root / "dbt" / "models").rglob("*.sql")):
        if file not in files and read(file.read_text(encoding="utf-8")):
            raise UserError(
                f"{file.relative_to(root)} reads what make add has made for {name}",
                "remove that model first, or change the file",
            )


def _relations(models: Path, name: str, schema: str, files: list[Path]) -> list[str]:
    """What dbt builds of the files, the readers first; tables that a file was loaded into last."""
    nodes = {
        (file.relative_to(models).parts[0], file.stem) for file in files if file.suffix == ".sql"
    }
    ends = {f"feat_{name}__all": -1, f"feat_{name}__base": 1}

    def order(node: tuple[str, str]) -> tuple[int, int, str]:
        folder, stem = node
        return list(SCHEMAS).index(folder), ends.get(stem, 0), stem

    built = [f"{SCHEMAS[folder]}.{stem}" for folder, stem in sorted(nodes, key=order)]
    return [*built, f"csv.{name}", f"csv.{name}_unlabelled"] if schema == "csv" else built


def _drop(cursor: Cursor, schema: str, name: str) -> bool:
    """Drop a table or view; without CASCADE, so that nothing of the user's goes with it."""
    relation = sql.Identifier(schema, name)
    cursor.execute(KIND, [relation.as_string(cursor)])
    row = cursor.fetchone()
    # A table of the sources that the user has loaded in another way stays.
    if not row or (schema == "csv" and not (row[1] or "").startswith(ORIGIN)):
        return False
    kind = "view" if row[0] == "v" else "table"
    cursor.execute(sql.SQL("drop {} {}").format(sql.SQL(kind), relation))
    return True
