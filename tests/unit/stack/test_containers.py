"""The stack in containers, tested without an engine."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts.errors import UserError
from scripts.settings import ROOT
from scripts.stack.docker import stack as docker_stack
from scripts.stack.docker.compose import Compose, failure_reason
from scripts.stack.docker.images import INPUT_FILES, INPUT_FOLDERS
from scripts.stack.docker.stack import DockerStack
from scripts.stack.native.stack import NativeStack
from scripts.stack.selection import choose_mode, open_stack
from tests.conftest import throwaway_settings

FOLDER = ROOT / "docker"
COMPOSE = FOLDER / "compose.yml"
DOCKERFILES = sorted(FOLDER.glob("*/Dockerfile"))
SERVICES = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
LASTING = {name for name, service in SERVICES.items() if service.get("restart") != "no"}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(str(command[0]))
    return subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True)


def valid(file: Path) -> subprocess.CompletedProcess[str]:
    return run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def test_compose_file_is_valid(tmp_path: Path) -> None:
    for file in (COMPOSE, FOLDER / "cluster" / "compose.yml"):
        assert valid(file).returncode == 0, valid(file).stdout
    compose_file = tmp_path / "compose.yml"
    compose_file.write_text(COMPOSE.read_text().replace("mem_limit:", "memory_limit:", 1))
    assert valid(compose_file).returncode != 0


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.parent.name)
def test_hadolint_accepts_dockerfile(file: Path, tmp_path: Path) -> None:
    result = run("hadolint", "--config", ROOT / ".hadolint.yaml", file)
    assert result.returncode == 0, result.stdout
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(file.read_text().replace("--no-install-recommends", ""))
    assert run("hadolint", "--config", ROOT / ".hadolint.yaml", dockerfile).returncode != 0


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.parent.name)
def test_image_runs_without_root_and_build_tools(file: Path) -> None:
    stages = re.split(r"^FROM ", file.read_text(), flags=re.MULTILINE)[1:]
    # Two kinds of stages are only built upon.
    final = [stage for stage in stages if not re.match(r".+ AS (libraries|prepared)\n", stage)]
    assert final
    for stage in final:
        users = re.findall(r"^USER (\S+)", stage, re.MULTILINE)
        assert users, stage
        assert int(users[-1]) >= 10000
        assert re.search(r"^HEALTHCHECK ", stage, re.MULTILINE)
        assert "ca-certificates" not in stage
        assert "install.sh" not in stage


def test_copied_files_are_image_inputs() -> None:
    inputs = (*INPUT_FOLDERS, *INPUT_FILES)
    assert DOCKERFILES
    for file in DOCKERFILES:
        lines = re.findall(r"^COPY (?!--from)(.+) \S+$", file.read_text(), re.MULTILINE)
        assert lines, file
        for pattern in (word for word in " ".join(lines).split() if not word.startswith("--")):
            sources = [path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)]
            assert sources, pattern
            for source in sources:
                assert source.startswith(inputs), f"a change of {source} would build no image"


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_restricted_and_has_no_secret(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    if name in LASTING:
        assert service["restart"] == "unless-stopped"
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    for value in (service.get("environment") or {}).values():
        assert re.fullmatch(r"\$\{\w+(:.*)?\}.*|[a-z0-9:/_.]+", str(value)), value


def test_variables_come_from_env_or_have_default(tmp_path: Path) -> None:
    handed_over = Compose(throwaway_settings(ROOT, tmp_path)).environment()
    values = re.findall(r"\$\{(\w+)([^}]*)\}", COMPOSE.read_text())
    assert len(values) > 10
    for name, rest in values:
        assert name in handed_over or rest.startswith(":-"), name


def test_only_worker_has_mail_settings(tmp_path: Path) -> None:
    settings = throwaway_settings(ROOT, tmp_path).model_copy(
        update={"extra_values": {"SMTP_HOST": "mail.example.com", "ANALYST_PASSWORD": "x"}}
    )
    handed_over = Compose(settings).environment()
    assert handed_over["SMTP_HOST"] == "mail.example.com"
    assert "ANALYST_PASSWORD" not in handed_over
    services = {
        name for name, each in SERVICES.items() if "SMTP_HOST" in each.get("environment", {})
    }
    assert services == {"worker", "beat"}


def test_extra_libraries_are_in_database_image_only(tmp_path: Path) -> None:
    settings = throwaway_settings(ROOT, tmp_path).model_copy(update={"extra_values": {}})
    settings_with_extras = settings.model_copy(
        update={"extra_values": {"ML_EXTRAS": "xgboost, lightgbm"}}
    )
    assert Compose(settings).environment()["ML_EXTRAS"] == ""
    assert Compose(settings_with_extras).environment()["ML_EXTRAS"] == "lightgbm xgboost"
    asking = [file.parent.name for file in DOCKERFILES if "ARG ML_EXTRAS" in file.read_text()]
    assert asking == ["postgres"]
    made_of = [
        DockerStack(each.model_copy(update={"mode": "docker"})).images.inputs_hash()
        for each in (settings, settings_with_extras)
    ]
    assert made_of[0] != made_of[1], "the image would not be built anew"


def test_clones_have_different_projects(tmp_path: Path) -> None:
    names = {Compose(throwaway_settings(ROOT, tmp_path / each)).project for each in "ab"}
    assert len(names) == 2


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a program called docker on an otherwise empty PATH; it fails at one word."""

    def put(fails_at: str | None) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        if fails_at is not None:
            script = f'#!/bin/sh\ncase "$*" in *"{fails_at}"*) exit 1;; esac\n'
            (folder / "docker").write_text(script)
            (folder / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return put


@pytest.mark.parametrize(
    ("fails_at", "expected"),
    [
        (None, "No container engine answers"),
        ("Server.Version", "No container engine answers"),
        ("compose", "has no Compose"),
    ],
)
def test_missing_engine_or_compose_is_one_line_error(fails_at, expected, docker, tmp_path) -> None:
    docker(fails_at)
    settings = throwaway_settings(ROOT, tmp_path).model_copy(update={"mode": "docker"})
    with pytest.raises(UserError) as caught:
        open_stack(settings).check()
    assert expected in caught.value.line
    assert "MODE=native" in caught.value.line
    assert not list(tmp_path.glob("*/postgres"))


@pytest.mark.parametrize(
    ("mode", "fails_at", "cluster", "expected"),
    [
        ("auto", "nothing at all", False, DockerStack),
        ("auto", "Server.Version", False, NativeStack),
        ("auto", None, False, NativeStack),
        ("auto", "nothing at all", True, NativeStack),
        ("native", "nothing at all", False, NativeStack),
        ("docker", None, False, DockerStack),
    ],
)
def test_mode_selects_stack(mode, fails_at, cluster, expected, docker, tmp_path):
    docker(fails_at)
    state = tmp_path / ".stack"
    if cluster:
        (state / "postgres").mkdir(parents=True)
    settings = throwaway_settings(ROOT, state).model_copy(update={"mode": mode})
    choose_mode(settings)
    assert isinstance(open_stack(settings), expected)
    # An engine that comes or goes later does not move an installation.
    shutil.rmtree(tmp_path / "bin")
    assert isinstance(open_stack(settings), expected)


def test_superset_reaches_database_by_service_name(tmp_path: Path) -> None:
    settings = throwaway_settings(ROOT, tmp_path)
    assert settings.as_seen_by_superset() == settings
    inside = settings.model_copy(update={"mode": "docker"}).as_seen_by_superset()
    assert (inside.postgres_host, inside.postgres_port) == ("postgres", 5432)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("one\nFATAL: no room\nLOG: shut down\n", "FATAL: no room"),
        ("Step 1\nE: Unable to locate\nfailed to solve: exit code 100\n", "failed to solve"),
        ("", "no reason given"),
    ],
)
def test_failure_reason(output: str, expected: str) -> None:
    assert expected in failure_reason(output)


@pytest.mark.parametrize("key", ["POSTGRES_PORT", "SUPERSET_PORT"])
def test_port_in_use_is_error_before_start(key, tmp_path, monkeypatch) -> None:
    settings = throwaway_settings(ROOT, tmp_path).model_copy(update={"mode": "docker"})
    monkeypatch.setattr(docker_stack, "unavailable_reason", lambda: None)
    stack = open_stack(settings)
    monkeypatch.setattr(stack.compose, "published_port", lambda service, port: None)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", getattr(settings, key.lower())))
        listener.listen()
        with pytest.raises(UserError, match=rf"{key} in \.env"):
            stack.check()
