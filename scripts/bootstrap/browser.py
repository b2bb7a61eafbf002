"""Chromium, for the tests and for pictures of dashboards."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.bootstrap import BootstrapError, apt, system_libraries

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def require_browser(log: Path) -> str:
    """The path of a Chromium, which is installed if it is missing; apt's output goes to `log`."""
    if not _browser():
        apt.install(["chromium"], log)
    system_libraries.require(["atomic"], log)
    browser = _browser()
    if not browser:
        raise BootstrapError(
            "There is no Chromium", "install the package chromium, then start again"
        )
    return browser


def _browser() -> str | None:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)
