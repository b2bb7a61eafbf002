"""Superset in headless Chromium: signing in, watching its requests for data, setting a filter."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page, Request, Response, Route, ViewportSize, sync_playwright

from scripts.bootstrap.browser import require_browser
from scripts.errors import UserError
from scripts.settings import ROOT

SCREEN = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
TIMEOUT_SECONDS = 60
DATA_REQUEST = "/api/v1/chart/data"


@contextmanager
def signed_in(url: str, user: str, password: str) -> Iterator[Page]:
    """A browser page that is signed in to Superset and reaches nothing but Superset."""
    # Started by root, Chromium refuses its sandbox; /dev/shm is small in containers.
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    chromium = require_browser(ROOT / ".stack" / "logs" / "install.log")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        try:
            page = browser.new_page(viewport=SCREEN)
            page.set_default_timeout(TIMEOUT_SECONDS * 1000)
            page.route("**/*", lambda route: _stay_inside(route, url))
            _sign_in(page, url, user, password)
            yield page
        finally:
            browser.close()


def _stay_inside(route: Route, url: str) -> None:
    # The login page also sends log events. For a fast login, the response to such an event would
    # replace the new session with an anonymous one.
    counting = route.request.url.startswith(f"{url}/superset/log/")
    if route.request.url.startswith((url, "data:", "blob:")) and not counting:
        route.continue_()
    else:
        route.abort()


def _sign_in(page: Page, url: str, user: str, password: str) -> None:
    try:
        page.goto(f"{url}/login/")
    except BrowserError:
        raise UserError(f"Superset does not answer at {url}", "make up") from None
    page.fill("#username", user)
    page.fill("#password", password)
    with page.expect_navigation(wait_until="commit"):
        page.click('[type="submit"]')
    if urlsplit(page.url).path.startswith("/login"):
        raise UserError(
            f"Superset did not accept the password of {user}",
            "compare SUPERSET_ADMIN_PASSWORD in .env with the one Superset was set up with",
        )


def set_filter(page: Page, filter_name: str, value: str) -> None:
    """Set one of the dashboard's filters and apply it."""
    wrapper = page.locator(".filter-item-wrapper", has=page.get_by_text(filter_name, exact=True))
    box = wrapper.get_by_role("combobox")
    box.click(force=True)  # the current value covers the box
    box.fill(value)
    page.locator(f'.ant-select-item-option[title="{value}"]:visible').first.click()
    _wait_for_filters(page)
    page.get_by_role("button", name="Apply", exact=True).click()


def _wait_for_filters(page: Page) -> None:
    """Wait until the values of dependent filters are loaded, so that Apply uses current values."""
    filters, previous, unchanged = page.locator(".filter-item-wrapper"), None, 0
    for _ in range(TIMEOUT_SECONDS * 4):
        texts = filters.all_inner_texts()
        unchanged = unchanged + 1 if texts == previous else 0
        if unchanged == 8:
            return
        previous = texts
        page.wait_for_timeout(250)


class Traffic:
    """The requests for charts' data: how many are under way, and which were refused."""

    def __init__(self, page: Page) -> None:
        self.pending: set[Request] = set()
        self.responses: list[Response] = []
        page.on("request", self._started)
        page.on("response", self._answered)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _started(self, request: Request) -> None:
        if DATA_REQUEST in request.url:
            self.pending.add(request)

    def _ended(self, request: Request) -> None:
        self.pending.discard(request)

    def _answered(self, response: Response) -> None:
        if DATA_REQUEST in response.url:
            self.responses.append(response)

    def refusals(self) -> dict[int, str]:
        """The reason by chart id, of the responses since the last call."""
        responses, self.responses = self.responses, []
        return {_chart_id(a): f"{a.status}: {_reason(a)}" for a in responses if a.status != 200}


def _chart_id(response: Response) -> int:
    form_data = parse_qs(urlsplit(response.url).query).get("form_data", ["{}"])[0]
    return json.loads(form_data).get("slice_id", 0)


def _reason(response: Response) -> str:
    try:
        answer = response.json()
        message = answer.get("message") or answer["errors"][0]["message"]
    except (BrowserError, KeyError, IndexError, ValueError):
        message = response.status_text
    return " ".join(str(message).split())
