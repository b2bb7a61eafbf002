"""Annotation layers over REST, because Superset's bundles do not contain them."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scripts.assets.client.superset import Superset
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.fields import ANNOTATION, FORMAT_VERSION
from scripts.assets.model.normalise import canonical
from scripts.errors import UserError

FOLDER = "annotation_layers"
_FIELDS = [field.name for field in ANNOTATION]


def exported_layers(superset: Superset, rows: list[dict[str, Any]]) -> dict[str, str]:
    """The files (path → YAML text) of these layers; `rows`: Superset's list of them."""
    with ThreadPoolExecutor() as pool:
        layers = list(pool.map(lambda row: _layer(superset, row), rows))
    paths = [f"{FOLDER}/{row['id']}.yaml" for row in rows]
    return {path: dump_yaml(layer) for path, layer in zip(paths, layers, strict=True)}


def write_layer(superset: Superset, layer: dict[str, Any], number: int | None) -> int:
    """Create or change a layer and its annotations; returns its id.

    `layer`: its fields in canonical form. Annotations have no identity: those that differ are
    removed and created.
    """
    fields = {"name": layer["name"], "descr": layer.get("descr") or ""}
    if number is None:
        number = superset.create("annotation_layer", fields)
    else:
        superset.change("annotation_layer", number, fields)
    resource = f"annotation_layer/{number}/annotation"
    current = _annotations(superset, number)
    pending = list(layer.get("annotations", []))
    for annotation_id, annotation in current.items():
        if annotation in pending:
            pending.remove(annotation)
        else:
            superset.delete(resource, annotation_id)
    for annotation in pending:
        body = {name: annotation.get(name) for name in _FIELDS}
        body["json_metadata"] = json.dumps(annotation.get("json_metadata") or {})
        superset.create(resource, body)
    return number


def remove_layer(superset: Superset, number: int) -> None:
    """Remove a layer with its annotations; Superset refuses to remove one that has some."""
    resource = f"annotation_layer/{number}/annotation"
    for row in superset.rows(resource, "id,start_dttm"):
        superset.delete(resource, row["id"])
    superset.delete("annotation_layer", number)


def require_one_name(rows: list[dict[str, Any]], name: str) -> None:
    """Raise a UserError where several layers have this name, which is their identity in git."""
    numbers = [str(row["id"]) for row in rows if row["name"] == name]
    if len(numbers) > 1:
        raise UserError(
            f'Superset has {len(numbers)} annotation layers named "{name}" ({", ".join(numbers)})',
            "rename all but one of them in Superset",
        )


def _layer(superset: Superset, row: dict[str, Any]) -> dict[str, Any]:
    annotations = list(_annotations(superset, row["id"]).values())
    fields = {"name": row["name"], "descr": row["descr"], "annotations": annotations}
    return canonical(FOLDER, fields | {"version": FORMAT_VERSION})


def _annotations(superset: Superset, layer: int) -> dict[int, dict[str, Any]]:
    """The annotations of a layer in canonical form, by id."""
    resource = f"annotation_layer/{layer}/annotation"
    # The list lacks the metadata.
    numbers = [row["id"] for row in superset.rows(resource, "id,start_dttm")]
    result = {}
    for number in numbers:
        full = superset.get(resource, number)
        data = {name: full.get(name) for name in _FIELDS}
        data["json_metadata"] = _metadata(full.get("json_metadata"))
        layer_data = canonical(FOLDER, {"name": "", "annotations": [data]})
        result[number] = layer_data["annotations"][0]
    return result


def _metadata(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None
