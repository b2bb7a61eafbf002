"""Folders of an installation: short socket paths, readable by the server's user."""

import os
from pathlib import Path

import pytest

from scripts.stack import paths
from scripts.stack.paths import MAX_SOCKET_FOLDER, Paths


def test_paths_are_below_state_folder(tmp_path: Path) -> None:
    here = Paths(tmp_path / ".stack")
    assert here.data == tmp_path / ".stack" / "postgres"
    assert here.server_environment == tmp_path / ".stack" / "server"
    assert here.logs.parent == here.run.parent == tmp_path / ".stack"


def test_pointer_moves_only_server_state(tmp_path: Path) -> None:
    here = Paths(tmp_path / ".stack")
    here.state.mkdir()
    (here.state / "server_state").write_text(f"{tmp_path / 'elsewhere'}\n")
    assert here.data == tmp_path / "elsewhere" / "postgres"
    assert here.logs == tmp_path / ".stack" / "logs"


def test_deep_folder_has_short_socket_folder(tmp_path: Path) -> None:
    deep, deeper = (Paths(tmp_path / ("d" * 120) / name) for name in ("a", "b"))
    assert len(os.fsencode(deep.sockets)) <= MAX_SOCKET_FOLDER
    assert deep.sockets != deeper.sockets
    assert deep.sockets == Paths(deep.state).sockets


def test_prepare_is_idempotent(tmp_path: Path) -> None:
    here = Paths(tmp_path / ".stack")
    here.prepare()
    before = here.server_state
    here.prepare()
    assert here.server_state == before
    assert here.server_state.is_dir()
    if here.server_state != here.state:
        here.server_state.rmdir()


def test_folders_are_created_without_server_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that runs containers only."""
    monkeypatch.setattr(paths, "SERVER_USER", "no-such-user")
    monkeypatch.setattr(paths.os, "geteuid", lambda: 0)
    folders = Paths(tmp_path / ".stack")
    folders.prepare()
    assert folders.server_state == folders.state
