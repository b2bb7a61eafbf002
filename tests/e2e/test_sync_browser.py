"""Changes saved in Superset's editor with Chromium are pulled into git."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import Page

from scripts.assets.client.browser import signed_in
from tests.e2e.projects import Project

CHARTS = "charts/"


@pytest.fixture
def page(project: Project) -> Iterator[Page]:
    """The administrator's browser."""
    settings = project.stack.settings
    with signed_in(
        settings.superset_url, settings.superset_admin_user, settings.superset_admin_password
    ) as page:
        yield page


def changed_lines(before: str, after: str) -> list[str]:
    return sorted(set(before.splitlines()) ^ set(after.splitlines()))


def charts(project: Project) -> dict[str, dict]:
    return {
        name: yaml.safe_load(text)
        for name, text in project.files().items()
        if name.startswith(CHARTS)
    }


def open_chart(page: Page, project: Project, uuid: str) -> None:
    """A chart in the editor, with its data."""
    number = project.superset.number("chart", uuid)
    # The few charts of Superset's older kind ask another address for their data.
    with page.expect_response(re.compile(r"/api/v1/chart/data|/explore_json/")):
        page.goto(f"{project.stack.settings.superset_url}/explore/?slice_id={number}")


def save_chart(page: Page) -> None:
    """Save the chart that is open under its own name."""
    same_name = page.locator('[data-test="save-overwrite-radio"]')
    while not same_name.is_visible():
        # A click while the editor still draws itself is lost.
        page.locator('[data-test="query-save-button"]:not([disabled])').click()
        page.wait_for_timeout(500)
    same_name.check()
    with page.expect_response(
        lambda answer: answer.request.method == "PUT" and "/api/v1/chart/" in answer.url
    ):
        page.locator('[data-test="btn-modal-save"]').click()


# Opening and saving a chart takes seconds: the ordinary run tries the types that most charts have.
ORDINARY_TYPES = 6


@pytest.mark.parametrize(
    "ranks",
    [
        pytest.param(slice(ORDINARY_TYPES), id="frequent types"),
        pytest.param(slice(ORDINARY_TYPES, None), id="other types", marks=pytest.mark.slow),
    ],
)
def test_save_without_change_is_no_difference(project: Project, page: Page, ranks: slice) -> None:
    # Of each type the chart with most settings: what the editor fills in depends on the others.
    richest: dict[str, dict] = {}
    frequencies = Counter(chart["viz_type"] for chart in charts(project).values())
    chosen_types = [name for name, _ in frequencies.most_common()][ranks]
    assert chosen_types
    for chart in charts(project).values():
        if chart["viz_type"] not in chosen_types:
            continue
        largest_chart = richest.setdefault(chart["viz_type"], chart)
        if len(chart["params"]) > len(largest_chart["params"]):
            richest[chart["viz_type"]] = chart
    for chart in richest.values():
        open_chart(page, project, chart["uuid"])
        # The editor writes, and drops, the controls of the tabs it has shown.
        for tab in page.get_by_role("tab", name="Customize").all():
            tab.click()
        save_chart(page)
    before = project.files()
    assert "Nothing to do" in project.run("pull")
    assert "No difference" in project.run("plan")
    assert project.files() == before


def test_edited_setting_is_one_changed_line(project: Project, page: Page) -> None:
    before = project.files()
    path, chart = next(
        (name, chart)
        for name, chart in charts(project).items()
        if chart["viz_type"] == "echarts_timeseries_line" and not chart["params"].get("zoomable")
    )
    open_chart(page, project, chart["uuid"])
    page.get_by_role("tab", name="Customize").click()
    page.locator('[data-test="zoomable-header"]').get_by_role("checkbox").check()
    save_chart(page)
    plan = project.command("plan")
    assert "params.zoomable" in plan.stdout
    project.run("pull")
    after = project.files()
    assert {name for name in after if after[name] != before[name]} == {path}
    assert changed_lines(before[path], after[path]) == ["  zoomable: true"]
    assert "Nothing to do" in project.run("push")


def test_edited_dashboard_title_is_one_field(project: Project, page: Page) -> None:
    before = project.files()
    path = next(name for name in before if name.startswith("dashboards/"))
    slug = yaml.safe_load(before[path])["slug"]
    page.goto(f"{project.stack.settings.superset_url}/superset/dashboard/{slug}/?edit=true")
    title = page.locator('[data-test="editable-title-input"]').first
    title.click()
    title.fill("A new title")
    title.press("Enter")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.locator('[data-test="header-save-button"]').click()
    project.run("pull")
    after = project.files()
    assert {name for name in after if after[name] != before[name]} == {path}
    lines = changed_lines(before[path], after[path])
    assert [line.split(":")[0] for line in lines] == ["dashboard_title", "dashboard_title"]
