"""Python environments made from a lock: exactly what it says, made once, whole or not at all."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from scripts.bootstrap import Problem, uv
from scripts.bootstrap.locks import alone

STAMP = "made-from"
ROOM_IN_GB = 2.5


def is_current(folder: Path, lock: Path, further: Sequence[Path] = ()) -> bool:
    """Whether `folder` holds a whole environment made from the locks as they are now."""
    try:
        return (folder / STAMP).read_text() == _hash(lock, *further)
    except OSError:
        return False


def make(
    folder: Path,
    lock: Path,
    python: str,
    uv_program: Path,
    log: Path,
    more: dict[str, str] | None = None,
    further: Sequence[Path] = (),
) -> None:
    """Make `folder` the environment that `lock` describes; a second caller waits and finds it.

    `more`: what uv gets into its environment besides; `further`: locks of what is wanted as well,
    which agree with the first on what they share.
    """
    wanted = _hash(lock, *further)
    with alone(folder.with_name(f"{folder.name}.lock")) as held:
        if is_current(folder, lock, further):
            return
        check_room(folder.parent)
        environment = uv.environment() | (more or {})
        program = str(uv_program)
        if not (folder / STAMP).exists():
            # Whoever was killed in here left packages that only look installed: begin anew.
            shutil.rmtree(folder, ignore_errors=True)
            uv.run([program, "venv", "--python", python, str(folder)], log, environment, held)
        (folder / STAMP).unlink(missing_ok=True)
        options = ["--require-hashes", "--compile-bytecode"]
        options += ["--python", str(folder / "bin" / "python")]
        uv.run(
            [program, "pip", "sync", *options, *map(str, (lock, *further))], log, environment, held
        )
        (folder / STAMP).write_text(wanted)


def check_room(folder: Path) -> None:
    """Refuse before anything is written where the disk is nearly full."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if free < ROOM_IN_GB:
        raise Problem(
            f"Only {free:.1f} GB of disk space are free at {folder}; {ROOM_IN_GB} GB are needed",
            "make room there, then start again",
        )


def _hash(*locks: Path) -> str:
    found = hashlib.sha256()
    for lock in locks:
        try:
            found.update(lock.read_bytes())
        except FileNotFoundError:
            raise Problem(f"{lock} is missing", "restore the file from git") from None
    return found.hexdigest()
