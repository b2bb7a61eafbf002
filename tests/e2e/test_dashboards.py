"""The dashboards in a browser, as a stakeholder sees them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as StillClosed

from scripts.assets.client.browser import SCREEN, set_filter, signed_in
from scripts.assets.client.visual_checks import dashboard_slugs, inspect_dashboard, wait_until_drawn

# Lists of the server's own; nobody but an administrator needs them.
FORBIDDEN = (
    "/sqllab/",
    "/databaseview/list/",
    "/users/",
    "/roles/",
    "/superset/import_dashboards/",
)
CLASSIFICATION = "quality_classification"
OTHER_PAGES = ("data", "drivers", "monitoring", "model_card")
# Charts that the filter of a model does not change: they are about all models, or say of each that
# it has no problem.
OF_NO_MODEL = {
    "monitoring": {"Problems of the newest rows"},
    "data": {"Tests passed by layer", "Rows and last change of each table", "All tests"},
}


class MonitoredPage:
    """A signed-in page, and what went wrong on it behind the reader's back."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.refused: list[str] = []
        page.on("response", self._answered)

    def _answered(self, response) -> None:
        line = f"{response.status} {response.request.method} {response.url}"
        if response.status >= 400:
            self.refused.append(line)

    def open(self, slug: str) -> None:
        """Open a dashboard and wait until it is drawn."""
        self.page.goto(f"{self.url}/superset/dashboard/{slug}/")
        self.page.wait_for_selector("[data-test-chart-id]")
        wait_until_drawn(self.page)

    def all_assets(self) -> dict[str, str]:
        """What each chart shows, tab by tab: its words, or its drawing as the browser has it."""
        tabs = self.page.locator(".dashboard-component-tabs > * > .ant-tabs-nav .ant-tabs-tab")
        result = {}
        for number in range(max(1, tabs.count())):
            if tabs.count():
                tabs.nth(number).click()
            wait_until_drawn(self.page)
            result |= dict(
                self.page.evaluate(
                    """() => [...document.querySelectorAll('[data-test-chart-id]')]
                        .filter(card => card.offsetParent)
                        .map(card => [card.dataset.testChartName,
                            card.querySelector('canvas')?.toDataURL() ?? card.innerText])"""
                )
            )
        return result

    def texts(self) -> dict[str, str]:
        """What each chart of the open tab that is made of text says."""
        result = self.page.evaluate(
            """() => [...document.querySelectorAll('[data-test-chart-id]')]
                .filter(card => card.offsetParent && card.querySelector('.handlebars'))
                .map(card => [card.dataset.testChartName, card.innerText])"""
        )
        return dict(result)


@pytest.fixture(scope="module")
def stakeholder(stack) -> Iterator[MonitoredPage]:
    settings = stack.settings
    password = settings.value("STAKEHOLDER_PASSWORD")
    with signed_in(settings.superset_url, "stakeholder", password) as page:
        yield MonitoredPage(page, settings.superset_url)


@pytest.fixture
def admin(stack) -> Iterator[Page]:
    settings = stack.settings
    user, password = settings.superset_admin_user, settings.superset_admin_password
    with signed_in(settings.superset_url, user, password) as page:
        yield page


def charts_in_git(root: Path, slug: str) -> list[str]:
    folder = root / "superset_assets" / "dashboards"
    position = yaml.safe_load((folder / f"{slug}.yaml").read_text(encoding="utf-8"))["position"]
    parts = [part for part in position.values() if isinstance(part, dict)]
    return [part["meta"]["uuid"] for part in parts if part["type"] == "CHART"]


# This one comes first: it opens a browser of its own, and the stakeholder's stays open.
def test_broken_dashboard_is_reported(stack, admin: Page, tmp_path: Path) -> None:
    """A copy with one sound chart, one with an unknown column and one without any rows."""
    rest = Rest(admin, stack.settings.superset_url)
    original_chart = rest.chart_named("Hits and misses (confusion matrix)")
    broken_params = {
        "query_mode": "aggregate",
        "groupby": [],
        "metrics": [metric("SUM(no_such_column)")],
    }
    empty_params = {
        "adhoc_filters": [{"clause": "WHERE", "expressionType": "SQL", "sqlExpression": "1 = 0"}]
    }
    charts = {
        "Sound": rest.copy_chart(original_chart, "Sound", {}),
        "Broken": rest.copy_chart(original_chart, "Broken", broken_params),
        "Nothing": rest.copy_chart(original_chart, "Nothing", empty_params),
    }
    dashboard = rest.create_dashboard("broken_on_purpose", charts)
    try:
        result = inspect_dashboard(
            admin, stack.settings.superset_url, "broken_on_purpose", tmp_path
        )
        # The copy has not the dashboard's style, so the sound one may not fit its card.
        messages = {f.chart: f.message for f in result.findings if "does not fit" not in f.message}
        assert set(messages) == {"Broken", "Nothing"}
        assert len(result.pictures) == 2
        assert all(picture.stat().st_size > 10_000 for picture in result.pictures)
        assert "no_such_column" in messages["Broken"]
        assert "no results" in messages["Nothing"]
    finally:
        rest.delete("dashboard", dashboard)
        for number in charts.values():
            rest.delete("chart", number)


def test_all_charts_are_drawn_for_stakeholder(stack, stakeholder) -> None:
    stakeholder.refused.clear()
    for slug in dashboard_slugs(stack.root):
        result = inspect_dashboard(stakeholder.page, stakeholder.url, slug)
        assert not result.findings, "\n".join(map(str, result.findings))
        chart_names = [name for names in result.charts.values() for name in names]
        assert len(chart_names) == len(charts_in_git(stack.root, slug))
    assert stakeholder.refused == []


def test_login_opens_start_page(stakeholder) -> None:
    stakeholder.page.goto(stakeholder.url)
    assert stakeholder.page.url.startswith(f"{stakeholder.url}/superset/dashboard/start_here/")
    wait_until_drawn(stakeholder.page)
    links = stakeholder.page.locator(".gh-door a").evaluate_all("all => all.map(a => a.pathname)")
    slugs = {link.strip("/").rpartition("/")[2] for link in links}
    assert slugs >= {"business", "churn", "forecast", "segments", "data", "drivers"}


# That the filter reaches every chart of the other pages is a unit test of the committed assets.
# The pages are opened twice. test_filter_offers_only_models_of_its_task covers the filter itself.
@pytest.mark.slow
@pytest.mark.parametrize("slug", [CLASSIFICATION, *OTHER_PAGES])
def test_other_model_changes_all_charts(stakeholder, slug: str) -> None:
    stakeholder.page.set_viewport_size({"width": 1440, "height": 2000})
    stakeholder.open(slug)
    before = stakeholder.all_assets()
    stakeholder.open(slug)
    set_filter(stakeholder.page, "Model", "Breast cancer")
    wait_until_drawn(stakeholder.page)
    after = stakeholder.all_assets()
    assert len(before) >= 4
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] == before[name]} == OF_NO_MODEL.get(slug, set())


def test_filter_offers_only_models_of_its_task(stakeholder) -> None:
    titles = {}
    for slug in (CLASSIFICATION, "quality_regression", "quality_clustering"):
        stakeholder.open(slug)
        stakeholder.page.locator(".filter-item-wrapper").get_by_role("combobox").click(force=True)
        options = stakeholder.page.locator(".ant-select-item-option:visible")
        options.first.wait_for()
        titles[slug] = set(options.evaluate_all("all => all.map(option => option.title)"))
    assert titles[CLASSIFICATION] == {"Breast cancer", "Churn"}
    assert titles["quality_regression"] == {"Revenue"}
    assert titles["quality_clustering"] == {"Segments"}


def test_country_filter_and_cross_filter_change_whole_page(stakeholder) -> None:
    stakeholder.open("business")
    all_assets = stakeholder.texts()
    bars = stakeholder.page.locator('[data-test-chart-name="Revenue by product line"] canvas')
    box = bars.bounding_box()
    # The longest bar is the first one, and begins at the axis.
    stakeholder.page.mouse.click(box["x"] + 130, box["y"] + 0.16 * box["height"])
    stakeholder.page.wait_for_timeout(500)
    wait_until_drawn(stakeholder.page)
    one_line = stakeholder.texts()
    assert [name for name in all_assets if one_line[name] == all_assets[name]] == []
    stakeholder.open("business")
    set_filter(stakeholder.page, "Country", "France")
    wait_until_drawn(stakeholder.page)
    france = stakeholder.texts()
    assert [name for name in all_assets if france[name] == all_assets[name]] == []


def pick(page: Page, menu: str, choice: str) -> None:
    """Choose from a menu inside the dashboard's: either may close while the other still opens."""
    inner = page.get_by_text(menu, exact=True)
    for _ in range(6):
        if not inner.is_visible():
            page.get_by_role("button", name="Menu actions trigger").click()
        inner.hover()
        try:
            return page.get_by_text(choice, exact=True).click(timeout=5_000)
        except StillClosed:
            page.mouse.move(1, 1)
    raise AssertionError(f"the menu never showed {choice}")


@pytest.mark.parametrize(
    ("words", "beginning"), [("Export to PDF", b"%PDF-"), ("Download as Image", b"\xff\xd8\xff")]
)
def test_dashboard_download(stakeholder, words: str, beginning: bytes) -> None:
    page = stakeholder.page
    page.set_viewport_size(SCREEN)
    stakeholder.open("churn")
    # The page is drawn anew, piece by piece, before there is anything to take.
    with page.expect_download(timeout=120_000) as waiting:
        pick(page, "Download", words)
    content = Path(waiting.value.path()).read_bytes()
    assert content.startswith(beginning)
    assert len(content) > 50_000


def test_restricted_pages_are_closed_to_stakeholder(stakeholder) -> None:
    for path in FORBIDDEN:
        answer = stakeholder.page.goto(f"{stakeholder.url}{path}")
        assert answer.status in (403, 404), f"{path}: {answer.status}"
    api = stakeholder.page.request
    assert api.get(f"{stakeholder.url}/api/v1/database/").status in (403, 404)
    stakeholder.open("start_here")
    assert stakeholder.page.get_by_role("button", name="Edit dashboard").count() == 0


def test_stakeholder_writes_are_refused(stakeholder) -> None:
    stakeholder.open("start_here")
    token = stakeholder.page.locator("#csrf_token").first.get_attribute("value")
    headers = {"X-CSRFToken": token, "Referer": stakeholder.url}

    def send(method: str, path: str, data: dict) -> int:
        return stakeholder.page.request.fetch(
            f"{stakeholder.url}/api/v1/{path}", method=method, data=data, headers=headers
        ).status

    result = stakeholder.page.request.get(f"{stakeholder.url}/api/v1/dashboard/start_here").json()
    number = result["result"]["id"]
    # What a reader may send is taken: the token is good.
    assert send("POST", f"dashboard/{number}/filter_state", {"value": "{}"}) == 201
    for method, path, data in (
        ("PUT", f"dashboard/{number}", {"dashboard_title": "Mine"}),
        ("DELETE", f"dashboard/{number}", {}),
        ("POST", "dashboard/", {"dashboard_title": "Mine"}),
        ("POST", "chart/", {"slice_name": "Mine", "datasource_id": 1, "datasource_type": "table"}),
        ("POST", "sqllab/execute/", {"database_id": 1, "sql": "select 1"}),
        ("POST", "database/", {"database_name": "mine"}),
    ):
        assert send(method, path, data) in (403, 404), f"{method} {path}"


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
        result = self.send("GET", f"dashboard/{CLASSIFICATION}/charts")["result"]
        return next(chart for chart in result if chart["slice_name"] == name)

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
