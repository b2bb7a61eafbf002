"""`bundle.yml`: reading, checking and writing."""

import difflib
import re
from pathlib import Path
from typing import Any

import yaml

from scripts.assets.access import alert_file
from scripts.assets.files.yaml_text import dump_yaml, load_yaml, write_text
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import ENTRY_KINDS, NAME_FIELD
from scripts.assets.model.problems import Problem, Rule

FILE = "bundle.yml"
# Superset resets these roles; bundle.yml may refer to them but not change them.
BUILT_IN = ("Admin", "Alpha", "Gamma", "sql_lab")
PASSWORD = re.compile(r"\$\{([A-Z][A-Z0-9_]*_PASSWORD)\}")
_HEADER = """\
# Access (roles, row filters, dashboard access, users) and alerts. make plan, push, pull and prune
# handle them like the dashboards; docs/dashboards.md explains each field. make pull and make format
# remove comments; a row filter has a description instead.
"""
# The sections of the file in order → the kind of its entries.
SECTIONS = {
    "roles": "roles",
    "row_filters": "filters",
    "dashboards": "access",
    "users": "users",
    "alerts": "alerts",
}
# The fields of an entry: their types, and whether they must be there.
FIELDS: dict[str, dict[str, tuple[type, bool]]] = {
    "roles": {
        "permissions": (list, False),
        "schemas": (list, False),
        "databases": (list, False),
        "datasets": (list, False),
    },
    "filters": {
        "description": (str, False),
        "type": (str, False),
        "clause": (str, True),
        "datasets": (list, True),
        "roles": (list, False),
        "group": (str, False),
    },
    "access": {"roles": (list, True)},
    "users": {
        "first_name": (str, True),
        "last_name": (str, True),
        "email": (str, True),
        "roles": (list, True),
        "password": (str, True),
    },
    "alerts": alert_file.FIELDS,
}
# A field that has its default value is left out of the file.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "filters": {"type": "Regular"},
    "alerts": alert_file.DEFAULTS,
}
_TYPE_NAMES = {list: "a list", dict: "a mapping", bool: "true or false", int: "a whole number"}
_PERMISSION = re.compile(r"\S+ on \S.*")


def has_access_file(folder: Path) -> bool:
    """Whether this repository manages access: it has the file."""
    return (folder / FILE).exists()


def read_access(folder: Path, bundle: Bundle) -> tuple[Bundle, list[Problem]]:
    """The entries of the file and its problems (with problems there are no entries).

    `bundle`: the dashboards and datasets that the entries may name.
    """
    if not has_access_file(folder):
        return Bundle(), []
    try:
        data = load_yaml((folder / FILE).read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        return Bundle(), [
            Problem(FILE, f"cannot be read ({error})", "fix the YAML", Rule.UNREADABLE)
        ]
    problems = _shape(data)
    if problems:
        return Bundle(), problems
    entries = [
        Asset(kind, canonical_entry(kind, _data(kind, name, entry)), FILE)
        for section, kind in SECTIONS.items()
        for name, entry in (data.get(section) or {}).items()
    ]
    problems = [problem for entry in entries for problem in _references(entry, entries, bundle)]
    return (
        (Bundle(), problems)
        if problems
        else (Bundle.of(entries + _without_roles(entries, bundle)), [])
    )


def _data(kind: str, name: Any, entry: Any) -> dict[str, Any]:
    entry = {"roles": entry} if kind == "access" else entry or {}
    return {NAME_FIELD[kind]: str(name)} | entry


def _without_roles(entries: list[Asset], bundle: Bundle) -> list[Asset]:
    """Entries without roles for the dashboards that the file does not contain."""
    names = {entry.title for entry in entries if entry.kind == "access"}
    slugs = [dashboard.data["slug"] for dashboard in bundle.kind("dashboards")]
    return [
        Asset("access", {"dashboard": slug, "roles": []}, FILE)
        for slug in slugs
        if slug not in names
    ]


def canonical_entry(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The canonical form of an entry: ordered fields, sorted lists, no default values."""
    canonical = {NAME_FIELD[kind]: data[NAME_FIELD[kind]]}
    for name, (type_, is_required) in FIELDS[kind].items():
        value = data.get(name)
        if type_ is list:
            value = sorted({str(each) for each in value or []})
        if name == "condition" and value:
            value = alert_file.canonical_condition(value)
        is_default = value in (None, "", [], {}) or value == _DEFAULTS.get(kind, {}).get(name)
        if is_required or not is_default:
            canonical[name] = value
    return canonical


def write_access(folder: Path, entries: Bundle, bundle: Bundle) -> bool:
    """Write the file; False where it says so already. `bundle` gives the names of its assets."""
    data: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        # A dashboard without roles needs no line.
        some = [e for e in entries.kind(kind) if kind != "access" or e.data["roles"]]
        if some:
            data[section] = {e.title: _entry(e) for e in sorted(some, key=lambda e: e.title)}
    text = dump_yaml(data) if data else "{}\n"
    for asset in bundle:
        # The name of the asset as a comment, for readers.
        schema = f"{asset.data.get('schema', '')}." if asset.kind == "datasets" else ""
        text = text.replace(f" {asset.uuid}\n", f" {asset.uuid}  # {schema}{asset.title}\n")
    return write_text(folder / FILE, _HEADER + text)


def _entry(entry: Asset) -> Any:
    data = {key: value for key, value in entry.data.items() if key != NAME_FIELD[entry.kind]}
    return data["roles"] if entry.kind == "access" else data


def _shape(data: Any) -> list[Problem]:
    """Problems with unknown names and wrong types."""
    if not isinstance(data, dict):
        return [Problem(FILE, "holds no fields", f"write {', '.join(SECTIONS)}", Rule.UNREADABLE)]
    problems = [
        Problem(
            FILE,
            f"{section} is unknown",
            f"use one of {', '.join(SECTIONS)}",
            Rule.UNKNOWN_FIELD,
        )
        for section in data
        if section not in SECTIONS
    ]

    def add_wrong_type(message: str, remedy: str) -> None:
        problems.append(Problem(FILE, message, remedy, Rule.WRONG_TYPE))

    for section, kind in SECTIONS.items():
        entries = data.get(section) or {}
        if not isinstance(entries, dict):
            add_wrong_type(f"{section} must be a mapping", "write name: and its fields")
            continue
        for name, entry in entries.items():
            where = f"{section}.{name}"
            if kind == "access" and not isinstance(entry, list):
                add_wrong_type(f"{where} must be a list", "write the names of roles")
            elif not isinstance(entry, list if kind == "access" else dict | None):
                add_wrong_type(f"{where} must be a mapping", "write its fields")
            else:
                problems += _entry_shape(where, kind, _data(kind, name, entry))
    return problems


def _entry_shape(where: str, kind: str, data: dict[str, Any]) -> list[Problem]:
    problems = []
    fields = FIELDS[kind]

    def add(name: Any, message: str, remedy: str, rule: Rule) -> None:
        problems.append(Problem(FILE, f"{where}.{name} {message}", remedy, rule))

    for name in data.keys() - fields.keys() - {NAME_FIELD[kind]}:
        matches = difflib.get_close_matches(str(name), fields, n=1)
        advice = f"write {matches[0]}" if matches else f"use one of {', '.join(fields)}"
        add(name, "is unknown", advice, Rule.UNKNOWN_FIELD)
    for name, (type_, is_required) in fields.items():
        value = data.get(name)
        if value is None:
            if is_required:
                add(name, "is missing", f"add {name}", Rule.MISSING_FIELD)
        elif not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
            word = _TYPE_NAMES.get(type_, "text")
            add(name, f"must be {word}", f"write {word}", Rule.WRONG_TYPE)
        elif isinstance(value, list) and not all(isinstance(each, str) for each in value):
            add(name, "must hold texts", "write names", Rule.WRONG_TYPE)
    return problems


def _references(entry: Asset, entries: list[Asset], bundle: Bundle) -> list[Problem]:
    """References without a target, and values that Superset would refuse."""
    problems = []

    def add(message: str, remedy: str, rule: Rule = Rule.DANGLING_REFERENCE) -> None:
        problems.append(Problem(FILE, f"{entry}: {message}", remedy, rule))

    roles = {each.title for each in entries if each.kind == "roles"} | {*BUILT_IN, "Public"}
    if entry.kind == "roles" and entry.title in BUILT_IN:
        message = "Superset writes this role anew by itself"
        add(message, "give the role another name", Rule.MALFORMED_SETTING)
    for role in entry.data.get("roles", []):
        if role not in roles:
            add(f'there is no role "{role}"', "add it under roles, or name one of Superset's own")
    for kind in ("databases", "datasets"):
        fields = {asset.uuid for asset in bundle.kind(kind)}
        for uuid in entry.data.get(kind, []):
            if uuid not in fields:
                add(
                    f"{uuid} is not in a file below {kind}/", f"write the uuid of a file in {kind}/"
                )
    for permission in entry.data.get("permissions", []):
        if not _PERMISSION.fullmatch(permission):
            message, remedy = (
                f'"{permission}" is not a permission',
                'write it like "can_read on Chart"',
            )
            add(message, remedy, Rule.MALFORMED_SETTING)
    if entry.kind == "filters" and entry.data.get("type", "Base") != "Base":
        message = f"type {entry.data['type']} is unknown"
        add(message, "write Regular or Base", Rule.MALFORMED_SETTING)
    slugs = {dashboard.data["slug"] for dashboard in bundle.kind("dashboards")}
    if entry.kind == "access" and entry.title not in slugs:
        add("no dashboard here has this slug", "write the slug of a file in dashboards/")
    if entry.kind == "alerts":
        alert_file.alert_problems(entry, bundle, add)
    if entry.kind == "users":
        if not PASSWORD.fullmatch(entry.data["password"]):
            message = "the password must not be in this file"
            add(message, "write ${NAME_PASSWORD}, and its value in .env", Rule.PASSWORD)
        if not entry.data["roles"]:
            add("it has no role", "name at least one", Rule.MISSING_FIELD)
    return problems


assert set(SECTIONS.values()) == set(ENTRY_KINDS)
