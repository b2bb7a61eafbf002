"""The error whose message is meant for the caller of a function."""

import difflib
from collections.abc import Iterable

# SQLSTATE invalid_parameter_value.
INVALID = "22023"
MAX_LISTED = 30


class GlasshouseError(Exception):
    """Message, hint with the remedy, and the SQLSTATE that Postgres reports."""

    def __init__(self, message: str, hint: str = "", sqlstate: str = INVALID) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.sqlstate = sqlstate


def near_names(name: str, available: Iterable[str]) -> str:
    """A hint with the available names nearest to a wrong one, or with all when none is near."""
    available = sorted(available)
    near = difflib.get_close_matches(str(name), available, n=5, cutoff=0.5)
    if near:
        return f"Did you mean {', '.join(near)}?"
    if not available:
        return "There is nothing to choose from."
    more = ", …" if len(available) > MAX_LISTED else ""
    return f"Known: {', '.join(available[:MAX_LISTED])}{more}."


def count_rows(count: int) -> str:
    """A number of rows as text."""
    return "1 row" if count == 1 else f"{count} rows"
