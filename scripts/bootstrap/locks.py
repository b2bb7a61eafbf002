"""File locks between commands; the kernel releases a lock when its holder ends or is killed."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def exclusive_lock(path: Path) -> Iterator[int]:
    """Wait for the lock file `path` and hold it.

    Yields the file descriptor. A child process that inherits it holds the lock too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another glasshouse command to end …", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` if it is free; yields whether it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        is_free = False
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = True
        yield is_free
