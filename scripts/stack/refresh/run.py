"""`make refresh` for schedulers: one at a time, one line of result, and one row in ml.refreshes."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress

import psycopg2

from scripts.bootstrap.locks import exclusive_lock, try_lock
from scripts.console import console, step
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.build import refresh
from scripts.stack.interface import Stack
from scripts.stack.refresh.webhook import post_changes

FUNCTION = "ml.record_refresh(integer, text, text)"


def run_refresh(
    settings: Settings,
    stack: Stack,
    stack_lock: Callable[[Settings], AbstractContextManager[None]],
    wait: bool = False,
) -> None:
    """Refresh and record it. If a refresh runs already, say so and do nothing.

    `stack_lock`: waits until no other command changes the stack. `wait`: wait for a running refresh
    and then refresh again.

    The running refresh may have read the tables before the newest rows came; the next one processes
    them.
    """
    with _refresh_lock(settings, wait) as is_free:
        if not is_free:
            console.out("Refresh: another refresh is running; nothing was done.", highlight=False)
            return
        started = time.monotonic()
        number = _record(settings, None, "running", "")
        try:
            with stack_lock(settings):
                with step("Preparing the server's Python") as current:
                    current.note(stack.update_server_environment())
                detail = refresh(settings, stack)
        except BaseException as error:
            message = str(error) if isinstance(error, UserError) else repr(error)
            _record(settings, number, "failed", message)
            if isinstance(error, Exception):
                post_changes(settings, "failed", f"Refresh: failed; {message}")
            raise
        # The first refresh of an old registry creates the table.
        number = number or _record(settings, None, "running", "")
        _record(settings, number, "succeeded", detail)
        seconds = time.monotonic() - started
        result = f"Refresh: succeeded in {seconds:.0f} s; {detail}."
        post_changes(settings, "succeeded", result)
        console.out(result, highlight=False)


@contextmanager
def _refresh_lock(settings: Settings, wait: bool) -> Iterator[bool]:
    """Hold the lock of refreshes; yields False if another refresh holds it."""
    path = settings.state / "refresh.lock"
    if wait:
        with exclusive_lock(path):
            yield True
    else:
        with try_lock(path) as is_free:
            yield is_free


def _record(settings: Settings, number: int | None, status: str, detail: str) -> int | None:
    """Write the start (without a number) or the end of a refresh; its number, None if not recorded.

    A server that is down must not hide the error of the refresh.
    """
    with (
        suppress(psycopg2.Error),
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select to_regprocedure(%s) is not null", (FUNCTION,))
        if cursor.fetchone() == (True,) and (number is not None or status == "running"):
            cursor.execute("select ml.record_refresh(%s, %s, %s)", (number, status, detail[:2000]))
            return cursor.fetchone()[0]
    return None
