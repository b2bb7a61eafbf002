"""Bringing a change made elsewhere into a file, and nothing but the change."""

from typing import Any

from scripts.assets.model.diff import ABSENT


def merge(base: Any, mine: Any, theirs: Any, field: str = "") -> tuple[Any, list[str]]:
    """`mine` with what `theirs` changed since `base`, and the fields that both changed.

    Where both changed one field, theirs is taken; the caller decides whether that may be.
    """
    if _same(mine, theirs) or _same(base, theirs):
        return mine, []
    if _same(base, mine):
        return theirs, []
    if isinstance(mine, dict) and isinstance(theirs, dict):
        merged, conflicts = {}, []
        known = base if isinstance(base, dict) else {}
        for key in dict.fromkeys([*theirs, *mine]):
            value, fields = merge(
                known.get(key, ABSENT),
                mine.get(key, ABSENT),
                theirs.get(key, ABSENT),
                f"{field}.{key}" if field else str(key),
            )
            conflicts += fields
            if value is not ABSENT:
                merged[key] = value
        return merged, conflicts
    return theirs, [field]


def _same(one: Any, other: Any) -> bool:
    """Equal in YAML's eyes: 1 is not true, and nothing is not null."""
    return one is other or (one == other and type(one) is type(other))
