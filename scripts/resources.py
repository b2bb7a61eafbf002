"""A full disk or missing memory, whoever reports it: Python, PostgreSQL, or a program's output."""

import errno
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import errorcodes

from scripts.bootstrap import BootstrapError
from scripts.errors import UserError

DISK = re.compile("no space left on device|disk quota exceeded|file too large|disk is full", re.I)
# The kernel ends a process with signal 9 when memory runs out.
MEMORY = re.compile(
    r"MemoryError|out of memory|cannot allocate memory|std::bad_alloc|terminated by signal 9\b",
    re.I,
)
DISK_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# How long the server may take to write why it has closed a connection.
LOG_SECONDS = 1.0
# What stands before the message in a line of PostgreSQL's log or of dbt's output.
PREFIX = re.compile(r"^[\d:. -]*(UTC )?(\[\d+\] )?.*?(ERROR|FATAL|PANIC|LOG|DETAIL): +|^[\d:.]+ +")


class ResourceError(UserError):
    """The disk is full, or memory is missing."""


def disk_full(detail: str) -> ResourceError:
    """The error for a full disk; `detail`: who noticed it."""
    return ResourceError(
        f"The disk is full: {detail}", "free disk space (df -h), then run the same command again"
    )


def memory_missing(detail: str) -> ResourceError:
    """The error for missing memory; `detail`: who noticed it."""
    return ResourceError(
        f"The machine has too little free memory: {detail}",
        "stop other programs or add memory, then run the same command again",
    )


def program_error(problem: str, output: str, remedy: str) -> UserError:
    """The error of a program that failed: a lack of resources, or the last line of its output."""
    lines = [line for line in output.splitlines() if line.strip()]
    last = (lines or ["no reason given"])[-1].strip()
    return find_in_output(output, problem) or UserError(f"{problem}: {last}", remedy)


def find_in_output(output: str, problem: str = "") -> ResourceError | None:
    """The error for the first line that reports a full disk or missing memory, if there is one."""
    for line in output.splitlines():
        message = PREFIX.sub("", line).strip()
        detail = f"{problem}: {message}" if problem else message
        if DISK.search(line):
            return disk_full(detail)
        if MEMORY.search(line):
            return memory_missing(detail)
    return None


def find_in_error(error: BaseException | None) -> ResourceError | None:
    """The error for a lack of resources that is the cause of `error`, if it is."""
    while error is not None:
        detail = (str(error).strip().splitlines() or ["no details"])[0]
        number = error.errno if isinstance(error, OSError) else None
        code = error.pgcode if isinstance(error, psycopg2.Error) else None
        if isinstance(error, ResourceError):
            return error
        if number in DISK_NUMBERS or code == errorcodes.DISK_FULL:
            return disk_full(detail)
        if number == errno.ENOMEM or code == errorcodes.OUT_OF_MEMORY:
            return memory_missing(detail)
        if isinstance(error, MemoryError):
            return memory_missing("the command needs more")
        if isinstance(error, BootstrapError) and (shortage := find_in_output(error.problem)):
            return shortage
        error = error.__cause__ or error.__context__
    return None


@contextmanager
def resource_errors(server_log: Path) -> Iterator[None]:
    """Raise ResourceError in place of an error that comes from a full disk or missing memory.

    A client often sees only that its connection is lost. So what the database server writes into
    its log during the block counts too.
    """
    start = _size(server_log)
    try:
        yield
    except Exception as error:
        shortage = find_in_error(error)
        # The client may notice the lost connection before the server has written the reason.
        deadline = time.monotonic() + (LOG_SECONDS if _is_connection_lost(error) else 0)
        while not shortage:
            shortage = find_in_output(_text_after(server_log, start))
            if time.monotonic() >= deadline:
                break
            time.sleep(0.05)
        if shortage:
            raise shortage from None
        raise


def _is_connection_lost(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, psycopg2.OperationalError) and error.pgcode is None:
            return True
        error = error.__cause__ or error.__context__
    return False


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _text_after(file: Path, start: int) -> str:
    if _size(file) <= start:
        return ""
    with file.open("rb") as log:
        log.seek(start)
        lines = log.read().decode(errors="replace").splitlines()
    # A logged statement may contain any text; these lines contain the server's own words.
    return "\n".join(line for line in lines if re.search(r"(ERROR|FATAL|PANIC|LOG): ", line))
