"""An existing server and an existing Superset, as far as neither is needed to tell."""

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from scripts.errors import UserError
from scripts.settings import ROOT, Settings
from scripts.stack import logins
from scripts.stack.external import doctor, libraries
from scripts.stack.external.library_path import path_statements
from scripts.stack.external.names import login_roles
from scripts.stack.external.requirements import Finding, server_findings
from scripts.stack.native.existing_superset import ExistingSuperset, open_superset
from scripts.stack.registry import repeatable_scripts
from scripts.stack.superset_client import superset_part
from tests.clusters import throwaway_settings

GOOD = (150004, "boss", True, True, "UTF8", False, 100)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return throwaway_settings(ROOT, tmp_path)


class OneRow:
    """A cursor whose only answer is one row."""

    def __init__(self, row: tuple) -> None:
        self.row = row

    def execute(self, query: str, values: Any = None) -> None:
        """Every query has the same answer."""

    def fetchone(self) -> tuple:
        return self.row


@pytest.mark.parametrize(
    ("position", "value", "name", "remedy"),
    [
        (0, 140011, "version", "15, 16, 17"),
        (0, 180001, "version", "15, 16, 17"),
        (2, False, "rights", "DATABASE_ADMIN_URL"),
        (3, False, "plpython3u", "postgresql-plpython3-15"),
        (4, "LATIN1", "encoding", "encoding 'UTF8'"),
        (5, True, "writes", "primary"),
        (6, 20, "connections", "max_connections = 80"),
    ],
)
def test_each_lack_has_its_remedy(
    settings: Settings, position: int, value: Any, name: str, remedy: str
) -> None:
    row = (*GOOD[:position], value, *GOOD[position + 1 :])
    findings = server_findings(OneRow(row), settings)
    lacks = {finding.name: finding.remedy for finding in findings if finding.remedy}
    assert lacks.keys() == {name}
    assert remedy in lacks[name]


@pytest.mark.parametrize("number", [150004, 160009, 170005])
def test_supported_versions_lack_nothing(settings: Settings, number: int) -> None:
    findings = server_findings(OneRow((number, *GOOD[1:])), settings)
    assert not any(finding.remedy for finding in findings)


def test_function_adds_its_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tmp_path / "it's a folder")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    code = path_statements(folder)
    for _ in range(2):
        exec(code, {})
    assert sys.path.count(folder) == 1 and sys.path[0] == folder
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert path_statements("") == ""


def test_every_python_function_of_the_registry_adds_the_folder() -> None:
    statements = path_statements("/opt/glasshouse/lib")
    plain, changed = repeatable_scripts(ROOT), repeatable_scripts(ROOT, statements)
    count = sum(script.text.count("language plpython3u") for script in plain)
    assert count and sum(script.text.count(statements) for script in changed) == count
    different = [a.name for a, b in zip(plain, changed, strict=True) if a.checksum != b.checksum]
    assert different == [each.name for each in plain if "language plpython3u" in each.text]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_commands_for_another_host_install_the_lock(settings: Settings, python: str) -> None:
    commands = libraries.remote_commands(settings, python)
    assert f"sudo python{python} -m venv /opt/glasshouse" in commands
    locks = re.findall(r"--requirement /tmp/udf/(\S+)", "\n".join(commands))
    assert locks == [file.name for file in libraries.lock_files(settings)]
    versions = libraries.locked_versions(settings, python)
    assert versions["scikit-learn"] == "1.9.1"
    assert versions["numpy"].startswith("2.")


def existing(settings: Settings) -> Settings:
    return settings.model_copy(update={"existing_superset": "https://bi.example"})


def test_existing_superset_is_asked_and_nothing_else(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = existing(settings)
    urls: list[str] = []

    def answer(url: str, **_: Any) -> SimpleNamespace:
        urls.append(url)
        return SimpleNamespace(text="OK", ok=True)

    monkeypatch.setattr(requests, "get", answer)
    superset = open_superset(settings)
    assert isinstance(superset, ExistingSuperset)
    assert superset.running() and "SUPERSET_URL" in superset.start()
    assert not superset.stop()
    assert superset_part(settings, True).detail == "https://bi.example"
    assert all(url.startswith("https://bi.example/") for url in urls)
    assert list(settings.state.iterdir()) == []
    # Its metadata are somewhere else, so there is no login for them.
    assert "superset" not in login_roles(settings)


def test_existing_superset_that_does_not_answer_is_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise requests.ConnectionError("refused")

    monkeypatch.setattr(requests, "get", refuse)
    superset = open_superset(existing(settings))
    assert not superset.running()
    with pytest.raises(UserError, match=r"No Superset answers at https://bi\.example"):
        superset.start()


def test_administrator_of_an_existing_superset_is_not_changed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "post", lambda *_, **__: SimpleNamespace(ok=False))
    stack: Any = SimpleNamespace()  # It has no method to call.
    with pytest.raises(UserError, match="refuses the user admin") as caught:
        logins.repair_admin(existing(settings), stack)
    assert settings.superset_admin_password not in caught.value.line


def test_doctor_prints_a_line_and_its_remedy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lack = Finding(
        "libraries", "scikit-learn missing [1]", "run these commands", ("pip install x",)
    )
    monkeypatch.setattr(doctor, "find", lambda *_: [Finding("version", "PostgreSQL 15.4"), lack])
    assert not doctor.show_findings(settings, SimpleNamespace())
    assert capsys.readouterr().out.splitlines() == [
        "✓ version      PostgreSQL 15.4",
        "✗ libraries    scikit-learn missing [1]",
        "  Do: run these commands.",
        "    pip install x",
        "",
        "1 of 2 are missing.",
    ]
    monkeypatch.setattr(doctor, "find", lambda *_: [Finding("version", "PostgreSQL 15.4")])
    assert doctor.show_findings(settings, SimpleNamespace())
    assert capsys.readouterr().out.splitlines()[-1] == "Nothing is missing."
