"""Letting Postgres have its say while scikit-learn works.

Cancel and statement_timeout are honoured only when control returns to Postgres. Python tells a
profile function of each call; this one asks Postgres a few times a second, so that a fit can be
left in the middle wherever it passes through Python: between the trees of a forest, the rounds of
boosting, the steps of a solver. What runs in one piece of C code (one tree, a support vector
machine, coordinate descent) is left at its end.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PAUSE = 0.3


@contextmanager
def attentive(checkpoint: Callable[[], None]) -> Iterator[None]:
    """Call checkpoint a few times a second while the block works; what it raises ends the block."""
    due = time.perf_counter() + PAUSE
    failure: Exception | None = None

    def look(frame: Any, event: str, argument: Any) -> None:
        nonlocal due, failure
        if time.perf_counter() < due:
            return
        try:
            checkpoint()
        except Exception as error:
            # Remembered: someone on the way up may take it for a failure of his own.
            failure = error
            raise
        due = time.perf_counter() + PAUSE

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)
        if failure is not None:
            raise failure
