"""Values that differ between installations: ${…} and schema names in git, values on the server.

A push replaces every placeholder with the value in `.env` or in the chosen environment. A pull
replaces the value with the placeholder of git, so that a round trip leaves no difference.
"""

import re
from collections.abc import Iterable
from typing import Any

from scripts.assets.model.database_uri import fill_uri, password_name, restore_uri
from scripts.assets.model.placeholder_values import (
    DEFAULTS,
    PLACEHOLDER,
    PLACEHOLDER_NAMES,
    placeholder_value,
)
from scripts.settings import Settings

# Marks a schema that has the same name in every environment.
NO_PREFIX = "${NO_PREFIX}"
# The kinds with a schema.
_IN_SCHEMA = ("datasets", "queries")
# Fields, besides the address of a database and the schema of a dataset, that may hold placeholders.
_FIELDS: dict[str, tuple[str, ...]] = {
    "databases": (),
    "datasets": ("catalog", "sql", "extra"),
    "queries": ("catalog", "sql"),
    "annotation_layers": (),
    "charts": ("certified_by", "certification_details"),
    "dashboards": ("certified_by", "certification_details"),
    "alerts": ("sql",),
}


def fill(kind: str, data: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The asset with the values of this installation; a database then contains its password."""
    full = dict(data)
    if kind == "databases":
        full["sqlalchemy_uri"] = fill_uri(data["sqlalchemy_uri"], settings)
    if kind in _IN_SCHEMA and data.get("schema"):
        full["schema"] = server_schema(data["schema"], settings)
    for name in _FIELDS[kind]:
        if full.get(name):
            full[name] = _filled_texts(full[name], settings) or None
    return full


def restore(
    kind: str, data: dict[str, Any], local: dict[str, Any] | None, settings: Settings
) -> dict[str, Any]:
    """The asset with the placeholders of git; `local`: its current form in git."""
    local = local or {}
    restored = dict(data)
    if kind == "databases":
        restored["sqlalchemy_uri"] = restore_uri(
            data["sqlalchemy_uri"],
            settings,
            local.get("sqlalchemy_uri", ""),
            password_name(str(data["database_name"]), str(data["uuid"])),
        )
    if kind in _IN_SCHEMA and data.get("schema"):
        restored["schema"] = schema_in_git(data["schema"], settings, [local.get("schema") or ""])
    for name in _FIELDS[kind]:
        in_git = local.get(name)
        if not in_git or not _has_placeholder(in_git):
            continue
        if (_filled_texts(in_git, settings) or None) == (data.get(name) or None):
            restored[name] = in_git
        elif isinstance(in_git, str) and isinstance(data.get(name), str):
            restored[name] = _with_placeholders(data[name], in_git, settings)
    return restored


def server_schema(schema: str, settings: Settings) -> str:
    """The schema's name on this installation."""
    if schema.startswith(NO_PREFIX):
        return schema.removeprefix(NO_PREFIX)
    return placeholder_value("SCHEMA_PREFIX", settings) + schema


def schema_in_git(schema: str, settings: Settings, local: Iterable[str] = ()) -> str:
    """The schema's name in git; `local`: the names that git has for it now."""
    for in_git in local:
        if in_git and server_schema(in_git, settings) == schema:
            return in_git
    prefix = placeholder_value("SCHEMA_PREFIX", settings)
    if prefix and not schema.startswith(prefix):
        return NO_PREFIX + schema
    return schema.removeprefix(prefix)


def _has_placeholder(value: Any) -> bool:
    return any(name in PLACEHOLDER_NAMES for name in PLACEHOLDER.findall(str(value)))


def _filled_texts(value: Any, settings: Settings) -> Any:
    """Every text in it, at any depth, with values; an unknown ${…} stays unchanged."""
    if isinstance(value, dict):
        return {key: _filled_texts(item, settings) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled_texts(item, settings) for item in value]
    if not isinstance(value, str):
        return value
    return PLACEHOLDER.sub(
        lambda match: placeholder_value(match[1], settings) if match[1] in DEFAULTS else match[0],
        value,
    )


def _with_placeholders(text: str, in_git: str, settings: Settings) -> str:
    """A text that was edited on the server, with the placeholders of git restored.

    The word after a placeholder identifies it: ${SCHEMA_PREFIX}reports.
    """
    for name, word in set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)\}(\w*)", in_git)):
        value = placeholder_value(name, settings) + word if name in DEFAULTS else ""
        if value:
            whole = rf"(?<!\w){re.escape(value)}(?!\w)"
            text = re.sub(whole, f"${{{name}}}{word}", text)
    return text
