"""A small set of sound assets, made in code: one database, one dataset, two charts, a dashboard."""

import uuid
from pathlib import Path
from typing import Any

from scripts.settings import Settings


def uuid_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def chart(name: str, viz_type: str, **params: Any) -> dict[str, Any]:
    return {
        "slice_name": name,
        "uuid": uuid_of(name),
        "dataset_uuid": uuid_of("sales"),
        "viz_type": viz_type,
        "params": {"viz_type": viz_type, **params},
        "version": "1.0.0",
    }


def component(kind: str, *children: str, **meta: Any) -> dict[str, Any]:
    return {"type": kind, "meta": meta, "children": list(children)}


ASSETS: dict[str, dict[str, Any]] = {
    "databases/warehouse.yaml": {
        "database_name": "warehouse",
        "uuid": uuid_of("warehouse"),
        "sqlalchemy_uri": "postgresql+psycopg2://dashboard:${DASHBOARD_PASSWORD}"
        "@${POSTGRES_HOST}:${POSTGRES_PORT}/${DATABASE}",
        "version": "1.0.0",
    },
    "datasets/reports/sales.yaml": {
        "table_name": "sales",
        "uuid": uuid_of("sales"),
        "database_uuid": uuid_of("warehouse"),
        "schema": "reports",
        "columns": [
            {"column_name": "amount", "type": "DOUBLE PRECISION"},
            {"column_name": "region", "type": "TEXT"},
        ],
        "metrics": [{"metric_name": "total", "expression": "SUM(amount)"}],
        "version": "1.0.0",
    },
    "charts/sales/by_region.yaml": chart("By region", "pie", groupby=["region"], metric="total"),
    "charts/sales/rows.yaml": chart("Rows", "table", query_mode="raw", all_columns=["region"]),
    "dashboards/sales.yaml": {
        "dashboard_title": "Sales",
        "uuid": uuid_of("dashboard"),
        "slug": "sales",
        "published": True,
        "position": {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"type": "ROOT", "children": ["GRID_ID"]},
            "GRID_ID": {"type": "GRID", "children": ["ROW-1"]},
            "ROW-1": component("ROW", "CHART-1", "CHART-2", background="BACKGROUND_TRANSPARENT"),
            "CHART-1": component("CHART", uuid=uuid_of("By region"), width=4, height=50),
            "CHART-2": component("CHART", uuid=uuid_of("Rows"), width=8, height=50),
        },
        "metadata": {
            "native_filter_configuration": [
                {
                    "id": "NATIVE_FILTER-region",
                    "name": "Region",
                    "filterType": "filter_select",
                    "targets": [{"datasetUuid": uuid_of("sales"), "column": {"name": "region"}}],
                    "scope": {"rootPath": ["ROOT_ID"], "excluded": [uuid_of("Rows")]},
                }
            ]
        },
        "version": "1.0.0",
    },
}


# Settings of an installation that does not run.
SETTINGS = Settings(
    root=Path("/nowhere"),
    state=Path("/nowhere/.stack"),
    postgres_port=15432,
    superset_port=9,
    superset_admin_user="admin",
    superset_admin_password="admin",
    postgres_password="postgres",
    transformer_password="transformer",
    dashboard_password="p@ss/word",
    superset_db_password="superset",
    superset_secret_key="key",
)
