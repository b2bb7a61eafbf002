"""Three-way merge of two versions of an asset."""

from typing import Any

from scripts.assets.model.diff import ABSENT


def merge(base: Any, local: Any, remote: Any, field: str = "") -> tuple[Any, list[str]]:
    """`local` with the changes of `remote` since `base`, and the fields that both changed.

    Where both changed a field, the result has the remote value; the caller decides what to do.
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
    """Equal as YAML: 1 is not true, and an absent key is not null."""
    return one is other or (one == other and type(one) is type(other))
