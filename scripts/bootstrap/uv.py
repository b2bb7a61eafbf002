"""uv, which installs exactly what a lock says: fetched with pip and set up as pip is here."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.bootstrap import Problem, apt
from scripts.bootstrap.locks import alone

# pip's option -> uv's variable. uv reads none of pip's configuration by itself.
FROM_PIP = {
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
    """uv as an earlier start left it, or as the running environment holds it."""
    places = (state / "uv" / "bin" / "uv", Path(sys.prefix) / "bin" / "uv")
    return next((place for place in places if place.exists()), None)


def fetch(state: Path, lock: Path, log: Path) -> Path:
    """Install the uv that `lock` names below `state`, with pip."""
    with alone(state / "uv.lock") as held:
        return find(state) or _fetch(state, lock, log, held)


def _fetch(state: Path, lock: Path, log: Path, held: int) -> Path:
    target = state / "uv"
    draft = state / "uv.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    requirement = draft / "requirement.txt"
    requirement.write_text(_entry(lock, "uv"))
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(draft)]
    command = [*_pip(log), "install", *options, "--requirement", str(requirement)]
    run(command, log, dict(os.environ), held)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    return target / "bin" / "uv"


def environment(python: str = sys.executable) -> dict[str, str]:
    """The environment for uv: this process's own, and what pip is configured to do."""
    values = dict(os.environ)
    values.pop("VIRTUAL_ENV", None)
    values.setdefault("UV_NO_PROGRESS", "1")
    # pip looks for the best version in all of its indexes. Hashes make that safe here.
    values.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    for option, value in _pip_options(python).items():
        name = FROM_PIP.get(option)
        if name and name not in os.environ:
            # Lists: pip separates with spaces or lines; uv takes commas for find-links.
            parts = [part for part in value.split() if _is_there(part)]
            if parts:
                values[name] = ("," if name == "UV_FIND_LINKS" else " ").join(parts)
    return values


def run(command: list[str], log: Path, env: dict[str, str], held: int) -> None:
    """Run an installer; its words go to `log`, its last one into the error.

    `held`: the lock it works under. The child holds it too, so that it is not free while an
    installer goes on whose parent was killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"\n$ {' '.join(command)}\n")
        file.flush()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", env=env, pass_fds=(held,),
        )  # fmt: skip
        file.write(done.stdout)
    if done.returncode:
        raise Problem(
            f"{Path(command[0]).name} could not install: {_reason(done.stdout)}",
            f"check the network and pip's configuration (details in {log}), then start again",
        )


def _reason(output: str) -> str:
    lines = [line.strip(" ×├╰─▶│\t") for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(?i)error|failed|caused|no space", line)]
    return (errors or lines or ["no reason given"])[-1][:300].rstrip(".")


def _entry(lock: Path, name: str) -> str:
    """The lines of one package in a lock file: name, version and hashes."""
    found = re.search(rf"^{name}==.*?(?=^\S|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
    if not found:
        raise Problem(f"{lock.name} does not name {name}", "restore the file from git")
    return found.group(0)


def _pip(log: Path) -> list[str]:
    """A pip that runs; Debian leaves it out of a bare Python."""
    command = [sys.executable, "-m", "pip"]
    if subprocess.run([*command, "--version"], capture_output=True).returncode:
        apt.install(["python3-pip"], log)
        if subprocess.run([*command, "--version"], capture_output=True).returncode:
            # apt's pip belongs to the system's Python, which may not be the one running.
            command[0] = "/usr/bin/python3"
    return command


def _pip_options(python: str) -> dict[str, str]:
    """pip's configuration; for one option the environment beats [install] beats [global]."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True)
    if listed.returncode:
        # An environment made by uv has no pip; the system's pip reads the same files.
        listed = subprocess.run(
            ["/usr/bin/env", "python3", "-m", "pip", "config", "list"],
            capture_output=True, text=True, env=_without_venv(),
        )  # fmt: skip
    ranked: dict[str, tuple[int, str]] = {}
    ranks = {"global": 0, "install": 1, ":env:": 2}
    for line in listed.stdout.splitlines():
        key, equals, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if not equals or section not in ranks:
            continue
        option = option.replace("_", "-")
        if option not in ranked or ranks[section] >= ranked[option][0]:
            ranked[option] = (ranks[section], str(ast.literal_eval(value)))
    return {option: value for option, (_, value) in ranked.items()}


def _is_there(place: str) -> bool:
    """pip passes over a folder that does not exist; uv would stop at it."""
    path = place.removeprefix("file://")
    return not path.startswith("/") or Path(path).exists()


def _without_venv() -> dict[str, str]:
    """The environment with this venv's folder off the PATH."""
    own = str(Path(sys.prefix) / "bin")
    path = [part for part in os.environ.get("PATH", "").split(os.pathsep) if part != own]
    return {**os.environ, "PATH": os.pathsep.join(path)}
