"""Alerts and reports in bundle.yml: their fields, default values and rules.

An alert runs a query on a schedule and sends a dashboard or chart if the result meets a condition;
a report sends it every time. An address is never in the file: an entry names a key of `.env`.
"""

import re
from collections.abc import Callable
from typing import Any

from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.problems import Rule
from scripts.settings import Settings

ALERT, REPORT, NOT_NULL = "Alert", "Report", "not null"
# How an entry names a recipient. The prefix keeps other secrets of `.env` out of a message.
RECIPIENT = re.compile(r"(Email|Slack|SlackV2|Webhook) \$\{(ALERT_[A-Z0-9_]+)\}")
_CONDITION = re.compile(r"(<=|>=|<|>|==|!=) *(-?\d+(?:\.\d+)?)")
_CRON_FIELDS = 5
FORMATS = ("PNG", "PDF", "CSV", "TEXT")
# The kinds that an entry refers to, by field.
REFERENCES = {
    "dashboard_uuid": "dashboards",
    "chart_uuid": "charts",
    "database_uuid": "databases",
}
# The fields in the order of the file: their types, and whether they must be there.
FIELDS: dict[str, tuple[type, bool]] = {
    "type": (str, True),
    "description": (str, False),
    "active": (bool, False),
    "crontab": (str, True),
    "timezone": (str, False),
    "dashboard_uuid": (str, False),
    "chart_uuid": (str, False),
    "database_uuid": (str, False),
    "sql": (str, False),
    "condition": (str, False),
    "recipients": (list, False),
    "format": (str, False),
    "subject": (str, False),
    "grace_period": (int, False),
    "working_timeout": (int, False),
    "log_retention": (int, False),
    "force_screenshot": (bool, False),
    "custom_width": (int, False),
    "extra": (dict, False),
}
# Superset's own default values; a field that equals its default is left out of the file.
DEFAULTS: dict[str, Any] = {
    "active": True,
    "timezone": "UTC",
    "format": "PNG",
    "grace_period": 14_400,
    "working_timeout": 3_600,
    "log_retention": 90,
    "force_screenshot": False,
}


def parse_condition(text: str) -> tuple[str, float | None] | None:
    """The operator and the threshold of a condition ("> 0"), None for a malformed one.

    "not null" has no threshold.
    """
    if text == NOT_NULL:
        return NOT_NULL, None
    match = _CONDITION.fullmatch(text.strip())
    return (match[1], float(match[2])) if match else None


def canonical_condition(text: str) -> str:
    """A condition in its canonical form; a malformed one is returned as it is."""
    operator, threshold = parse_condition(text) or ("", None)
    if threshold is None:
        return text
    return f"{operator} {int(threshold) if threshold.is_integer() else threshold}"


def alert_problems(entry: Asset, bundle: Bundle, add: Callable[[str, str, Rule], None]) -> None:
    """Report what Superset would refuse; `add` takes message, remedy and rule."""
    data = entry.data

    def malformed(message: str, remedy: str) -> None:
        add(message, remedy, Rule.MALFORMED_SETTING)

    if data["type"] not in (ALERT, REPORT):
        malformed(f"type {data['type']} is unknown", f"write {ALERT} or {REPORT}")
    if len(data["crontab"].split()) != _CRON_FIELDS:
        malformed(f'crontab "{data["crontab"]}" does not have five parts', "write it as for cron")
    if data.get("format", FORMATS[0]) not in FORMATS:
        malformed(f"format {data['format']} is unknown", f"use one of {', '.join(FORMATS)}")
    if ("dashboard_uuid" in data) == ("chart_uuid" in data):
        malformed("it must show one dashboard or one chart", "write dashboard_uuid or chart_uuid")
    for name, kind in REFERENCES.items():
        target = bundle.get(str(data.get(name)).lower())
        if name in data and (target is None or target.kind != kind):
            message = f"{name} {data[name]} is not in a file below {kind}/"
            add(message, f"write the uuid of a file in {kind}/", Rule.DANGLING_REFERENCE)
    for name in ("database_uuid", "sql", "condition"):
        if data["type"] == ALERT and name not in data:
            add(f"{name} is missing", f"add {name}", Rule.MISSING_FIELD)
        elif data["type"] == REPORT and name in data:
            malformed(f"a report has no {name}", f"remove {name}, or write type: {ALERT}")
    if "condition" in data and parse_condition(data["condition"]) is None:
        malformed(
            f'condition "{data["condition"]}" is not a comparison',
            f'write it like "> 0", or {NOT_NULL}',
        )
    for text in data.get("recipients", []):
        if not RECIPIENT.fullmatch(text):
            message = "a recipient must be the name of a key, and its address must be in .env"
            add(message, "write Email ${ALERT_EMAIL}, and ALERT_EMAIL=… into .env", Rule.PASSWORD)


def missing_addresses(entry: Asset, settings: Settings) -> list[str]:
    """The keys of recipients that have no value on this installation."""
    names = [RECIPIENT.fullmatch(text) for text in entry.data.get("recipients", [])]
    return [match[2] for match in names if match and not settings.value(match[2])]
