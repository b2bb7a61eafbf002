"""Which files of udf/registry a database still needs, and which states are refused."""

from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.settings import ROOT
from scripts.stack.registry import (
    Script,
    find_pending,
    migrations,
    registry_script,
    repeatable_scripts,
)

FIRST = Script("migrations/0001_first", "create table a ();")
SECOND = Script("migrations/0002_second", "create table b ();")
FUNCTION = Script("functions/f", "create or replace function f()")


def checksums_of(*scripts: Script) -> dict[str, str]:
    return {script.name: script.checksum for script in scripts}


def test_empty_database_needs_all_files() -> None:
    assert find_pending({}, [FIRST, SECOND], [FUNCTION]) == ([FIRST, SECOND], [FUNCTION])


def test_current_database_needs_no_file() -> None:
    everything = checksums_of(FIRST, SECOND, FUNCTION)
    assert find_pending(everything, [FIRST, SECOND], [FUNCTION]) == ([], [])


def test_late_lower_number_is_applied() -> None:
    pending = find_pending(checksums_of(SECOND, FUNCTION), [FIRST, SECOND], [FUNCTION])
    assert pending == ([FIRST], [FUNCTION])


@pytest.mark.parametrize(
    "before",
    [checksums_of(FIRST), checksums_of(FIRST, Script("functions/f", "other"))],
    ids=["new", "changed"],
)
def test_repeatable_files_are_applied_when_one_is_new(before: dict[str, str]) -> None:
    assert find_pending(before, [FIRST], [FUNCTION]) == ([], [FUNCTION])


def test_repeatable_files_are_applied_when_one_was_removed() -> None:
    before = checksums_of(FIRST, FUNCTION, Script("functions/g", "gone"))
    assert find_pending(before, [FIRST], [FUNCTION]) == ([], [FUNCTION])


def test_changed_migration_is_refused() -> None:
    with pytest.raises(UserError, match=r"0001_first\.sql has changed since it was applied"):
        find_pending(checksums_of(FIRST), [Script(FIRST.name, "create table c ();")], [FUNCTION])


def test_missing_migration_is_refused() -> None:
    with pytest.raises(UserError, match="has the migration migrations/0002_second") as caught:
        find_pending(checksums_of(FIRST, SECOND), [FIRST], [FUNCTION])
    assert "newer" in caught.value.remedy


def test_project_files_are_unique() -> None:
    names = [script.name for script in (*migrations(ROOT), *repeatable_scripts(ROOT))]
    assert names[0] == "migrations/0001_schema"
    assert names[-1] == "rights"
    assert len(names) == len(set(names))
    assert "create table if not exists ml.model_versions" in registry_script(ROOT)


def test_folder_without_migrations_is_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"migrations/\*\.sql is missing"):
        migrations(tmp_path)
