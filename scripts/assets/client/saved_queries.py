"""Saved queries: those of the account that pushes, because Superset shows no others over REST."""

from typing import Any

from scripts.assets.client.superset import Superset
from scripts.assets.files.yaml_text import load_yaml

FOLDER = "queries"


def exported_queries(superset: Superset, rows: list[dict[str, Any]]) -> dict[str, str]:
    """The files (path → YAML text) of these queries; `rows`: Superset's list of them."""
    if not rows:
        return {}
    files = _export(superset, [row["id"] for row in rows])
    if len(files) < len(rows):
        # Superset names the files by their labels, and exports one of each name.
        files = {
            f"{FOLDER}/{row['id']}.yaml": text
            for row in rows
            for text in _export(superset, [row["id"]]).values()
        }
    return files


def query_number(superset: Superset, rows: list[dict[str, Any]], uuid: str) -> int | None:
    """The id of the query with this uuid, which Superset's list does not contain."""
    for row in rows:
        for text in _export(superset, [row["id"]]).values():
            if str(load_yaml(text)["uuid"]).lower() == uuid:
                return row["id"]
    return None


def _export(superset: Superset, numbers: list[int]) -> dict[str, str]:
    files = superset.export("saved_query", numbers)
    return {path: text for path, text in files.items() if path.startswith(f"{FOLDER}/")}
