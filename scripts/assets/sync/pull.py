"""`pull`: changes made in Superset, merged into the files."""

from pathlib import Path

from scripts.assets.access.alert_file import missing_addresses
from scripts.assets.access.file import write_access
from scripts.assets.checks.static import find_problems
from scripts.assets.files.branch import commit_on_branch, require_clean
from scripts.assets.files.bundle import FOLDER, Files, write_asset
from scripts.assets.files.managed import record_managed
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.database_uri import missing_passwords
from scripts.assets.model.fields import ENTRY_KINDS, KINDS
from scripts.assets.sync.last_push import exclusive, last_pushed, removed_from_git, save_last_push
from scripts.assets.sync.pull_plan import PullPlan, plan_pull, removed_on_server
from scripts.assets.sync.server_assets import managed_assets
from scripts.assets.sync.state import read_both
from scripts.assets.sync.unmanaged import imported, unmanaged
from scripts.console import confirm, say, warn
from scripts.errors import UserError
from scripts.settings import Settings


def pull(
    settings: Settings,
    force: bool = False,
    yes: bool = False,
    import_name: str = "",
    branch: str = "",
) -> bool:
    """Merge changes made in Superset into the files; False when there were none.

    `force`: where both sides changed a field, take Superset's value. `yes`: delete the files of
    assets that were removed in Superset. `import_name`: an unmanaged dashboard to import with all
    its dependencies. `branch`: commit the result there instead.
    """
    if branch:
        require_clean(settings.root, branch)
    with exclusive(settings):
        git, state = read_both(settings, unmanaged=bool(import_name))
        state.load()
        imported_assets = imported(import_name, state.assets, git) if import_name else Bundle()
        server, pushed = (
            state.managed | managed_assets(state.assets, imported_assets),
            last_pushed(settings),
        )
        removed = removed_on_server(git, server, pushed)
        confirmed = removed if yes or (removed and confirm(_question(removed))) else []
        plan = plan_pull(
            git,
            server | imported_assets,
            pushed,
            confirmed,
            imported_assets,
            state.previously_managed,
        )
        if plan.conflicts and not force:
            raise UserError(
                f"Changed both in git and in Superset: {'; '.join(plan.conflicts)}",
                "FORCE=1 make pull takes Superset's, FORCE=1 make push takes git's",
            )
        _require_sound(plan)
        if branch and plan:
            commit_on_branch(branch, settings.root, plan.summary(), lambda root: _write(plan, root))
        elif not branch:
            _write(plan, settings.root)
            # After a commit on another branch, the work tree still differs from the server.
            unconfirmed = {asset.uuid for asset in removed} - {asset.uuid for asset in confirmed}
            retained = (pushed or Bundle()).only(unconfirmed) | removed_from_git(
                pushed, plan.result(), state.all_assets
            )
            save_last_push(server | retained, settings)
    for asset in removed if not confirmed else []:
        warn(
            f"{asset} is not in Superset any more: YES=1 make pull removes it here too, "
            "FORCE=1 make push brings it back"
        )
    for name, asset in _missing_keys(plan, settings):
        warn(f"{asset}: to push it, put {name}=… into .env")
    say(plan.summary() or "Nothing to do: no change in Superset that git does not have.")
    if branch and plan:
        say(f"\nCommitted on the branch {branch}: git diff HEAD...{branch}")
    return bool(plan)


def list_unmanaged(settings: Settings) -> None:
    """List the assets in Superset that this repository does not manage; changes nothing."""
    _, state = read_both(settings, unmanaged=True)
    lines = unmanaged(state.assets, state.managed)
    for line in lines:
        say(line)
    say(f"{len(lines)} in Superset that this repository does not manage." if lines else "None.")


def _missing_keys(plan: PullPlan, settings: Settings) -> list[tuple[str, Asset]]:
    """The keys in `.env` that written databases and alerts need, and that have no value."""
    passwords = [
        (name, asset)
        for asset in plan.written.values()
        if asset.kind == "databases"
        for name in missing_passwords(asset.data["sqlalchemy_uri"], settings)
    ]
    addresses = [
        (name, asset)
        for asset in plan.written.values()
        if asset.kind == "alerts"
        for name in missing_addresses(asset, settings)
    ]
    return passwords + addresses


def _question(confirmed: list[Asset]) -> str:
    return f"Removed in Superset: {', '.join(map(str, confirmed))}. Remove here as well?"


def _require_sound(plan: PullPlan) -> None:
    """Raise a UserError where the result would not pass the checks of a push."""
    bundle = plan.result().kinds(KINDS)
    problems = find_problems(Files({each.path: (each.kind, each.data) for each in bundle}))
    if problems:
        raise UserError(
            f"The assets in Superset do not pass the checks: {FOLDER}/{problems[0].file}: "
            f"{problems[0].message}; nothing was written",
            "fix it in Superset, then make pull; FORCE=1 make push restores the version in git",
        )


def _write(plan: PullPlan, root: Path) -> None:
    """Write the result of the pull below this root."""
    folder, result = root / FOLDER, plan.result()
    for asset in plan.removed:
        if asset.kind in KINDS:
            (folder / asset.path).unlink(missing_ok=True)
    for asset in plan.written.values():
        if asset.kind in KINDS:
            write_asset(folder, asset)
    if any(asset.kind in ENTRY_KINDS for asset in plan.touched()):
        write_access(folder, result.kinds(ENTRY_KINDS), result.kinds(KINDS))
    record_managed(folder, result)
