"""A full disk and missing memory are reported as such, whatever reports them."""

import errno
from pathlib import Path
from types import SimpleNamespace

import psycopg2
import pytest

from scripts.bootstrap import BootstrapError
from scripts.errors import UserError
from scripts.resources import ResourceError, find_in_error, program_error, resource_errors
from scripts.stack.native.database import Cluster
from tests.clusters import throwaway_settings

DISK, MEMORY = "The disk is full: ", "The machine has too little free memory: "


class ServerError(psycopg2.OperationalError):
    """An error of PostgreSQL; psycopg2's own cannot be given a code."""

    def __init__(self, pgcode: str) -> None:
        super().__init__("what the server says\nand more")
        self._code = pgcode

    @property
    def pgcode(self) -> str:
        return self._code


@pytest.mark.parametrize(
    ("error", "start"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), DISK),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), DISK),
        (OSError(errno.EFBIG, "File too large"), DISK),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), MEMORY),
        (MemoryError(), MEMORY),
        (ServerError("53100"), DISK + "what the server says. Do"),
        (ServerError("53200"), MEMORY),
        (BootstrapError("uv: failed to write: No space left on device (os error 28)", "x"), DISK),
    ],
)
def test_resource_error_is_recognised_as_cause(error: Exception, start: str) -> None:
    assert find_in_error(error).line.startswith(start)
    outer = UserError("The step failed", "see the log")
    outer.__cause__ = error
    assert find_in_error(outer).line.startswith(start)


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "no"), ServerError("42P01"), ValueError("disk is full")]
)
def test_other_error_is_not_recognised(error: Exception) -> None:
    assert find_in_error(error) is None


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "Traceback\nOSError: [Errno 28] No space left on device: '/x'\nexit 1",
            DISK + "It failed: OSError: [Errno 28] No space left on device: '/x'. Do: free",
        ),
        (
            '09:15:02    could not extend file "base/5/1": No space left on device\nDone.',
            DISK + 'It failed: could not extend file "base/5/1": No space left on device. Do: f',
        ),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to\n", MEMORY),
        ("terminate called after throwing 'std::bad_alloc'", MEMORY),
        ("a\nthe reason\n\n", "It failed: the reason. Do: try again."),
        ("", "It failed: no reason given. Do: try again."),
    ],
)
def test_program_output_is_searched(output: str, expected: str) -> None:
    assert program_error("It failed", output, "try again").line.startswith(expected)


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("[7] @ LOG:  server process (PID 9) was terminated by signal 9: Killed", MEMORY),
        ('[7] @ PANIC:  could not write to file "pg_wal/x": No space left on device', DISK),
        ("[7] a@b ERROR:  could not extend file: No space left on device", DISK),
    ],
)
def test_server_log_gives_cause_of_lost_connection(
    line: str, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.resources.LOG_SECONDS", 0)
    log = tmp_path / "postgres.log"
    log.write_text(f"2026-01-01 00:00:00.000 UTC {line}\n")
    error = psycopg2.OperationalError("server closed the connection unexpectedly")
    # What stood there before has nothing to do with it.
    with pytest.raises(psycopg2.OperationalError), resource_errors(log):
        raise error
    with pytest.raises(ResourceError, match=f"^{start}") as caught, resource_errors(log):
        with log.open("a") as file:
            file.write(f"2026-01-01 00:00:01.000 UTC {line}\n")
        raise error
    assert "UTC" not in caught.value.line
    with pytest.raises(psycopg2.OperationalError), resource_errors(log):
        with log.open("a") as file:
            file.write("STATEMENT:  select 'No space left on device'\n")
        raise error


def test_initdb_on_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in its place writes a part and fails, as initdb does there."""
    for module in ("paths", "native.database"):
        monkeypatch.setattr(f"scripts.stack.{module}.server_user", lambda: None)
    initdb = tmp_path / "initdb"
    initdb.write_text(
        '#!/bin/sh\necho "initdb: error: could not write file: No space left on device" >&2\n'
        'mkdir "${1#--pgdata=}/base"\nexit 1\n'
    )
    initdb.chmod(0o755)
    settings = throwaway_settings(tmp_path, tmp_path / "state")
    settings.state.mkdir()
    cluster = Cluster(settings, SimpleNamespace(programs=tmp_path))
    with pytest.raises(ResourceError, match="The disk is full: initdb failed: "):
        cluster.start()
    assert list(settings.state.iterdir()) == []
