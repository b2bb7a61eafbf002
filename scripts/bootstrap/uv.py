"""uv, the installer that follows a lock file exactly; pip installs it and configures it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.bootstrap import BootstrapError, apt
from scripts.bootstrap.locks import exclusive_lock

# pip's option -> uv's variable. uv does not read pip's configuration.
VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def find(state: Path) -> Path | None:
    """The uv that an earlier start installed, or the one of the running environment."""
    paths = (state / "uv" / "bin" / "uv", Path(sys.prefix) / "bin" / "uv")
    return next((path for path in paths if path.exists()), None)


def fetch(state: Path, lock: Path, log: Path) -> Path:
    """Install the uv that `lock` names below `state`, with pip; returns the program's path."""
    with exclusive_lock(state / "uv.lock") as descriptor:
        return find(state) or _fetch(state, lock, log, descriptor)


def _fetch(state: Path, lock: Path, log: Path, descriptor: int) -> Path:
    target = state / "uv"
    draft = state / "uv.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    requirement = draft / "requirement.txt"
    requirement.write_text(_lock_entry(lock, "uv"))
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(draft)]
    command = [*_pip(log), "install", *options, "--requirement", str(requirement)]
    run(command, log, dict(os.environ), descriptor)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    return target / "bin" / "uv"


def environment(python: str = sys.executable) -> dict[str, str]:
    """The environment variables for uv: those of this process, and pip's configuration."""
    variables = dict(os.environ)
    variables.pop("VIRTUAL_ENV", None)
    variables.setdefault("UV_NO_PROGRESS", "1")
    # pip takes the best version of all its indexes. The hashes make that safe here.
    variables.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    for option, value in _pip_options(python).items():
        name = VARIABLES.get(option)
        if name and name not in os.environ:
            # pip separates the values of a list with whitespace; uv wants commas in find-links.
            parts = [part for part in value.split() if _exists(part)]
            if parts:
                variables[name] = ("," if name == "UV_FIND_LINKS" else " ").join(parts)
    return variables


def run(command: list[str], log: Path, variables: dict[str, str], descriptor: int) -> None:
    """Run an installer; its output goes to `log`, its last error into the BootstrapError.

    The child inherits `descriptor`, the lock it works under. The lock is therefore not free while
    an installer goes on whose parent was killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"\n$ {' '.join(command)}\n")
        file.flush()
        process = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", env=variables, pass_fds=(descriptor,),
        )  # fmt: skip
        file.write(process.stdout)
    if process.returncode:
        raise BootstrapError(
            f"{Path(command[0]).name} could not install: {_reason(process.stdout)}",
            f"check the disk, the network and pip's configuration (details in {log}),"
            " then start again",
        )


def _reason(output: str) -> str:
    lines = [line.strip(" ×├╰─▶│\t") for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(?i)error|failed|caused|no space", line)]
    return (errors or lines or ["no reason given"])[-1][:300].rstrip(".")


def _lock_entry(lock: Path, name: str) -> str:
    """The lines of one package in a lock file: name, version and hashes."""
    entry = re.search(rf"^{name}==.*?(?=^\S|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
    if not entry:
        raise BootstrapError(f"{lock.name} does not name {name}", "restore the file from git")
    return entry.group(0)


def _pip(log: Path) -> list[str]:
    """The command of a working pip, installed where Debian's Python comes without it."""
    command = [sys.executable, "-m", "pip"]
    if subprocess.run([*command, "--version"], capture_output=True).returncode:
        apt.install(["python3-pip"], log)
        if subprocess.run([*command, "--version"], capture_output=True).returncode:
            # apt's pip belongs to the system's Python, which may not be the one that runs here.
            command[0] = "/usr/bin/python3"
    return command


def _pip_options(python: str) -> dict[str, str]:
    """pip's configuration; the environment overrides [install], [install] overrides [global]."""
    listing = subprocess.run(
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True
    )
    if listing.returncode:
        # An environment made by uv has no pip; the system's pip reads the same files.
        listing = subprocess.run(
            ["/usr/bin/env", "python3", "-m", "pip", "config", "list"],
            capture_output=True, text=True, env=_without_venv(),
        )  # fmt: skip
    ranked: dict[str, tuple[int, str]] = {}
    ranks = {"global": 0, "install": 1, ":env:": 2}
    for line in listing.stdout.splitlines():
        key, equals, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if not equals or section not in ranks:
            continue
        option = option.replace("_", "-")
        if option not in ranked or ranks[section] >= ranked[option][0]:
            ranked[option] = (ranks[section], str(ast.literal_eval(value)))
    return {option: value for option, (_, value) in ranked.items()}


def _exists(path: str) -> bool:
    """Whether a local folder exists; pip ignores one that does not, and uv stops at it."""
    path = path.removeprefix("file://")
    return not path.startswith("/") or Path(path).exists()


def _without_venv() -> dict[str, str]:
    """The environment variables with this environment's programs off the PATH."""
    programs = str(Path(sys.prefix) / "bin")
    path = [part for part in os.environ.get("PATH", "").split(os.pathsep) if part != programs]
    return {**os.environ, "PATH": os.pathsep.join(path)}
