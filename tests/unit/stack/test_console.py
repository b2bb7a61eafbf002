"""Steps in a background thread: their lines stay together, and their errors are raised."""

import os
import pty
import subprocess
import sys
import threading

import pytest

from scripts import console
from scripts.errors import UserError
from scripts.settings import ROOT


@pytest.fixture
def printed_lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines printed so far."""
    lines: list[str] = []
    monkeypatch.setattr(console.console, "print", lambda line, **_: lines.append(line))
    return lines


def test_background_lines_appear_at_end_of_block(printed_lines: list[str]) -> None:
    has_printed = threading.Event()

    def background() -> None:
        console.say("background [red]")
        has_printed.set()

    with console.in_background(background) as join:
        has_printed.wait(10)
        console.say("main")
        assert printed_lines == ["main"]
        join()
    assert printed_lines == ["main", r"background \[red]"]


def test_background_error_follows_its_lines(printed_lines: list[str]) -> None:
    def background() -> None:
        with console.step("Pushing"):
            raise UserError("It rains", "wait")

    with console.in_background(background) as join, pytest.raises(UserError, match="It rains"):
        join()
    assert len(printed_lines) == 1
    assert "✗" in printed_lines[0] and "Pushing" in printed_lines[0]


def test_error_of_block_takes_precedence(printed_lines: list[str]) -> None:
    def background() -> None:
        raise UserError("Too late", "wait")

    with pytest.raises(UserError, match="First"), console.in_background(background):
        raise UserError("First", "wait")
    assert printed_lines == []


STEP = "from scripts.console import step\nwith step('Waiting') as s: s.progress('still')\n"


@pytest.mark.parametrize(
    ("at_terminal", "environment"),
    [(False, {}), (False, {"FORCE_COLOR": "1"}), (True, {"TERM": ""}), (True, {"TERM": "dumb"})],
)
def test_progress_is_drawn_only_on_capable_terminal(
    at_terminal: bool, environment: dict[str, str]
) -> None:
    output = output_of(STEP, at_terminal, environment)
    assert output.count("Waiting") == 1
    assert "still" not in output
    assert ("\x1b" in output) is ("FORCE_COLOR" in environment)


def test_progress_is_drawn_on_terminal() -> None:
    assert "still" in output_of(STEP, True, {"TERM": "xterm"})


def output_of(code: str, at_terminal: bool, environment: dict[str, str]) -> str:
    """What Python prints into a pipe, or onto a terminal."""
    # A terminal keeps what was written until it is read, as a pipe does.
    reading, writing = pty.openpty() if at_terminal else os.pipe()
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=writing,
        check=True,
    )
    output = os.read(reading, 65_536).decode()
    os.close(reading)
    os.close(writing)
    return output
