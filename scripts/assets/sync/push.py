"""From git to Superset: checked first, then sent as a whole, then verified."""

from scripts.assets.access.apply import apply
from scripts.assets.access.passwords import stale
from scripts.assets.client import preset
from scripts.assets.files.bundle import FOLDER
from scripts.assets.files.managed import record
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.complete import complete
from scripts.assets.model.diff import Difference, differences
from scripts.assets.model.fields import ACCESS_KINDS, KINDS
from scripts.assets.model.merge import merge
from scripts.assets.sync.last_push import (
    given_up,
    last_pushed,
    one_at_a_time,
    remember,
    saved_since,
)
from scripts.assets.sync.links import wrong_links
from scripts.assets.sync.live import needs, owned
from scripts.assets.sync.state import Observed, compared, pushable
from scripts.console import say, step, warn
from scripts.errors import UserError
from scripts.settings import Settings

_MANY = 5
_NO_PUSH = "Superset differs from git, and nothing is known of a push from here"


def push(settings: Settings, theirs_lost: bool = False) -> bool:
    """Bring Superset to what git says; False when it says so already.

    `theirs_lost`: also where that overwrites what somebody has changed in Superset.
    """
    with one_at_a_time(settings), preset.Importer(settings) as importer:
        if saved_since(settings):
            importer.start()
        return _push(settings, theirs_lost, importer)


def _push(settings: Settings, theirs_lost: bool, importer: preset.Importer) -> bool:
    git, seen = compared(settings, pushable)
    seen.look()
    before = seen.everything.only({asset.uuid for asset in git})
    to_do = differences(before, git)
    new_passwords = stale(git, settings)
    changed = {each.asset.uuid for each in to_do if each.asset.kind in KINDS}
    changed |= wrong_links(seen.links, seen.exported, git).keys()
    pushed = last_pushed(settings)
    if not to_do and not changed and not new_passwords:
        remember(git | given_up(pushed, git), settings)
        say("Nothing to do: Superset shows what git says.")
        return False
    if not theirs_lost:
        _refuse_to_overwrite(git, before, pushed)
    _refuse_taken_slugs(git, seen.assets)
    entries = {each.asset.uuid: each.asset for each in to_do if each.asset.kind in ACCESS_KINDS}
    entries |= {user.uuid: user for user in new_passwords}
    if entries and seen.server:
        roles = [entry for entry in entries.values() if entry.kind == "roles"]
        seen.server.permissions.require_known(roles)
    # Before anything is sent: what a push that is killed has made must be known as ours.
    record(settings.root / FOLDER, git)
    if changed:
        _send(git, before, _whole(changed, git), seen, importer)
    if entries and seen.server:
        with step("Roles, rows, doors, users") as current:
            seen.server.permissions.forget()
            apply(list(entries.values()), seen.server, seen.superset, settings)
            current.note(f"{len(entries)} entries")
    with step("Verifying"):
        _verify(seen.again(who=bool(entries)))
    _tell(to_do)
    return True


def _whole(changed: set[str], git: Bundle) -> Bundle:
    """What has to be sent with these: an import takes only what is complete in itself.

    A dashboard whose charts do not all come with it loses some; so a changed chart brings its
    dashboards, they all their charts, and these their datasets and databases.
    """
    dashboards = [each for each in git.kind("dashboards") if changed & {each.uuid, *needs(each)}]
    start = git.only(changed) | Bundle.of(dashboards)
    return owned(git.kinds(KINDS), start)


def push_some(uuids: set[str], settings: Settings) -> list[Difference]:
    """Push some of the assets and what they stand on; what was changed by it.

    Straight over REST: preset-cli takes longer to start than all of this.
    """
    with one_at_a_time(settings):
        git, seen = compared(settings, pushable)
        chosen = _whole(uuids, git)
        to_do = differences(seen.assets.only(set(chosen.assets)), chosen)
        if not to_do:
            return []
        pushed = last_pushed(settings)
        _refuse_to_overwrite(chosen, seen.assets, pushed)
        _refuse_taken_slugs(chosen, seen.assets)
        record(settings.root / FOLDER, chosen)
        send = seen.superset.import_assets
        if all(each.old and each.asset.kind == "charts" for each in to_do):
            # What is on its dashboards already can be sent without them.
            chosen = owned(chosen, Bundle.of([each.asset for each in to_do]))
            send = seen.superset.import_charts
        send({each.path: dump_yaml(complete(each, git, settings)) for each in chosen})
        remember((pushed or Bundle()) | chosen, settings)
    return to_do


def _send(
    git: Bundle, before: Bundle, assets: Bundle, seen: Observed, importer: preset.Importer
) -> None:
    files = {each.path: dump_yaml(complete(each, git, seen.settings)) for each in assets}
    seen.superset.pause()
    with step("Pushing with preset-cli") as current:
        try:
            importer.sync(files)
        except UserError as error:
            raise UserError(
                f"{error.problem}; {_live_now(git, before, seen)}", error.remedy
            ) from None
        current.note(f"{len(assets.assets)} assets")


def _live_now(git: Bundle, before: Bundle, seen: Observed) -> str:
    """After a push that failed: what Superset shows now, in words."""
    assets = git.kinds(KINDS)
    try:
        live = seen.again().assets.only({asset.uuid for asset in assets})
    except UserError as error:
        return f"what is live now is not known ({error.problem}), and make plan will tell"
    arrived = [each.asset for each in differences(before.kinds(KINDS), live)]
    if not arrived:
        return "live is what was live before"
    left = differences(live, assets)
    if not left:
        return "all of it is live all the same"
    return f"live now: {', '.join(map(str, arrived))}; not yet: {len(left)} others"


def _refuse_to_overwrite(git: Bundle, live: Bundle, pushed: Bundle | None) -> None:
    """Stop where somebody's work in Superset would be lost."""
    lost = []
    # A server that shows nothing of ours is new: nobody has deleted all of it one by one.
    used = any(asset.uuid in live for asset in git.kinds(KINDS))
    for asset in git:
        now, before = live.get(asset.uuid), pushed.get(asset.uuid) if pushed else None
        if now is None:
            if before and used:
                lost.append(f"{asset} (deleted there)")
        elif now.data != asset.data and _loses(asset, now, before):
            lost.append(str(now))
    if lost:
        what = "Changed in Superset since the last push" if pushed else _NO_PUSH
        raise UserError(
            f"{what}: {', '.join(lost)}",
            "make pull keeps those changes; FORCE=1 make push (--theirs-lost) overwrites them",
        )


def _loses(mine: Asset, theirs: Asset, before: Asset | None) -> bool:
    """Whether a change made there is one that git does not have."""
    if before is None:
        # A door that stands open to no role in particular is how every dashboard begins.
        return theirs.kind != "access" or bool(theirs.data["roles"])
    merged, conflicts = merge(before.data, mine.data, theirs.data)
    return bool(conflicts) or merged != mine.data


def _refuse_taken_slugs(git: Bundle, live: Bundle) -> None:
    """Stop where Superset would merge a dashboard of ours into somebody else's."""
    slugs = {asset.data["slug"]: asset for asset in git.kind("dashboards")}
    for other in live.kind("dashboards"):
        mine = slugs.get(other.data.get("slug", ""))
        if mine and mine.uuid != other.uuid and other.uuid not in git:
            raise UserError(
                f'{mine.path}: the slug "{mine.data["slug"]}" belongs to another {other} '
                "in Superset",
                "choose another slug, or remove that dashboard in Superset",
            )


def _verify(seen: Observed) -> None:
    """Is what is live now what was meant?"""
    git = seen.git
    wrong = wrong_links(seen.links, seen.exported, git).values()
    if wrong:
        raise UserError(f"After the push {'; '.join(wrong)}", "make push again; then see make logs")
    live = seen.everything.only({asset.uuid for asset in git})
    pushed = last_pushed(seen.settings)
    remember(seen.ours | given_up(pushed, git), seen.settings)
    for difference in differences(git, live):
        warn(f"Superset keeps something else than git says: {difference} (make pull takes it over)")


def _tell(done: list[Difference]) -> None:
    """Say what was created and updated; a long row of new assets in one line."""
    for kind in (*KINDS, *ACCESS_KINDS):
        new = [each.asset for each in done if each.asset.kind == kind and each.old is None]
        if len(new) > _MANY:
            say(f"  created {len(new)} {kind}")
        else:
            for asset in new:
                say(f"  created {asset}")
    for difference in done:
        if difference.old is not None:
            say(f"  updated {difference}")
