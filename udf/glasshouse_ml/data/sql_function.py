"""A call of an SQL function: an error for its caller leaves Python as a value.

PL/Python adds a traceback to each exception that leaves it. An expected error is therefore stored
in the session, and the SQL function around the Python code raises it with message, hint and
SQLSTATE: ml.raise_failure() in udf/registry/functions/failures.sql. Any other exception keeps its
traceback.
"""

from collections.abc import Callable, Iterator
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError

# The entry of a session that holds the columns of ml.failure().
FAILURE = "failure"


def call(session: dict, main: Callable[..., Any], *arguments: Any) -> Any:
    """The result of main(); None after an expected error."""
    session.pop(FAILURE, None)
    try:
        return main(*arguments)
    except GlasshouseError as error:
        session[FAILURE] = _columns(error)
        return None


def call_for_rows(session: dict, main: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    """The rows of main() as they are computed; after an expected error a last row that is None."""
    session.pop(FAILURE, None)
    try:
        yield from main(*arguments)
    except GlasshouseError as error:
        session[FAILURE] = _columns(error)
        yield None


def _columns(error: GlasshouseError) -> tuple[str, str | None, str]:
    return error.message, error.hint or None, error.sqlstate
