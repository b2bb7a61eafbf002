"""Roles, row filters, dashboard access and users as code, tested as those users."""

import pytest
import requests
import yaml

from scripts.assets.access.file import FILE
from scripts.assets.client.browser import signed_in
from scripts.assets.client.superset import Superset
from scripts.assets.client.visual_checks import inspect_dashboard
from scripts.assets.files.bundle import read_files
from scripts.errors import UserError

PREDICTIONS = "d39cf2ab-67e9-587e-bd95-ed5faa973718"  # rpt_predictions


def entries(project) -> dict:
    return yaml.safe_load((project.folder / FILE).read_text(encoding="utf-8"))


def write(project, data: dict) -> None:
    (project.folder / FILE).write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


def as_user(project, name: str) -> Superset:
    settings = project.stack.settings
    password = settings.value(f"{name.upper()}_PASSWORD")
    login = {"SUPERSET_ADMIN_USER": name, "SUPERSET_ADMIN_PASSWORD": password}
    values = settings.extra_values | login
    return Superset(settings.model_copy(update={"extra_values": values}))


def test_stakeholder_sees_only_dashboards_with_row_filter(project):
    data = entries(project)
    data["row_filters"]["No predictions"] = {
        "clause": "1 = 0", "datasets": [PREDICTIONS], "roles": ["Stakeholder"]
    }  # fmt: skip
    write(project, data)
    assert 'row filter "No predictions"  new in git' in project.command("plan").stdout
    project.run("push")
    assert "No difference" in project.run("plan")
    settings = project.stack.settings
    password = settings.value("STAKEHOLDER_PASSWORD")
    with signed_in(settings.superset_url, "stakeholder", password) as page:
        result = inspect_dashboard(page, settings.superset_url, "quality_classification")
        assert {(each.chart, each.message) for each in result.findings} == {
            ("Least certain predictions", "it says that there are no results")
        }
        assert page.goto(f"{settings.superset_url}/sqllab/").status == 403
        page.goto(f"{settings.superset_url}/dashboard/list/")
        page.get_by_text("Customer segments", exact=True).wait_for()
        assert page.get_by_role("menuitem").all_inner_texts()[0] == "Dashboards"
    del data["row_filters"]["No predictions"]
    write(project, data)
    assert "delete by prune" in project.command("plan").stdout
    assert 'row filter "No predictions"' in project.run("prune")
    assert 'removed row filter "No predictions"' in project.run("prune", YES="1")
    assert "No difference" in project.run("plan")


def test_analyst_queries_only_marts_and_predictions(pushed):
    analyst = as_user(pushed, "analyst")
    database = pushed.superset.rows("database", "id,uuid")[0]["id"]

    def ask(table: str) -> requests.Response:
        body = {"database_id": database, "sql": f"select count(*) from {table}"}
        body |= {"client_id": table[-9:], "schema": table.split(".")[0]}
        return analyst._send("POST", "sqllab/execute/", json=body)

    assert ask("predictions.pred_breast_cancer").json()["data"][0]["count"] > 0
    response = ask("reports.rpt_candidates")
    assert not response.ok
    assert "You need access" in response.text


def test_access_changed_in_superset_is_pulled(project):
    before = project.files()
    superset = project.superset
    roles = {row["name"]: row["id"] for row in superset.rows("security/roles", "id,name")}
    dashboard = superset.number("dashboard", "quality_classification")
    sales = superset.create("security/roles", {"name": "Sales"})
    superset.change("dashboard", dashboard, {"roles": [roles["Analyst"], sales]})
    plan = project.command("plan").stdout
    door = 'access to dashboard "quality_classification"'
    assert f"{door}  changed in Superset since the last push" in plan
    assert 'role "Sales"  new in Superset' in plan
    assert door in project.fails("push")
    output = project.run("pull")
    assert 'new role "Sales"' in output
    after = project.files()
    assert {name for name in after if after[name] != before[name]} == {FILE}
    data = entries(project)
    assert data["dashboards"]["quality_classification"] == ["Analyst", "Sales"]
    assert data["roles"].keys() == {"Analyst", "Sales", "Stakeholder", "Stakeholder France"}
    assert "Nothing to do" in project.run("push")


def test_alert_is_pushed_pulled_and_pruned(project):
    """Stored without a worker; the address is in .env alone."""
    env = project.stack.root / ".env"
    text = env.read_text(encoding="utf-8")
    assets = read_files(project.folder).bundle()
    dashboard, database = assets.kind("dashboards")[0], assets.kind("databases")[0]
    alert = {
        "type": "Alert", "crontab": "5 * * * *", "dashboard_uuid": dashboard.uuid,
        "database_uuid": database.uuid, "recipients": ["Email ${ALERT_EMAIL}"],
        "sql": "select count(*) from ${SCHEMA_PREFIX}reports.rpt_alerts where state <> 'good'",
        "condition": "> 0",
    }  # fmt: skip
    data = entries(project)
    write(project, data | {"alerts": {"Model alerts": alert}})
    try:
        project.run("format-assets")
        before = project.files()[FILE]
        assert "no value for ALERT_EMAIL" in project.command("plan").stdout
        env.write_text(f"{text}\nALERT_EMAIL=team@example.com\n", encoding="utf-8")
        assert 'alert "Model alerts"  new in git' in project.command("plan").stdout
        assert "only the worker of MODE=docker-redis sends them" in project.run("push")
        assert "No difference" in project.run("plan")
        (row,) = project.superset.rows("report", "id,name")
        full = project.superset.get("report", row["id"])
        assert "team@example.com" in full["recipients"][0]["recipient_config_json"]
        project.superset.change("report", row["id"], {"crontab": "10 * * * *"})
        assert 'alert "Model alerts"' in project.fails("push")
        project.run("pull")
        assert project.files()[FILE] == before.replace("5 * * * *", "10 * * * *")
        assert "No difference" in project.run("plan")
        write(project, data)
        assert 'removed alert "Model alerts"' in project.run("prune", YES="1")
        assert project.superset.rows("report", "id,name") == []
        assert "No difference" in project.run("plan")
    finally:
        env.write_text(text, encoding="utf-8")


def test_unknown_permission_stops_push_before_sending(project):
    file, _ = project.chart()
    project.edit(file, description="Not to arrive.")
    data = entries(project)
    data["roles"]["Stakeholder"]["permissions"].append("can_raed on Chart")
    write(project, data)
    error = project.fails("push")
    assert 'role "Stakeholder": this Superset has no permission "can_raed on Chart"' in error
    assert "write can_read on Chart" in error
    assert "Not to arrive." not in "".join(project.superset.export().values())


def test_new_password_in_env_is_set_by_push(project):
    file = project.stack.root / ".env"
    text = file.read_text(encoding="utf-8")
    old = project.stack.settings.value("ANALYST_PASSWORD")
    try:
        file.write_text(text.replace(old, f"{old}-new"), encoding="utf-8")
        plan = project.command("plan").stdout
        assert 'user "analyst"  changed in .env' in plan
        assert old not in plan
        project.run("push")
        as_user(project, "analyst")
    finally:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="does not accept the password of analyst"):
        as_user(project, "analyst")
    project.run("push")
    as_user(project, "analyst")
