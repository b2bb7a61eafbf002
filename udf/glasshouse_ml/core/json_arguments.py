"""Arguments of type jsonb, which PL/Python hands over as text."""

import json
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError

# What an argument can mean is at most five levels deep.
MAX_DEPTH = 20


def parse_json(text: str | None, name: str) -> Any:
    """The value of the argument `name`; None where it is NULL."""
    # Values come from jsonb, so they are well-formed already.
    if text is None:
        return None
    try:
        value = json.loads(text)
        is_deep = _depth(value) > MAX_DEPTH
    except RecursionError:
        is_deep = True
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        raise GlasshouseError(f"{name} holds a number of thousands of digits.") from None
    if is_deep:
        raise GlasshouseError(
            f"{name} is nested more than {MAX_DEPTH} levels deep.",
            "Lists and objects inside one another count as a level each.",
        )
    return value


def _depth(value: Any) -> int:
    """The levels of lists and objects inside one another."""
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, (dict, list)) else 0


def json_object(text: str | None, name: str) -> dict[str, Any]:
    """The object that the argument `name` holds; empty where it is NULL."""
    value = parse_json(text, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise GlasshouseError(
            f"{name} is no JSON object.", f'Write {name} => \'{{"name": "value"}}\'.'
        )
    return value
