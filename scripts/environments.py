"""Environments: what differs from one installation to the next, by name.

`superset_assets/overlays/<name>.yml` stands in git and holds what is no secret; `.env.<name>`
beside `.env` holds the secrets, and is nowhere else. Both use the keys of `.env`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from scripts.errors import UserError

OVERLAYS = Path("superset_assets") / "overlays"
# What an overlay may say: where the warehouse and its Superset are, and what the assets' ${…} mean.
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


def chosen_environment(variables: Mapping[str, str]) -> str:
    """The name in GLASSHOUSE_ENV or ENV; "" where there is none."""
    name = variables.get("GLASSHOUSE_ENV", "")
    if not name and _NAME.fullmatch(variables.get("ENV", "")):
        # Some shells keep the path of a start-up file in ENV: that is no name.
        name = variables["ENV"]
    if name and not _NAME.fullmatch(name):
        raise UserError(
            f'GLASSHOUSE_ENV cannot be "{name}"', "write a name: lower case, digits, - and _"
        )
    return name


def overlay_values(root: Path, name: str) -> dict[str, str]:
    """What the overlay of an environment says, as text."""
    file = root / OVERLAYS / f"{name}.yml"
    where = f"{OVERLAYS}/{name}.yml"
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        there = sorted(each.stem for each in (root / OVERLAYS).glob("*.yml"))
        raise UserError(
            f"There is no environment {name}: {where} is missing",
            f"choose one of {', '.join(there)}" if there else "add the file",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{where} cannot be read: {error}", "mend the YAML") from None
    if not isinstance(found, dict | None):
        raise UserError(f"{where} holds no fields", "write KEY: value lines")
    values = {}
    for key, value in (found or {}).items():
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
