"""Bringing a change made elsewhere into a file, and nothing but the change."""

from typing import Any

from scripts.assets.model.diff import ABSENT


def merge(base: Any, local: Any, remote: Any, field: str = "") -> tuple[Any, list[str]]:
    """`mine` with what `theirs` changed since `base`, and the fields that both changed.

    Where both changed one field, theirs is taken; the caller decides whether that may be.
    """
    if _same(local, remote) or _same(base, remote):
        return local, []
    if _same(base, local):
        return remote, []
    if isinstance(local, dict) and isinstance(remote, dict):
        merged, conflicts = {}, []
        base_fields = base if isinstance(base, dict) else {}
        for key in dict.fromkeys([*remote, *local]):
            value, fields = merge(
                base_fields.get(key, ABSENT),
                local.get(key, ABSENT),
                remote.get(key, ABSENT),
                f"{field}.{key}" if field else str(key),
            )
            conflicts += fields
            if value is not ABSENT:
                merged[key] = value
        return merged, conflicts
    return remote, [field]


def _same(one: Any, other: Any) -> bool:
    """Equal in YAML's eyes: 1 is not true, and nothing is not null."""
    return one is other or (one == other and type(one) is type(other))
