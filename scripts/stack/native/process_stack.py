"""What the native and the external stack share: Superset as a process, and logs in files."""

import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from scripts.settings import Settings
from scripts.stack.native.existing_superset import open_superset
from scripts.stack.paths import Paths


class ProcessStack(ABC):
    """Superset as a process of this machine, beside a database that the subclass provides."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.paths = Paths(settings.state)
        self.superset = open_superset(settings)

    @abstractmethod
    def database_id(self) -> str:
        """The identifier of the database that holds Superset's metadata."""

    def prepare_superset(self) -> str:
        """Bring Superset's metadata up to date; they are beside the warehouse."""
        return self.superset.prepare(self.database_id())

    def start_superset(self) -> str:
        """Start gunicorn in the background."""
        return self.superset.start()

    def stop_superset(self) -> None:
        """Stop Superset only."""
        self.superset.stop()

    def store_previous_superset_key(self, key: str) -> None:
        """Write the key to the file that `prepare_superset` compares with .env."""
        self.superset.store_previous_key(key)

    def clear_query_cache(self) -> None:
        """Empty the cache folder."""
        self.superset.clear_query_cache()

    def logs(self) -> list[Path]:
        """One file per part; an existing server keeps its own log elsewhere."""
        return sorted(self.paths.logs.glob("*.log"))

    def follow(self, part: str | None, lines: int) -> list[str]:
        """Every part writes to a file, so there is no command."""
        return []

    def remove_folders(self) -> None:
        """Remove both state folders; the environments of the operator's tools stay."""
        if self.paths.server_state != self.paths.state:
            shutil.rmtree(self.paths.server_state, ignore_errors=True)
        self.paths.clear()
