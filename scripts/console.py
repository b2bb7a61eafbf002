"""Output of the commands: steps with their durations, in colour on a terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
from rich.console import Console
from rich.status import Status

console = Console(highlight=False, soft_wrap=True)


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
        console.print(text, markup=False)

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
    spinner = console.status(name) if console.is_terminal and not output else None
    current = Step(name, spinner=spinner)
    if spinner:
        spinner.start()
    elif output:
        console.print(f"… {name}", markup=False)
    succeeded = False
    try:
        yield current
        succeeded = True
    finally:
        if spinner:
            spinner.stop()
        print_step(name, time.monotonic() - started, current.remark, succeeded)


def print_step(name: str, seconds: float, remark: str = "", succeeded: bool = True) -> None:
    """Print the line of a step that has ended."""
    mark = "[green]✓[/]" if succeeded else "[red]✗[/]"
    line = f"{mark} {name:<34} [dim]{seconds:6.1f} s[/]"
    console.print(f"{line}  {remark}" if remark else line)


def say(text: str = "") -> None:
    """Print a line as it is."""
    console.print(text, markup=False)


def warn(text: str) -> None:
    """Print a warning; the command goes on."""
    console.print(f"! {text}", style="yellow", markup=False)


def confirm(question: str) -> bool:
    """Ask the user at a terminal; the answer is no where there is no terminal."""
    return sys.stdin.isatty() and click.confirm(question)
