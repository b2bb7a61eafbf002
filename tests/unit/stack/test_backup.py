"""Validation of a backup; tests/e2e/test_stack_life.py restores one."""

import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.stack.backup import CONTENTS, backup, read_contents, refuse_newer, restore_state
from tests.clusters import throwaway_settings

SOUND = {"postgresql": 15, "superset": version("apache-superset"), "roles": [], "sha256": {}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup as far as a look at its files can tell."""
    dump = b"the data"
    (tmp_path / "warehouse.dump").write_bytes(dump)
    (tmp_path / "secret_key").write_text("a key")
    contents = SOUND | {"sha256": {"warehouse.dump": hashlib.sha256(dump).hexdigest()}}
    (tmp_path / CONTENTS).write_text(json.dumps(contents))
    return tmp_path


def test_complete_backup_is_read(folder: Path) -> None:
    assert read_contents(folder)["postgresql"] == 15


@pytest.mark.parametrize("name", ["warehouse.dump", "secret_key", CONTENTS])
def test_incomplete_backup_is_refused(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError):
        read_contents(folder)


def test_changed_dump_is_refused(folder: Path) -> None:
    (folder / "warehouse.dump").write_bytes(b"the dat")
    with pytest.raises(UserError, match=r"warehouse\.dump is not as it was written"):
        read_contents(folder)


def test_folder_without_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no backup"):
        read_contents(tmp_path)
    with pytest.raises(UserError, match="There is no folder"):
        read_contents(tmp_path / "nowhere")
    (tmp_path / CONTENTS).write_text("[")
    with pytest.raises(UserError, match="is no backup"):
        read_contents(tmp_path)


@pytest.mark.parametrize(
    ("more", "major", "expected"),
    [
        ({"postgresql": 16}, 15, "this server is 15"),
        ({"superset": "99.0.0"}, 15, "The backup is of Superset 99.0.0"),
    ],
)
def test_newer_backup_is_refused(more: dict, major: int, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        refuse_newer(SOUND | more, major)


def test_older_backup_is_accepted() -> None:
    assert refuse_newer(SOUND | {"postgresql": 13, "superset": "5.0.0"}, 15) is None


def test_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="exists already"):
        backup(None, None, tmp_path)


@pytest.mark.parametrize("name", ["dbt_state", "pushed"])
def test_database_state_comes_from_backup(name: str, tmp_path: Path) -> None:
    settings = throwaway_settings(tmp_path, tmp_path / "state")
    state = settings.state / {"dbt_state": "dbt/state"}.get(name, name)
    state.mkdir(parents=True)
    (state / "of_the_replaced_databases").touch()
    backup_folder = tmp_path / "backup" / name
    backup_folder.mkdir(parents=True)
    (backup_folder / "manifest.json").write_text("{}")
    restore_state(settings, backup_folder.parent)
    assert [file.name for file in state.iterdir()] == ["manifest.json"]
    # A backup of an earlier version lacks the manifest.
    shutil.rmtree(backup_folder)
    restore_state(settings, backup_folder.parent)
    assert not state.exists()
