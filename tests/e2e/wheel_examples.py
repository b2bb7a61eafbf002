"""The example dashboards of Superset's package, in the form of git."""

import importlib.util
from pathlib import Path
from typing import Any

import yaml

from scripts.assets.files.bundle import Files
from scripts.assets.model.asset import Bundle
from scripts.assets.model.layout import chart_uuids, without_charts
from scripts.assets.model.viz_types import VIZ_TYPES

_URI = "postgresql+psycopg2://dashboard:${DASHBOARD_PASSWORD}@${POSTGRES_HOST}:${POSTGRES_PORT}/warehouse"
# The field that an asset of each kind has, and no other.
NAMES = {
    "databases": "database_name",
    "datasets": "table_name",
    "charts": "slice_name",
    "dashboards": "dashboard_title",
}


def read_examples() -> list[tuple[str, str, dict[str, Any]]]:
    """(kind, path, data) of every example whose chart type is current, as the package has them."""
    package = importlib.util.find_spec("superset")
    assert package is not None
    folder = Path(package.submodule_search_locations[0]) / "examples"
    result: list[tuple[str, str, dict[str, Any]]] = []
    for file in sorted(folder.rglob("*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        kind = _kind(data)
        # Fields of the package's own loader, and null where Superset means its default.
        data = {key: value for key, value in data.items() if key != "data_file"}
        for column in data.get("columns") or []:
            column.update({key: True for key in ("is_active",) if column.get(key) is None})
        if kind == "databases":
            data |= {"database_name": "examples", "sqlalchemy_uri": _URI}
        if kind == "dashboards":
            data["slug"] = data.get("slug") or file.parent.name
        if kind and (kind != "charts" or data["viz_type"] in VIZ_TYPES):
            path = f"{kind}/{file.relative_to(folder).as_posix().replace('/', '_')}"
            result.append((kind, path, data))
    charts = {data["uuid"] for kind, _, data in result if kind == "charts"}
    datasets = {data["uuid"] for kind, _, data in result if kind == "datasets"}
    for kind, _, data in result:
        if kind == "dashboards":
            removed_uuids = chart_uuids(data["position"]) - charts
            data["position"] = without_charts(data["position"], removed_uuids)
    return [each for each in result if each[0] != "charts" or each[2]["dataset_uuid"] in datasets]


def _kind(data: dict[str, Any]) -> str:
    return next((kind for kind, name in NAMES.items() if name in data), "")


def bundle_of(examples: list[tuple[str, str, dict[str, Any]]]) -> Bundle:
    """In canonical form."""
    return Files({path: (kind, data) for kind, path, data in examples}).bundle()
