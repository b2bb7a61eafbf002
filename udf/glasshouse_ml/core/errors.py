"""The one error meant for the person who called a function."""

import difflib
from collections.abc import Iterable

# SQLSTATE invalid_parameter_value: what was asked for cannot be done.
INVALID = "22023"
MAX_LISTED = 30


class GlasshouseError(Exception):
    """What happened, what to do next, and the SQLSTATE under which Postgres reports it."""

    def __init__(self, message: str, hint: str = "", sqlstate: str = INVALID) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.sqlstate = sqlstate


def near_names(name: str, known: Iterable[str]) -> str:
    """A hint that lists the known names nearest to a wrong one, or all when none is near."""
    known = sorted(known)
    near = difflib.get_close_matches(str(name), known, n=5, cutoff=0.5)
    if near:
        return f"Did you mean {', '.join(near)}?"
    if not known:
        return "There is nothing to choose from."
    more = ", …" if len(known) > MAX_LISTED else ""
    return f"Known: {', '.join(known[:MAX_LISTED])}{more}."


def count_rows(count: int) -> str:
    """A number of rows in words."""
    return "1 row" if count == 1 else f"{count} rows"
