"""Python environments that contain exactly the packages of a lock file."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from scripts.bootstrap import BootstrapError, uv
from scripts.bootstrap.locks import exclusive_lock

# The file in an environment that holds the hash of the lock files it was made from.
LOCK_HASH = "lock.sha256"
REQUIRED_GB = 2.5


def is_current(folder: Path, lock: Path, extra_locks: Sequence[Path] = ()) -> bool:
    """Whether `folder` holds a complete environment made from the present lock files."""
    try:
        return (folder / LOCK_HASH).read_text() == _hash(lock, *extra_locks)
    except OSError:
        return False


def make(
    folder: Path,
    lock: Path,
    python: str,
    uv_program: Path,
    log: Path,
    extra_variables: dict[str, str] | None = None,
    extra_locks: Sequence[Path] = (),
) -> None:
    """Make `folder` the environment that the lock files describe.

    A second process that calls this waits for the first one.

    Parameters
    ----------
    folder : where the environment is
    lock : the requirements file with hashes
    python : a range of versions such as >=3.11,<3.13, or the path of an interpreter
    uv_program : the uv to use
    log : the file that receives uv's output
    extra_variables : environment variables for uv
    extra_locks : further lock files; they agree with `lock` on the packages they share
    """
    lock_hash = _hash(lock, *extra_locks)
    with exclusive_lock(folder.with_name(f"{folder.name}.lock")) as descriptor:
        if is_current(folder, lock, extra_locks):
            return
        require_disk_space(folder.parent)
        variables = uv.environment() | (extra_variables or {})
        program = str(uv_program)
        if not (folder / LOCK_HASH).exists():
            # A killed installation leaves packages that only look complete.
            shutil.rmtree(folder, ignore_errors=True)
            command = [program, "venv", "--python", python, str(folder)]
            uv.run(command, log, variables, descriptor)
        (folder / LOCK_HASH).unlink(missing_ok=True)
        command = [program, "pip", "sync", "--require-hashes", "--compile-bytecode"]
        command += ["--python", str(folder / "bin" / "python"), *map(str, (lock, *extra_locks))]
        uv.run(command, log, variables, descriptor)
        (folder / LOCK_HASH).write_text(lock_hash)


def require_disk_space(folder: Path) -> None:
    """Raise BootstrapError if less than REQUIRED_GB are free where `folder` is."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if free < REQUIRED_GB:
        raise BootstrapError(
            f"Only {free:.1f} GB of disk space are free at {folder}; {REQUIRED_GB} GB are needed",
            "free some disk space, then start again",
        )


def _hash(*locks: Path) -> str:
    digest = hashlib.sha256()
    for lock in locks:
        try:
            digest.update(lock.read_bytes())
        except FileNotFoundError:
            raise BootstrapError(f"{lock} is missing", "restore the file from git") from None
    return digest.hexdigest()
