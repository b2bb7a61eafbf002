"""Letting Postgres have its say while scikit-learn works.

Cancel and statement_timeout are honoured only when control returns to Postgres. Python tells a
profile function of each call; this one asks Postgres, so that a fit can be left in the middle
wherever it passes through Python: between the trees of a forest, the rounds of boosting, the steps
of a solver. What runs in one piece of C code (one tree, a support vector machine, coordinate
descent) is left at its end.

A profile function that is always there makes small fits, which are nearly all calls, take twice as
long. So a thread beside the work has it put there a few times a second, and it asks once and goes.
"""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PAUSE = 0.3

Look = Callable[[Any, str, Any], None]
# What the main thread is to look with; None while nobody asked to be attentive.
_look: Look | None = None


def _look_up(_: object) -> int:
    """Run by the main thread between two of its steps, perhaps when the work has just ended."""
    if _look is not None:
        sys.setprofile(_look)
    return 0


# Kept for good: Python may call it when nobody is attentive any more.
_LOOK_UP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_look_up)


@contextmanager
def attentive(checkpoint: Callable[[], None]) -> Iterator[None]:
    """Call checkpoint a few times a second while the block works; what it raises ends the block."""
    global _look
    failure: Exception | None = None
    # One call may be made inside another: the query of a training may predict.
    outer = _look
    before, over = sys.getprofile(), threading.Event()

    def look(frame: Any, event: str, argument: Any) -> None:
        nonlocal failure
        if frame.f_code is _look_up.__code__:  # on the way back to the work; no error gets through
            return
        sys.setprofile(before)
        if _look is None:  # the work has just ended
            return
        try:
            checkpoint()
        except Exception as error:
            # Remembered: someone on the way up may take it for a failure of his own.
            failure = error
            raise

    def remind() -> None:
        while not over.wait(PAUSE):
            ctypes.pythonapi.Py_AddPendingCall(_LOOK_UP, None)

    reminder = threading.Thread(target=remind, name="attention", daemon=True)
    _start_deaf(reminder)
    _look = look
    try:
        yield
    finally:
        _look = outer
        over.set()
        reminder.join()
        sys.setprofile(before)
        if failure is not None:
            raise failure


def _start_deaf(thread: threading.Thread) -> None:
    """Start it with every signal blocked: those of Postgres are for its own thread alone."""
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
