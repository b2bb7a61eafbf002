"""From Superset to git: what was changed there, and nothing else."""

from dataclasses import dataclass, field

from scripts.assets import preset
from scripts.assets.bundle import FOLDER, placed, write_asset
from scripts.assets.check import sound_bundle
from scripts.assets.diff import Difference, changes
from scripts.assets.live import live_bundle, owned
from scripts.assets.merge import merge
from scripts.assets.model import Asset, Bundle
from scripts.assets.normalise import canonical
from scripts.assets.owned import record
from scripts.assets.pushed import last_pushed, remember
from scripts.assets.superset import Superset
from scripts.console import say, step, warn
from scripts.errors import UserError
from scripts.settings import Settings


@dataclass
class Plan:
    """What a pull would write, and what it cannot decide."""

    write: list[tuple[Difference, Asset]] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    gone: list[Asset] = field(default_factory=list)


def pull(settings: Settings, force: bool = False) -> bool:
    """Write what was changed in Superset into the files; False when nothing was."""
    git = sound_bundle(settings.root)
    # A wrong password is told in one line here; preset-cli would try another way to log in first.
    Superset(settings)
    with step("Exporting with preset-cli"):
        live = owned(live_bundle(preset.export(settings), settings), git)
    plan = plan_pull(git, live, last_pushed(settings))
    if plan.conflicts and not force:
        raise UserError(
            f"Changed both in git and in Superset: {'; '.join(plan.conflicts)}",
            "FORCE=1 make pull takes Superset's, FORCE=1 make push takes git's",
        )
    for _, asset in plan.write:
        write_asset(settings.root / FOLDER, asset)
    record(settings.root / FOLDER, [*git, *(asset for _, asset in plan.write)])
    remember(live, settings)
    for asset in plan.gone:
        warn(
            f"{asset} is not in Superset: remove {FOLDER}/{asset.path}, or make push to bring "
            "it back"
        )
    _tell(plan)
    return bool(plan.write)


def plan_pull(git: Bundle, live: Bundle, pushed: Bundle | None) -> Plan:
    """Compare three states: the files, the server, and what they last had in common."""
    plan = Plan()
    taken = {asset.path for asset in git}
    for now in live:
        mine = git.get(now.uuid)
        if mine is None:
            new = placed(now, live, taken)
            taken.add(new.path)
            plan.write.append((Difference(None, new), new))
            continue
        base = (pushed.get(now.uuid) if pushed else None) or mine
        data, conflicts = merge(base.data, mine.data, now.data)
        plan.conflicts += [f"{now}: {name}" for name in conflicts]
        changed = changes(mine.data, data)
        if changed:
            asset = Asset(mine.kind, canonical(mine.kind, data), mine.path)
            plan.write.append((Difference(mine, asset, tuple(changed)), asset))
    plan.gone = [asset for asset in git if asset.uuid not in live]
    return plan


def _tell(plan: Plan) -> None:
    """Say what was written in words that fit a commit message."""
    if not plan.write:
        say("Nothing to do: no change in Superset that git does not have.")
        return
    titles = list(dict.fromkeys(asset.title for _, asset in plan.write))
    shown = ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
    say(f"Bring in changes made in Superset: {shown}")
    say()
    for difference, asset in plan.write:
        say(f"- {difference}  ({FOLDER}/{asset.path})")
