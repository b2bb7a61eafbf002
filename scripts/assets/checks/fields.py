"""Rules about one file: does it have the fields that Superset will ask for?"""

import difflib
from typing import Any
from uuid import UUID

from scripts.assets.model.fields import COLUMN, FIELDS, FORMAT_VERSION, METRIC, Field
from scripts.assets.model.layout import VERSION_KEY
from scripts.assets.model.normalise import LEFT_OUT
from scripts.assets.model.placeholders import KNOWN as PLACEHOLDERS
from scripts.assets.model.placeholders import unknown_placeholders
from scripts.assets.model.problems import Problem, Rule
from scripts.assets.model.viz_types import KNOWN, NOT_HERE, REPLACED

_WORDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    dict: "a mapping",
    list: "a list",
    type(None): "null",
}
_HOW_TO_ADD = {
    "uuid": "add `uuid:` with a new one: python3 -c 'import uuid; print(uuid.uuid4())'",
    "version": f"add version: {FORMAT_VERSION}",
}
_COMPONENTS = (
    "ROOT",
    "GRID",
    "HEADER",
    "ROW",
    "COLUMN",
    "TABS",
    "TAB",
    "CHART",
    "MARKDOWN",
    "DIVIDER",
)


def file_problems(kind: str, path: str, data: dict[str, Any]) -> list[Problem]:
    """What Superset would refuse, or would accept and show broken, in this one file."""
    found = _Findings(path)
    _keys(found, data)
    if found.problems:
        return found.problems
    _fields(found, data, FIELDS[kind], "")
    if _is_text(data.get("uuid")):
        _uuid(found, "uuid", data["uuid"])
    if _is_text(data.get("version")) and data["version"] != FORMAT_VERSION:
        found.add(
            Rule.FORMAT_VERSION,
            f'version "{data["version"]}" is unknown',
            f"write version: {FORMAT_VERSION}",
        )
    _OF_KIND[kind](found, data)
    return found.problems


class _Findings:
    """The findings about one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def add(self, rule: Rule, what: str, do: str) -> None:
        self.problems.append(Problem(self.path, what, do, rule))


def _fields(found: _Findings, data: dict[str, Any], fields: tuple[Field, ...], where: str) -> None:
    names = [field.name for field in fields]
    for name in data:
        if name not in names and name not in LEFT_OUT:
            near = difflib.get_close_matches(str(name), names, n=1)
            advice = f"write {near[0]}" if near else "remove it"
            found.add(Rule.UNKNOWN_FIELD, f"{where}{name} is no field Superset knows", advice)
    for field in fields:
        if field.name not in data:
            if field.required:
                advice = _HOW_TO_ADD.get(field.name, f"add {field.name}")
                found.add(Rule.MISSING_FIELD, f"{where}{field.name} is missing", advice)
        elif not _has_type(data[field.name], field.types):
            wanted = " or ".join(_WORDS[kind] for kind in field.types)
            quotes = " (in quotes, where YAML takes it for something else)" * (str in field.types)
            found.add(
                Rule.WRONG_TYPE, f"{where}{field.name} must be {wanted}", f"write {wanted}{quotes}"
            )
        elif field.longest and len(str(data[field.name] or "")) > field.longest:
            found.add(
                Rule.TOO_LONG,
                f"{where}{field.name} has {len(data[field.name])} characters, and Superset holds "
                f"{field.longest}",
                "shorten it",
            )


def _keys(found: _Findings, data: dict[str, Any]) -> None:
    """Keys at any depth that are not text, which JSON and so Superset cannot hold."""
    places: list[tuple[str, Any]] = [("", data)]
    while places:
        where, value = places.pop()
        if isinstance(value, list):
            places += [(where, item) for item in value]
        if isinstance(value, dict):
            for key, item in value.items():
                if not isinstance(key, str):
                    what = f"{where or 'the file'} has the key {key}, which is not text"
                    found.add(Rule.WRONG_TYPE, what, "write the key in quotes")
                places.append((f"{where}.{key}" if where else str(key), item))


def _has_type(value: Any, types: tuple[type, ...]) -> bool:
    # A bool is an int to Python, and not to Superset.
    return type(value) in types


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _uuid(found: _Findings, name: str, value: str) -> None:
    try:
        plain = str(UUID(value)) == value.lower()
    except ValueError:
        plain = False
    if not plain:
        found.add(
            Rule.MALFORMED_UUID,
            f'{name} "{value}" is no uuid',
            "write 8-4-4-4-12 hexadecimal digits",
        )


def _database(found: _Findings, data: dict[str, Any]) -> None:
    uri = data.get("sqlalchemy_uri")
    if not isinstance(uri, str):
        return
    for name in unknown_placeholders(uri):
        found.add(
            Rule.UNKNOWN_SETTING,
            f"sqlalchemy_uri: no setting is called {name}",
            f"use one of {', '.join(PLACEHOLDERS)}",
        )
    login, at, _ = uri.partition("://")[2].rpartition("@")
    secret = login.partition(":")[2]
    if at and secret and not secret.startswith("${"):
        found.add(
            Rule.PASSWORD,
            "sqlalchemy_uri holds a password",
            "write ${DASHBOARD_PASSWORD} in its place",
        )


def _dataset(found: _Findings, data: dict[str, Any]) -> None:
    if _is_text(data.get("database_uuid")):
        _uuid(found, "database_uuid", data["database_uuid"])
    for name, key, fields in (
        ("columns", "column_name", COLUMN),
        ("metrics", "metric_name", METRIC),
    ):
        items = data.get(name) or []
        seen: set[str] = set()
        for number, item in enumerate(items if isinstance(items, list) else [], start=1):
            if not isinstance(item, dict):
                found.add(
                    Rule.WRONG_TYPE, f"{name}, entry {number} must be a mapping", f"write {key}: …"
                )
                continue
            label = str(item.get(key, number))
            _fields(
                found, {k: v for k, v in item.items() if k != "uuid"}, fields, f"{name}, {label}: "
            )
            if label in seen:
                found.add(
                    Rule.REPEATED_NAME,
                    f"{name}: {label} stands there twice",
                    "remove one of the two",
                )
            seen.add(label)


def _chart(found: _Findings, data: dict[str, Any]) -> None:
    if _is_text(data.get("dataset_uuid")):
        _uuid(found, "dataset_uuid", data["dataset_uuid"])
    viz_type, params = data.get("viz_type"), data.get("params")
    if not isinstance(viz_type, str) or not isinstance(params, dict):
        return
    if params.get("viz_type") != viz_type:
        found.add(
            Rule.TWO_TYPES,
            f"viz_type is {viz_type} and params.viz_type is {params.get('viz_type')}",
            "write the same type in both places",
        )
    if viz_type in REPLACED:
        found.add(
            Rule.CHART_TYPE,
            f"viz_type {viz_type} is rewritten by Superset 6",
            f"write {REPLACED[viz_type]}",
        )
    elif viz_type in NOT_HERE:
        found.add(
            Rule.CHART_TYPE,
            f"viz_type {viz_type} does not work in this Superset as it is",
            "choose another type",
        )
    elif viz_type not in KNOWN:
        near = difflib.get_close_matches(viz_type, KNOWN, n=1)
        found.add(
            Rule.CHART_TYPE,
            f"viz_type {viz_type} is unknown",
            f"write {near[0]}" if near else "choose another type",
        )


def _dashboard(found: _Findings, data: dict[str, Any]) -> None:
    position = data.get("position")
    if not isinstance(position, dict):
        return
    for key, node in position.items():
        if key == VERSION_KEY:
            if node != "v2":
                found.add(Rule.MALFORMED_LAYOUT, f"position.{key} is {node}", f"write {key}: v2")
            continue
        where = f"position.{key}"
        if not isinstance(node, dict):
            found.add(
                Rule.MALFORMED_LAYOUT, f"{where} must be a mapping", "write type, meta and children"
            )
            continue
        if node.get("type") not in _COMPONENTS:
            found.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}: type {node.get('type')} is unknown",
                "write ROW, CHART, TAB, …",
            )
        if not isinstance(node.get("meta", {}), dict):
            found.add(
                Rule.MALFORMED_LAYOUT, f"{where}.meta must be a mapping", "write name: value lines"
            )
        elif node.get("type") == "CHART" and not _is_text(node.get("meta", {}).get("uuid")):
            found.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}.meta.uuid is missing",
                "write the uuid of the chart it shows",
            )
        children = node.get("children") or []
        if not isinstance(children, list) or not all(isinstance(c, str) for c in children):
            found.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}.children must be a list of names",
                "write the keys of components",
            )
    metadata = data.get("metadata")
    _settings(found, metadata if isinstance(metadata, dict) else {})


def _settings(found: _Findings, metadata: dict[str, Any]) -> None:
    for name in ("native_filter_configuration", "chart_customization_config"):
        for number, entry in enumerate(_items(found, f"metadata.{name}", metadata.get(name)), 1):
            where = f"metadata.{name}, entry {number}"
            for target in _items(found, f"{where}, targets", entry.get("targets")):
                _mapping(found, f"{where}, column", target.get("column"))
            _scope(found, where, entry)
    for name in ("chart_configuration", "global_chart_configuration", "expanded_slices"):
        _mapping(found, f"metadata.{name}", metadata.get(name))
    slices = metadata.get("timed_refresh_immune_slices")
    if not isinstance(slices, list | None):
        found.add(
            Rule.MALFORMED_SETTING,
            "metadata.timed_refresh_immune_slices must be a list",
            "write charts' uuids",
        )
    _scope(found, "metadata", _mapping(found, "", metadata.get("global_chart_configuration")))
    for key, entry in _mapping(found, "", metadata.get("chart_configuration")).items():
        where = f"metadata.chart_configuration.{key}"
        filters = _mapping(found, where, entry).get("crossFilters")
        _scope(found, where, _mapping(found, f"{where}.crossFilters", filters))


def _scope(found: _Findings, where: str, entry: dict[str, Any]) -> None:
    scope = entry.get("scope")
    if isinstance(scope, dict) and not isinstance(scope.get("excluded"), list | None):
        found.add(
            Rule.MALFORMED_SETTING,
            f"{where}, scope: excluded must be a list",
            "write charts' uuids",
        )


def _items(found: _Findings, where: str, value: Any) -> list[dict[str, Any]]:
    """The mappings of a list; anything else is a finding."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        found.add(Rule.MALFORMED_SETTING, f"{where} must be a list of mappings", "mend the list")
        return []
    return value


def _mapping(found: _Findings, where: str, value: Any) -> dict[str, Any]:
    """A mapping; anything else is a finding (where it has not been told already)."""
    if isinstance(value, dict):
        return value
    if value is not None and where:
        found.add(Rule.MALFORMED_SETTING, f"{where} must be a mapping", "write name: value lines")
    return {}


_OF_KIND = {
    "databases": _database,
    "datasets": _dataset,
    "charts": _chart,
    "dashboards": _dashboard,
}
