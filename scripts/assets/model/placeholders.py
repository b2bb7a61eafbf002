"""Values that differ between installations: ${…} and schema names in git, values on the server.

A push replaces every placeholder with the value in `.env` or in the chosen environment. A pull
replaces the value with the placeholder of git, so that a round trip leaves no difference.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from scripts.errors import UserError
from scripts.settings import Settings

# What Superset shows instead of a password.
MASK = "X" * 10
# Marks a schema that has the same name in every environment.
NO_PREFIX = "${NO_PREFIX}"
_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_PASSWORDS = {
    "dashboard": "DASHBOARD_PASSWORD",
    "transformer": "TRANSFORMER_PASSWORD",
    "superset": "SUPERSET_DB_PASSWORD",
    "postgres": "POSTGRES_PASSWORD",
}
# Default values, where neither `.env` nor an overlay has the key.
_DEFAULTS = {
    "DATABASE": "warehouse",
    "SCHEMA_PREFIX": "",
    "CERTIFIED_BY": "",
    "CERTIFICATION_DETAILS": "",
}
KNOWN = ("POSTGRES_HOST", "POSTGRES_PORT", *_DEFAULTS, *_PASSWORDS.values())
# Fields, besides the address of a database and the schema of a dataset, that may hold placeholders.
_FIELDS = {
    "databases": (),
    "datasets": ("catalog", "sql", "extra"),
    "charts": ("certified_by", "certification_details"),
    "dashboards": ("certified_by", "certification_details"),
}


def unknown_placeholders(text: str) -> list[str]:
    """Names in ${…} without a setting; a password may have any key in `.env`."""
    names = _PLACEHOLDER.findall(text)
    return [name for name in names if name not in KNOWN and not name.endswith("_PASSWORD")]


def fill(kind: str, data: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The asset with the values of this installation; a database then contains its password."""
    full = dict(data)
    if kind == "databases":
        full["sqlalchemy_uri"] = fill_uri(data["sqlalchemy_uri"], settings)
    if kind == "datasets" and data.get("schema"):
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
            data["sqlalchemy_uri"], settings, local.get("sqlalchemy_uri", "")
        )
    if kind == "datasets" and data.get("schema"):
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
    return _value("SCHEMA_PREFIX", settings) + schema


def schema_in_git(schema: str, settings: Settings, local: Iterable[str] = ()) -> str:
    """The schema's name in git; `local`: the names that git has for it now."""
    for in_git in local:
        if in_git and server_schema(in_git, settings) == schema:
            return in_git
    prefix = _value("SCHEMA_PREFIX", settings)
    if prefix and not schema.startswith(prefix):
        return NO_PREFIX + schema
    return schema.removeprefix(prefix)


def fill_uri(uri: str, settings: Settings) -> str:
    """An address with this installation's values, each quoted for a URL."""
    settings = settings.as_seen_by_superset()
    return _PLACEHOLDER.sub(lambda match: quote(_value(match[1], settings), safe=""), uri)


def restore_uri(uri: str, settings: Settings, local: str = "") -> str:
    """The address with placeholders for the values that equal this installation's settings."""
    if _PLACEHOLDER.search(uri):
        return uri
    if (
        local
        and not unknown_placeholders(local)
        and _masked(fill_uri(local, settings)) == _masked(uri)
    ):
        return local
    settings = settings.as_seen_by_superset()
    try:
        parts = urlsplit(uri)
        host, port, user = parts.hostname, parts.port, unquote(parts.username or "")
    except ValueError:
        return uri
    if not host:
        return uri
    location = "${POSTGRES_HOST}" if host == settings.value("POSTGRES_HOST") else host
    if port:
        is_own_port = str(port) == settings.value("POSTGRES_PORT")
        location += ":" + ("${POSTGRES_PORT}" if is_own_port else str(port))
    if parts.username:
        # WHY: a password is never written to git; an unknown user keeps Superset's mask.
        secret = f"${{{_PASSWORDS[user]}}}" if user in _PASSWORDS else MASK
        location = f"{parts.username}{':' + secret if parts.password else ''}@{location}"
    return parts._replace(netloc=location).geturl()


def _masked(uri: str) -> str:
    """The address without its password, which Superset never returns."""
    return re.sub(r"(://[^:@/]*:)[^@]*(@)", rf"\g<1>{MASK}\g<2>", uri)


def _value(name: str, settings: Settings) -> str:
    value = settings.value(name)
    if value is None:
        value = _DEFAULTS.get(name)
    if value is None:
        raise UserError(
            f"There is no value for ${{{name}}}",
            f"use one of {', '.join(KNOWN)}, or put {name} into .env",
        )
    return value


def _has_placeholder(value: Any) -> bool:
    return any(name in KNOWN for name in _PLACEHOLDER.findall(str(value)))


def _filled_texts(value: Any, settings: Settings) -> Any:
    """Every text in it, at any depth, with values; an unknown ${…} stays unchanged."""
    if isinstance(value, dict):
        return {key: _filled_texts(item, settings) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled_texts(item, settings) for item in value]
    if not isinstance(value, str):
        return value
    return _PLACEHOLDER.sub(
        lambda match: _value(match[1], settings) if match[1] in _DEFAULTS else match[0], value
    )


def _with_placeholders(text: str, in_git: str, settings: Settings) -> str:
    """A text that was edited on the server, with the placeholders of git restored.

    The word after a placeholder identifies it: ${SCHEMA_PREFIX}reports.
    """
    for name, word in set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)\}(\w*)", in_git)):
        value = _value(name, settings) + word if name in _DEFAULTS else ""
        if value:
            whole = rf"(?<!\w){re.escape(value)}(?!\w)"
            text = re.sub(whole, lambda _, n=name, w=word: f"${{{n}}}{w}", text)
    return text
