"""Deciding what a pull writes: three states of every asset, and what they need of one another."""

from collections.abc import Set
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.assets.access.file import BUILT_IN, FILE, canonical_entry
from scripts.assets.files.bundle import FOLDER, placed
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.diff import Difference, changes, told
from scripts.assets.model.fields import ACCESS_KINDS, KINDS
from scripts.assets.model.layout import without_charts
from scripts.assets.model.merge import merge
from scripts.assets.model.normalise import canonical
from scripts.assets.sync.live import owned


@dataclass
class Pulling:
    """What a pull would write and remove, and what it cannot decide."""

    git: Bundle
    gone: list[Asset] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    written: dict[str, Asset] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.written or self.gone)

    @property
    def write(self) -> list[Difference]:
        """Every asset that is written, against what git has of it."""
        titles = self.git.titles() | Bundle(self.written).titles()
        return [
            Difference(mine, asset, told(mine, asset, titles) if mine else ())
            for uuid, asset in self.written.items()
            for mine in [self.git.get(uuid)]
        ]

    def touched(self) -> list[Asset]:
        """Every asset that is written or removed."""
        return [*self.written.values(), *self.gone]

    def result(self) -> Bundle:
        """What git holds after it."""
        lost = {asset.uuid for asset in self.gone}
        kept = self.git.only({asset.uuid for asset in self.git} - lost)
        return kept | Bundle(self.written)

    def summary(self) -> str:
        """What it does, in words that fit a commit message; "" where it does nothing."""
        if not self:
            return ""
        titles = list(dict.fromkeys(asset.title for asset in self.touched()))
        shown = ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
        lines = [f"- {each}  ({FOLDER}/{each.asset.path})" for each in self.write]
        lines += [f"- removed {asset}  ({FOLDER}/{asset.path})" for asset in self.gone]
        return "\n".join([f"Bring in changes made in Superset: {shown}", "", *lines])


def removed_there(git: Bundle, live: Bundle, pushed: Bundle | None) -> list[Asset]:
    """What git holds and Superset showed after the last push, and does not show any more.

    A server that shows nothing of ours is a new one: nobody has removed all of it one by one.
    """
    if pushed is None or not any(asset.uuid in live for asset in git.kinds(KINDS)):
        return []
    return [asset for asset in git if asset.uuid in pushed and asset.uuid not in live]


def plan_pull(
    git: Bundle,
    live: Bundle,
    pushed: Bundle | None,
    gone: list[Asset] | None = None,
    adopted: Bundle | None = None,
    given_up: Set[str] = frozenset(),
) -> Pulling:
    """Compare three states: the files, the server, and what they last had in common.

    `gone`: what shall be removed here, as it was there. `adopted`: what shall become ours, with all
    that it needs. `given_up`: what git once held and no longer does; it is not brought back while
    it stands on the server only until the next prune.
    """
    found = Pulling(git, gone or [])
    lost = {asset.uuid for asset in found.gone}
    for mine in git:
        now, before = live.get(mine.uuid), pushed.get(mine.uuid) if pushed else None
        if mine.uuid in lost:
            if before and before.data != mine.data:
                found.conflicts.append(f"{mine}: changed here and removed there")
        elif now is not None:
            _merge(found, mine, now, before)
    for dashboard in found.result().kind("dashboards"):
        position = without_charts(dashboard.data["position"], lost)
        if position != dashboard.data["position"]:
            _write(found, dashboard, dashboard.data | {"position": position})
    _take_in(found, live, adopted or Bundle(), given_up)
    return found


def _merge(found: Pulling, mine: Asset, now: Asset, before: Asset | None) -> None:
    base = before or mine
    data, conflicts = merge(base.data, mine.data, now.data)
    found.conflicts += [f"{now}: {name}" for name in conflicts]
    if changes(mine.data, data):
        _write(found, mine, data)


def _write(found: Pulling, mine: Asset, data: dict[str, Any]) -> None:
    form = canonical_entry if mine.kind in ACCESS_KINDS else canonical
    found.written[mine.uuid] = replace(mine, data=form(mine.kind, data))


def _take_in(found: Pulling, live: Bundle, adopted: Bundle, given_up: Set[str]) -> None:
    """Give a file to what our dashboards have come to need, and to who has come to see them."""
    ours = found.result() | adopted
    needed = owned(live | ours, ours).kinds(KINDS)
    taken = {asset.path for asset in found.result()}
    for asset in needed:
        if asset.uuid in live and asset.uuid not in found.result():
            new = placed(asset, needed, taken)
            taken.add(new.path)
            found.written[new.uuid] = new
    for entry in live.kinds(ACCESS_KINDS):
        if entry.kind != "roles" and entry.uuid not in found.git and entry.uuid not in given_up:
            found.written[entry.uuid] = replace(entry, path=FILE)
    named = {role for entry in found.result() for role in _roles(entry)}
    for role in live.kind("roles"):
        if role.title in named and role.title not in BUILT_IN and role.uuid not in found.git:
            found.written[role.uuid] = replace(role, path=FILE)


def _roles(entry: Asset) -> list[str]:
    return entry.data.get("roles", []) if entry.kind in ACCESS_KINDS else []
