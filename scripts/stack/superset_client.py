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
    return health.text.strip() == "OK" and login.ok and "data-bootstrap" in login.text


def superset_part(settings: Settings, running: bool) -> Part:
    """The state of Superset."""
    if not running:
        return Part("Superset", False, "not running")
    if not is_healthy(settings):
        return Part("Superset", False, "runs, but does not answer")
    return Part("Superset", True, f"{superset_version()}, {settings.local_superset_url}")
