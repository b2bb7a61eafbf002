"""Rules about one file: its fields, their types, and the shape of layout and settings."""

import difflib
from datetime import datetime
from typing import Any
from uuid import UUID

from scripts.assets.model.database_uri import ADDRESS, sends_own_password_elsewhere
from scripts.assets.model.fields import (
    ANNOTATION,
    COLUMN,
    FIELDS,
    FORMAT_VERSION,
    METRIC,
    REST_FIELDS,
    Field,
)
from scripts.assets.model.layout import VERSION_KEY
from scripts.assets.model.normalise import FORMER_NAMES, IGNORED_FIELDS, SECRET_FIELDS
from scripts.assets.model.placeholder_values import KNOWN as PLACEHOLDERS
from scripts.assets.model.placeholder_values import unknown_placeholders
from scripts.assets.model.problems import Problem, Rule
from scripts.assets.model.viz_types import KNOWN, NEEDS_SETUP, REPLACED_BY

_TYPE_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    dict: "a mapping",
    list: "a list",
    type(None): "null",
}
_REMEDIES = {
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
    """Problems of one file that Superset would refuse, or accept and show broken."""
    findings = _Findings(path)
    _keys(findings, data)
    if findings.problems:
        return findings.problems
    renamed = {FORMER_NAMES.get(kind, {}).get(name, name): data[name] for name in data}
    _fields(findings, renamed, FIELDS[kind], "")
    if _is_text(data.get("uuid")):
        _uuid(findings, "uuid", data["uuid"])
    if _is_text(data.get("version")) and data["version"] != FORMAT_VERSION:
        findings.add(
            Rule.FORMAT_VERSION,
            f'version "{data["version"]}" is unknown',
            f"write version: {FORMAT_VERSION}",
        )
    for name in REST_FIELDS:
        if isinstance(data.get(name), list) and not all(_is_text(each) for each in data[name]):
            findings.add(Rule.WRONG_TYPE, f"{name} must hold texts", "write names")
    _OF_KIND[kind](findings, data)
    return findings.problems


class _Findings:
    """The problems of one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def add(self, rule: Rule, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.path, message, remedy, rule))


def _fields(
    findings: _Findings, data: dict[str, Any], fields: tuple[Field, ...], where: str
) -> None:
    names = [field.name for field in fields]
    for name in data:
        if name in SECRET_FIELDS:
            findings.add(
                Rule.PASSWORD,
                f"{where}{name} may hold a secret",
                "remove it here, and enter it in Superset",
            )
        elif name not in names and name not in IGNORED_FIELDS:
            matches = difflib.get_close_matches(str(name), names, n=1)
            advice = f"write {matches[0]}" if matches else "remove it"
            findings.add(Rule.UNKNOWN_FIELD, f"{where}{name} is not a field of Superset", advice)
    for field in fields:
        if field.name not in data:
            if field.required:
                advice = _REMEDIES.get(field.name, f"add {field.name}")
                findings.add(Rule.MISSING_FIELD, f"{where}{field.name} is missing", advice)
        elif not _has_type(data[field.name], field.types):
            expected = " or ".join(_TYPE_NAMES[kind] for kind in field.types)
            quotes = " (in quotes, where YAML takes it for something else)" * (str in field.types)
            findings.add(
                Rule.WRONG_TYPE,
                f"{where}{field.name} must be {expected}",
                f"write {expected}{quotes}",
            )
        elif field.longest and len(str(data[field.name] or "")) > field.longest:
            findings.add(
                Rule.TOO_LONG,
                f"{where}{field.name} has {len(data[field.name])} characters, and Superset holds "
                f"{field.longest}",
                "shorten it",
            )


def _keys(findings: _Findings, data: dict[str, Any]) -> None:
    """Keys at any depth that are not text, which JSON and so Superset cannot hold."""
    places: list[tuple[str, Any]] = [("", data)]
    while places:
        where, value = places.pop()
        if isinstance(value, list):
            places += [(where, item) for item in value]
        if isinstance(value, dict):
            for key, item in value.items():
                if not isinstance(key, str):
                    message = f"{where or 'the file'} has the key {key}, which is not text"
                    findings.add(Rule.WRONG_TYPE, message, "write the key in quotes")
                places.append((f"{where}.{key}" if where else str(key), item))


def _has_type(value: Any, types: tuple[type, ...]) -> bool:
    # A bool is an int to Python, and not to Superset.
    return type(value) in types


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _uuid(findings: _Findings, name: str, value: str) -> None:
    try:
        is_canonical = str(UUID(value)) == value.lower()
    except ValueError:
        is_canonical = False
    if not is_canonical:
        findings.add(
            Rule.MALFORMED_UUID,
            f'{name} "{value}" is not a uuid',
            "write 8-4-4-4-12 hexadecimal digits",
        )


def _database(findings: _Findings, data: dict[str, Any]) -> None:
    uri = data.get("sqlalchemy_uri")
    if not isinstance(uri, str):
        return
    for name in unknown_placeholders(uri):
        findings.add(
            Rule.UNKNOWN_SETTING,
            f"sqlalchemy_uri: there is no setting {name}",
            f"use one of {', '.join(PLACEHOLDERS)}",
        )
    if not ADDRESS.match(uri):
        findings.add(
            Rule.MALFORMED_SETTING,
            f'sqlalchemy_uri "{uri}" is not an address',
            "write dialect://user:${NAME_PASSWORD}@host:port/database",
        )
    if sends_own_password_elsewhere(uri):
        findings.add(
            Rule.PASSWORD,
            "sqlalchemy_uri sends a password of this installation to another server",
            "write ${POSTGRES_HOST}:${POSTGRES_PORT}, or a password of its own: ${NAME_PASSWORD}",
        )
    login, at, _ = uri.partition("://")[2].rpartition("@")
    secret = login.partition(":")[2]
    if at and secret and not secret.startswith("${"):
        findings.add(
            Rule.PASSWORD,
            "sqlalchemy_uri holds a password",
            "write ${DASHBOARD_PASSWORD} in its place",
        )


def _query(findings: _Findings, data: dict[str, Any]) -> None:
    if _is_text(data.get("database_uuid")):
        _uuid(findings, "database_uuid", data["database_uuid"])


def _dataset(findings: _Findings, data: dict[str, Any]) -> None:
    if _is_text(data.get("database_uuid")):
        _uuid(findings, "database_uuid", data["database_uuid"])
    for name, key, fields in (
        ("columns", "column_name", COLUMN),
        ("metrics", "metric_name", METRIC),
    ):
        items = data.get(name) or []
        names_so_far: set[str] = set()
        for number, item in enumerate(items if isinstance(items, list) else [], start=1):
            if not isinstance(item, dict):
                findings.add(
                    Rule.WRONG_TYPE, f"{name}, entry {number} must be a mapping", f"write {key}: …"
                )
                continue
            label = str(item.get(key, number))
            _fields(
                findings,
                {k: v for k, v in item.items() if k != "uuid"},
                fields,
                f"{name}, {label}: ",
            )
            if label in names_so_far:
                findings.add(
                    Rule.REPEATED_NAME,
                    f"{name}: {label} appears twice",
                    "remove one of the two",
                )
            names_so_far.add(label)


def _chart(findings: _Findings, data: dict[str, Any]) -> None:
    if _is_text(data.get("dataset_uuid")):
        _uuid(findings, "dataset_uuid", data["dataset_uuid"])
    viz_type, params = data.get("viz_type"), data.get("params")
    if not isinstance(viz_type, str) or not isinstance(params, dict):
        return
    if params.get("viz_type") != viz_type:
        findings.add(
            Rule.TWO_TYPES,
            f"viz_type is {viz_type} and params.viz_type is {params.get('viz_type')}",
            "write the same type in both places",
        )
    if viz_type in REPLACED_BY:
        findings.add(
            Rule.CHART_TYPE,
            f"viz_type {viz_type} is rewritten by Superset 6",
            f"write {REPLACED_BY[viz_type]}",
        )
    elif viz_type in NEEDS_SETUP:
        findings.add(
            Rule.CHART_TYPE,
            f"viz_type {viz_type} does not work in this Superset as it is",
            "choose another type",
        )
    elif viz_type not in KNOWN:
        matches = difflib.get_close_matches(viz_type, KNOWN, n=1)
        findings.add(
            Rule.CHART_TYPE,
            f"viz_type {viz_type} is unknown",
            f"write {matches[0]}" if matches else "choose another type",
        )


def _dashboard(findings: _Findings, data: dict[str, Any]) -> None:
    position = data.get("position")
    if not isinstance(position, dict):
        return
    for key, node in position.items():
        if key == VERSION_KEY:
            if node != "v2":
                findings.add(Rule.MALFORMED_LAYOUT, f"position.{key} is {node}", f"write {key}: v2")
            continue
        where = f"position.{key}"
        if not isinstance(node, dict):
            findings.add(
                Rule.MALFORMED_LAYOUT, f"{where} must be a mapping", "write type, meta and children"
            )
            continue
        if node.get("type") not in _COMPONENTS:
            findings.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}: type {node.get('type')} is unknown",
                "write ROW, CHART, TAB, …",
            )
        if not isinstance(node.get("meta", {}), dict):
            findings.add(
                Rule.MALFORMED_LAYOUT, f"{where}.meta must be a mapping", "write name: value lines"
            )
        elif node.get("type") == "CHART" and not _is_text(node.get("meta", {}).get("uuid")):
            findings.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}.meta.uuid is missing",
                "write the uuid of the chart it shows",
            )
        children = node.get("children") or []
        if not isinstance(children, list) or not all(isinstance(c, str) for c in children):
            findings.add(
                Rule.MALFORMED_LAYOUT,
                f"{where}.children must be a list of names",
                "write the keys of components",
            )
    metadata = data.get("metadata")
    _settings(findings, metadata if isinstance(metadata, dict) else {})


def _settings(findings: _Findings, metadata: dict[str, Any]) -> None:
    for name in ("native_filter_configuration", "chart_customization_config"):
        for number, entry in enumerate(_items(findings, f"metadata.{name}", metadata.get(name)), 1):
            where = f"metadata.{name}, entry {number}"
            for target in _items(findings, f"{where}, targets", entry.get("targets")):
                _mapping(findings, f"{where}, column", target.get("column"))
            _scope(findings, where, entry)
    for name in ("chart_configuration", "global_chart_configuration", "expanded_slices"):
        _mapping(findings, f"metadata.{name}", metadata.get(name))
    slices = metadata.get("timed_refresh_immune_slices")
    if not isinstance(slices, list | None):
        findings.add(
            Rule.MALFORMED_SETTING,
            "metadata.timed_refresh_immune_slices must be a list",
            "write charts' uuids",
        )
    _scope(findings, "metadata", _mapping(findings, "", metadata.get("global_chart_configuration")))
    for key, entry in _mapping(findings, "", metadata.get("chart_configuration")).items():
        where = f"metadata.chart_configuration.{key}"
        filters = _mapping(findings, where, entry).get("crossFilters")
        _scope(findings, where, _mapping(findings, f"{where}.crossFilters", filters))


def _scope(findings: _Findings, where: str, entry: dict[str, Any]) -> None:
    scope = entry.get("scope")
    if isinstance(scope, dict) and not isinstance(scope.get("excluded"), list | None):
        findings.add(
            Rule.MALFORMED_SETTING,
            f"{where}, scope: excluded must be a list",
            "write charts' uuids",
        )


def _items(findings: _Findings, where: str, value: Any) -> list[dict[str, Any]]:
    """The mappings of a list; anything else is a problem."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        findings.add(Rule.MALFORMED_SETTING, f"{where} must be a list of mappings", "fix the list")
        return []
    return value


def _mapping(findings: _Findings, where: str, value: Any) -> dict[str, Any]:
    """A mapping; anything else is a problem, reported where `where` is not empty."""
    if isinstance(value, dict):
        return value
    if value is not None and where:
        findings.add(
            Rule.MALFORMED_SETTING, f"{where} must be a mapping", "write name: value lines"
        )
    return {}


def _annotation_layer(findings: _Findings, data: dict[str, Any]) -> None:
    for number, each in enumerate(_items(findings, "annotations", data.get("annotations")), 1):
        _fields(findings, each, ANNOTATION, f"annotations, entry {number}: ")
        for name in ("start_dttm", "end_dttm"):
            try:
                datetime.fromisoformat(str(each.get(name)))
            except ValueError:
                findings.add(
                    Rule.WRONG_TYPE,
                    f"annotations, entry {number}: {name} is not a time",
                    "write it like 2026-01-31T12:00:00",
                )


_OF_KIND = {
    "queries": _query,
    "annotation_layers": _annotation_layer,
    "databases": _database,
    "datasets": _dataset,
    "charts": _chart,
    "dashboards": _dashboard,
}
