"""The part of a push that Superset's bundles cannot hold, sent over REST after the import.

It consists of annotation layers, saved queries, the annotations of charts (an import removes them),
owners and tags.
"""

import json

from scripts.assets.client.annotation_layers import require_one_name, write_layer
from scripts.assets.client.saved_queries import query_number
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.annotations import annotations, with_references
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.complete import complete
from scripts.assets.sync.server_lists import pushing_user, server_lists, user_ids
from scripts.assets.sync.state import ServerState

# The names of kinds in the paths of Superset's REST API.
RESOURCES = {
    "databases": "database",
    "datasets": "dataset",
    "queries": "saved_query",
    "annotation_layers": "annotation_layer",
    "charts": "chart",
    "dashboards": "dashboard",
}


def number_of(asset: Asset, state: ServerState) -> int | None:
    """The id of an asset on the server; None where it does not exist."""
    if asset.kind == "annotation_layers":
        rows = state.rows["annotation_layer"]
        require_one_name(rows, asset.title)
        return next((row["id"] for row in rows if row["name"] == asset.title), None)
    if asset.kind == "queries":
        return query_number(state.superset, state.rows["saved_query"], asset.uuid)
    return state.superset.number(RESOURCES[asset.kind], asset.uuid)


def send_rest(assets: Bundle, changed: set[str], state: ServerState) -> None:
    """Send what the import of `assets` did not set; `state`: the server after the import.

    `changed`: the identities of the assets that differ. The others were imported because a changed
    one needs them, which removed their annotations.
    """
    layers = {row["name"]: row["id"] for row in state.rows["annotation_layer"]}
    for layer in assets.kind("annotation_layers"):
        if layer.uuid in changed:
            number = number_of(layer, state)
            layers[layer.title] = write_layer(state.superset, layer.data, number)
    _send_queries(assets.only(changed), state)
    charts = {str(row["uuid"]).lower(): row["id"] for row in state.rows["chart"]}
    for chart in assets.kind("charts"):
        if annotations(chart.data["params"]):
            _set_annotations(chart, charts, layers, state)


def send_owners_and_tags(assets: Bundle, state: ServerState) -> None:
    """Set owners and tags; `state`: the server after the users of the push were created."""
    current = server_lists(state.rows, state.git, state.settings).fields
    for asset in assets:
        if asset.uuid in current:
            _set_owners_and_tags(asset, current[asset.uuid], state)


def _send_queries(assets: Bundle, state: ServerState) -> None:
    queries = assets.kind("queries")
    if queries:
        databases = state.git.only({query.data["database_uuid"] for query in queries})
        chosen = databases | Bundle.of(queries)
        files = {each.path: dump_yaml(complete(each, state.git, state.settings)) for each in chosen}
        state.superset.import_assets(files)


def _set_annotations(
    chart: Asset, charts: dict[str, int], layers: dict[str, int], state: ServerState
) -> None:
    number = charts[chart.uuid]
    params = json.loads(state.superset.get("chart", number)["params"])
    local = {"annotation_layers": chart.data["params"]["annotation_layers"]}
    params |= with_references(local, layers.get, lambda uuid: charts.get(str(uuid).lower()))
    state.superset.change("chart", number, {"params": json.dumps(params)})


def _set_owners_and_tags(asset: Asset, current: dict[str, list[str]], state: ServerState) -> None:
    fields: dict[str, list[int]] = {}
    owners, tags = asset.data.get("owners", []), asset.data.get("tags", [])
    if sorted(current.get("owners", [])) != owners:
        fields["owners"] = user_ids([pushing_user(state.settings), *owners], state.rows)
    if sorted(current.get("tags", [])) != tags:
        fields["tags"] = [_tag(name, state) for name in tags]
    number = number_of(asset, state) if fields else None
    if number is not None:
        state.superset.change(RESOURCES[asset.kind], number, fields)


def _tag(name: str, state: ServerState) -> int:
    """The id of a tag, which is created where the server does not have it."""
    for row in state.superset.rows("tag", "id,name"):
        if row["name"] == name:
            return row["id"]
    state.superset.create_tag(name)
    return next(row["id"] for row in state.superset.rows("tag", "id,name") if row["name"] == name)
