"""Interrupts end a call at a checkpoint, and nothing else ends it."""

import threading

import pytest
from glasshouse_ml.data import interrupts
from glasshouse_ml.data.interrupts import check_interrupts, interruptible


class Cancelled(Exception):
    """What the database would raise."""


def cancel() -> None:
    raise Cancelled


def test_interrupt_ends_block() -> None:
    with pytest.raises(Cancelled), interruptible(cancel):
        check_interrupts()


def test_check_outside_block_does_nothing() -> None:
    looks: list[int] = []
    check_interrupts()
    with interruptible(lambda: looks.append(1)):
        check_interrupts()
    check_interrupts()
    assert looks == [1]


def test_checks_have_minimum_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looks = [0.0], []
    monkeypatch.setattr(interrupts.time, "monotonic", lambda: now[0])
    with interruptible(lambda: looks.append(now[0])):
        for _ in range(1_000):
            check_interrupts()
            now[0] += interrupts.PAUSE / 100
    assert 9 <= len(looks) <= 11


def test_swallowed_cancel_is_raised_at_next_check_and_block_end() -> None:
    with pytest.raises(Cancelled), interruptible(cancel):
        with pytest.raises(Cancelled):
            check_interrupts()
        with pytest.raises(Cancelled):
            check_interrupts()


def test_inner_block_restores_outer_block() -> None:
    with pytest.raises(Cancelled), interruptible(cancel):
        with interruptible(lambda: None):
            check_interrupts()
        check_interrupts()


def test_other_thread_does_not_check() -> None:
    # The database can be asked by the first thread alone.
    looks: list[int] = []
    with interruptible(lambda: looks.append(1)):
        thread = threading.Thread(target=check_interrupts)
        thread.start()
        thread.join()
    assert looks == []
