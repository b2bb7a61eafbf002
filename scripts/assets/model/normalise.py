"""The canonical form of an asset, the same whoever wrote it and wherever it was exported.

`canonical(canonical(x)) == canonical(x)`, and two servers with the same assets give the same form.
A comment that begins with WHY gives the reason for each omission.
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

# Fields of an export that are not kept in git.
IGNORED_FIELDS = {
    # WHY: Superset writes it anew from params whenever a chart is opened; it holds ids.
    "query_context",
    # WHY: the import ignores it, so a push could not set the theme.
    "theme_uuid",
    "theme_id",
    # WHY: set by the import itself, never by a person.
    "is_managed_externally",
    "external_url",
    # WHY: ids that each server assigns.
    "id",
    "database_id",
    "table_id",
    "datasource_id",
    "datasource_type",
    "datasource_name",
}


def canonical(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The asset in canonical form; the input is not changed."""
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
    """Several assets (kind, path, data) in canonical form; some values depend on other assets."""
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
    # WHY: a secret must not be in git.
    data.pop("password", None)


def _dataset(data: dict[str, Any]) -> None:
    for name, key, fields in (
        ("columns", "column_name", COLUMN),
        ("metrics", "metric_name", METRIC),
    ):
        # WHY: the order differs between exports and has no meaning in Superset.
        items = sorted(data.get(name) or [], key=lambda item, key=key: item[key])
        data[name] = [_tidy(_plain(item), fields) for item in items]


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    # WHY: names identify columns and metrics; their uuids differ between servers.
    plain = {key: value for key, value in item.items() if key != "uuid"}
    if isinstance(plain.get("extra"), str):
        # WHY: the import accepts JSON text too, and then exports a mapping.
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
