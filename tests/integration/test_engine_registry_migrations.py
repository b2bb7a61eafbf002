"""Migrations of the registry: applied once, with existing models, and with locked tables."""

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from scripts.errors import UserError
from scripts.settings import ROOT
from scripts.stack import registry
from scripts.stack.build import build_functions

from .registry import Session

FIXTURES = Path(__file__).with_name("fixtures")
DUMP = FIXTURES / "registry_913d671.sql.gz"
PREDICTIONS = FIXTURES / "registry_913d671_predictions.json"
# The rows that the models of the dump have predicted when they were trained.
ROWS = """
    select *
    from (values (1, -0.5::float8, 0.3::float8, 'a'), (2, 0.9, null, 'b'), (3, null, -0.8, 'c'),
                 (4, 0.1, 0.2, 'unseen')) as rows (id, a, b, colour)
"""
# Every command that defines, describes or grants writes a catalogue row anew, changed or not.
CATALOGUE = """
    select 'function', oid::regprocedure::text, xmin::text from pg_proc
    where pronamespace = 'ml'::regnamespace
    union all
    select 'relation', oid::regclass::text, xmin::text from pg_class
    where relnamespace = 'ml'::regnamespace
    union all
    select 'description', pg_describe_object(classoid, objoid, objsubid), xmin::text
    from pg_description where objoid in (
        select oid from pg_proc where pronamespace = 'ml'::regnamespace
        union all select oid from pg_class where relnamespace = 'ml'::regnamespace
    )
"""
FUNCTIONS = """
    select pg_get_functiondef(oid), oid::regprocedure::text, proowner::regrole::text
    from pg_proc where pronamespace = 'ml'::regnamespace and prorettype <> 'trigger'::regtype
"""


@pytest.fixture(scope="module")
def admin(engine: Any) -> Iterator[Session]:
    with closing(Session(engine.dsn("postgres"))) as session:
        yield session


@pytest.fixture
def database(engine: Any, admin: Session) -> Iterator[dict[str, Any]]:
    """An empty database beside the warehouse."""
    admin.rows("create database registry_test")
    admin.rows("grant all on database registry_test to transformer")
    yield engine.settings.dsn("postgres", "registry_test")
    admin.rows("drop database registry_test with (force)")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose registry a test may change."""
    shutil.copytree(ROOT / registry.FOLDER, tmp_path / registry.FOLDER)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def apply(database: dict[str, Any], root: Path = ROOT) -> list[str]:
    with closing(psycopg2.connect(**database)) as connection:
        return registry.apply(connection, root)


def test_unchanged_project_runs_no_ddl(engine: Any, admin: Session) -> None:
    before = set(admin.rows(CATALOGUE))
    assert {kind for kind, _, _ in before} == {"function", "relation", "description"}
    build_functions(engine.settings, engine.stack, show=False)
    assert set(admin.rows(CATALOGUE)) == before


def test_build_replaces_function_changed_by_hand(engine: Any, admin: Session) -> None:
    before = set(admin.rows(CATALOGUE))
    admin.rows("grant execute on function ml.help(text) to public")
    build_functions(engine.settings, engine.stack, show=False)
    objects = {name for _, name, _ in set(admin.rows(CATALOGUE)) - before}
    functions = {"ml.help(text)", "ml.help_body(text)"}
    assert objects == functions | {f"function {function}" for function in functions}
    assert (
        admin.value("select has_function_privilege('public', 'ml.help(text)', 'execute')") is False
    )


def test_applied_scripts_are_recorded_and_not_repeated(database: dict[str, Any]) -> None:
    migration_names = apply(database)
    assert migration_names[:2] == ["migrations/0001_schema", "migrations/0002_signatures"]
    assert "functions/recording" in migration_names
    with closing(Session(database)) as session:
        migrations = session.rows("select name, applied_by, length(checksum) from ml.migrations")
        assert sorted(migrations) == sorted((name, "postgres", 64) for name in migration_names)
    assert apply(database) == []


def test_old_registry_upgrades_and_models_predict_equally(
    database: dict[str, Any], admin: Session
) -> None:
    with closing(Session(database)) as session:
        session.rows("create extension plpython3u")
        session.rows(gzip.decompress(DUMP.read_bytes()).decode())
        session.rows("reset search_path")
        unsigned_count = session.value("select count(*) from ml.artifacts")
        assert unsigned_count == 4
        apply(database)
        assert session.value("select count(signature) from ml.artifacts") == unsigned_count
        assert session.value("select count(*) from ml.metrics") > 100
        _copy_functions(admin, session)
        expected = json.loads(PREDICTIONS.read_text())
        assert {row["model"] for row in expected} == {"boosted", "grouped", "logistic"}
        for row in expected:
            query = "select prediction, score from ml.predict(%s, %s, %s) where key = %s"
            answer = session.rows(query, row["model"], ROWS, row["version"], row["key"])
            assert answer == [(row["prediction"], row["score"])], row
        assert apply(database) == []


def _copy_functions(source: Session, target: Session) -> None:
    """Give a database the functions that dbt has built in the warehouse."""
    present = {signature for _, signature, _ in target.rows(FUNCTIONS)}
    target.rows("set check_function_bodies = off")
    for definition, signature, owner in source.rows(FUNCTIONS):
        if signature in present:
            target.rows(f"drop function {signature}")
        target.rows(definition.replace('"warehouse".', ""))
        target.rows(f"alter function {signature} owner to {owner}")


def test_invalid_artifact_disables_only_its_model(
    database: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(registry, "warn", warnings.append)
    with closing(Session(database)) as session:
        session.rows("create extension plpython3u")
        session.rows(gzip.decompress(DUMP.read_bytes()).decode())
        session.rows("update ml.artifacts set content = 'no model' where model = 'grouped'")
        apply(database)
        signature_rows = session.rows(
            "select distinct model from ml.artifacts where signature is not null order by 1"
        )
        assert signature_rows == [("boosted",), ("logistic",)]
    (warning,) = warnings
    assert "Version 1 of model 'grouped' cannot be used until it is trained again" in warning


def test_malformed_description_is_emptied_and_reported(
    database: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(registry, "warn", warnings.append)
    malform = (
        "update ml.model_versions set features = '[1]', options = '\"x\"' where model = 'boosted'"
    )
    with closing(Session(database)) as session:
        session.rows("create extension plpython3u")
        session.rows(gzip.decompress(DUMP.read_bytes()).decode())
        session.rows(malform)
        apply(database)
        (warning,) = warnings
        assert "The description of version 1 of model 'boosted' was malformed" in warning
        query = "select model, features = '[]', options = '{}' from ml.model_versions order by 1"
        assert session.rows(query) == [
            ("boosted", True, True),
            ("grouped", False, False),
            ("logistic", False, False),
            ("logistic", False, False),
        ]
        with pytest.raises(psycopg2.errors.CheckViolation):
            session.rows(malform)


def test_failed_migration_leaves_nothing(database: dict[str, Any], root: Path) -> None:
    apply(database)
    migration_file = root / registry.FOLDER / "migrations" / "0099_broken.sql"
    migration_file.write_text("create table ml.half (a int);\nselect 1 / 0;\n")
    with pytest.raises(UserError, match=r"migrations/0099_broken\.sql failed: division by zero"):
        apply(database, root)
    with closing(Session(database)) as session:
        assert session.value("select to_regclass('ml.half')") is None
        assert session.rows("select from ml.migrations where name ~ 'broken'") == []
    migration_file.write_text("create table ml.half (a int);\n")
    assert apply(database, root)[0] == "migrations/0099_broken"


def test_locked_table_error_names_holder(
    database: dict[str, Any], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(database)
    migration = root / registry.FOLDER / "migrations" / "0099_column.sql"
    migration.write_text("alter table ml.metrics add column extra integer;\n")
    monkeypatch.setattr(registry, "LOCK_TIMEOUT", "100ms")
    with closing(psycopg2.connect(**database, application_name="a reader")) as reader:
        with reader.cursor() as cursor:
            cursor.execute("select count(*) from ml.metrics")
        with pytest.raises(UserError) as caught:
            apply(database, root)
        pid = reader.info.backend_pid
        assert "\n" not in caught.value.line
        for part in ("0099_column.sql", f"process {pid} (a reader) holds ml.metrics", "count(*)"):
            assert part in caught.value.problem
        assert f"pg_terminate_backend({pid})" in caught.value.remedy
    assert apply(database, root)[0] == "migrations/0099_column"


def test_concurrent_updates_are_serialised(
    database: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "LOCK_TIMEOUT", "100ms")
    apply(database)
    with closing(psycopg2.connect(**database)) as other, other.cursor() as cursor:
        cursor.execute("delete from ml.migrations where name = 'rights'")
        other.commit()
        cursor.execute(registry.LOCK)
        with pytest.raises(UserError, match=r"holds ml\.migrations"):
            apply(database)
    assert apply(database) != []
