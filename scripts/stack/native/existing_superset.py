"""The Superset of SUPERSET_URL, which others run: nothing is started, stopped or configured."""

import requests

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.native.superset import Superset
from scripts.stack.superset_client import is_healthy


class ExistingSuperset:
    """The same methods as `Superset` has."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def check_port(self) -> None:
        """Nothing: it listens somewhere else."""

    def running(self) -> bool:
        """Whether anything answers at its address."""
        try:
            requests.get(f"{self.settings.local_superset_url}/health", timeout=10)
        except requests.RequestException:
            return False
        return True

    def prepare(self, cluster_id: str) -> str:
        """Nothing: its metadata are not ours."""
        return "SUPERSET_URL in .env: nothing to prepare"

    def start(self) -> str:
        """Check that it answers; a UserError if not."""
        if not is_healthy(self.settings):
            raise UserError(
                f"No Superset answers at {self.settings.local_superset_url}",
                "start it, or correct SUPERSET_URL in .env",
            )
        return "SUPERSET_URL in .env: it runs"

    def stop(self) -> bool:
        """Nothing: others run it."""
        return False

    def store_previous_key(self, key: str) -> None:
        """Nothing: its key is not ours."""

    def clear_query_cache(self) -> None:
        """Nothing: its cached results expire by themselves."""


def open_superset(settings: Settings) -> Superset | ExistingSuperset:
    """The Superset of an installation: a process of ours, or an existing one."""
    return ExistingSuperset(settings) if settings.existing_superset else Superset(settings)
