"""Lets Postgres interrupt a call while scikit-learn works.

Postgres processes a cancel request and statement_timeout only when control returns to it. Python
calls a profile function at each call; this one checks for interrupts, so that a fit ends wherever
it passes through Python: between the trees of a forest, the rounds of boosting, the steps of a
solver. A single run of C code (one tree, a support vector machine, coordinate descent) ends first.

A permanent profile function makes small fits, which are nearly all calls, take twice as long. So a
thread installs it a few times a second, and it checks once and removes itself.
"""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PAUSE = 0.3

Profile = Callable[[Any, str, Any], None]
# The profile function of the main thread; None outside interruptible().
_profile: Profile | None = None


def _install_profile(_: object) -> int:
    """Run by the main thread between two bytecodes, perhaps after the block has ended."""
    if _profile is not None:
        sys.setprofile(_profile)
    return 0


# Never freed: Python may call it after the block has ended.
_INSTALL_PROFILE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_install_profile)


@contextmanager
def interruptible(check_interrupts: Callable[[], None]) -> Iterator[None]:
    """Call checkpoint a few times a second while the block works; what it raises ends the block."""
    global _profile
    failure: Exception | None = None
    # Blocks may be nested: the query of a training may predict.
    outer = _profile
    previous_profile, ended = sys.getprofile(), threading.Event()

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal failure
        if frame.f_code is _install_profile.__code__:  # an error raised here would be lost
            return
        sys.setprofile(previous_profile)
        if _profile is None:  # the work has just ended
            return
        try:
            check_interrupts()
        except Exception as error:
            # Stored, because a caller may catch it as an error of its own.
            failure = error
            raise

    def remind() -> None:
        while not ended.wait(PAUSE):
            ctypes.pythonapi.Py_AddPendingCall(_INSTALL_PROFILE, None)

    timer = threading.Thread(target=remind, name="check interrupts", daemon=True)
    _start_without_signals(timer)
    _profile = profile
    try:
        yield
    finally:
        _profile = outer
        ended.set()
        timer.join()
        sys.setprofile(previous_profile)
        if failure is not None:
            raise failure


def _start_without_signals(thread: threading.Thread) -> None:
    """Start it with every signal blocked: the main thread handles the signals of Postgres."""
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)
