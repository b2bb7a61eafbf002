"""`make doctor`: what a server lacks, each with its remedy."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.stack.external.doctor import find
from scripts.stack.external.stack import ExternalStack
from scripts.stack.native.postgres_packages import installed_postgres
from scripts.stack.paths import as_server_user
from tests.clusters import Warehouse

from .existing_server import Server, no_confirmation, server, server_of_others, settings_for

__all__ = ["no_confirmation", "server"]  # fixtures


def test_doctor_names_commands_where_the_server_is_elsewhere(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = server.dump()
    monkeypatch.setattr("scripts.stack.external.libraries.reads_our_files", lambda *_: False)
    finding = {each.name: each for each in find(server.settings, server.stack)}["libraries"]
    python = installed_postgres(server.warehouse.stack.paths.data).python_version()
    assert (
        f"/opt/glasshouse/lib/python{python}/site-packages on the server's host" in finding.detail
    )
    assert "scikit-learn missing" in finding.detail
    assert f"sudo python{python} -m venv /opt/glasshouse" in finding.lines
    with pytest.raises(UserError, match="make doctor, which lists the commands"):
        server.stack.update_server_environment()
    assert server.dump() == before


def test_doctor_where_the_database_has_another_encoding(server: Server) -> None:
    server.run("create database latin encoding 'LATIN1' locale 'C' template template0")
    settings = settings_for(server.warehouse, server.settings.state, database="latin")
    findings = {finding.name: finding for finding in find(settings, ExternalStack(settings))}
    assert "encoding 'UTF8' template template0" in findings["encoding"].remedy
    with pytest.raises(UserError, match="encoded in LATIN1"):
        ExternalStack(settings).check()
    server.run("drop database latin")


def test_doctor_where_pl_python_is_not_installed() -> None:
    with server_of_others() as server:
        server.warehouse.stack.stop()
        with running_without_plpython(server):
            findings = {each.name: each for each in find(server.settings, server.stack)}
            major = installed_postgres(server.warehouse.stack.paths.data).major
            remedy = findings["plpython3u"].remedy
            assert f"apt-get install postgresql-plpython3-{major}" in remedy
            assert "make export" in remedy
            assert not findings["version"].remedy
            with pytest.raises(UserError, match="PL/Python is not installed"):
                server.stack.check()


@contextmanager
def running_without_plpython(server: Server) -> Iterator[None]:
    """The cluster with the same PostgreSQL, in a folder that lacks PL/Python."""
    postgres = installed_postgres(server.warehouse.stack.paths.data)
    folder = server.warehouse.settings.state / "programs"
    major = str(postgres.major)
    programs = folder / "lib" / "postgresql" / major
    shutil.copytree(postgres.programs.parent / "bin", programs / "bin", symlinks=True)
    (programs / "lib").symlink_to(postgres.programs.parent / "lib")
    shared = Path("/usr/share/postgresql") / major
    (folder / "share" / "postgresql").mkdir(parents=True)
    shutil.copytree(
        shared, folder / "share" / "postgresql" / major, symlinks=True,
        ignore=shutil.ignore_patterns("plpython3u*", "*.sample"),
    )  # fmt: skip
    for link in folder.rglob("*"):
        if not link.is_symlink():
            link.chmod(0o755)
    command = [str(programs / "bin" / "pg_ctl"), "-D", str(server.warehouse.stack.paths.data)]
    log = server.warehouse.stack.paths.logs / "without.log"
    log.touch(mode=0o666)
    with log.open("w") as file:
        subprocess.run(
            [*command, "start", "-w"], check=True, **as_server_user(stdout=file, stderr=file)
        )
    try:
        yield
    finally:
        subprocess.run([*command, "stop", "-m", "immediate"], check=True, **as_server_user())


def test_doctor_of_a_server_of_our_own(engine: Warehouse) -> None:
    findings = {each.name: each for each in find(engine.settings, engine.stack)}
    assert not any(finding.remedy for finding in findings.values())
    assert findings.keys() >= {"version", "rights", "plpython3u", "Python", "libraries"}
    package = engine.stack.paths.server_environment
    (file,) = package.glob("lib/*/site-packages/glasshouse_ml/__init__.py")
    text = file.read_text()
    file.unlink()
    try:
        file.write_text(text + "\n# another version\n")
        libraries = {each.name: each for each in find(engine.settings, engine.stack)}["libraries"]
        assert "glasshouse_ml is missing or of another version" in libraries.detail
        assert "make up" in libraries.remedy
    finally:
        file.write_text(text)
