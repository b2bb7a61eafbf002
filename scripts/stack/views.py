"""The views that a build has dropped: with a table that is made anew goes all that stands on it."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from scripts.settings import Settings

_THERE = "select nspname, relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"


def dropped_views(settings: Settings, manifest: Path) -> list[str]:
    """Names of the project's views that are not there, though all they are made of is or can be."""
    try:
        known = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # dbt did not come so far
        return []
    nodes: dict[str, dict[str, Any]] = known["nodes"] | known["sources"]
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(_THERE)
        there = set(cursor.fetchall())

    missing = {
        key
        for key, node in nodes.items()
        if (node["schema"], node.get("alias") or node.get("identifier")) not in there
    }
    lost = {
        key
        for key in missing
        # The project's hooks are nodes too, and count as views.
        if nodes[key]["resource_type"] == "model" and nodes[key]["config"]["materialized"] == "view"
    }

    def parents(key: str) -> set[str]:
        return set(nodes[key]["depends_on"]["nodes"])

    while impossible := {key for key in lost if parents(key) & missing - lost}:
        lost -= impossible
    return sorted(nodes[key]["name"] for key in lost)
