"""Debian packages: installed with apt, or named in the error message if that is not allowed."""

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.bootstrap import BootstrapError

LISTS = Path("/var/lib/apt/lists")


def install(packages: list[str], log: Path) -> None:
    """Install `packages`; apt's output goes to `log`."""
    prefix = privileges(packages)
    update(log, prefix)
    with _turn():
        # apt refuses to work while an interrupted installation is incomplete.
        if subprocess.run(["dpkg", "--audit"], capture_output=True).stdout:
            _run([*prefix, "dpkg", "--configure", "-a"], log)
        options = ["-o", "DPkg::Lock::Timeout=120", "-y", "-q", "--no-install-recommends"]
        _run([*prefix, "apt-get", "install", *options, *packages], log)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until no other command of Glasshouse installs packages: dpkg itself does not wait."""
    folder = os.open(LISTS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def update(log: Path, prefix: list[str]) -> None:
    """Fetch the package lists if they are missing or older than a day."""
    with _turn():
        if not any(LISTS.glob("*_Packages*")) or _age_in_hours(LISTS) >= 24:
            _run([*prefix, "apt-get", "update", "-q"], log)


def privileges(packages: list[str]) -> list[str]:
    """The words to put before a command that needs root: none, or `sudo -n`.

    Raises BootstrapError, which names `packages`, if they cannot be installed.
    """
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise BootstrapError(
            f"This machine has no apt and lacks these packages: {names}",
            "install them under the names of this distribution, then start again",
        )
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    raise BootstrapError(
        f"System packages are missing, and this user may not install them: {names}",
        f"ask an administrator to run apt-get install {names}, then start again",
    )


def _age_in_hours(folder: Path) -> float:
    return (time.time() - folder.stat().st_mtime) / 3600


def _run(command: list[str], log: Path) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    if command[0].endswith("sudo"):
        # sudo drops the environment, and apt must not ask questions there either.
        command = [*command[:2], "DEBIAN_FRONTEND=noninteractive", *command[2:]]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+") as file:
        start = file.tell()
        file.write(f"\n$ {' '.join(command)}\n")
        file.flush()
        process = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment
        )
        file.seek(start)
        errors = [line for line in file.read().splitlines() if line.startswith("E: ")]
    if process.returncode:
        reason = errors[0][3:] if errors else f"exit code {process.returncode}"
        raise BootstrapError(
            f"System packages could not be installed: {reason}", f"see {log}, then start again"
        )
