"""Chromium, for the tests and the pictures of dashboards."""

import shutil
from ctypes.util import find_library
from pathlib import Path

from scripts.bootstrap import Problem, apt

NAMES = ("chromium", "chromium-browser", "google-chrome")


def require_browser(log: Path) -> str:
    """Path of a Chromium, installed where it is missing; apt's own words go to `log`."""
    missing = [] if _browser() else ["chromium"]
    # Playwright brings a driver that is linked against this; a bare Debian does not have it.
    missing += [] if find_library("atomic") else ["libatomic1"]
    if missing:
        apt.install(missing, log)
    found = _browser()
    if not found:
        raise Problem("No Chromium was found", "install the package chromium, then start again")
    return found


def _browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)
