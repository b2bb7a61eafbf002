"""The program of the processes in test_processes.py: a message is a command and its value."""

import os
import sys
import time
from collections.abc import Callable

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.processes import serve


def _start(setup: list[bytes]) -> Callable[[list[bytes]], list[bytes]]:
    def reply_to(message: list[bytes]) -> list[bytes]:
        command, value = message
        print("what a library prints")
        if command == b"refuse":
            raise GlasshouseError(value.decode(), "a hint", "22012")
        if command == b"end":
            sys.exit(int(value))
        if command == b"wait":
            time.sleep(float(value))
        return [*setup, value, str(os.getpid()).encode()]

    return reply_to


if __name__ == "__main__":
    serve(_start)
