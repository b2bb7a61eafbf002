"""Output of the commands: steps with their durations, in colour on a terminal."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import click
from rich.console import Console
from rich.markup import escape
from rich.status import Status

# Values of TERM that stand for a terminal without colours and without a movable cursor.
PLAIN_TERMINALS = ("", "dumb", "unknown")


def make_console() -> Console:
    """Colours at a terminal that has them, or where FORCE_COLOR asks for them."""
    plain = sys.stdout.isatty() and os.environ.get("TERM", "") in PLAIN_TERMINALS
    return Console(highlight=False, soft_wrap=True, force_terminal=False if plain else None)


console = make_console()


class _ThreadOutput(threading.local):
    """The lines of a background thread; None in the main thread, which prints at once."""

    lines: list[str] | None = None


_output = _ThreadOutput()


@dataclass
class Step:
    """A running step; `remark` is printed beside its name when it ends."""

    name: str
    remark: str = ""
    spinner: Status | None = None

    def note(self, remark: str) -> None:
        """Set the remark: the result of the step in a few words."""
        self.remark = remark

    def progress(self, detail: str) -> None:
        """Show on a terminal what the step is working on."""
        if self.spinner:
            self.spinner.update(f"{self.name}: {detail}")

    def say(self, text: str) -> None:
        """Print a line while the step goes on."""
        say(text)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hide the spinner, so that the user can answer a question."""
        if self.spinner:
            self.spinner.stop()
        yield
        if self.spinner:
            self.spinner.start()


@contextmanager
def step(name: str, output: bool = False) -> Iterator[Step]:
    """Print the name, run the block, then print ✓ and the seconds (✗ if the block fails).

    Set `output` if the block prints lines of its own: a spinner would overwrite them.
    """
    started = time.monotonic()
    # FORCE_COLOR makes a log file a terminal for rich, but a spinner would fill it.
    can_draw = console.is_terminal and sys.stdout.isatty()
    has_spinner = can_draw and not output and _output.lines is None
    spinner = console.status(name) if has_spinner else None
    current = Step(name, spinner=spinner)
    if spinner:
        spinner.start()
    elif output:
        say(f"… {name}")
    succeeded = False
    try:
        yield current
        succeeded = True
    finally:
        if spinner:
            spinner.stop()
        mark = "[green]✓[/]" if succeeded else "[red]✗[/]"
        line = f"{mark} {name:<34} [dim]{time.monotonic() - started:6.1f} s[/]"
        _print(f"{line}  {current.remark}" if current.remark else line)


@contextmanager
def in_background(function: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Run `function` in a thread during the block; yields a function that waits for its end.

    The lines that `function` prints appear together when its end is awaited, so that they do not
    mix with the lines of the block. An exception of `function` is raised there. If the block fails,
    its own exception counts.
    """
    lines: list[str] = []

    def run() -> None:
        _output.lines = lines
        function()

    with ThreadPoolExecutor(max_workers=1) as executor:
        future = executor.submit(run)

        def join() -> None:
            error = future.exception()
            for line in lines:
                console.print(line)
            if error:
                raise error

        yield join


def _print(markup: str) -> None:
    if _output.lines is None:
        console.print(markup)
    else:
        _output.lines.append(markup)


def say(text: str = "") -> None:
    """Print a line as it is."""
    _print(escape(text))


def warn(text: str) -> None:
    """Print a warning; the command goes on."""
    _print(f"[yellow]! {escape(text)}[/]")


def confirm(question: str) -> bool:
    """Ask the user at a terminal; the answer is no where there is no terminal."""
    return sys.stdin.isatty() and click.confirm(question)
