"""The dashboards in a real browser: all is drawn, filters work, what is broken is found."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page

from scripts.assets.browser import choose, signed_in
from scripts.assets.visits import dashboard_slugs, settle, visit

DASHBOARD = "model_quality"
MEASUREMENT_CHART = '[data-test-chart-name="One measurement, class by class"] .handlebars'


@pytest.fixture(scope="module")
def page(stack) -> Iterator[Page]:
    settings = stack.settings
    user, password = settings.superset_admin_user, settings.superset_admin_password
    with signed_in(settings.superset_url, user, password) as signed_in_page:
        yield signed_in_page


def charts_in_git(root: Path, slug: str) -> list[str]:
    folder = root / "superset_assets" / "dashboards"
    position = yaml.safe_load((folder / f"{slug}.yaml").read_text(encoding="utf-8"))["position"]
    parts = [part for part in position.values() if isinstance(part, dict)]
    return [part["meta"]["uuid"] for part in parts if part["type"] == "CHART"]


def test_every_chart_of_every_dashboard_is_drawn(stack, page: Page) -> None:
    for slug in dashboard_slugs(stack.root):
        result = visit(page, stack.settings.superset_url, slug, stack.settings.state / "shots")
        assert not result.findings, "\n".join(map(str, result.findings))
        drawn = [name for names in result.charts.values() for name in names]
        assert len(drawn) == len(charts_in_git(stack.root, slug))
        assert all(picture.stat().st_size > 20_000 for picture in result.pictures)


def test_the_login_leads_to_the_dashboard(stack, page: Page) -> None:
    page.goto(stack.settings.superset_url)
    assert page.url.startswith(f"{stack.settings.superset_url}/superset/dashboard/{DASHBOARD}/")


def test_another_measurement_changes_the_chart(stack, page: Page) -> None:
    page.goto(f"{stack.settings.superset_url}/superset/dashboard/{DASHBOARD}/")
    page.wait_for_selector(MEASUREMENT_CHART)
    settle(page)
    before = page.locator(MEASUREMENT_CHART).inner_text()
    choose(page, "Measurement", "Mean smoothness")
    page.get_by_text("Mean smoothness", exact=True).locator("visible=true").first.wait_for()
    settle(page)
    after = page.locator(MEASUREMENT_CHART).inner_text()
    assert before != after
    assert after.startswith("Mean smoothness")


def test_a_broken_dashboard_is_found_out(stack, page: Page, tmp_path: Path) -> None:
    """A copy with one sound chart, one with an unknown column and one without any rows."""
    rest = Rest(page, stack.settings.superset_url)
    sound = rest.chart_named("How many of each class")
    broken = {"query_mode": "aggregate", "groupby": [], "metrics": [metric("SUM(no_such_column)")]}
    nothing = {
        "adhoc_filters": [{"clause": "WHERE", "expressionType": "SQL", "sqlExpression": "1 = 0"}]
    }
    made = {
        "Sound": rest.copy_chart(sound, "Sound", {}),
        "Broken": rest.copy_chart(sound, "Broken", broken),
        "Nothing": rest.copy_chart(sound, "Nothing", nothing),
    }
    dashboard = rest.create_dashboard("broken_on_purpose", made)
    try:
        result = visit(page, stack.settings.superset_url, "broken_on_purpose", tmp_path)
        found = {finding.chart: finding.what for finding in result.findings}
        assert set(found) == {"Broken", "Nothing"}
        assert "no_such_column" in found["Broken"]
        assert "no results" in found["Nothing"]
    finally:
        rest.delete("dashboard", dashboard)
        for number in made.values():
            rest.delete("chart", number)


def metric(sql: str) -> dict:
    return {"expressionType": "SQL", "sqlExpression": sql, "label": "n", "hasCustomLabel": True}


class Rest:
    """What the test changes on the server, with the rights of the page's session."""

    def __init__(self, page: Page, url: str) -> None:
        self.request = page.request
        self.api = f"{url}/api/v1"
        token = self.request.get(f"{self.api}/security/csrf_token/").json()["result"]
        self.headers = {"X-CSRFToken": token, "Referer": url}

    def send(self, method: str, path: str, data: dict | None = None) -> dict:
        answer = self.request.fetch(
            f"{self.api}/{path}", method=method, data=data, headers=self.headers
        )
        assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
        return answer.json()

    def chart_named(self, name: str) -> dict:
        found = self.send("GET", f"dashboard/{DASHBOARD}/charts")["result"]
        return next(chart for chart in found if chart["slice_name"] == name)

    def copy_chart(self, chart: dict, name: str, changes: dict) -> int:
        params = {**chart["form_data"], **changes}
        number, _, kind = params.pop("datasource").partition("__")
        body = {
            "slice_name": name,
            "viz_type": params["viz_type"],
            "datasource_id": int(number),
            "datasource_type": kind,
            "params": json.dumps(params),
        }
        return self.send("POST", "chart/", body)["id"]

    def create_dashboard(self, slug: str, charts: dict[str, int]) -> int:
        ids = [f"CHART-{number}" for number in charts.values()]
        position = {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
            "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": ["ROW-1"]},
            "ROW-1": {"id": "ROW-1", "type": "ROW", "children": ids, "meta": {}},
        }
        for name, number in charts.items():
            meta = {"chartId": number, "width": 4, "height": 50, "sliceName": name}
            key = f"CHART-{number}"
            position[key] = {"id": key, "type": "CHART", "children": [], "meta": meta}
        body = {
            "dashboard_title": "Broken on purpose",
            "slug": slug,
            "position_json": json.dumps(position),
        }
        dashboard = self.send("POST", "dashboard/", body)["id"]
        for number in charts.values():
            self.send("PUT", f"chart/{number}", {"dashboards": [dashboard]})
        return dashboard

    def delete(self, resource: str, number: int) -> None:
        self.send("DELETE", f"{resource}/{number}")
