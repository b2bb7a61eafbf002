"""The canonical form of an asset, the same whoever wrote it and wherever it was exported.

`canonical(canonical(x)) == canonical(x)`, and two servers with the same assets give the same form.
A comment that begins with WHY gives the reason for each omission.
"""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from scripts.assets.model.controls import without_default_time_filter
from scripts.assets.model.fields import ANNOTATION, COLUMN, FIELDS, METRIC, REST_FIELDS, Field
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
    # WHY: they say how the import is to read the file, and are not in an export of the result.
    "source_db_engine",
    "data",
    "data_file",
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
# Fields of a database that hold secrets. Superset keeps them when a file lacks them.
SECRET_FIELDS = {"password", "encrypted_extra", "masked_encrypted_extra", "ssh_tunnel"}
# Names in exports of other versions of Superset, by kind: the other name → the one here.
FORMER_NAMES = {"databases": {"allow_file_upload": "allow_csv_upload"}}


def canonical(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The asset in canonical form; the input is not changed."""
    data = {key: plain_texts(v, key) for key, v in data.items() if key not in IGNORED_FIELDS}
    for former, name in FORMER_NAMES.get(kind, {}).items():
        if former in data:
            data[name] = data.get(name, data.pop(former))
    for reference in ("uuid", "dataset_uuid", "database_uuid"):
        if reference in data:
            data[reference] = str(data[reference]).lower()
    for name in REST_FIELDS:
        if name in data:
            # WHY: the order has no meaning in Superset.
            data[name] = sorted({str(each).strip() for each in data[name] or []})
    _CANONICAL[kind](data)
    return _tidy(data, FIELDS[kind])


def canonical_bundle(
    assets: list[tuple[str, str, dict[str, Any]]],
) -> list[tuple[str, str, dict[str, Any]]]:
    """Several assets (kind, path, data) in canonical form; some values depend on other assets."""
    result = [(kind, path, canonical(kind, data)) for kind, path, data in assets]
    by_uuid = {data["uuid"]: data for _, _, data in result if "uuid" in data}
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
    extra = dict(data.get("extra") or {})
    if "schemas_allowed_for_file_upload" in extra:
        extra["schemas_allowed_for_csv_upload"] = extra.pop("schemas_allowed_for_file_upload")
    data["extra"] = {key: value for key, value in extra.items() if value not in ({}, [], None, "")}
    for name in SECRET_FIELDS:
        # WHY: a secret must not be in git.
        data.pop(name, None)


def _dataset(data: dict[str, Any]) -> None:
    for name in ("extra", "params", "template_params"):
        _parse_json(data, name)
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
    for name in ("extra", "currency"):
        _parse_json(plain, name)
    return plain


def _parse_json(data: dict[str, Any], name: str) -> None:
    # WHY: the import accepts JSON text too, and then exports a mapping.
    if isinstance(data.get(name), str):
        with suppress(ValueError):
            data[name] = json.loads(data[name] or "null")


def _chart(data: dict[str, Any]) -> None:
    params = data.get("params")
    data["params"] = canonical_params(params if isinstance(params, dict) else {})


def _dashboard(data: dict[str, Any]) -> None:
    position = data.get("position") or {}
    charts = charts_in(position)
    data["position"] = canonical_position(position)
    data["metadata"] = canonical_metadata(data.get("metadata") or {}, charts)


def _query(data: dict[str, Any]) -> None:
    """A saved query has nothing but the fields of its schema."""


def _annotation_layer(data: dict[str, Any]) -> None:
    annotations = [_tidy(each, ANNOTATION) for each in data.get("annotations") or []]
    for each in annotations:
        for name in ("start_dttm", "end_dttm"):
            with suppress(ValueError):
                # WHY: Superset stores times of UTC without their offset.
                moment = datetime.fromisoformat(each[name])
                moment = moment.astimezone(UTC) if moment.tzinfo else moment
                each[name] = moment.replace(tzinfo=None).isoformat()
    key = ("start_dttm", "end_dttm", "short_descr")
    data["annotations"] = sorted(annotations, key=lambda each: [each[name] for name in key])


_CANONICAL = {
    "databases": _database,
    "datasets": _dataset,
    "queries": _query,
    "annotation_layers": _annotation_layer,
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
