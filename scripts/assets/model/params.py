"""The params of a chart, reduced to the choices of its author."""

from typing import Any

from scripts.assets.model.controls import without_defaults

# Keys that name this server, this dashboard or this moment; the import sets what is needed.
IGNORED_FIELDS = {
    "datasource",  # WHY: the dataset's id on this server; git has dataset_uuid
    "slice_id",  # WHY: the chart's id on this server
    "slice_name",  # WHY: a copy of the chart's own field
    "dashboards",  # WHY: ids of dashboards; the layout of a dashboard holds its charts
    "dashboardId",  # WHY: the dashboard it was last opened from
    "url_params",  # WHY: the address it was last opened with
    "temporal_columns_lookup",  # WHY: a copy of what the dataset knows about its columns
    "form_data_key",  # WHY: a key of a cache in the browser
    "force",  # WHY: how the last query was sent, like the next two
    "result_format",
    "result_type",
}
# Values that are equal to an absent key; Superset writes them by itself.
DEFAULTS: dict[str, Any] = {
    "annotation_layers": [],
    "conditional_formatting": [],
    "extra_form_data": {},
}


def canonical_params(params: dict[str, Any]) -> dict[str, Any]:
    """The params without server ids, defaults, and settings of features that are off."""
    canonical = {
        key: _plain(value)
        for key, value in params.items()
        if key not in IGNORED_FIELDS and not (key in DEFAULTS and value in (DEFAULTS[key], None))
    }
    if not canonical.get("matrixify_enable"):
        # WHY: each save in the browser adds some twenty settings of a feature that is off.
        canonical = {
            key: value for key, value in canonical.items() if not key.startswith("matrixify_")
        }
    return without_defaults(canonical)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "expressionType" not in value:
        return {key: _plain(item) for key, item in value.items()}
    return _plain_expression(value)


def _plain_expression(value: dict[str, Any]) -> dict[str, Any]:
    """A metric, filter or column made in the chart itself."""
    plain = {}
    for key, item in value.items():
        if key in ("optionName", "filterOptionName"):
            continue  # WHY: a random identifier that the browser generates
        if key in ("datasourceWarning", "isNew", "isExtra", "hasCustomLabel") and not item:
            continue  # WHY: notes of the browser; false means the same as absent
        if key == "column" and isinstance(item, dict) and "column_name" in item:
            # WHY: a copy of the dataset's column with its number on this server.
            item = {name: item[name] for name in ("column_name", "type") if item.get(name)}
        plain[key] = _plain(item)
    return plain
