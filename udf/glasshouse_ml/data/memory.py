"""The memory of this server process, as Linux counts it, and a limit to what training takes."""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

from glasshouse_ml.core.errors import GlasshouseError

_PROCESS = Path("/proc/self")
# How often a number lies in memory at the worst moment: as read, in order, as a matrix, divided
# into parts and folds, prepared for an estimator. Measured, see docs/benchmarks.md.
COPIES = 5
ROW_BYTES = 8 * COPIES  # for each column
# What each text that occurs takes beside its letters, with its places in lists and dictionaries.
TEXT_BYTES = 200
# What a training takes however few its rows are: the libraries' code, draws of the bootstrap.
BESIDE_MB = 64
# The numbers of these settings in glibc.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1


def forget_peak() -> None:
    """Start counting anew: an earlier call in the same session must not be blamed on this one."""
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        return  # not allowed, or no Linux: the peak then covers the whole session


def peak_mb() -> float | None:
    """Peak of the resident memory in MiB; None where the system does not say.

    Without the server's shared buffers, which are there once for all sessions.
    """
    peak, shared = _status("VmHWM"), _status("RssShmem")
    return None if peak is None else round(peak - (shared or 0.0), 1)


def hand_back_at_once() -> None:
    """Have every block of a MiB and more go back to the system as soon as it is free.

    Else freed columns stay with the process between others that are in use.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.mallopt(_MMAP_THRESHOLD, 2**20)
            # Said as well, because glibc stops finding it by itself: small arrays at the end of
            # the heap would be handed back and asked for again all the time.
            library.mallopt(_TRIM_THRESHOLD, 2**26)


def own_mb() -> float | None:
    """What belongs to this process alone at the moment, in MiB: not the server's shared buffers."""
    return _status("RssAnon")


def room(limit_mb: int | None) -> int | None:
    """The bytes that the rows of a training may take under a limit; None: as many as they like."""
    if limit_mb is None:
        return None
    taken = own_mb() or 0.0
    free = limit_mb - taken - BESIDE_MB
    if free <= 0:
        raise GlasshouseError(
            f"options.memory_mb is {limit_mb}; the session holds {taken:.0f} MiB, and a training "
            f"takes {BESIDE_MB} MiB beside its rows.",
            "Allow more, or train in a new session.",
        )
    return int(free * 2**20)


def check(limit_mb: int | None) -> None:
    """Give up before the system would: one that is short of memory ends processes."""
    if limit_mb is None:
        return
    used = own_mb()
    if used is not None and used > limit_mb:
        raise GlasshouseError(
            f"Training took {used:.0f} MiB; options.memory_mb allows {limit_mb}.",
            "Allow more, give fewer rows or columns, or choose another algorithm.",
        )


def _status(name: str) -> float | None:
    try:
        lines = (_PROCESS / "status").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{name}:"):
            return round(int(line.split()[1]) / 1024, 1)
    return None
