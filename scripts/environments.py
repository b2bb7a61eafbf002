"""Named environments: the values that differ from one installation to the next.

`superset_assets/overlays/<name>.yml` is in git and holds no secrets. `.env.<name>` beside `.env`
holds the secrets and is not in git. Both use the keys of `.env`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from scripts.errors import UserError

OVERLAYS = Path("superset_assets") / "overlays"
# Keys of an overlay: the addresses of warehouse and Superset, and the values of ${…} in the assets.
KEYS = (
    "POSTGRES_HOST",
    "POSTGRES_PORT",
    "SUPERSET_URL",
    "SUPERSET_ADMIN_USER",
    "DATABASE",
    "SCHEMA_PREFIX",
    "CERTIFIED_BY",
    "CERTIFICATION_DETAILS",
)
_NAME = re.compile("[a-z][a-z0-9_-]*")


def selected_environments(variables: Mapping[str, str]) -> list[str]:
    """The names in GLASSHOUSE_ENV or ENV, separated by commas; empty if there is none."""
    variable = "GLASSHOUSE_ENV" if variables.get("GLASSHOUSE_ENV") else "ENV"
    text = variables.get(variable, "")
    if variable == "ENV" and ("/" in text or "." in text):
        # Some shells store the path of a start-up file in ENV; a path is not a name.
        return []
    names = list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    for name in names:
        if not _NAME.fullmatch(name):
            raise UserError(
                f'{variable} cannot be "{name}"', "write a name: lower case, digits, - and _"
            )
    return names


def selected_environment(variables: Mapping[str, str]) -> str:
    """The one name in GLASSHOUSE_ENV or ENV; "" if there is none.

    Raises a UserError for several names: only plan and push work on several environments.
    """
    names = selected_environments(variables)
    if len(names) > 1:
        raise UserError(
            f"ENV names {len(names)} environments: {', '.join(names)}",
            "name one; only plan and push take several",
        )
    return names[0] if names else ""


def overlay_values(root: Path, name: str) -> dict[str, str]:
    """The values in the overlay of an environment, as text."""
    file = root / OVERLAYS / f"{name}.yml"
    where = f"{OVERLAYS}/{name}.yml"
    try:
        overlay = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        names = sorted(each.stem for each in (root / OVERLAYS).glob("*.yml"))
        raise UserError(
            f"There is no environment {name}: {where} is missing",
            f"choose one of {', '.join(names)}" if names else "add the file",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{where} cannot be read: {error}", "correct the YAML") from None
    if not isinstance(overlay, dict | None):
        raise UserError(f"{where} holds no fields", "write KEY: value lines")
    values = {}
    for key, value in (overlay or {}).items():
        if key not in KEYS:
            secret = "PASSWORD" in str(key) or "SECRET" in str(key)
            raise UserError(
                f"{where}: {key} is {'a secret' if secret else 'unknown'}",
                f"put it into .env.{name}" if secret else f"use one of {', '.join(KEYS)}",
            )
        if isinstance(value, bool | list | dict):
            raise UserError(f"{where}: {key} must be text", "write it in quotes")
        if key.endswith("_PORT") and not str(value).isdigit():
            raise UserError(f'{where}: {key} cannot be "{value}"', "write a number")
        values[key] = "" if value is None else str(value)
    return values
