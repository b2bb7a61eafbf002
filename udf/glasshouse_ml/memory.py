"""The largest memory this server process used, as Linux counts it."""

from pathlib import Path

_PROCESS = Path("/proc/self")


def forget_peak() -> None:
    """Start counting anew: an earlier call in the same session must not be blamed on this one."""
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        return  # not allowed, or no Linux: the peak then covers the whole session


def peak_mb() -> float | None:
    """Peak of the resident memory in MiB; None where the system does not say."""
    try:
        lines = (_PROCESS / "status").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return None
