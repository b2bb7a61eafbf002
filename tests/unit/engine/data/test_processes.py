"""Processes reply in order, report errors in their place, and end with the call."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data import processes
from glasshouse_ml.data.processes import Processes, Work, allowed_processes

from tests.unit.engine.standin import StandIn

WORK = Work("tests.unit.engine.data.echo_process", [b"setup", b""])


class Cancelled(Exception):
    """What a cancel request raises."""


class Checks:
    """Counts the looks for interrupts; the look `cancel_at` raises."""

    def __init__(self, cancel_at: int = 0) -> None:
        self.count, self.cancel_at = 0, cancel_at

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.cancel_at:
            raise Cancelled


def is_running(pid: int) -> bool:
    """Whether there is such a process; one that has ended and was not waited for counts too."""
    return Path(f"/proc/{pid}").exists()


def test_replies_come_in_the_order_of_messages() -> None:
    # The first of each pair takes longer; 3 MB do not fit into a pipe.
    messages = [
        (
            number,
            [b"wait" if number % 2 == 0 else b"echo", b"0.1"]
            if number < 6
            else [b"", b"x" * 3_000_000],
        )
        for number in range(8)
    ]
    checks = Checks()
    with Processes(2, WORK, checks) as pool:
        replies = list(pool.map(iter(messages)))
    assert [tag for tag, _ in replies] == list(range(8))
    assert [reply[2] for _, reply in replies] == [message[1] for _, message in messages]
    assert {tuple(reply[:2]) for _, reply in replies} == {(b"setup", b"")}
    pids = {int(reply[3]) for _, reply in replies}
    assert len(pids) == 2
    assert not any(map(is_running, pids))
    assert checks.count > 0


def test_fewer_messages_than_processes() -> None:
    with Processes(3, WORK, Checks()) as pool:
        assert list(pool.map([])) == []
        assert [tag for tag, _ in pool.map([("one", [b"", b""])])] == ["one"]


def test_error_of_a_message_is_raised_in_its_place() -> None:
    messages = [(1, [b"", b"a"]), (2, [b"refuse", "Ärger".encode()]), (3, [b"", b"b"])]
    with Processes(2, WORK, Checks()) as pool:
        replies = pool.map(messages)
        assert next(replies)[0] == 1
        with pytest.raises(GlasshouseError, match="Ärger") as caught:
            next(replies)
    assert (caught.value.hint, caught.value.sqlstate) == ("a hint", "22012")


def test_end_of_a_process_is_an_error() -> None:
    with (
        Processes(1, WORK, Checks()) as pool,
        pytest.raises(GlasshouseError, match="ended with status 3") as caught,
    ):
        list(pool.map([(1, [b"end", b"3"])]))
    assert caught.value.sqlstate == "58000"


def test_cancel_ends_every_process() -> None:
    checks = Checks()
    with pytest.raises(Cancelled), Processes(2, WORK, checks) as pool:
        pids = [int(reply[3]) for _, reply in pool.map([(1, [b"", b""]), (2, [b"", b""])])]
        assert all(map(is_running, pids))
        checks.cancel_at = checks.count + 2
        began = time.monotonic()
        list(pool.map([(1, [b"wait", b"60"]), (2, [b"wait", b"60"])]))
    assert time.monotonic() - began < 30
    assert not any(map(is_running, pids))


def test_cancel_while_processes_start_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    end = processes._Process.end
    monkeypatch.setattr(processes._Process, "end", lambda self: ended.append(1) or end(self))
    large = Work(WORK.module, [b"x" * 3_000_000])
    with pytest.raises(Cancelled), Processes(2, large, Checks(1)):
        pass
    assert len(ended) == 2


SESSION = """
import os
from glasshouse_ml.data.processes import Processes, Work
work = Work("tests.unit.engine.data.echo_process", [b""])
with Processes(2, work, lambda: None) as pool:
    replies = pool.map([(1, [b"", b""]), (2, [b"", b""])])
    print(*[int(reply[-1]) for _, reply in replies], flush=True)
    os._exit(1)
"""


def test_processes_end_with_their_session() -> None:
    path = os.pathsep.join(filter(None, sys.path))
    output = subprocess.run(
        [sys.executable, "-c", SESSION], env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    pids = [int(pid) for pid in output.split()]
    assert len(pids) == 2
    for _ in range(100):
        if not any(_computes(pid) for pid in pids):
            break
        time.sleep(0.1)
    assert not any(_computes(pid) for pid in pids)


def _computes(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Set(StandIn):
    """A session in which glasshouse.sessions has a value."""

    sessions: str | None = None

    def setting(self, name: str) -> str | None:
        return self.sessions if name == processes.SETTING else None


@pytest.fixture
def db(monkeypatch: pytest.MonkeyPatch) -> Iterator[Set]:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    yield Set([])


@pytest.mark.parametrize(("value", "count"), [(None, 0), ("1", 0), ("2", 2), ("3", 3), ("99", 4)])
def test_setting_is_limited_to_cores(db: Set, value: str | None, count: int) -> None:
    db.sessions = value
    assert allowed_processes(db) == count
    assert db.notices == []


@pytest.mark.parametrize("value", ["0", "-2", "many", "1.5"])
def test_invalid_setting_is_refused(db: Set, value: str) -> None:
    db.sessions = value
    with pytest.raises(GlasshouseError, match=r"glasshouse\.sessions"):
        allowed_processes(db)


def test_a_host_without_python_is_named(db: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    db.sessions = "2"
    monkeypatch.setattr(processes.sys, "base_prefix", "/nowhere")
    assert allowed_processes(db) == 0
    [notice] = db.notices
    assert "has no effect" in notice and "/nowhere/bin/python3" in notice
