"""Steps in a background thread: their lines stay together, and their errors are raised."""

import threading

import pytest

from scripts import console
from scripts.errors import UserError


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines printed so far."""
    lines: list[str] = []
    monkeypatch.setattr(console.console, "print", lambda line, **_: lines.append(line))
    return lines


def test_lines_of_the_background_appear_when_its_end_is_awaited(printed: list[str]) -> None:
    has_printed = threading.Event()

    def background() -> None:
        console.say("background [red]")
        has_printed.set()

    with console.in_background(background) as join:
        has_printed.wait(10)
        console.say("main")
        assert printed == ["main"]
        join()
    assert printed == ["main", r"background \[red]"]


def test_an_error_in_the_background_is_raised_after_its_lines(printed: list[str]) -> None:
    def background() -> None:
        with console.step("Pushing"):
            raise UserError("It rains", "wait")

    with console.in_background(background) as join, pytest.raises(UserError, match="It rains"):
        join()
    assert len(printed) == 1
    assert "✗" in printed[0] and "Pushing" in printed[0]


def test_an_error_of_the_block_counts(printed: list[str]) -> None:
    def background() -> None:
        raise UserError("Too late", "wait")

    with pytest.raises(UserError, match="First"), console.in_background(background):
        raise UserError("First", "wait")
    assert printed == []
