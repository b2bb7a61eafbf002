"""The memory of this server process as Linux counts it, and the limit of a training."""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

from glasshouse_ml.core.errors import GlasshouseError

_PROCESS = Path("/proc/self")
# How often a number is in memory at the peak: as read, sorted, in the matrix, divided into parts
# and folds, prepared for an estimator. Measured, see docs/benchmarks.md.
COPIES_OF_A_NUMBER = 5
ROW_BYTES = 8 * COPIES_OF_A_NUMBER  # for each column
# What each distinct text takes beside its letters, with its entries in lists and dictionaries.
TEXT_BYTES = 200
# What a training takes however few its rows are: the libraries' code, bootstrap samples.
OVERHEAD_MB = 64
# The numbers of these settings in glibc.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1


def reset_peak() -> None:
    """Reset the peak: an earlier call in the same session must not be blamed on this one."""
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        return  # not allowed, or no Linux: the peak then covers the whole session


def peak_mb() -> float | None:
    """Peak of the resident memory in MiB; None where the system does not tell.

    Without the server's shared buffers, which exist once for all sessions.
    """
    peak, shared = _status("VmHWM"), _status("RssShmem")
    return None if peak is None else round(peak - (shared or 0.0), 1)


def return_freed_memory() -> None:
    """Make glibc return every block of a MiB and more to the system as soon as it is free.

    Otherwise freed columns stay with the process between others that are in use.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.mallopt(_MMAP_THRESHOLD, 2**20)
            # Set as well, because glibc stops adapting it: small arrays at the end of the heap
            # would be returned and requested again all the time.
            library.mallopt(_TRIM_THRESHOLD, 2**26)


def private_mb() -> float | None:
    """The memory of this process alone in MiB, without the server's shared buffers."""
    return _status("RssAnon")


def available_bytes(memory_mb: int | None) -> int | None:
    """The bytes that the rows of a training may take under a limit; None without a limit."""
    if memory_mb is None:
        return None
    used = private_mb() or 0.0
    free = memory_mb - used - OVERHEAD_MB
    if free <= 0:
        raise GlasshouseError(
            f"options.memory_mb is {memory_mb}; the session holds {used:.0f} MiB, and a training "
            f"takes {OVERHEAD_MB} MiB beside its rows.",
            "Allow more, or train in a new session.",
        )
    return int(free * 2**20)


def has_room(needed_bytes: int, memory_mb: int | None) -> bool:
    """Whether the session may take so many further bytes under a limit."""
    return memory_mb is None or (private_mb() or 0.0) + needed_bytes / 2**20 <= memory_mb


def check_limit(memory_mb: int | None) -> None:
    """Raise an error above the limit, before the system runs out of memory and ends processes."""
    if memory_mb is None:
        return
    used = private_mb()
    if used is not None and used > memory_mb:
        raise GlasshouseError(
            f"Training took {used:.0f} MiB; options.memory_mb allows {memory_mb}.",
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
