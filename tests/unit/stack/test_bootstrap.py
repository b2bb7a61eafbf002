"""Creation of the environments: pip's configuration for uv, state files, locks, errors."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.bootstrap import BootstrapError, apt, environments, uv
from scripts.bootstrap.locks import exclusive_lock

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
