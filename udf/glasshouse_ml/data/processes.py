"""Processes that compute for a call beside its session: the setting glasshouse.sessions.

The session reads all rows itself, once, with the rights, the settings and the transaction of its
caller. It hands arrays and texts to the processes. A process is a new Python interpreter and no
copy of the session: it has no connection, holds no lock and executes no SQL. It ends when its
input ends, that is with the call or with the session.
"""

import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, Self, TypeVar

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import PAUSE
from glasshouse_ml.data.threads import SINGLE_THREAD, limit_to_cores

SETTING = "glasshouse.sessions"
# Seconds of processor time that a session computes before it starts processes. Each process takes
# one to two seconds to load the libraries.
ALONE_S = 0.5
# SQLSTATE system_error.
_SYSTEM_ERROR = "58000"
_SIZE = struct.Struct("<Q")
_PIPE_BYTES = 2**20
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
# The same in a protocol that takes the one and returns the other.
_In = TypeVar("_In", contravariant=True)
_Out = TypeVar("_Out", covariant=True)


class Work(NamedTuple):
    """What processes do: a module that calls serve() when it is run, and its first message."""

    module: str
    setup: Sequence[bytes]


class Job(Protocol[_In, _Out]):
    """A computation for each of many items, which a session and its processes do alike."""

    def compute(self, item: _In) -> _Out:
        """The result of an item, computed by the session."""

    def work(self) -> Work:
        """What a process needs to know before the first item."""

    def message(self, item: _In) -> Sequence[bytes]:
        """An item on its way to a process."""

    def result(self, item: _In, reply: Sequence[bytes]) -> _Out:
        """The result of an item, from the reply of a process."""


def compute_each(
    items: Iterable[_Item],
    job: Job[_Item, _Result],
    count: int,
    check_interrupts: Callable[[], None],
    alone_s: float | None = None,
) -> Generator[_Result, None, None]:
    """The result of each item in their order, computed by the session or by `count` processes.

    The processes start after `alone_s` seconds of processor time, by default ALONE_S. The session
    calls check_interrupts() while it waits for them.
    """
    limit_s, seconds = ALONE_S if alone_s is None else alone_s, 0.0
    remaining = iter(items)
    for item in remaining:
        if count and seconds > limit_s:
            with Processes(count, job.work(), check_interrupts) as processes:
                messages = ((each, job.message(each)) for each in chain([item], remaining))
                for each, reply in processes.map(messages):
                    yield job.result(each, reply)
            return
        started = time.process_time()
        result = job.compute(item)
        seconds += time.process_time() - started
        # Freed before the next item is made: it may be many rows.
        del item
        yield result
        del result


def allowed_processes(db: Database) -> int:
    """How many processes may compute for a call, at most one for each core; 0: only the session."""
    count = limit_to_cores(db, SETTING)
    if count < 2:
        return 0
    if not _interpreter().exists():
        db.notice(
            f"{SETTING} has no effect: the host of the server has no {_interpreter()}. Install the "
            "package of this Python."
        )
        return 0
    return count


def _interpreter() -> Path:
    """The program of the Python that runs here, which may be a library within PostgreSQL."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return Path(sys.base_prefix) / "bin" / name


class Processes:
    """Some processes that do the same work. They end with the block."""

    def __init__(self, count: int, work: Work, check_interrupts: Callable[[], None]) -> None:
        """check_interrupts() is called while the session waits; what it raises ends the block."""
        self._processes: list[_Process] = []
        self._count, self._work, self._check_interrupts = count, work, check_interrupts

    def __enter__(self) -> Self:
        """Start the processes."""
        try:
            for _ in range(self._count):
                self._processes.append(_Process(self._work.module, self._check_interrupts))
            for process in self._processes:
                process.send(self._work.setup)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, whatever they are doing."""
        for process in self._processes:
            process.end()

    def map(
        self, messages: Iterable[tuple[_Item, Sequence[bytes]]]
    ) -> Iterator[tuple[_Item, list[bytes]]]:
        """The replies in the order of the messages, each with the item of its message.

        An error of a message is raised in its place.
        """
        idle = deque(self._processes)
        busy: deque[tuple[_Item, _Process]] = deque()
        for item, message in messages:
            if not idle:
                first, process = busy.popleft()
                yield first, process.receive()
                idle.append(process)
            process = idle.popleft()
            process.send(message)
            busy.append((item, process))
        for item, process in busy:
            yield item, process.receive()


class _Process:
    """A process that replies to one message after the other."""

    def __init__(self, module: str, check_interrupts: Callable[[], None]) -> None:
        self._check_interrupts = check_interrupts
        # Without the current folder, which is the data directory of the server.
        command = [str(_interpreter()), "-P", "-s", "-B", "-m", module]
        path = os.pathsep.join(folder for folder in sys.path if folder)
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **SINGLE_THREAD, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin and self._process.stdout
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._input, self._output):
            os.set_blocking(pipe, False)
            with suppress(OSError, AttributeError):
                # Fewer switches between the processes. Linux only, and within its limit.
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def send(self, message: Sequence[bytes]) -> None:
        """Hand a message over; waits until the process has read it."""
        for part in (_header(message), *message):
            content = memoryview(part)
            while content:
                self._wait(self._input, select.POLLOUT)
                try:
                    content = content[os.write(self._input, content) :]
                except BrokenPipeError:
                    raise self._unexpected_end() from None

    def receive(self) -> list[bytes]:
        """The reply to the message that was sent last."""
        [size] = _SIZE.unpack(self._read(_SIZE.size))
        failure, *reply = _unpacked(self._read(size))
        if failure:
            raise GlasshouseError(*json.loads(failure))
        return reply

    def _read(self, size: int) -> bytes:
        content = bytearray(size)
        remaining = memoryview(content)
        while remaining:
            self._wait(self._output, select.POLLIN)
            count = os.readv(self._output, [remaining])
            if not count:
                raise self._unexpected_end()
            remaining = remaining[count:]
        return bytes(content)

    def _wait(self, pipe: int, event: int) -> None:
        """Wait until the pipe can be used, with a look for interrupts from time to time."""
        poll = select.poll()
        poll.register(pipe, event)
        while not poll.poll(PAUSE * 1000):
            self._check_interrupts()

    def _unexpected_end(self) -> GlasshouseError:
        # A cancel request reaches the processes as well.
        time.sleep(PAUSE)
        self._check_interrupts()
        self.end()
        return GlasshouseError(
            f"A process that computed for this call ended with status {self._process.returncode}.",
            f"The server's log says why. If the host is short of memory, set {SETTING} lower.",
            _SYSTEM_ERROR,
        )

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


def serve(start: Callable[[list[bytes]], Callable[[list[bytes]], Sequence[bytes]]]) -> None:
    """Be one of the processes: start() takes the first message, and what it returns all others."""
    # A cancelled session ends its processes without a traceback in the log of the server.
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    # What a library prints must not get between the replies.
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore")
    setup = _next_message(source)
    if setup is None:
        return
    reply_to = start(setup)
    while (message := _next_message(source)) is not None:
        try:
            reply = [b"", *reply_to(message)]
        except GlasshouseError as error:
            reply = [json.dumps([error.message, error.hint, error.sqlstate]).encode()]
        target.writelines([_header(reply), *reply])
        target.flush()


def _next_message(source: BinaryIO) -> list[bytes] | None:
    """The next message, None at the end of the input."""
    size = source.read(_SIZE.size)
    if len(size) < _SIZE.size:
        return None
    return _unpacked(source.read(*_SIZE.unpack(size)))


def _header(parts: Sequence[bytes]) -> bytes:
    """What precedes a message: the size of all that follows, the number of parts, their sizes."""
    sizes = [len(parts), *map(len, parts)]
    total = _SIZE.size * len(sizes) + sum(sizes[1:])
    return b"".join(map(_SIZE.pack, [total, *sizes]))


def _unpacked(content: bytes) -> list[bytes]:
    [count] = _SIZE.unpack_from(content)
    start, parts = _SIZE.size * (count + 1), []
    for position in range(1, count + 1):
        [size] = _SIZE.unpack_from(content, _SIZE.size * position)
        parts.append(content[start : start + size])
        start += size
    return parts
