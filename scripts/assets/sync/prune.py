"""Removing from Superset what git once held and no longer does, and nothing else."""

from collections.abc import Set
from dataclasses import dataclass, field

from scripts.assets.access.apply import remove_entry
from scripts.assets.client.annotation_layers import remove_layer
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import ENTRY_KINDS
from scripts.assets.sync.last_push import exclusive, last_pushed, save_last_push
from scripts.assets.sync.rest import RESOURCES, number_of
from scripts.assets.sync.server_assets import dependencies
from scripts.assets.sync.state import ServerState, read_both
from scripts.console import say, warn
from scripts.errors import UserError
from scripts.settings import Settings

# Dependents are removed before what they depend on.
ORDER = (
    *("alerts", "users", "filters", "access", "dashboards", "roles", "charts"),
    *("annotation_layers", "queries", "datasets", "databases"),
)


@dataclass
class PrunePlan:
    """The assets to remove, and the assets to keep with the reason."""

    remove: list[Asset] = field(default_factory=list)
    keep: list[tuple[Asset, str]] = field(default_factory=list)


def prune(settings: Settings, confirm: bool = False, force: bool = False) -> bool:
    """Show what git no longer contains (`confirm`: remove it); False when there is nothing.

    `force`: also assets that were changed in Superset since the last push.
    """
    with exclusive(settings):
        git, state = read_both(settings, unmanaged=True)
        pushed = last_pushed(settings)
        plan = plan_prune(git, state.all_assets, pushed, state.previously_managed, force)
        for asset, reason in plan.keep:
            warn(f"{asset} stays: {reason}")
        if not plan.remove:
            say("Nothing to prune: every managed asset in Superset is in git.")
        elif confirm:
            _remove(state, plan.remove, pushed or Bundle())
        else:
            for asset in plan.remove:
                say(f"- {asset}")
            say(f"{len(plan.remove)} to remove from Superset. YES=1 make prune removes them.")
    return bool(plan.remove)


def plan_prune(
    git: Bundle,
    server: Bundle,
    pushed: Bundle | None,
    previously_managed: Set[str],
    force: bool = False,
) -> PrunePlan:
    """Choose the assets to remove: previously managed ones that nothing else depends on."""
    candidates = server.only(
        {asset.uuid for asset in server if asset.uuid in previously_managed} - _uuids(git)
    )
    plan = PrunePlan()
    for asset in candidates:
        base = pushed.get(asset.uuid) if pushed else None
        if base and base.data != asset.data and not force:
            plan.keep.append(
                (asset, "changed in Superset since the last push; FORCE=1 removes it anyway")
            )
    # Kept assets have dependencies in turn, so this repeats until nothing more is kept.
    while True:
        kept_uuids = {asset.uuid for asset, _ in plan.keep}
        staying = [a for a in server if a.uuid not in candidates or a.uuid in kept_uuids]
        needed = {uuid: user for user in staying for uuid in dependencies(user)}
        newly_kept = [a for a in candidates if a.uuid in needed and a.uuid not in kept_uuids]
        if not newly_kept:
            break
        plan.keep += [(asset, _used_by(needed[asset.uuid], git)) for asset in newly_kept]
    plan.remove = sorted(
        (asset for asset in candidates if asset.uuid not in kept_uuids),
        key=lambda asset: (ORDER.index(asset.kind), asset.title),
    )
    return plan


def _used_by(user: Asset, git: Bundle) -> str:
    return f"{user} in Superset uses it" + ("; make push first" if user.uuid in git else "")


def _remove(state: ServerState, assets: list[Asset], pushed: Bundle) -> None:
    """Remove the assets one by one; an error lists what was removed and what was not."""
    removed: list[Asset] = []
    try:
        for asset in assets:
            _remove_one(state, asset)
            removed.append(asset)
            say(f"  removed {asset}")
    except UserError as error:
        pending = ", ".join(map(str, assets[len(removed) :]))
        raise UserError(
            f"{error.problem}; {len(removed)} removed, still there: {pending}",
            error.remedy + ", then YES=1 make prune again",
        ) from None
    finally:
        save_last_push(pushed.only(_uuids(pushed) - _uuids(removed)), state.settings)
    say(f"{len(removed)} removed from Superset.")


def _remove_one(state: ServerState, asset: Asset) -> None:
    if asset.kind in ENTRY_KINDS:
        if state.server:
            remove_entry(asset, state.server, state.superset)
        return
    number = number_of(asset, state)
    if number is not None and asset.kind == "annotation_layers":
        remove_layer(state.superset, number)
    elif number is not None:
        state.superset.delete(RESOURCES[asset.kind], number)


def _uuids(assets: Bundle | list[Asset]) -> set[str]:
    return {asset.uuid for asset in assets}
