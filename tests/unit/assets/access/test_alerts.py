"""Alerts and reports in bundle.yml: rules, the way to Superset and back, and their addresses."""

import copy
import json
from typing import Any

import pytest

from scripts.assets.access.alert_server import read_alerts, with_addresses, write_alert
from scripts.assets.access.file import FILE, read_access, write_access
from scripts.assets.files.bundle import Files
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Bundle
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS, uuid_of

NAME = "Regions without sales"
DASHBOARD, DATABASE = uuid_of("dashboard"), uuid_of("warehouse")
ADDRESS = "team@example.com"
ENTRY = {
    "type": "Alert",
    "crontab": "*/15 * * * *",
    "dashboard_uuid": DASHBOARD,
    "database_uuid": DATABASE,
    "sql": "select count(*)\nfrom ${SCHEMA_PREFIX}reports.sales",
    "condition": "> 0",
    "recipients": ["Email ${ALERT_EMAIL}"],
}
IDS = {("dashboard", 3): DASHBOARD, ("database", 1): DATABASE}


def assets() -> Bundle:
    data = copy.deepcopy(ASSETS)
    return Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()


def entries(tmp_path, **fields: Any) -> tuple[Bundle, list]:
    """The file with one alert; a field that is None is left out."""
    data = {name: value for name, value in (ENTRY | fields).items() if value is not None}
    (tmp_path / FILE).write_text(dump_yaml({"alerts": {NAME: data}}), encoding="utf-8")
    return read_access(tmp_path, assets())


class Superset:
    """What the alerts need of a server: a list with at most one alert."""

    url = "http://server"

    def __init__(self, has_reports: bool = True) -> None:
        self.stored: dict[str, Any] = {}
        self.has_reports = has_reports

    def has(self, resource: str) -> bool:
        return self.has_reports

    def number(self, resource: str, uuid: str) -> int:
        return {(kind, value): number for (kind, number), value in IDS.items()}[resource, uuid]

    def create(self, resource: str, fields: dict[str, Any]) -> int:
        assert None not in fields.values()
        self.stored = fields
        return 7

    def change(self, resource: str, number: int, fields: dict[str, Any]) -> None:
        self.stored |= fields

    def rows(self, resource: str, columns: str) -> list[dict[str, Any]]:
        if not self.stored:
            return []
        names = ("name", "creation_method")
        row = {"id": 7} | {name: self.stored[name] for name in names}
        return [row | {"dashboard_id": self.stored.get("dashboard"), "chart_id": None}]

    def get(self, resource: str, number: int) -> dict[str, Any]:
        """As Superset returns it: settings as JSON text, references as objects."""
        full = dict(self.stored)
        full["validator_config_json"] = json.dumps(full.get("validator_config_json"))
        full["recipients"] = [
            each | {"recipient_config_json": json.dumps(each["recipient_config_json"])}
            for each in full["recipients"]
        ]
        for name in ("dashboard", "database", "chart"):
            full[name] = {"id": full[name]} if full.get(name) else None
        return full


def on_server(superset: Superset, git: Bundle, settings) -> Bundle:
    managed = {asset.uuid for asset in git}
    alerts = read_alerts(superset, git, managed, {}, settings, lambda *key: IDS[key])
    return Bundle.of(alerts)


@pytest.fixture
def target(settings):
    """Settings with an address and the schemas of a developer."""
    values = {"ALERT_EMAIL": ADDRESS, "SCHEMA_PREFIX": "ada_"}
    return settings.model_copy(update={"extra_values": values})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"condition": "not null", "format": "CSV", "active": False, "grace_period": 60},
        {"condition": "<= -0.5", "subject": "Look", "extra": {"dashboard": {"anchor": "TAB-1"}}},
        {"type": "Report", "database_uuid": None, "sql": None, "condition": None},
        {"recipients": None},
    ],
)
def test_alert_is_equal_after_push_and_reading(fields, tmp_path, target):
    git, problems = entries(tmp_path, **fields)
    assert problems == []
    superset = Superset()
    (alert,) = git.kind("alerts")
    for number in (None, 7):
        write_alert(alert, number, superset, target)
        assert on_server(superset, assets() | git, target).kind("alerts")[0].data == alert.data
    if superset.stored.get("database"):
        assert superset.stored["sql"].endswith("ada_reports.sales")


def test_file_keeps_alerts_and_names_their_references(tmp_path):
    git, _ = entries(tmp_path)
    write_access(tmp_path, git, assets())
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    assert f"dashboard_uuid: {DASHBOARD}  # Sales\n" in text
    assert read_access(tmp_path, assets()) == (git, [])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "Warning"}, "write Alert or Report"),
        ({"crontab": "hourly"}, "five parts"),
        ({"format": "XLS"}, "PNG, PDF, CSV, TEXT"),
        ({"dashboard_uuid": None}, "one dashboard or one chart"),
        ({"dashboard_uuid": uuid_of("none")}, "in a file below dashboards/"),
        ({"database_uuid": DASHBOARD}, "in a file below databases/"),
        ({"sql": None}, "sql is missing"),
        ({"type": "Report"}, "a report has no sql"),
        ({"condition": "above 3"}, 'like "> 0"'),
        ({"recipients": [f"Email {ADDRESS}"]}, "write Email ${ALERT_EMAIL}"),
        # Another secret of .env must not be sent to anybody.
        ({"recipients": ["Email ${POSTGRES_PASSWORD}"]}, "write Email ${ALERT_EMAIL}"),
        ({"active": "yes"}, "must be true or false"),
        ({"grace_period": True}, "must be a whole number"),
    ],
)
def test_rule_rejects_alert(fields, expected, tmp_path):
    _, problems = entries(tmp_path, **fields)
    assert any(expected in str(problem) for problem in problems), problems
    assert not any(ADDRESS in str(problem) for problem in problems)


def test_unknown_address_of_server_gets_a_free_key(tmp_path, target):
    git, _ = entries(tmp_path)
    superset = Superset()
    write_alert(git.kind("alerts")[0], None, superset, target)
    superset.stored["recipients"] += [
        {"type": "Email", "recipient_config_json": {"target": "other@example.com"}},
        {"type": "Webhook", "recipient_config_json": {"target": "https://example.com/secret"}},
    ]
    (alert,) = on_server(superset, assets() | git, target)
    names = ["Email ${ALERT_EMAIL_2}", "Email ${ALERT_EMAIL}", "Webhook ${ALERT_WEBHOOK}"]
    assert alert.data["recipients"] == names


def test_only_shared_alerts_on_managed_dashboards_are_pulled(tmp_path, target):
    git, _ = entries(tmp_path)
    superset = Superset()
    write_alert(git.kind("alerts")[0], None, superset, target)
    assert on_server(superset, assets(), target).kind("alerts")
    superset.stored["creation_method"] = "dashboards"
    assert not on_server(superset, assets(), target).kind("alerts")
    superset.stored["creation_method"] = "alerts_reports"
    assert not on_server(superset, Bundle(), target).kind("alerts")


def test_alert_without_address_is_left_out_with_a_warning(tmp_path, settings, capsys):
    git, _ = entries(tmp_path)
    assert not with_addresses(git, settings).kind("alerts")
    assert "ALERT_EMAIL" in " ".join(capsys.readouterr())


def test_server_without_alerts_is_an_error_only_with_alerts_in_git(tmp_path, target):
    git, _ = entries(tmp_path)
    superset = Superset(has_reports=False)
    assert not on_server(superset, assets(), target).assets
    with pytest.raises(UserError, match="ALERT_REPORTS"):
        on_server(superset, git, target)
