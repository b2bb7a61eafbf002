"""The fixed point: one form for an asset, whoever wrote it and wherever it was exported.

`canonical(canonical(x)) == canonical(x)`, and two servers that show the same give the same.
Each thing left out says WHY.
"""

import json
from contextlib import suppress
from typing import Any

from scripts.assets.model.controls import without_default_time_filter
from scripts.assets.model.fields import COLUMN, FIELDS, METRIC, Field
from scripts.assets.model.layout import canonical_position, charts_in
from scripts.assets.model.metadata import canonical_metadata
from scripts.assets.model.params import canonical_params
from scripts.assets.model.texts import plain_texts

# Fields of an export that git does not keep.
IGNORED_FIELDS = {
    # WHY: Superset writes it anew from params whenever a chart is opened; it holds ids.
    "query_context",
    # WHY: the import ignores it, so git could promise a theme and never bring it.
    "theme_uuid",
    "theme_id",
    # WHY: set by the import itself, never by a person.
    "is_managed_externally",
    "external_url",
    # WHY: numbers that each server gives out for itself.
    "id",
    "database_id",
    "table_id",
    "datasource_id",
    "datasource_type",
    "datasource_name",
}


def canonical(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The asset in the one form that git holds; its input stays as it is."""
    data = {key: plain_texts(v, key) for key, v in data.items() if key not in IGNORED_FIELDS}
    data["uuid"] = str(data["uuid"]).lower()
    for reference in ("dataset_uuid", "database_uuid"):
        if reference in data:
            data[reference] = str(data[reference]).lower()
    _CANONICAL[kind](data)
    return _tidy(data, FIELDS[kind])


def canonical_bundle(
    assets: list[tuple[str, str, dict[str, Any]]],
) -> list[tuple[str, str, dict[str, Any]]]:
    """Several assets (kind, path, data) at once, for what depends on a neighbour."""
    result = [(kind, path, canonical(kind, data)) for kind, path, data in assets]
    by_uuid = {data["uuid"]: data for _, _, data in result}
    for kind, _, data in result:
        if kind == "datasets":
            # WHY: a dataset without a limit of its own is exported with its database's.
            database = by_uuid.get(data["database_uuid"], {})
            if data.get("cache_timeout") == database.get("cache_timeout"):
                data.pop("cache_timeout", None)
        elif kind == "charts":
            dataset = by_uuid.get(data.get("dataset_uuid", ""), {})
            data["params"] = without_default_time_filter(data["params"], dataset)
    return result


def _database(data: dict[str, Any]) -> None:
    # WHY: the form in the browser writes every field, the empty ones too.
    extra = data.get("extra") or {}
    data["extra"] = {key: value for key, value in extra.items() if value not in ({}, [], None, "")}
    # WHY: the secret part of a connection has no place in git.
    data.pop("password", None)


def _dataset(data: dict[str, Any]) -> None:
    for name, key, fields in (
        ("columns", "column_name", COLUMN),
        ("metrics", "metric_name", METRIC),
    ):
        # WHY: each export lists them in another order, and Superset does not mind the order.
        items = sorted(data.get(name) or [], key=lambda item, key=key: item[key])
        data[name] = [_tidy(_plain(item), fields) for item in items]


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    # WHY: columns and metrics are known by their names; their uuids differ between servers.
    plain = {key: value for key, value in item.items() if key != "uuid"}
    if isinstance(plain.get("extra"), str):
        # WHY: the import takes it as JSON text too, and then exports what it says.
        with suppress(ValueError):
            plain["extra"] = json.loads(plain["extra"])
    return plain


def _chart(data: dict[str, Any]) -> None:
    params = data.get("params")
    data["params"] = canonical_params(params if isinstance(params, dict) else {})


def _dashboard(data: dict[str, Any]) -> None:
    position = data.get("position") or {}
    charts = charts_in(position)
    data["position"] = canonical_position(position)
    data["metadata"] = canonical_metadata(data.get("metadata") or {}, charts)


_CANONICAL = {
    "databases": _database,
    "datasets": _dataset,
    "charts": _chart,
    "dashboards": _dashboard,
}


def _tidy(data: dict[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    """Known fields in their order and without their defaults, then any others by name."""
    field_names = {field.name for field in fields}
    tidy = {}
    for field in fields:
        if field.name in data and not _is_default(data[field.name], field):
            tidy[field.name] = with_sorted_keys(
                data[field.name], keep_order=field.name == "position"
            )
    for name in sorted(data.keys() - field_names):
        tidy[name] = with_sorted_keys(data[name])
    return tidy


def _is_default(value: Any, field: Field) -> bool:
    if field.required:
        return False
    if field.default is None:
        # WHY: forms in the browser save an empty text or mapping where there was nothing.
        return value is None or value in ("", {}, [])
    return value is None or (value == field.default and type(value) is type(field.default))


def with_sorted_keys(value: Any, keep_order: bool = False) -> Any:
    """The same data with the keys of every mapping sorted (`keep`: except on this level)."""
    if isinstance(value, dict):
        keys = value if keep_order else sorted(value, key=str)
        return {key: with_sorted_keys(value[key]) for key in keys}
    if isinstance(value, list):
        return [with_sorted_keys(item) for item in value]
    return value
