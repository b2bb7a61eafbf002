"""The assets on the server, in the same form as the files in git."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from scripts.assets.files.yaml_text import load_yaml
from scripts.assets.model.annotations import (
    referenced_charts,
    referenced_layers,
    with_references,
)
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import ENTRY_KINDS, KINDS
from scripts.assets.model.hidden_settings import with_hidden_settings
from scripts.assets.model.layout import chart_uuids
from scripts.assets.model.normalise import canonical_bundle
from scripts.assets.model.placeholders import restore
from scripts.assets.sync.server_lists import ServerLists
from scripts.settings import Settings

_REFERENCES = ("dataset_uuid", "database_uuid", "dashboard_uuid", "chart_uuid")


def server_bundle(
    exported: dict[str, str],
    settings: Settings,
    git: Bundle | None = None,
    pushed: Bundle | None = None,
    then: Settings | None = None,
    lists: ServerLists | None = None,
) -> Bundle:
    """The assets of an export (path → YAML text) in canonical form.

    `git`: the assets of the repository, for the placeholders they contain.
    `pushed`: the last push, for the settings that the editor in the browser drops, and for the
    placeholders of assets that git has removed.
    `then`: the settings of the last push, whose values the server holds.
    `lists`: ids, owners and tags of the server.
    """
    assets_data: list[tuple[str, str, dict[str, Any]]] = []
    # An asset that git has removed is compared with the last push, which has its placeholders.
    local_assets = (pushed or Bundle()) | (git or Bundle())
    for path, text in exported.items():
        kind = PurePosixPath(path).parts[0]
        if kind not in KINDS:
            continue
        data = load_yaml(text)
        if lists:
            _add_lists(kind, data, lists)
        local = local_assets.get(_identity(kind, data))
        in_git = local.data if local else None
        assets_data.append((kind, "", _restored(kind, data, in_git, settings, then or settings)))
    _drop_default_catalogs(assets_data, exported, local_assets)
    _add_hidden(
        [data for kind, _, data in assets_data if kind in ("charts", "datasets")],
        git or Bundle(),
        pushed or git or Bundle(),
    )
    return Bundle.of([Asset(kind, data) for kind, _, data in canonical_bundle(assets_data)])


def _identity(kind: str, data: dict[str, Any]) -> str:
    return str(data["uuid"]).lower() if "uuid" in data else Asset(kind, data).uuid


def _add_lists(kind: str, data: dict[str, Any], lists: ServerLists) -> None:
    """Add owners and tags, and name what the annotations of a chart refer to."""
    data |= lists.fields.get(str(data.get("uuid")).lower(), {})
    if kind == "charts" and isinstance(data.get("params"), dict):
        data["params"] = with_references(data["params"], lists.layers.get, lists.charts.get)


def _restored(
    kind: str,
    data: dict[str, Any],
    local: dict[str, Any] | None,
    settings: Settings,
    then: Settings,
) -> dict[str, Any]:
    """The asset with placeholders for the values of the last push, or else for the present ones."""
    restored = restore(kind, data, local, then)
    if local is not None and then != settings:
        current = restore(kind, data, local, settings)
        restored |= {key: value for key, value in current.items() if value == local.get(key)}
    return restored


def _drop_default_catalogs(
    assets: list[tuple[str, str, dict[str, Any]]], exported: dict[str, str], local_assets: Bundle
) -> None:
    """Leave out the catalog of a dataset or query where it repeats the connection's database.

    Superset's editor writes it with every save; another installation's database has another name.
    """
    texts = [text for path, text in exported.items() if path.startswith("databases/")]
    names = {
        str(data["uuid"]).lower(): data["sqlalchemy_uri"].partition("?")[0].rpartition("/")[2]
        for data in map(load_yaml, texts)
    }
    for kind, _, data in assets:
        local = local_assets.get(_identity(kind, data))
        database = str(data.get("database_uuid") or "").lower()
        if (
            kind in ("datasets", "queries")
            and data.get("catalog")
            and data["catalog"] == names.get(database)
            and not (local and local.data.get("catalog"))
        ):
            del data["catalog"]


def _add_hidden(assets: list[dict[str, Any]], git: Bundle, pushed: Bundle) -> None:
    """Add the pushed settings that the editor has dropped, except those that git has removed."""
    by_uuid = {str(data["uuid"]).lower(): data for data in assets}
    for uuid, data in by_uuid.items():
        last_push, local = pushed.get(uuid), git.get(uuid)
        if last_push and last_push.kind == "charts" and data.get("params"):
            settings = last_push.data["params"]
            if local:
                settings = {
                    name: value for name, value in settings.items() if name in local.data["params"]
                }
            dataset = by_uuid.get(str(data["dataset_uuid"]).lower(), {})
            data["params"] = with_hidden_settings(data["params"], settings, dataset)


def managed_assets(server: Bundle, git: Bundle, previously_managed: Iterable[str] = ()) -> Bundle:
    """The assets on the server that the repository manages, with all their dependencies.

    A chart added to a managed dashboard in the browser is managed too, and so is its dataset.
    `previously_managed`: identities that were managed before; they are included.
    """
    uuids: set[str] = set()
    pending = {asset.uuid for asset in git} | set(previously_managed)
    while pending:
        uuids |= pending
        pending = {need for asset in server.only(pending) for need in dependencies(asset)} - uuids
    return server.only(uuids)


def dependencies(asset: Asset) -> Iterator[str]:
    """The identities that an asset or an entry of bundle.yml depends on."""
    if asset.kind == "dashboards":
        yield from chart_uuids(asset.data["position"])
        for entry in asset.data.get("metadata", {}).get("native_filter_configuration", []):
            for target in entry.get("targets") or []:
                yield str(target.get("datasetUuid", "")).lower()
    if asset.kind == "charts":
        yield from (str(each).lower() for each in referenced_charts(asset.data["params"]))
        yield from (f"annotation_layers/{each}" for each in referenced_layers(asset.data["params"]))
    yield from (asset.data[name] for name in _REFERENCES if name in asset.data)
    if asset.kind in ENTRY_KINDS:
        yield from (f"roles/{name}" for name in asset.data.get("roles", []))
        yield from asset.data.get("datasets", [])
