"""From git's short form to what Superset imports: every field named, every value filled in."""

from typing import Any

from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.controls import with_defaults
from scripts.assets.model.fields import COLUMN, FIELDS, FORMAT_VERSION, METRIC, REST_FIELDS, Field
from scripts.assets.model.layout import complete_position
from scripts.assets.model.metadata import complete_metadata
from scripts.assets.model.placeholders import fill
from scripts.settings import Settings


def complete(asset: Asset, bundle: Bundle, settings: Settings) -> dict[str, Any]:
    """The asset as Superset imports it. A database then holds its password: mind where it goes."""
    data = _with_defaults(fill(asset.kind, asset.data, settings), FIELDS[asset.kind])
    data["version"] = FORMAT_VERSION
    for name in REST_FIELDS:
        data.pop(name, None)
    if asset.kind == "datasets":
        data["columns"] = [_with_defaults(column, COLUMN) for column in data["columns"]]
        data["metrics"] = [_with_defaults(metric, METRIC) for metric in data["metrics"]]
    elif asset.kind == "charts":
        dataset = bundle.get(data["dataset_uuid"])
        data["params"] = with_defaults(data["params"], dataset.data if dataset else {})
    elif asset.kind == "dashboards":
        titles = {chart.uuid: chart.title for chart in bundle.kind("charts")}
        data["metadata"] = complete_metadata(data["metadata"], data["position"])
        data["position"] = complete_position(data["position"], titles)
    return data


def _with_defaults(data: dict[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    # WHY: an import leaves alone what a file does not name, so a value that was set in Superset
    # and is absent in git would otherwise stay there for ever.
    return {field.name: field.default for field in fields if not field.required} | data
