"""Differences between two versions of an asset, field by field, as readable text."""

import re
from dataclasses import dataclass
from typing import Any

from scripts.assets.model.asset import Asset, Bundle

ABSENT = object()
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONG = 60
# How much of what is equal stands before the first difference.
_CONTEXT = 15
_NAMES = ("column_name", "metric_name", "label", "name")


@dataclass(frozen=True)
class Change:
    """One field that differs; `old` or `new` is ABSENT where the field is not there."""

    field: str
    old: Any
    new: Any

    def with_titles(self, titles: dict[str, str]) -> "Change":
        """The same change with titles in place of uuids."""
        field = _UUID.sub(lambda match: titles.get(match[0], match[0]), self.field)
        return Change(field, _titled(self.old, titles), _titled(self.new, titles))

    def __str__(self) -> str:
        if self.old is ABSENT:
            return f"{self.field}: {_shown(self.new)} added"
        if self.new is ABSENT:
            return f"{self.field}: {_shown(self.old)} removed"
        old, new = _shown_pair(self.old, self.new)
        return f"{self.field}: {old} → {new}"


@dataclass(frozen=True)
class Difference:
    """The change that turns one asset from `old` into `new`."""

    old: Asset | None
    new: Asset | None
    changes: tuple[Change, ...] = ()

    @property
    def asset(self) -> Asset:
        """The asset, with its newer name."""
        asset = self.new or self.old
        assert asset is not None
        return asset

    def __str__(self) -> str:
        if self.old is None:
            return f"new {self.asset}"
        if self.new is None:
            return f"{self.asset} is gone"
        return f"{self.asset}: {summary(self.changes)}"


def differences(old: Bundle, new: Bundle) -> list[Difference]:
    """Every asset that differs between two bundles, in the order of the files."""
    result, titles = [], old.titles() | new.titles()
    for uuid in dict.fromkeys([*(a.uuid for a in new), *(a.uuid for a in old)]):
        before, after = old.get(uuid), new.get(uuid)
        if before is None or after is None:
            result.append(Difference(before, after))
        elif before.data != after.data:
            result.append(Difference(before, after, readable_changes(before, after, titles)))
    return result


def readable_changes(before: Asset, after: Asset, titles: dict[str, str]) -> tuple[Change, ...]:
    """The fields that differ between two versions of an asset, with titles instead of uuids."""
    return tuple(each.with_titles(titles) for each in changes(before.data, after.data))


def changes(old: Any, new: Any, field: str = "") -> list[Change]:
    """The fields, however deep, that differ; a list is one field, unless its items have names."""
    if old == new and type(old) is type(new):
        return []
    items = _by_name(old), _by_name(new)
    if None not in items:
        # The same items in another order are a difference too.
        return changes(*items, field) or [Change(field, *(list(each or ()) for each in items))]
    if _nameless(old) and _nameless(new) and len(old) == len(new):
        result = []
        for place, (before, after) in enumerate(zip(old, new, strict=True), start=1):
            result += changes(before, after, f"{field}.{place}")
        return result
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [Change(field, old, new)]
    result = []
    for key in dict.fromkeys([*old, *new]):
        name = f"{field}.{key}" if field else str(key)
        result += changes(old.get(key, ABSENT), new.get(key, ABSENT), name)
    return result


def _nameless(items: Any) -> bool:
    """Whether it is a list of mappings without names, such as filters, identified by position."""
    return isinstance(items, list) and all(
        isinstance(each, dict) and each.keys().isdisjoint(_NAMES) for each in items
    )


def _by_name(items: Any) -> dict[str, Any] | None:
    """Columns, metrics and filters by name; None for anything else."""
    for key in _NAMES:
        if isinstance(items, list) and all(
            isinstance(each, dict) and key in each for each in items
        ):
            by_key = {str(item[key]): item for item in items}
            # An empty list has no names, and a duplicate name would hide an item.
            return by_key if items and len(by_key) == len(items) else None
    return None


def summary(changed: tuple[Change, ...]) -> str:
    """The changes in one line: the layout as a count, the others by name."""
    layout = [change for change in changed if change.field.startswith("position.")]
    others = [str(change) for change in changed if not change.field.startswith("position.")]
    if layout:
        parts = {change.field.split(".")[1] for change in layout}
        others.append(f"layout ({len(parts)} component{'s' * (len(parts) != 1)})")
    return "; ".join(others[:6]) + (f"; {len(others) - 6} more fields" if len(others) > 6 else "")


def _titled(value: Any, titles: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {titles.get(key, key): _titled(item, titles) for key, item in value.items()}
    if isinstance(value, list):
        return [_titled(item, titles) for item in value]
    return titles.get(value, value) if isinstance(value, str) else value


def _shown(value: Any) -> str:
    return _cut(_one_line(value), 0)


def _shown_pair(old: Any, new: Any) -> tuple[str, str]:
    """Both values, each cut to a window that holds the first difference."""
    before, after = _one_line(old), _one_line(new)
    if before == after:
        # Only blanks or line breaks differ, which one line does not show.
        before, after = repr(old), repr(new)
    equal = (one == other for one, other in zip(before, after, strict=False))
    shorter = min(len(before), len(after))
    start = next((place for place, same in enumerate(equal) if not same), shorter) - _CONTEXT
    return _cut(before, start), _cut(after, start)


def _one_line(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return " ".join(text.split())


def _cut(text: str, start: int) -> str:
    """At most _LONG characters of a text, from the start where that shows enough."""
    if len(text) <= _LONG:
        return text
    if start + _CONTEXT < _LONG - 1 - _CONTEXT:
        return text[: _LONG - 1] + "…"
    cut = text[start : start + _LONG - 2]
    return f"…{cut}{'…' * (start + len(cut) < len(text))}"
