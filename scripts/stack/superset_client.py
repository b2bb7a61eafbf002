"""Version and health of this installation's Superset."""

from importlib.metadata import version

import requests

from scripts.settings import Settings
from scripts.stack.interface import Part


def superset_version() -> str:
    """The version that the tools' environment contains."""
    return version("apache-superset")


def is_healthy(settings: Settings) -> bool:
    """Whether Superset serves its login page; a running process alone proves nothing."""
    try:
        health = requests.get(f"{settings.local_superset_url}/health", timeout=5)
        login = requests.get(f"{settings.local_superset_url}/login/", timeout=10)
    except requests.RequestException:
        return False
    if settings.existing_superset:
        # Its login page may be another program's.
        return health.text.strip() == "OK"
    return health.text.strip() == "OK" and login.ok and "data-bootstrap" in login.text


def superset_part(settings: Settings, running: bool) -> Part:
    """The state of Superset."""
    if not running:
        where = f" at {settings.existing_superset}" if settings.existing_superset else ""
        return Part("Superset", False, f"not running{where}")
    if not is_healthy(settings):
        return Part("Superset", False, "runs, but does not answer")
    # Superset does not tell the version of an existing one.
    version_text = "" if settings.existing_superset else f"{superset_version()}, "
    return Part("Superset", True, f"{version_text}{settings.local_superset_url}")
