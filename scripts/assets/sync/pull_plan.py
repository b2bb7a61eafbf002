"""The plan of a pull: a three-way merge of every asset, and the files of new dependencies."""

from collections.abc import Set
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.assets.access.file import BUILT_IN, FILE, canonical_entry
from scripts.assets.files.bundle import FOLDER, with_path
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.diff import Difference, changes, readable_changes
from scripts.assets.model.fields import ENTRY_KINDS, KINDS
from scripts.assets.model.layout import without_charts
from scripts.assets.model.merge import merge
from scripts.assets.model.normalise import canonical
from scripts.assets.sync.server_assets import managed_assets


@dataclass
class PullPlan:
    """The assets that a pull writes and removes, and the conflicts."""

    git: Bundle
    removed: list[Asset] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    written: dict[str, Asset] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)

    @property
    def write(self) -> list[Difference]:
        """Every asset that is written, compared with its version in git."""
        titles = self.git.titles() | Bundle(self.written).titles()
        return [
            Difference(local, asset, readable_changes(local, asset, titles) if local else ())
            for uuid, asset in self.written.items()
            for local in [self.git.get(uuid)]
        ]

    def touched(self) -> list[Asset]:
        """Every asset that is written or removed."""
        return [*self.written.values(), *self.removed]

    def result(self) -> Bundle:
        """The assets of git after the pull."""
        removed_uuids = {asset.uuid for asset in self.removed}
        remaining = self.git.only({asset.uuid for asset in self.git} - removed_uuids)
        return remaining | Bundle(self.written)

    def summary(self) -> str:
        """A summary that fits as a commit message; "" where there is no change."""
        if not self:
            return ""
        titles = list(dict.fromkeys(asset.title for asset in self.touched()))
        titles_text = ", ".join(titles[:3]) + (
            f" and {len(titles) - 3} others" if len(titles) > 3 else ""
        )
        lines = [f"- {each}  ({FOLDER}/{each.asset.path})" for each in self.write]
        lines += [f"- removed {asset}  ({FOLDER}/{asset.path})" for asset in self.removed]
        return "\n".join([f"Pull changes made in Superset: {titles_text}", "", *lines])


def removed_on_server(git: Bundle, server: Bundle, pushed: Bundle | None) -> list[Asset]:
    """Assets of git that were in Superset after the last push and are no longer there.

    A server without any managed asset is a new one, and nothing counts as removed.
    """
    if pushed is None or not any(asset.uuid in server for asset in git.kinds(KINDS)):
        return []
    return [asset for asset in git if asset.uuid in pushed and asset.uuid not in server]


def plan_pull(
    git: Bundle,
    server: Bundle,
    pushed: Bundle | None,
    removed: list[Asset] | None = None,
    imported: Bundle | None = None,
    removed_from_git: Set[str] = frozenset(),
) -> PullPlan:
    """Merge three states: the files, the server, and the last push.

    `removed`: assets whose files are deleted, as they were in Superset. `imported`: assets to
    import with their dependencies. `removed_from_git`: identities that git no longer contains; they
    are not written again while they wait for a prune.
    """
    plan = PullPlan(git, removed or [])
    removed_uuids = {asset.uuid for asset in plan.removed}
    for local in git:
        remote, base = server.get(local.uuid), pushed.get(local.uuid) if pushed else None
        if local.uuid in removed_uuids:
            if base and base.data != local.data:
                plan.conflicts.append(f"{local}: changed here and removed there")
        elif remote is not None:
            _merge(plan, local, remote, base)
    for dashboard in plan.result().kind("dashboards"):
        position = without_charts(dashboard.data["position"], removed_uuids)
        if position != dashboard.data["position"]:
            _write(plan, dashboard, dashboard.data | {"position": position})
    _add_required(plan, server, imported or Bundle(), removed_from_git)
    return plan


def _merge(plan: PullPlan, local: Asset, remote: Asset, base: Asset | None) -> None:
    base = base or local
    data, conflicts = merge(base.data, local.data, remote.data)
    plan.conflicts += [f"{remote}: {name}" for name in conflicts]
    if changes(local.data, data):
        _write(plan, local, data)


def _write(plan: PullPlan, local: Asset, data: dict[str, Any]) -> None:
    canonical_form = canonical_entry if local.kind in ENTRY_KINDS else canonical
    plan.written[local.uuid] = replace(local, data=canonical_form(local.kind, data))


def _add_required(
    plan: PullPlan, server: Bundle, imported: Bundle, removed_from_git: Set[str]
) -> None:
    """Add files for new dependencies of managed dashboards, and entries for their roles."""
    managed = plan.result() | imported
    required = managed_assets(server | managed, managed).kinds(KINDS)
    taken_paths = {asset.path for asset in plan.result()}
    for asset in required:
        if asset.uuid in server and asset.uuid not in plan.result():
            new = with_path(asset, required, taken_paths)
            taken_paths.add(new.path)
            plan.written[new.uuid] = new
    for entry in server.kinds(ENTRY_KINDS):
        if (
            entry.kind != "roles"
            and entry.uuid not in plan.git
            and entry.uuid not in removed_from_git
        ):
            plan.written[entry.uuid] = replace(entry, path=FILE)
    role_names = {role for entry in plan.result() for role in _roles(entry)}
    for role in server.kind("roles"):
        if role.title in role_names and role.title not in BUILT_IN and role.uuid not in plan.git:
            plan.written[role.uuid] = replace(role, path=FILE)


def _roles(entry: Asset) -> list[str]:
    return entry.data.get("roles", []) if entry.kind in ENTRY_KINDS else []
