"""Folders of an installation: short enough for a socket, reachable for the server's user."""

import os
from pathlib import Path

import pytest

from scripts.stack import paths
from scripts.stack.paths import MAX_SOCKET_FOLDER, Paths


def test_everything_is_below_the_state_folder(tmp_path: Path) -> None:
    here = Paths(tmp_path / ".stack")
    assert here.data == tmp_path / ".stack" / "postgres"
    assert here.server_environment == tmp_path / ".stack" / "server"
    assert here.logs.parent == here.run.parent == tmp_path / ".stack"


def test_a_pointer_moves_the_servers_state_and_nothing_else(tmp_path: Path) -> None:
    here = Paths(tmp_path / ".stack")
    here.state.mkdir()
    (here.state / "server_state").write_text(f"{tmp_path / 'elsewhere'}\n")
    assert here.data == tmp_path / "elsewhere" / "postgres"
    assert here.logs == tmp_path / ".stack" / "logs"


def test_a_deep_folder_gets_a_short_socket_folder_of_its_own(tmp_path: Path) -> None:
    deep, deeper = (Paths(tmp_path / ("d" * 120) / name) for name in ("a", "b"))
    assert len(os.fsencode(deep.sockets)) <= MAX_SOCKET_FOLDER
    assert deep.sockets != deeper.sockets
    assert deep.sockets == Paths(deep.state).sockets


def test_preparing_twice_is_preparing_once(tmp_path: Path) -> None:
    here = Paths(tmp_path / ".stack")
    here.prepare()
    before = here.server_state
    here.prepare()
    assert here.server_state == before
    assert here.server_state.is_dir()
    if here.server_state != here.state:
        here.server_state.rmdir()


def test_folders_are_made_where_the_servers_user_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that runs containers only."""
    monkeypatch.setattr(paths, "SERVER_USER", "no-such-user")
    monkeypatch.setattr(paths.os, "geteuid", lambda: 0)
    folders = Paths(tmp_path / ".stack")
    folders.prepare()
    assert folders.server_state == folders.state
