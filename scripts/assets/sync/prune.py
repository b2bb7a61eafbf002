"""Removing from Superset what git once held and no longer does, and nothing else."""

from collections.abc import Set
from dataclasses import dataclass, field

from scripts.assets.access.apply import withdraw
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import ACCESS_KINDS
from scripts.assets.sync.last_push import last_pushed, one_at_a_time, remember
from scripts.assets.sync.live import needs
from scripts.assets.sync.state import Observed, compared
from scripts.console import say, warn
from scripts.errors import UserError
from scripts.settings import Settings

# What uses another goes before it.
ORDER = ("users", "filters", "access", "dashboards", "roles", "charts", "datasets", "databases")


@dataclass
class Pruning:
    """What would be removed, and what would be but for a reason."""

    remove: list[Asset] = field(default_factory=list)
    keep: list[tuple[Asset, str]] = field(default_factory=list)


def prune(settings: Settings, act: bool = False, theirs_lost: bool = False) -> bool:
    """Show what git no longer holds (`act`: remove it); False when there is no such thing.

    `theirs_lost`: also what somebody has changed in Superset since the last push.
    """
    with one_at_a_time(settings):
        git, seen = compared(settings, strangers=True)
        pushed = last_pushed(settings)
        found = plan_prune(git, seen.everything, pushed, seen.ever, theirs_lost)
        for asset, reason in found.keep:
            warn(f"{asset} stays: {reason}")
        if not found.remove:
            say("Nothing to prune: Superset holds nothing that this repository has given up.")
        elif act:
            _remove(seen, found.remove, pushed or Bundle())
        else:
            for asset in found.remove:
                say(f"- {asset}")
            say(f"{len(found.remove)} to remove from Superset. YES=1 make prune removes them.")
    return bool(found.remove)


def plan_prune(
    git: Bundle,
    live: Bundle,
    pushed: Bundle | None,
    ever: Set[str],
    theirs_lost: bool = False,
) -> Pruning:
    """Choose among the live assets: only those on the list, and nothing that others need."""
    candidates = live.only({asset.uuid for asset in live if asset.uuid in ever} - _uuids(git))
    found = Pruning()
    for asset in candidates:
        before = pushed.get(asset.uuid) if pushed else None
        if before and before.data != asset.data and not theirs_lost:
            found.keep.append(
                (asset, "changed in Superset since the last push; FORCE=1 removes it all the same")
            )
    # What is kept needs its own parts in turn: look again until nothing more is kept.
    while True:
        kept = {asset.uuid for asset, _ in found.keep}
        staying = [a for a in live if a.uuid not in candidates or a.uuid in kept]
        needed = {uuid: user for user in staying for uuid in needs(user)}
        more = [a for a in candidates if a.uuid in needed and a.uuid not in kept]
        if not more:
            break
        found.keep += [(asset, _used_by(needed[asset.uuid], git)) for asset in more]
    found.remove = sorted(
        (asset for asset in candidates if asset.uuid not in kept),
        key=lambda asset: (ORDER.index(asset.kind), asset.title),
    )
    return found


def _used_by(user: Asset, git: Bundle) -> str:
    return f"{user} in Superset uses it" + ("; make push first" if user.uuid in git else "")


def _remove(seen: Observed, doomed: list[Asset], pushed: Bundle) -> None:
    """Remove one after another; where one cannot be, say what is gone and what is not."""
    done: list[Asset] = []
    try:
        for asset in doomed:
            _remove_one(seen, asset)
            done.append(asset)
            say(f"  removed {asset}")
    except UserError as error:
        rest = ", ".join(map(str, doomed[len(done) :]))
        raise UserError(
            f"{error.problem}; {len(done)} removed, still there: {rest}",
            error.remedy + ", then YES=1 make prune again",
        ) from None
    finally:
        remember(pushed.only(_uuids(pushed) - _uuids(done)), seen.settings)
    say(f"{len(done)} removed from Superset.")


def _remove_one(seen: Observed, asset: Asset) -> None:
    if asset.kind in ACCESS_KINDS:
        if seen.server:
            withdraw(asset, seen.server, seen.superset)
        return
    resource = asset.kind.removesuffix("s")
    number = seen.superset.number(resource, asset.uuid)
    if number is not None:
        seen.superset.delete(resource, number)


def _uuids(assets: Bundle | list[Asset]) -> set[str]:
    return {asset.uuid for asset in assets}
