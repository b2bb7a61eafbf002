"""The views that a build drops: with a table that is made anew goes all that stands on it."""

import json
from contextlib import closing
from pathlib import Path

import psycopg2

from scripts.settings import Settings


def views(settings: Settings) -> set[tuple[str, str]]:
    """Schema and name of every view in the warehouse."""
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select schemaname, viewname from pg_views")
        return set(cursor.fetchall())


def models_of(manifest: Path, wanted: set[tuple[str, str]]) -> list[str]:
    """The names of the models that make these views; not of those that left the project."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    models = (node for node in nodes if node["resource_type"] == "model")
    return sorted(node["name"] for node in models if (node["schema"], node["alias"]) in wanted)
