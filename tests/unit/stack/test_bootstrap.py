"""Creation of the environments: pip's configuration for uv, state files, locks, errors."""

import ast
import os
import re
import runpy
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from scripts.bootstrap import BootstrapError, apt, environments, uv
from scripts.bootstrap.locks import exclusive_lock
from scripts.stack.native import postgres_packages

ROOT = Path(__file__).resolve().parents[3]
PIP_SAYS = """\
:env:.timeout='60'
global.index-url='https://one.example/simple'
global.extra-index-url='\\nhttps://two.example/simple\\nhttps://three.example/simple'
global.find-links='/usr /bin /not/there'
global.trusted-host='two.example'
install.index-url='https://four.example/simple'
freeze.timeout='1'
"""


@pytest.fixture
def configured_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in uv.VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    answer = SimpleNamespace(returncode=0, stdout=PIP_SAYS)
    monkeypatch.setattr(uv.subprocess, "run", lambda *_, **__: answer)


@pytest.mark.usefixtures("configured_pip")
def test_uv_uses_pip_configuration() -> None:
    values = uv.environment()
    assert values["UV_DEFAULT_INDEX"] == "https://four.example/simple"
    assert values["UV_INDEX"] == "https://two.example/simple https://three.example/simple"
    assert values["UV_FIND_LINKS"] == "/usr,/bin"
    assert values["UV_INSECURE_HOST"] == "two.example"
    assert values["UV_HTTP_TIMEOUT"] == "60"


@pytest.mark.usefixtures("configured_pip")
def test_uv_variables_take_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example/simple")
    assert uv.environment()["UV_DEFAULT_INDEX"] == "https://mine.example/simple"


def test_lock_pins_uv_with_hashes() -> None:
    entry = uv._lock_entry(ROOT / "requirements.lock", "uv")
    assert entry.startswith("uv==")
    assert "--hash=sha256:" in entry
    assert entry.count("==") == 1


def test_environment_is_current_only_for_same_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1\n")
    folder = tmp_path / "venv"
    folder.mkdir()
    assert not environments.is_current(folder, lock)
    (folder / environments.LOCK_HASH).write_text(environments._hash(lock))
    assert environments.is_current(folder, lock)
    lock.write_text("a==2\n")
    assert not environments.is_current(folder, lock)


def test_missing_lock_is_error(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    with pytest.raises(BootstrapError, match=r"requirements\.lock is missing"):
        environments.make(
            tmp_path / "venv", tmp_path / "requirements.lock", "3.11", Path("uv"), tmp_path / "log"
        )


def test_full_disk_is_refused_before_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        environments.shutil, "disk_usage", lambda _: SimpleNamespace(free=700_000_000)
    )
    with pytest.raises(BootstrapError, match=r"Only 0\.7 GB of disk space"):
        environments.require_disk_space(tmp_path / "not" / "yet" / "there")


def test_installer_error_is_last_line_of_output(tmp_path: Path) -> None:
    with (
        pytest.raises(BootstrapError, match="No space left on device"),
        exclusive_lock(tmp_path / "lock") as descriptor,
    ):
        uv.run(
            ["sh", "-c", "echo reading; echo 'error: No space left on device'; exit 2"],
            tmp_path / "log",
            dict(os.environ),
            descriptor,
        )
    assert "reading" in (tmp_path / "log").read_text()


def test_lock_is_free_after_holder_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from scripts.bootstrap.locks import exclusive_lock\n"
        f"with exclusive_lock(Path({str(tmp_path / 'lock')!r})):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    with exclusive_lock(tmp_path / "lock"):
        pass


def test_error_without_rights_names_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        apt.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None
    )
    with pytest.raises(BootstrapError) as caught:
        apt.privileges(["postgresql-15", "postgresql-plpython3-15"])
    assert "apt-get install postgresql-15 postgresql-plpython3-15" in str(caught.value)


def test_installations_take_turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    running, most = [], []

    def run(command: list[str], log: Path) -> None:
        running.append(command)
        most.append(len(running))
        time.sleep(0.05)
        running.remove(command)

    monkeypatch.setattr(apt, "LISTS", tmp_path)
    monkeypatch.setattr(apt, "privileges", lambda _: [])
    monkeypatch.setattr(apt, "_run", run)
    with ThreadPoolExecutor() as pool:
        for each in [pool.submit(apt.install, ["chromium"], tmp_path / "log") for _ in range(3)]:
            each.result()
    assert len(most) >= 6 and max(most) == 1


def test_error_without_apt_names_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt.shutil, "which", lambda _: None)
    with pytest.raises(BootstrapError, match="no apt and lacks these packages: postgresql-15"):
        apt.privileges(["postgresql-15"])


def test_launcher_is_fast_when_environment_is_current() -> None:
    """With an environment at hand it only becomes the real command."""
    process = subprocess.run(
        [ROOT / "scripts" / "glasshouse", "--help"],
        env={**os.environ, "GLASSHOUSE_VENV": sys.prefix},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    assert "Commands:" in process.stdout


@pytest.mark.parametrize(
    "file", ["scripts/glasshouse", *sorted(map(str, (ROOT / "scripts/bootstrap").glob("*.py")))]
)
def test_launcher_runs_on_python_3_9(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(), feature_version=(3, 9))
    has_unions = any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for annotation in (function.returns, *(each.annotation for each in function.args.args))
        for node in (ast.walk(annotation) if annotation else ())
    )
    imports = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert not has_unions or "__future__" in imports


def test_tools_take_the_python_of_three_distributions() -> None:
    range_ = SpecifierSet(runpy.run_path(str(ROOT / "scripts" / "glasshouse"))["PYTHON"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert range_ == SpecifierSet(project["requires-python"])
    assert [version in range_ for version in ("3.11.2", "3.12.3", "3.13.5")] == [True, True, False]


@pytest.mark.parametrize(
    ("major", "packages"),
    [
        (15, ["postgresql-15", "postgresql-plpython3-15"]),
        (16, ["postgresql-16", "postgresql-plpython3-16"]),
        (17, ["postgresql-17", "postgresql-plpython3-17"]),
    ],
)
def test_postgres_is_that_of_the_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, major: int, packages: list[str]
) -> None:
    depends = f"postgresql\n  Depends: postgresql-{major}\n  Suggests: postgresql-doc\n"
    installed: list[str] = []
    monkeypatch.setattr(postgres_packages, "INSTALLED", tmp_path)
    monkeypatch.setattr(apt, "privileges", lambda names: [])
    monkeypatch.setattr(apt, "update", lambda log, prefix: None)
    monkeypatch.setattr(apt, "install", lambda names, log: installed.extend(names))
    monkeypatch.setattr(postgres_packages, "_no_default_cluster", lambda prefix: nullcontext())
    monkeypatch.setattr(postgres_packages, "require_python", lambda version, log: None)
    monkeypatch.setattr(postgres_packages.Postgres, "python_version", lambda self: "3.x")
    monkeypatch.setattr(
        postgres_packages.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=depends)
    )
    server = postgres_packages.require_postgres(tmp_path / "data", tmp_path / "log")
    assert (server.major, installed) == (major, packages)
    assert server.programs == tmp_path / str(major) / "bin"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_lock_of_the_server_is_complete_for_each_python(version: str) -> None:
    text = (ROOT / "udf" / "requirements.lock").read_text()
    requirements = [Requirement(line) for line in re.findall(r"^[\w.-]+==[^\\\n]+", text, re.M)]
    environment = {"python_full_version": f"{version}.4", "python_version": version}
    names = [
        each.name
        for each in requirements
        if each.marker is None or each.marker.evaluate(environment)
    ]
    assert sorted(names) == sorted({each.name for each in requirements})
