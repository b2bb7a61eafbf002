"""The error whose message is meant for the caller of a function."""

import difflib
import json
from collections.abc import Iterable
from typing import Any

# SQLSTATE invalid_parameter_value.
INVALID = "22023"
MAX_LISTED = 30
# What a library raises for data or parameters that it cannot work with.
LIBRARY_ERRORS = (
    ArithmeticError, AttributeError, LookupError, NameError, RuntimeError, StopIteration, TypeError,
    ValueError,
)  # fmt: skip
# Letters of a message, and of a value inside a message. Values of megabytes reach some messages.
MAX_MESSAGE, MAX_VALUE = 1_000, 100


class GlasshouseError(Exception):
    """Message, hint with the remedy, and the SQLSTATE that Postgres reports."""

    def __init__(self, message: str, hint: str = "", sqlstate: str = INVALID) -> None:
        self.message = shorten(message, MAX_MESSAGE)
        super().__init__(self.message)
        self.hint = shorten(hint, MAX_MESSAGE)
        self.sqlstate = sqlstate


def one_line(error: Exception) -> str:
    """The error of a library in one line.

    scikit-learn explains an error in the first paragraph; the rest is documentation.
    """
    return " ".join(str(error).split("\n\n")[0].split()) or type(error).__name__


def shorten(text: str, length: int = MAX_VALUE) -> str:
    """The text in at most `length` letters: its beginning and its end where it is longer."""
    if len(text) <= length:
        return text
    end = length // 4
    return f"{text[: length - end - 3]} … {text[-end:]}"


def shown(value: Any) -> str:
    """A JSON value as text for a message, shortened."""
    return shorten(json.dumps(value))


def near_names(name: str, available: Iterable[str]) -> str:
    """A hint with the available names nearest to a wrong one, or with all when none is near."""
    available = sorted(available)
    near = difflib.get_close_matches(str(name)[:MAX_VALUE], available, n=5, cutoff=0.5)
    if near:
        return f"Did you mean {', '.join(near)}?"
    if not available:
        return "There is nothing to choose from."
    more = ", …" if len(available) > MAX_LISTED else ""
    return f"Known: {', '.join(available[:MAX_LISTED])}{more}."


def count_rows(count: int) -> str:
    """A number of rows as text."""
    return "1 row" if count == 1 else f"{count} rows"
