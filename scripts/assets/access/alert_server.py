"""Alerts and reports on the server, over Superset's REST resource `report`."""

import json
from collections.abc import Callable
from typing import Any

from scripts.assets.access.alert_file import (
    ALERT,
    DEFAULTS,
    NOT_NULL,
    RECIPIENT,
    REFERENCES,
    canonical_condition,
    missing_addresses,
    parse_condition,
)
from scripts.assets.access.file import canonical_entry
from scripts.assets.client.superset import Superset
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.placeholders import fill, restore
from scripts.console import say, warn
from scripts.errors import UserError
from scripts.settings import Settings

RESOURCE = "report"
# Alerts made on the page Alerts & Reports; the others are reports of one person to themselves.
_SHARED = "alerts_reports"
_COLUMNS = "id,name,creation_method,dashboard_id,chart_id"
# Fields with the same value in git and in Superset, by the name that Superset has for them.
_FIELDS = {
    "type": "type",
    "description": "description",
    "active": "active",
    "crontab": "crontab",
    "timezone": "timezone",
    "email_subject": "subject",
    "report_format": "format",
    "grace_period": "grace_period",
    "working_timeout": "working_timeout",
    "log_retention": "log_retention",
    "force_screenshot": "force_screenshot",
    "custom_width": "custom_width",
    "sql": "sql",
}


def with_addresses(entries: Bundle, settings: Settings) -> Bundle:
    """The entries without the alerts that have a recipient without an address here."""
    missing = {
        alert.uuid: names
        for alert in entries.kind("alerts")
        if (names := missing_addresses(alert, settings))
    }
    for uuid, names in missing.items():
        warn(f"{entries.get(uuid)} is left out: .env has no value for {', '.join(names)}")
    return entries.only({entry.uuid for entry in entries} - missing.keys())


def read_alerts(
    superset: Superset,
    local_assets: Bundle,
    managed: set[str],
    numbers: dict[str, int],
    settings: Settings,
    uuid_of: Callable[[str, int], str],
) -> list[Asset]:
    """The alerts that git has or had, and those that people made on a managed dashboard or chart.

    `local_assets`: the assets of git, and the alerts of the last push. `numbers` gets the ids of
    the alerts. `uuid_of`: the uuid of a resource's id.
    """
    if not superset.has(RESOURCE):
        if any(identity.startswith("alerts/") for identity in managed):
            raise UserError(
                f"Superset at {superset.url} has no alerts: its feature flag ALERT_REPORTS is off",
                "turn it on there, or remove the alerts from bundle.yml",
            )
        return []
    entries = []
    for row in superset.rows(RESOURCE, _COLUMNS):
        identity = f"alerts/{row['name']}"
        shown = [
            uuid_of(resource, row[f"{resource}_id"])
            for resource in ("dashboard", "chart")
            if row.get(f"{resource}_id")
        ]
        is_on_managed = row["creation_method"] == _SHARED and any(
            each in local_assets for each in shown
        )
        if identity not in managed and not is_on_managed:
            continue
        if identity in numbers:
            raise UserError(
                f'Superset has an alert and a report named "{row["name"]}"',
                "rename one of them in Superset",
            )
        full = superset.get(RESOURCE, row["id"])
        local = local_assets.get(identity)
        entries.append(_entry(full, local.data if local else {}, settings, uuid_of))
        numbers[identity] = row["id"]
    return entries


def write_alert(entry: Asset, number: int | None, superset: Superset, settings: Settings) -> int:
    """Create or change an alert; returns its id."""
    data = DEFAULTS | fill("alerts", entry.data, settings)
    fields = {name: data.get(field) for name, field in _FIELDS.items()} | {"name": entry.title}
    for name in REFERENCES:
        resource = name.removesuffix("_uuid")
        fields[resource] = superset.number(resource, data[name]) if name in data else None
    operator, threshold = parse_condition(data.get("condition") or NOT_NULL) or (NOT_NULL, None)
    if data["type"] == ALERT:
        is_comparison = threshold is not None
        fields["validator_type"] = "operator" if is_comparison else NOT_NULL
        fields["validator_config_json"] = (
            {"op": operator, "threshold": threshold} if is_comparison else {}
        )
    fields["extra"] = data.get("extra") or {}
    fields["recipients"] = [
        {"type": match[1], "recipient_config_json": {"target": settings.value(match[2])}}
        for match in map(RECIPIENT.fullmatch, data.get("recipients", []))
        if match
    ]
    if number is not None:
        superset.change(RESOURCE, number, fields)
        return number
    new = {name: value for name, value in fields.items() if value is not None}
    return superset.create(RESOURCE, new | {"creation_method": _SHARED})


def say_what_sends(alerts: list[Asset], settings: Settings) -> None:
    """Say that nothing sends these alerts where the installation has no worker."""
    if alerts and not settings.environment and settings.mode != "docker-redis":
        say(
            "  Superset stores the alerts; only the worker of MODE=docker-redis sends them "
            "(docs/production.md)."
        )


def _entry(
    full: dict[str, Any],
    local: dict[str, Any],
    settings: Settings,
    uuid_of: Callable[[str, int], str],
) -> Asset:
    data = {"name": full["name"]} | {field: full.get(name) for name, field in _FIELDS.items()}
    for name in REFERENCES:
        resource = name.removesuffix("_uuid")
        target = full.get(resource) or {}
        data[name] = uuid_of(resource, target["id"]) if target.get("id") else None
    if data["type"] == ALERT:
        config = _parsed(full.get("validator_config_json"))
        data["condition"] = (
            f"{config.get('op')} {config.get('threshold')}"
            if full.get("validator_type") == "operator"
            else NOT_NULL
        )
        data["condition"] = canonical_condition(data["condition"])
    else:
        data["sql"] = data["database_uuid"] = None
    data["extra"] = {name: value for name, value in _parsed(full.get("extra")).items() if value}
    data["recipients"] = _recipients(full["recipients"], local.get("recipients", []), settings)
    return Asset("alerts", canonical_entry("alerts", restore("alerts", data, local, settings)))


def _recipients(rows: list[dict[str, Any]], local: list[str], settings: Settings) -> list[str]:
    """The recipients as git names them; an address without a key gets the first free one."""
    result: list[str] = []
    for row in rows:
        target = _parsed(row["recipient_config_json"]).get("target", "")
        matches = [match for match in map(RECIPIENT.fullmatch, local) if match]
        names = [match[2] for match in matches if match[1] == row["type"]]
        name = next((each for each in names if settings.value(each) == target), "")
        count = 1
        while not name:
            stem = f"ALERT_{row['type'].upper()}"
            candidate = stem if count == 1 else f"{stem}_{count}"
            is_free = settings.value(candidate) in (None, "", target)
            used_names = {match[2] for match in matches} | {
                each.split("{")[1][:-1] for each in result
            }
            name = candidate if is_free and candidate not in used_names else ""
            count += 1
        result.append(f"{row['type']} ${{{name}}}")
    return result


def _parsed(value: Any) -> dict[str, Any]:
    return (json.loads(value or "{}") if isinstance(value, str) else value) or {}
