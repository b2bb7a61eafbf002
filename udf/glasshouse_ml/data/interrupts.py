"""Lets PostgreSQL end a call while it works: the engine looks for a cancel request between steps.

PostgreSQL processes a cancel request, statement_timeout and the end of a session only when one of
its own functions runs. So the engine calls check_interrupts() between the fits of a training,
between the rounds of boosting, the trees of a forest and the steps of a solver, and between batches
of rows. It executes a statement at most every `PAUSE` seconds, so it may stand in any loop.

What runs between two of these calls ends first. docs/training.md lists the longest of them.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Seconds between two looks.
PAUSE = 0.05


@dataclass
class _Call:
    """A call of the engine: how it looks, what that raised, and when it looks again."""

    look: Callable[[], None]
    step_look: Callable[[], None] | None = None
    failure: Exception | None = None
    next_look: float = 0.0


# One call at a time runs in a session. Calls can be nested: the query of a training may predict.
_current: _Call | None = None


@contextmanager
def interruptible(look: Callable[[], None]) -> Iterator[None]:
    """Have check_interrupts() call `look` while the block works; what that raises ends the block.

    The block ends with it even where a library caught it as an error of its own.
    """
    global _current
    outer, call = _current, _Call(look)
    _current = call
    try:
        yield
    finally:
        _current = outer
        if call.failure is not None:
            raise call.failure


@contextmanager
def interruptible_step(look: Callable[[], None]) -> Iterator[None]:
    """Have check_interrupts() call `look` as well; what that raises ends the step, not the call."""
    call = _current
    if call is None:
        yield
        return
    outer, call.step_look = call.step_look, look
    try:
        yield
    finally:
        call.step_look = outer


def check_interrupts() -> None:
    """Raise an error when the call that works must end. Other threads than the first do not look.

    It stays an error: every later look of the same call raises it again.
    """
    call = _current
    if call is None or threading.current_thread() is not threading.main_thread():
        return
    if call.failure is None:
        now = time.monotonic()
        if now < call.next_look:
            return
        try:
            call.look()
        except Exception as error:
            call.failure = error
        call.next_look = time.monotonic() + PAUSE
    if call.failure is not None:
        raise call.failure
    if call.step_look is not None:
        call.step_look()
