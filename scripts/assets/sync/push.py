"""`push`: git's assets are checked, sent to Superset as a whole, and verified."""

from scripts.assets.access.apply import apply
from scripts.assets.access.passwords import outdated_passwords
from scripts.assets.client import preset
from scripts.assets.files.bundle import FOLDER
from scripts.assets.files.managed import record_managed
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.complete import complete
from scripts.assets.model.database_uri import require_passwords
from scripts.assets.model.diff import Difference, differences
from scripts.assets.model.fields import BUNDLED_KINDS, ENTRY_KINDS, KINDS
from scripts.assets.model.merge import merge
from scripts.assets.sync.last_push import (
    changed_since_last_push,
    exclusive,
    last_pushed,
    removed_from_git,
    save_last_push,
)
from scripts.assets.sync.links import link_problems
from scripts.assets.sync.rest import send_owners_and_tags, send_rest
from scripts.assets.sync.server_assets import dependencies, managed_assets
from scripts.assets.sync.state import ServerState, read_both
from scripts.console import say, step, warn
from scripts.errors import UserError
from scripts.settings import Settings

_MAX_LISTED = 5
_NO_PUSH = "Superset differs from git, and no push from here is known"


def push(settings: Settings, force: bool = False) -> bool:
    """Push git's assets to Superset; False when there is no difference.

    `force`: also where that overwrites changes made in Superset.
    """
    with exclusive(settings), preset.Importer(settings) as importer:
        if changed_since_last_push(settings):
            importer.start()
        return _push(settings, force, importer)


def _push(settings: Settings, force: bool, importer: preset.Importer) -> bool:
    git, state = read_both(settings, pushing=True)
    state.load()
    server = state.all_assets.only({asset.uuid for asset in git})
    changes = differences(server, git)
    outdated = outdated_passwords(git, settings)
    changed = {each.asset.uuid for each in changes if each.asset.kind in KINDS}
    changed |= link_problems(state.links, state.exported, git).keys() | state.changed_values.keys()
    pushed = last_pushed(settings)
    if not changes and not changed and not outdated:
        retained = removed_from_git(pushed, git, state.all_assets)
        save_last_push(git | retained, settings, pushed=True)
        say("Nothing to do: Superset is equal to git.")
        return False
    if not force:
        _refuse_to_overwrite(git, server, pushed)
    _refuse_taken_slugs(git, state.assets)
    _require_passwords(git.only(changed), server, settings)
    entries = {each.asset.uuid: each.asset for each in changes if each.asset.kind in ENTRY_KINDS}
    entries |= {user.uuid: user for user in outdated}
    if entries and state.server:
        roles = [entry for entry in entries.values() if entry.kind == "roles"]
        state.server.permissions.require_existing(roles)
    # Recorded before anything is sent, so that an interrupted push leaves no unmanaged asset.
    record_managed(settings.root / FOLDER, git)
    chosen = _complete_selection(changed, git)
    if changed:
        bundled = chosen.kinds(BUNDLED_KINDS)
        if bundled.assets:
            _send(git, server, bundled, state, importer)
        send_rest(chosen, changed, state.with_lists())
    if entries and state.server:
        with step("Updating access") as current:
            state.server.permissions.invalidate()
            apply(list(entries.values()), state.server, state.superset, settings)
            current.note(f"{len(entries)} entries")
    if changed:
        send_owners_and_tags(chosen, state.with_lists())
    with step("Verifying"):
        _verify(state.reloaded(access=bool(entries)))
    values = state.changed_values
    _report(
        [*changes, *(Difference(each, each, values[each.uuid]) for each in git.only(set(values)))]
    )
    return True


def _complete_selection(changed: set[str], git: Bundle) -> Bundle:
    """The changed assets with everything that must be imported together.

    A dashboard imported without all its charts loses some. So a changed chart includes its
    dashboards, these include all their charts, and the charts their datasets and databases.
    """
    dashboards = [
        each for each in git.kind("dashboards") if changed & {each.uuid, *dependencies(each)}
    ]
    start = git.only(changed) | Bundle.of(dashboards)
    return managed_assets(git.kinds(KINDS), start)


def push_changed(uuids: set[str], settings: Settings) -> list[Difference]:
    """Push some of the assets with their dependencies; returns the changes.

    It uses REST, because preset-cli takes longer to start than this takes.
    """
    with exclusive(settings):
        git, state = read_both(settings, pushing=True)
        chosen = _complete_selection(uuids, git)
        changes = differences(state.assets.only(set(chosen.assets)), chosen)
        if not changes:
            return []
        pushed = last_pushed(settings)
        _refuse_to_overwrite(chosen, state.assets, pushed)
        _refuse_taken_slugs(chosen, state.assets)
        _require_passwords(chosen, state.assets, settings)
        record_managed(settings.root / FOLDER, chosen)
        send = state.superset.import_assets
        if all(each.old and each.asset.kind == "charts" for each in changes):
            # Existing charts can be sent without their dashboards.
            chosen = managed_assets(chosen, Bundle.of([each.asset for each in changes]))
            send = state.superset.import_charts
        bundled = chosen.kinds(BUNDLED_KINDS)
        if bundled.assets:
            send(_files(bundled, git, settings))
        state = state.with_lists()
        send_rest(chosen, uuids, state)
        send_owners_and_tags(chosen, state)
        save_last_push((pushed or Bundle()) | chosen, settings)
    return changes


def _send(
    git: Bundle, server: Bundle, bundled: Bundle, state: ServerState, importer: preset.Importer
) -> None:
    state.superset.pause()
    with step("Pushing with preset-cli") as current:
        try:
            importer.sync(_files(bundled, git, state.settings))
        except UserError as error:
            raise UserError(
                f"{error.problem}; {_server_status(git, server, state)}", error.remedy
            ) from None
        current.note(f"{len(bundled.assets)} assets")


def _files(bundled: Bundle, git: Bundle, settings: Settings) -> dict[str, str]:
    """The text of each file that Superset imports, by path."""
    return {each.path: dump_yaml(complete(each, git, settings)) for each in bundled}


def _server_status(git: Bundle, server: Bundle, state: ServerState) -> str:
    """The state of Superset after a failed push, as text; `server`: its assets before."""
    assets = git.kinds(KINDS)
    try:
        reloaded = state.reloaded().assets.only({asset.uuid for asset in assets})
    except UserError as error:
        return f"the state of Superset is unknown ({error.problem}), and make plan shows it"
    changed_on_server = [each.asset for each in differences(server.kinds(KINDS), reloaded)]
    if not changed_on_server:
        return "nothing was changed"
    pending = differences(reloaded, assets)
    if not pending:
        return "all of it was imported anyway"
    return f"live now: {', '.join(map(str, changed_on_server))}; not yet: {len(pending)} others"


def _refuse_to_overwrite(git: Bundle, server: Bundle, pushed: Bundle | None) -> None:
    """Raise a UserError where changes made in Superset would be lost."""
    overwritten = []
    # A server without any managed asset is new, so nothing counts as deleted.
    is_in_use = any(asset.uuid in server for asset in git.kinds(KINDS))
    for asset in git:
        remote, before = server.get(asset.uuid), pushed.get(asset.uuid) if pushed else None
        if remote is None:
            if before and is_in_use:
                overwritten.append(f"{asset} (deleted there)")
        elif remote.data != asset.data and _overwrites(asset, remote, before):
            overwritten.append(str(remote))
    if overwritten:
        what = "Changed in Superset since the last push" if pushed else _NO_PUSH
        raise UserError(
            f"{what}: {', '.join(overwritten)}",
            "make pull keeps those changes; FORCE=1 make push overwrites them",
        )


def _overwrites(local: Asset, remote: Asset, before: Asset | None) -> bool:
    """Whether the server has a change that git does not contain."""
    if before is None:
        # Every dashboard begins without roles, so an empty list is not a change.
        return remote.kind != "access" or bool(remote.data["roles"])
    merged, conflicts = merge(before.data, local.data, remote.data)
    return bool(conflicts) or merged != local.data


def _refuse_taken_slugs(git: Bundle, server: Bundle) -> None:
    """Raise a UserError where Superset would merge a dashboard into an unmanaged one."""
    slugs = {asset.data["slug"]: asset for asset in git.kind("dashboards")}
    for other in server.kind("dashboards"):
        local = slugs.get(other.data.get("slug", ""))
        if local and local.uuid != other.uuid and other.uuid not in git:
            raise UserError(
                f'{local.path}: the slug "{local.data["slug"]}" belongs to another {other} '
                "in Superset",
                "choose another slug, or remove that dashboard in Superset",
            )


def _require_passwords(assets: Bundle, server: Bundle, settings: Settings) -> None:
    """Raise a UserError for a database that is new to Superset and has no password here."""
    for database in assets.kind("databases"):
        if database.uuid not in server:
            require_passwords(str(database), database.data["sqlalchemy_uri"], settings)


def _verify(state: ServerState) -> None:
    """Compare Superset with git after the push."""
    git = state.git
    link_errors = link_problems(state.links, state.exported, git).values()
    if link_errors:
        raise UserError(
            f"After the push {'; '.join(link_errors)}", "make push again; then see make logs"
        )
    server = state.all_assets.only({asset.uuid for asset in git})
    pushed = last_pushed(state.settings)
    retained = removed_from_git(pushed, git, state.all_assets)
    save_last_push(state.managed | retained, state.settings, pushed=True)
    for difference in differences(git, server):
        warn(
            f"Superset has a different value than git after the push: {difference} "
            "(make pull writes it to git)"
        )


def _report(changes: list[Difference]) -> None:
    """Print what was created and updated; many new assets as a count."""
    for kind in (*KINDS, *ENTRY_KINDS):
        new = [each.asset for each in changes if each.asset.kind == kind and each.old is None]
        if len(new) > _MAX_LISTED:
            say(f"  created {len(new)} {kind}")
        else:
            for asset in new:
                say(f"  created {asset}")
    for difference in changes:
        if difference.old is not None:
            say(f"  updated {difference}")
