"""`make watch-data`: a refresh for each notification of a channel in the warehouse.

A trigger on a source table sends the notification (docs/scheduling.md).
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import psycopg2
from psycopg2.extensions import connection as Connection

from scripts.console import say, warn
from scripts.settings import Settings
from scripts.stack.build_inputs import LISTENER

CHANNEL = "glasshouse"
# Notifications within this time of the first lead to one refresh.
COLLECT_SECONDS = 2.0
# A failed refresh is repeated after this time, or with the next notification.
RETRY_SECONDS = 300.0
# The longest pause between two attempts to reach the database.
MAX_PAUSE_SECONDS = 30.0
# How long a refresh has to end after a signal.
STOP_SECONDS = 20.0


def watch_data(
    settings: Settings,
    command: Sequence[str],
    collect_seconds: float = COLLECT_SECONDS,
    retry_seconds: float = RETRY_SECONDS,
) -> None:
    """Run `command` once now and after each notification, until SIGINT or SIGTERM.

    One command runs at a time. All notifications that come while it runs lead to one more run.
    After a lost connection the command runs too, because notifications may be lost with it.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell starts background programs with SIGINT ignored.
        signal.signal(number, signal.default_int_handler)
    try:
        while True:
            connection = _listen(settings)
            say(f"Listening on the channel {CHANNEL}; Ctrl+C ends it.")
            try:
                while True:
                    succeeded = _run(command)
                    _wait(connection, None if succeeded else retry_seconds, collect_seconds)
            except psycopg2.Error:
                warn("The connection to the database is lost; trying again.")
            finally:
                connection.close()
    except KeyboardInterrupt:
        say("Stopped.")
        sys.stdout.flush()


def _listen(settings: Settings) -> Connection:
    """A connection that listens to the channel, as soon as the database answers."""
    pause = 1.0
    while True:
        with suppress(psycopg2.Error):
            connection = psycopg2.connect(
                **settings.dsn("transformer"), application_name=LISTENER,
                keepalives_idle=30, keepalives_interval=10, keepalives_count=3,
            )  # fmt: skip
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"listen {CHANNEL}")
            return connection
        time.sleep(pause)
        pause = min(2 * pause, MAX_PAUSE_SECONDS)


def _wait(connection: Connection, seconds: float | None, collect_seconds: float) -> None:
    """Wait for a notification, at most for `seconds`, and collect those that follow it."""
    # Notifications that came during the last run are here already.
    connection.poll()
    while not connection.notifies:
        # A server that shuts down sends a message too, which is no notification.
        if not select.select([connection], [], [], seconds)[0]:
            return
        connection.poll()
    time.sleep(collect_seconds)
    connection.poll()
    connection.notifies.clear()


def _run(command: Sequence[str]) -> bool:
    """Run the command to its end; whether it succeeded. A signal ends it too."""
    sys.stdout.flush()
    # In a group of its own, so that a signal reaches the programs that it runs, and only once.
    process = subprocess.Popen(command, start_new_session=True)
    try:
        return process.wait() == 0
    except KeyboardInterrupt:
        _stop(process)
        raise


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the command as Ctrl+C does, and kill it after STOP_SECONDS."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(STOP_SECONDS)
            return
