"""Checks of values that arrive as JSON, and the limits they share."""

from collections.abc import Iterable
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names

# The largest absolute value of a number in the data. Most trees compare values as float32, which
# ends at 3.4e38; the distance leaves room for the sums and midpoints that they compute.
MAX_ABSOLUTE_VALUE = 1e38
# The largest absolute value of a number in an argument: its square is a finite float64.
_MAX_ARGUMENT = 1e150
MAX_NAME_LENGTH = 200


def check_keys(keys: Iterable[str], allowed: Any, place: str) -> None:
    """Refuse a key of a JSON object that is not allowed there."""
    for name in keys:
        if name not in allowed:
            raise GlasshouseError(f"{place} has no entry {name!r}.", near_names(name, allowed))


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number within the limits; true and false are not."""
    is_numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_numeric and abs(value) <= _MAX_ARGUMENT


def is_whole_number(value: Any) -> bool:
    """Whether a JSON value is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)
