"""What the commands print: steps with their times, in colour where there is a terminal."""

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
    """A running step; `note` is shown beside its name when it is done."""

    name: str
    remark: str = ""
    spinner: Status | None = None

    def note(self, remark: str) -> None:
        """Say in a few words what the step found or did."""
        self.remark = remark

    def progress(self, place: str) -> None:
        """Show on a terminal how far the step has come."""
        if self.spinner:
            self.spinner.update(f"{self.name}: {place}")

    def say(self, text: str) -> None:
        """Print a line while the step goes on."""
        console.print(text, markup=False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Without the spinner, so that a question can be asked."""
        if self.spinner:
            self.spinner.stop()
        yield
        if self.spinner:
            self.spinner.start()


@contextmanager
def step(name: str, output: bool = False) -> Iterator[Step]:
    """Print the name, run the block, print ✓ and the seconds (✗ where it fails).

    `output`: the block prints lines of its own, so no spinner must be drawn over them.
    """
    started = time.monotonic()
    spinner = console.status(name) if console.is_terminal and not output else None
    current = Step(name, spinner=spinner)
    if spinner:
        spinner.start()
    elif output:
        console.print(f"… {name}", markup=False)
    done = False
    try:
        yield current
        done = True
    finally:
        if spinner:
            spinner.stop()
        mark = "[green]✓[/]" if done else "[red]✗[/]"
        seconds = time.monotonic() - started
        line = f"{mark} {name:<34} [dim]{seconds:6.1f} s[/]"
        console.print(f"{line}  {current.remark}" if current.remark else line)


def say(text: str = "") -> None:
    """Print a line as it is."""
    console.print(text, markup=False)


def warn(text: str) -> None:
    """Print a line that deserves attention but stops nothing."""
    console.print(f"! {text}", style="yellow", markup=False)


def confirmed(question: str) -> bool:
    """Ask somebody at a terminal; where nobody can answer, the answer is no."""
    return sys.stdin.isatty() and click.confirm(question)
