"""Visual checks: opens dashboards in a browser, reports broken charts, and takes pictures.

A chart is drawn when nothing is loading, its card contains a drawing that fits, it shows no alert,
and every data request returned 200. Everything else is a finding.
"""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from playwright.sync_api import Page, ViewportSize
from playwright.sync_api import TimeoutError as BrowserTimeout

from scripts.assets.client.browser import PHONE, SCREEN, TIMEOUT_SECONDS, Traffic, signed_in
from scripts.console import say, step
from scripts.errors import UserError
from scripts.settings import Settings

# How long the page must stay unchanged: filters that are still loading request data again.
QUIET_SECONDS = 0.6

# The height of a window that holds most dashboards.
TALL = 2400

# The state of each visible card. Superset's test attributes identify the elements, because ids and
# generated class names differ between installations.
CARDS = """
() => [...document.querySelectorAll('[data-test-chart-id]')].filter(card => card.offsetParent)
  .map(card => {
    const holder = card.closest('.dashboard-component-chart-holder');
    const body = card.querySelector('[data-test="slice-container"]');
    const html = card.querySelector('.handlebars > div');
    const alert = holder.querySelector('[role="alert"], [data-test="error-message"]');
    const has = selector => !!(body && body.querySelector(selector));
    const lowest = html
      ? Math.max(0, ...[...html.children].map(child => child.getBoundingClientRect().bottom)) : 0;
    return {
      id: Number(card.dataset.testChartId),
      name: card.dataset.testChartName,
      loading: !!holder.querySelector('.loading') || (!body && !alert),
      drawn: has('canvas, svg, table, .header-line') || !!(html && html.innerText.trim()),
      empty: /No results were returned|No data/.test(card.innerText),
      alert: alert ? alert.innerText.trim() : '',
      cut: !!html && (html.scrollHeight > html.clientHeight + 2
        || html.scrollWidth > html.clientWidth + 2
        || lowest > holder.getBoundingClientRect().bottom),
    };
  })
"""
# Texts between the cards that do not fit.
CUT_TEXTS = """
() => [...document.querySelectorAll('.dashboard-markdown .dashboard-component-chart-holder')]
  .filter(text => text.offsetParent && text.scrollHeight > text.clientHeight + 2)
  .map(text => text.innerText.slice(0, 40))
"""
BOTTOM = """
() => Math.max(...[...document.querySelectorAll('.dashboard-component')]
  .map(part => part.getBoundingClientRect().bottom + window.scrollY))
"""


@dataclass(frozen=True)
class Finding:
    """A defect that a reader would see."""

    tab: str
    chart: str
    message: str

    def __str__(self) -> str:
        return f'tab "{self.tab}", chart "{self.chart}": {self.message}'


@dataclass
class DashboardReport:
    """The result of the visual checks of one dashboard."""

    slug: str
    charts: dict[str, list[str]] = field(default_factory=dict)  # names by tab
    seconds: dict[str, float] = field(
        default_factory=dict
    )  # until the first screen was drawn, by tab
    findings: list[Finding] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)


def inspect_dashboard(
    page: Page, url: str, slug: str, pictures: Path | None = None
) -> DashboardReport:
    """Open every tab of a dashboard; returns findings and times.

    `pictures`: the folder for two pictures of each tab, of the first screen and of all of it.
    """
    result = DashboardReport(slug)
    traffic = Traffic(page)
    started = time.monotonic()
    # A page for phones is opened without the menu, which would cover it.
    screen, query = (PHONE, "?standalone=1") if slug.endswith("_phone") else (SCREEN, "")
    if pictures is None:
        # Without a picture of the first screen, all charts are drawn at once.
        screen = ViewportSize(width=screen["width"], height=TALL)
    page.set_viewport_size(screen)
    page.goto(f"{url}/superset/dashboard/{slug}/{query}")
    try:
        page.wait_for_selector("[data-test-chart-id]")
    except BrowserTimeout:
        raise UserError(f"Superset shows no dashboard {slug}", "make push") from None
    tabs = page.locator(".dashboard-component-tabs > * > .ant-tabs-nav .ant-tabs-tab")
    for number in range(max(1, tabs.count())):
        tab = slug
        if tabs.count():
            tab = tabs.nth(number).inner_text().strip()
            page.set_viewport_size(screen)
            if number:
                started = time.monotonic()
                tabs.nth(number).click()
        page.mouse.move(0, 0)
        cards = wait_until_drawn(page, traffic)
        result.seconds[tab] = round(time.monotonic() - started - QUIET_SECONDS, 1)
        stem = f"{slug}_{number + 1}_{re.sub(r'[^a-z0-9]+', '_', tab.lower()).strip('_')}"
        if pictures:
            result.pictures.append(_picture(page, pictures / f"{stem}.png"))
        # Superset draws a card only near the visible area, so the window must hold all of them.
        height = int(page.evaluate(BOTTOM)) + 24
        if height > screen["height"]:
            page.set_viewport_size({"width": screen["width"], "height": height})
            cards = wait_until_drawn(page, traffic)
        if pictures:
            result.pictures.append(_picture(page, pictures / f"{stem}_full.png"))
        result.charts[tab] = [card["name"] for card in cards]
        result.findings += _findings(tab, cards, traffic.refusals())
        for text in page.evaluate(CUT_TEXTS):
            result.findings.append(Finding(tab, text, "the text does not fit its place"))
    return result


def wait_until_drawn(page: Page, traffic: Traffic | None = None) -> list[dict]:
    """Wait until the open tab stops changing or the time is up; returns the state of its cards."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    quiet_since = time.monotonic()
    previous = None
    while time.monotonic() < deadline:
        cards = page.evaluate(CARDS)
        busy = any(card["loading"] for card in cards) or (traffic and traffic.pending)
        if busy or not cards or cards != previous:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since >= QUIET_SECONDS:
            break
        previous = cards
        page.wait_for_timeout(100)
    return cards


def _findings(tab: str, cards: list[dict], refusals: dict[int, str]) -> list[Finding]:
    findings = [] if cards else [Finding(tab, "(all)", "there is no chart on this tab")]
    for card in cards:
        if reason := refusals.pop(card["id"], ""):
            message = f"its data was refused, {reason}"
        elif card["loading"]:
            message = f"it still loads after {TIMEOUT_SECONDS} s"
        elif card["alert"]:
            message = f"it shows an error: {card['alert']}"
        elif card["empty"]:
            message = "it says that there are no results"
        elif not card["drawn"]:
            message = "its card holds nothing drawn"
        elif card["cut"]:
            message = "its content does not fit its card"
        else:
            continue
        findings.append(Finding(tab, card["name"], message))
    # The remaining refusals belong to no card: they are the values of a filter.
    return findings + [Finding(tab, "(a filter)", f"refused, {r}") for r in refusals.values()]


def _picture(page: Page, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, animations="disabled")
    return path


def dashboard_slugs(root: Path) -> list[str]:
    """The slugs of the dashboards in the repository."""
    files = sorted((root / "superset_assets" / "dashboards").glob("*.yaml"))
    return [yaml.safe_load(file.read_text(encoding="utf-8"))["slug"] for file in files]


def shots(settings: Settings, folder: Path) -> None:
    """Take a picture of every tab of every dashboard; raises a UserError with the findings."""
    # As the stakeholder of bundle.yml where that user exists: without the editor's buttons.
    user, password = "stakeholder", settings.value("STAKEHOLDER_PASSWORD")
    if not password:
        user, password = settings.superset_admin_user, settings.superset_admin_password
    findings = []
    with signed_in(settings.superset_url, user, password) as page:
        for slug in dashboard_slugs(settings.root):
            with step(f"Dashboard {slug}") as current:
                result = inspect_dashboard(page, settings.superset_url, slug, folder)
                current.note(f"{len(result.pictures)} pictures")
            findings += result.findings
    say(f"The pictures are in {folder}")
    if findings:
        raise UserError(
            f"{len(findings)} broken: " + "; ".join(map(str, findings)),
            "fix the chart or the table behind it, then take the pictures again",
        )
