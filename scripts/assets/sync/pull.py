"""From Superset to git: what was changed there, and nothing else."""

from pathlib import Path

from scripts.assets.access.file import write_access
from scripts.assets.checks.static import find_problems
from scripts.assets.files.branch import commit_on, require_clean
from scripts.assets.files.bundle import FOLDER, Files, write_asset
from scripts.assets.files.managed import record
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import ACCESS_KINDS, KINDS
from scripts.assets.sync.last_push import given_up, last_pushed, one_at_a_time, remember
from scripts.assets.sync.live import owned
from scripts.assets.sync.pull_plan import Pulling, plan_pull, removed_there
from scripts.assets.sync.state import compared
from scripts.assets.sync.unmanaged import adopted, strangers
from scripts.console import confirm, say, warn
from scripts.errors import UserError
from scripts.settings import Settings


def pull(
    settings: Settings,
    ours_lost: bool = False,
    yes: bool = False,
    adopt: str = "",
    branch: str = "",
) -> bool:
    """Write what was changed in Superset into the files; False when nothing was.

    `ours_lost`: where both changed a field, take Superset's. `yes`: remove here what was removed
    there. `adopt`: a dashboard to take in, with all it needs. `branch`: commit it there instead.
    """
    if branch:
        require_clean(settings.root, branch)
    with one_at_a_time(settings):
        git, seen = compared(settings, strangers=bool(adopt))
        seen.look()
        new = adopted(adopt, seen.assets, git) if adopt else Bundle()
        live, pushed = seen.ours | owned(seen.assets, new), last_pushed(settings)
        removed = removed_there(git, live, pushed)
        gone = removed if yes or (removed and confirm(_question(removed))) else []
        found = plan_pull(git, live | new, pushed, gone, new, seen.ever)
        if found.conflicts and not ours_lost:
            raise UserError(
                f"Changed both in git and in Superset: {'; '.join(found.conflicts)}",
                "FORCE=1 make pull takes Superset's, FORCE=1 make push takes git's",
            )
        _require_sound(found)
        if branch and found:
            commit_on(branch, settings.root, found.summary(), lambda root: _write(found, root))
        elif not branch:
            _write(found, settings.root)
            # After a commit elsewhere, what is live is still a change to the files at hand.
            kept = {asset.uuid for asset in removed} - {asset.uuid for asset in gone}
            known = (pushed or Bundle()).only(kept) | given_up(pushed, found.result())
            remember(live | known, settings)
    for asset in removed if not gone else []:
        warn(
            f"{asset} is not in Superset any more: YES=1 make pull removes it here too, "
            "FORCE=1 make push brings it back"
        )
    say(found.summary() or "Nothing to do: no change in Superset that git does not have.")
    if branch and found:
        say(f"\nCommitted on the branch {branch}: git diff HEAD...{branch}")
    return bool(found)


def show_strangers(settings: Settings) -> None:
    """List what stands in Superset and does not belong to this repository; changes nothing."""
    _, seen = compared(settings, strangers=True)
    lines = strangers(seen.assets, seen.ours)
    for line in lines:
        say(line)
    say(f"{len(lines)} in Superset that this repository does not own." if lines else "None.")


def _question(gone: list[Asset]) -> str:
    return f"Removed in Superset: {', '.join(map(str, gone))}. Remove here as well?"


def _require_sound(found: Pulling) -> None:
    """Nothing is written that a push would refuse."""
    bundle = found.result().kinds(KINDS)
    problems = find_problems(Files({each.path: (each.kind, each.data) for each in bundle}))
    if problems:
        raise UserError(
            f"What Superset shows would not do as files: {FOLDER}/{problems[0].file}: "
            f"{problems[0].what}; nothing was written",
            "mend it in Superset, then make pull; FORCE=1 make push goes back to what git says",
        )


def _write(found: Pulling, root: Path) -> None:
    """Bring the files below this root to what the pull came to."""
    folder, result = root / FOLDER, found.result()
    for asset in found.gone:
        if asset.kind in KINDS:
            (folder / asset.path).unlink(missing_ok=True)
    for asset in found.written.values():
        if asset.kind in KINDS:
            write_asset(folder, asset)
    if any(asset.kind in ACCESS_KINDS for asset in found.touched()):
        write_access(folder, result.kinds(ACCESS_KINDS), result.kinds(KINDS))
    record(folder, result)
