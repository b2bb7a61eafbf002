"""Debian packages: installed through apt where we may, named in one message where we may not."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from scripts.bootstrap import Problem


def install(packages: list[str], log: Path) -> None:
    """Install `packages`; apt's own words go to `log`."""
    prefix = privileges(packages)
    update(log, prefix)
    # Finish what somebody was interrupted in; apt refuses to work before that.
    _run([*prefix, "dpkg", "--configure", "-a"], log)
    _run(
        [
            *prefix,
            "apt-get",
            "install",
            "-o",
            "DPkg::Lock::Timeout=120",
            "-y",
            "-q",
            "--no-install-recommends",
            *packages,
        ],
        log,
    )


def update(log: Path, prefix: list[str]) -> None:
    """Fetch the package lists, once a day: a fresh machine or container has none."""
    lists = Path("/var/lib/apt/lists")
    if any(lists.glob("*_Packages*")) and _age_in_hours(lists) < 24:
        return
    _run([*prefix, "apt-get", "update", "-q"], log)


def privileges(packages: list[str]) -> list[str]:
    """What to put before a command that changes the machine: nothing, or `sudo -n`."""
    names = " ".join(packages)
    by_hand = f"ask an administrator to run: apt-get install {names}; then start again"
    if shutil.which("apt-get") is None:
        raise Problem(
            f"This machine has no apt and lacks: {names}",
            "install the same packages under the names they have here, then start again",
        )
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    raise Problem(f"Missing system packages, and no right to install them: {names}", by_hand)


def _age_in_hours(folder: Path) -> float:
    return (time.time() - folder.stat().st_mtime) / 3600


def _run(command: list[str], log: Path) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    if command[0].endswith("sudo"):
        # sudo drops the environment; apt must not ask questions there either.
        command = [*command[:2], "DEBIAN_FRONTEND=noninteractive", *command[2:]]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+") as file:
        start = file.tell()
        file.write(f"\n$ {' '.join(command)}\n")
        file.flush()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment
        )
        file.seek(start)
        said = [line for line in file.read().splitlines() if line.startswith("E: ")]
    if done.returncode:
        reason = said[0][3:] if said else f"exit code {done.returncode}"
        raise Problem(
            f"Installing system packages failed: {reason}", f"see {log}, then start again"
        )
