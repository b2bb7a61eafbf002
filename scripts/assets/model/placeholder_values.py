"""The names that ${…} may hold, and their values on an installation."""

import re

from scripts.errors import UserError
from scripts.settings import PASSWORD_FIELDS, Settings

PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
# This installation's own passwords by role.
PASSWORDS = {role: field.upper() for role, field in PASSWORD_FIELDS.items()}
# Default values, where neither `.env` nor an overlay has the key.
DEFAULTS = {
    "SCHEMA_PREFIX": "",
    "CERTIFIED_BY": "",
    "CERTIFICATION_DETAILS": "",
}
_ADDRESS = ("POSTGRES_HOST", "POSTGRES_PORT")
PLACEHOLDER_NAMES = (*_ADDRESS, "DATABASE", *DEFAULTS, *PASSWORDS.values())


def unknown_placeholders(text: str) -> list[str]:
    """Names in ${…} without a setting; a password may have any key in `.env`."""
    names = PLACEHOLDER.findall(text)
    return [
        name for name in names if name not in PLACEHOLDER_NAMES and not name.endswith("_PASSWORD")
    ]


def placeholder_value(name: str, settings: Settings) -> str:
    """The value of ${name} on this installation; a UserError where it has none."""
    value = settings.value(name)
    if value is None:
        value = settings.database if name == "DATABASE" else DEFAULTS.get(name)
    if value is None:
        raise UserError(
            f"There is no value for ${{{name}}}",
            f"use one of {', '.join(PLACEHOLDER_NAMES)}, or put {name} into .env",
        )
    return value


def values_in_use(settings: Settings) -> dict[str, str]:
    """The value of each placeholder on this installation, without passwords."""
    settings = settings.as_seen_by_superset()
    return {name: placeholder_value(name, settings) for name in (*_ADDRESS, "DATABASE", *DEFAULTS)}
