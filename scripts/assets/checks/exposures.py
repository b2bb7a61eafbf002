"""dbt's exposures, written from the dashboards: the nodes that each one reads."""

import yaml

from scripts.assets.checks.columns import filter_targets
from scripts.assets.files.dbt_relations import Relation, Relations
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.layout import chart_uuids
from scripts.assets.model.tables import tables_of

HEAD = """\
# Written by `make describe` from superset_assets/; changes belong there.
"""
# A variable, because the port differs between installations; `make build` sets it.
ADDRESS = "http://127.0.0.1:{{ env_var('SUPERSET_PORT', '8088') }}/superset/dashboard/"
NOBODY = "nobody named"


def exposures_text(bundle: Bundle, relations: Relations) -> str:
    """The whole file: an exposure for each dashboard."""
    dashboards = sorted(bundle.kind("dashboards"), key=lambda asset: asset.data["slug"])
    entries = [_exposure(dashboard, bundle, relations) for dashboard in dashboards]
    content = {"version": 2, "exposures": entries}
    return HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _exposure(dashboard: Asset, bundle: Bundle, relations: Relations) -> dict:
    relations_by_node = {each.node: each for each in _relations_of(dashboard, bundle, relations)}
    owners = sorted({owner for each in relations_by_node.values() for owner in each.owners})
    return {
        # A slug may hold dashes; dbt's names may not.
        "name": dashboard.data["slug"].replace("-", "_"),
        "label": dashboard.title,
        "type": "dashboard",
        "url": f"{ADDRESS}{dashboard.data['slug']}/",
        "description": dashboard.data.get("description") or "",
        "owner": {"name": dashboard.data.get("certified_by") or ", ".join(owners) or NOBODY},
        "depends_on": [f"ref('{node}')" for node in sorted(relations_by_node)],
    }


def _relations_of(dashboard: Asset, bundle: Bundle, relations: Relations) -> list[Relation]:
    """The relations that the charts and filters of a dashboard read."""
    charts = [bundle.get(uuid) for uuid in chart_uuids(dashboard.data["position"])]
    uuids = {chart.data["dataset_uuid"] for chart in charts if chart}
    uuids |= {uuid for _, uuid, _ in filter_targets(dashboard)}
    datasets = [dataset for uuid in uuids if (dataset := bundle.get(uuid))]
    tables = {table for dataset in datasets for table in tables_of(dataset)}
    return [relations[table] for table in tables if table in relations]
