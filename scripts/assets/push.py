"""From git to Superset."""

from scripts.assets import preset
from scripts.assets.bundle import FOLDER
from scripts.assets.check import sound_bundle
from scripts.assets.columns import filter_targets
from scripts.assets.complete import complete
from scripts.assets.diff import Difference, differences
from scripts.assets.fields import KINDS
from scripts.assets.layout import chart_uuids, charts_in
from scripts.assets.live import live_bundle, owned
from scripts.assets.model import Asset, Bundle
from scripts.assets.owned import record
from scripts.assets.pushed import last_pushed, one_at_a_time, remember
from scripts.assets.superset import Superset
from scripts.assets.yamlio import dump_yaml, load_yaml
from scripts.console import say, step, warn
from scripts.errors import UserError
from scripts.settings import Settings

_MANY = 5
_NO_PUSH = "Superset differs from git, and nothing is known of a push from here"


def push(settings: Settings, force: bool = False) -> bool:
    """Bring Superset to what git says; False when it says so already."""
    git = sound_bundle(settings.root)
    with one_at_a_time(settings):
        return _push(git, settings, force)


def _push(git: Bundle, settings: Settings, force: bool) -> bool:
    superset = Superset(settings)
    exported = superset.export()
    live = live_bundle(exported, settings)
    to_do = differences(live.only({asset.uuid for asset in git}), git)
    if not to_do and not _wrong_links(superset, exported, git):
        remember(git, settings)
        say("Nothing to do: Superset shows what git says.")
        return False
    if not force:
        _refuse_to_overwrite(git, live, last_pushed(settings))
    _refuse_taken_slugs(git, live)
    # Before anything is sent: what a push that is killed has made must be known as ours.
    record(settings.root / FOLDER, git)
    with step("Pushing with preset-cli") as current:
        preset.sync(
            {asset.path: dump_yaml(complete(asset, git, settings)) for asset in git}, settings
        )
        current.note(f"{len(list(git))} assets")
    with step("Verifying"):
        _verify(superset, git, settings)
    _tell(to_do)
    return True


def _refuse_to_overwrite(git: Bundle, live: Bundle, pushed: Bundle | None) -> None:
    """Stop where somebody's work in Superset would be lost."""
    lost = []
    for asset in git:
        now, before = live.get(asset.uuid), pushed.get(asset.uuid) if pushed else None
        if now is None or now.data == asset.data:
            continue
        if before is None or now.data != before.data:
            lost.append(str(now))
    if lost:
        what = "Changed in Superset since the last push" if pushed else _NO_PUSH
        raise UserError(
            f"{what}: {', '.join(lost)}",
            "make pull keeps those changes; FORCE=1 make push overwrites them",
        )


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


def _verify(superset: Superset, git: Bundle, settings: Settings) -> None:
    """Is what is live now what was meant?"""
    exported = superset.export()
    wrong = _wrong_links(superset, exported, git)
    if wrong:
        raise UserError(f"After the push {'; '.join(wrong)}", "make push again; then see make logs")
    live = live_bundle(exported, settings)
    remember(owned(live, git), settings)
    for difference in differences(git, live.only({asset.uuid for asset in git})):
        warn(f"Superset keeps something else than git says: {difference} (make pull takes it over)")


def _wrong_links(superset: Superset, exported: dict[str, str], git: Bundle) -> list[str]:
    """Dashboards that do not show exactly their charts, in words."""
    wrong = []
    for data in map(load_yaml, (t for p, t in exported.items() if p.startswith("dashboards/"))):
        dashboard = git.get(data["uuid"])
        if dashboard is None:
            continue
        # The import writes the charts' numbers into the layout, and links them in another table.
        numbers = {uuid: number for number, uuid in charts_in(data["position"]).items()}
        linked = {chart["id"] for chart in superset.charts_of(dashboard.data["slug"])}
        wanted = chart_uuids(dashboard.data["position"])
        missing = [_title(git, uuid) for uuid in wanted if numbers.get(uuid) not in linked]
        if missing:
            wrong.append(f"{dashboard} lacks {', '.join(sorted(missing))}")
        elif len(linked) > len(wanted):
            wrong.append(f"{dashboard} shows {len(linked) - len(wanted)} charts too many")
    return wrong


def _title(git: Bundle, uuid: str) -> str:
    chart: Asset | None = git.get(uuid)
    return chart.title if chart else uuid


def _tell(done: list[Difference]) -> None:
    """Say what was created and updated; a long row of new assets in one line."""
    for kind in KINDS:
        new = [each.asset for each in done if each.asset.kind == kind and each.old is None]
        if len(new) > _MANY:
            say(f"  created {len(new)} {kind}")
        else:
            for asset in new:
                say(f"  created {asset}")
    for difference in done:
        if difference.old is not None:
            say(f"  updated {difference}")


def push_some(uuids: set[str], settings: Settings) -> list[Difference]:
    """Push some of the assets and what they stand on; what was changed by it.

    Straight over REST: preset-cli takes longer to start than all of this. A dashboard goes with
    all of its charts, or Superset would take the others off it.
    """
    git = sound_bundle(settings.root)
    superset = Superset(settings)
    live = live_bundle(superset.export(), settings)
    chosen = _with_what_they_need(git, uuids)
    to_do = differences(live.only(set(chosen.assets)), chosen)
    if not to_do:
        return []
    pushed = last_pushed(settings)
    _refuse_to_overwrite(chosen, live, pushed)
    _refuse_taken_slugs(chosen, live)
    superset.import_assets(
        {asset.path: dump_yaml(complete(asset, git, settings)) for asset in chosen}
    )
    remember(Bundle({**(pushed.assets if pushed else {}), **chosen.assets}), settings)
    return to_do


def _with_what_they_need(git: Bundle, uuids: set[str]) -> Bundle:
    """These assets and those that they refer to, down to the database."""
    wanted = set(uuids)
    for dashboard in git.only(wanted).kind("dashboards"):
        wanted |= chart_uuids(dashboard.data["position"])
        wanted |= {uuid for _, uuid, _ in filter_targets(dashboard)}
    for kind, reference in (("charts", "dataset_uuid"), ("datasets", "database_uuid")):
        wanted |= {asset.data[reference] for asset in git.only(wanted).kind(kind)}
    return git.only(wanted)
