"""Rules about one file: its fields, their types and lengths, and what each kind requires."""

import difflib
from datetime import datetime
from typing import Any
from uuid import UUID

from scripts.assets.checks.dashboard_fields import add_dashboard_problems
from scripts.assets.checks.findings import Findings, is_text, mappings_in
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
from scripts.assets.model.normalise import FORMER_NAMES, IGNORED_FIELDS, SECRET_FIELDS
from scripts.assets.model.placeholder_values import PLACEHOLDER_NAMES, unknown_placeholders
from scripts.assets.model.problems import Problem, Rule
from scripts.assets.model.viz_types import NEEDS_SETUP, REPLACED_BY, VIZ_TYPES

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
# How many characters Superset holds of a tag; usernames and e-mail addresses are shorter.
_LONGEST_NAME = 250


def file_problems(kind: str, path: str, data: dict[str, Any]) -> list[Problem]:
    """Problems of one file that Superset would refuse, or accept and show broken."""
    findings = Findings(path)
    _keys(findings, data)
    if findings.problems:
        return findings.problems
    renamed = {FORMER_NAMES.get(kind, {}).get(name, name): data[name] for name in data}
    _fields(findings, renamed, FIELDS[kind], "")
    if is_text(data.get("uuid")):
        _uuid(findings, "uuid", data["uuid"])
    if is_text(data.get("version")) and data["version"] != FORMAT_VERSION:
        findings.add(
            Rule.FORMAT_VERSION,
            f'version "{data["version"]}" is unknown',
            f"write version: {FORMAT_VERSION}",
        )
    for name in REST_FIELDS:
        if isinstance(data.get(name), list) and not all(is_text(each) for each in data[name]):
            findings.add(Rule.WRONG_TYPE, f"{name} must hold texts", "write names")
        for each in data.get(name) or []:
            if len(str(each)) > _LONGEST_NAME:
                findings.add(
                    Rule.TOO_LONG,
                    f"{name} holds a text of {len(str(each))} characters, and Superset holds "
                    f"{_LONGEST_NAME}",
                    "shorten it",
                )
    _OF_KIND[kind](findings, data)
    return findings.problems


def _fields(
    findings: Findings, data: dict[str, Any], fields: tuple[Field, ...], where: str
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


def _keys(findings: Findings, data: dict[str, Any]) -> None:
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


def _uuid(findings: Findings, name: str, value: str) -> None:
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


def _database(findings: Findings, data: dict[str, Any]) -> None:
    uri = data.get("sqlalchemy_uri")
    if not isinstance(uri, str):
        return
    for name in unknown_placeholders(uri):
        findings.add(
            Rule.UNKNOWN_SETTING,
            f"sqlalchemy_uri: there is no setting {name}",
            f"use one of {', '.join(PLACEHOLDER_NAMES)}",
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


def _query(findings: Findings, data: dict[str, Any]) -> None:
    if is_text(data.get("database_uuid")):
        _uuid(findings, "database_uuid", data["database_uuid"])


def _dataset(findings: Findings, data: dict[str, Any]) -> None:
    if is_text(data.get("database_uuid")):
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


def _chart(findings: Findings, data: dict[str, Any]) -> None:
    if is_text(data.get("dataset_uuid")):
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
    elif viz_type not in VIZ_TYPES:
        matches = difflib.get_close_matches(viz_type, VIZ_TYPES, n=1)
        findings.add(
            Rule.CHART_TYPE,
            f"viz_type {viz_type} is unknown",
            f"write {matches[0]}" if matches else "choose another type",
        )


def _annotation_layer(findings: Findings, data: dict[str, Any]) -> None:
    for number, each in enumerate(mappings_in(findings, "annotations", data.get("annotations")), 1):
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
    "dashboards": add_dashboard_problems,
}
