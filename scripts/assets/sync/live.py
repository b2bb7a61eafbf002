"""What Superset shows now, in the same form as the files in git."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from scripts.assets.files.yaml_text import load_yaml
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import ACCESS_KINDS, KINDS
from scripts.assets.model.hidden_settings import with_hidden
from scripts.assets.model.layout import chart_uuids
from scripts.assets.model.normalise import canonical_all
from scripts.assets.model.placeholders import restore
from scripts.settings import Settings

_REFERENCES = ("dataset_uuid", "database_uuid")


def live_bundle(
    exported: dict[str, str],
    settings: Settings,
    git: Bundle | None = None,
    pushed: Bundle | None = None,
) -> Bundle:
    """The assets of an export (path → YAML text) in canonical form.

    `git`: what the repository says, for the names it has for what differs between installations.
    `pushed`: what was last pushed, for what the editor in the browser drops.
    """
    found: list[tuple[str, str, dict[str, Any]]] = []
    for path, text in exported.items():
        kind = PurePosixPath(path).parts[0]
        if kind not in KINDS:
            continue
        data = load_yaml(text)
        mine = git.get(str(data["uuid"]).lower()) if git else None
        found.append((kind, "", restore(kind, data, mine.data if mine else None, settings)))
    _drop_default_catalogs(found, exported, git or Bundle())
    _add_hidden([data for kind, _, data in found if kind in ("charts", "datasets")], pushed or git)
    return Bundle.of([Asset(kind, data) for kind, _, data in canonical_all(found)])


def _drop_default_catalogs(
    assets: list[tuple[str, str, dict[str, Any]]], exported: dict[str, str], git: Bundle
) -> None:
    """Leave out a dataset's catalog where it repeats the database of its connection.

    Superset's editor writes it with every save; another installation's database has another name.
    """
    texts = [text for path, text in exported.items() if path.startswith("databases/")]
    names = {
        str(data["uuid"]).lower(): data["sqlalchemy_uri"].partition("?")[0].rpartition("/")[2]
        for data in map(load_yaml, texts)
    }
    for kind, _, data in assets:
        mine = git.get(str(data["uuid"]).lower())
        database = str(data.get("database_uuid") or "").lower()
        if (
            kind == "datasets"
            and data.get("catalog")
            and data["catalog"] == names.get(database)
            and not (mine and mine.data.get("catalog"))
        ):
            del data["catalog"]


def _add_hidden(assets: list[dict[str, Any]], pushed: Bundle | None) -> None:
    by_uuid = {str(data["uuid"]).lower(): data for data in assets}
    for uuid, data in by_uuid.items():
        before = pushed.get(uuid) if pushed else None
        if before and before.kind == "charts" and data.get("params"):
            dataset = by_uuid.get(str(data["dataset_uuid"]).lower(), {})
            data["params"] = with_hidden(data["params"], before.data["params"], dataset)


def owned(live: Bundle, git: Bundle, ever: Iterable[str] = ()) -> Bundle:
    """The part of the live assets that git holds, and what its dashboards have come to need.

    A chart added to a dashboard in the browser belongs to the dashboard, and so does its dataset.
    `ever`: what git has held before belongs to it too.
    """
    uuids: set[str] = set()
    ahead = {asset.uuid for asset in git} | set(ever)
    while ahead:
        uuids |= ahead
        ahead = {need for asset in live.only(ahead) for need in needs(asset)} - uuids
    return live.only(uuids)


def needs(asset: Asset) -> Iterator[str]:
    """The identities of what an asset, or an entry of bundle.yml, cannot do without."""
    if asset.kind == "dashboards":
        yield from chart_uuids(asset.data["position"])
        for entry in asset.data.get("metadata", {}).get("native_filter_configuration", []):
            for target in entry.get("targets") or []:
                yield str(target.get("datasetUuid", "")).lower()
    yield from (asset.data[name] for name in _REFERENCES if name in asset.data)
    if asset.kind in ACCESS_KINDS:
        yield from (f"roles/{name}" for name in asset.data.get("roles", []))
        yield from asset.data.get("datasets", [])
