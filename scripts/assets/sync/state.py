"""The two sides of every command: what git declares, and what a server shows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scripts.assets.access.file import has_access_file, read_access
from scripts.assets.access.passwords import with_known_password
from scripts.assets.access.server import Server, read_server
from scripts.assets.checks.static import valid_bundle
from scripts.assets.client.exports import LISTED_COLUMNS, exported
from scripts.assets.client.superset import Superset
from scripts.assets.files.bundle import FOLDER
from scripts.assets.files.managed import previously_managed_uuids
from scripts.assets.model.asset import Bundle
from scripts.assets.model.fields import KINDS
from scripts.assets.sync.last_push import last_pushed
from scripts.assets.sync.links import chart_links
from scripts.assets.sync.server_assets import managed_assets, server_bundle
from scripts.errors import UserError
from scripts.settings import Settings


def read_git(settings: Settings) -> Bundle:
    """What git says: the assets, and who may see them; a UserError where a check fails."""
    bundle = valid_bundle(settings.root)
    entries, problems = read_access(settings.root / FOLDER, bundle)
    if problems:
        first, others = problems[0], len(problems) - 1
        suffix = f" ({others} more: make check)" if others else ""
        raise UserError(f"{FOLDER}/{first.file}: {first.message}", first.remedy + suffix)
    return bundle | entries


def pushable(settings: Settings) -> Bundle:
    """What git says, without the users whose password this installation does not know."""
    return with_known_password(read_git(settings), settings)


def read_both(
    settings: Settings, read: Callable[[Settings], Bundle] = read_git, unmanaged: bool = False
) -> tuple[Bundle, "ServerState"]:
    """Both sides, each got ready while the other is; what is wrong with the files comes first."""
    with ThreadPoolExecutor() as pool:
        requests = pool.submit(_connect, settings)
        git = read(settings)
    return git, ServerState(*requests.result(), git, settings, unmanaged)


Rows = dict[str, list[dict[str, Any]]]


def _connect(settings: Settings) -> tuple[Superset, Rows]:
    superset = Superset(settings)
    return superset, _lists(superset)


def _lists(superset: Superset) -> Rows:
    with ThreadPoolExecutor() as pool:
        requests = {
            name: pool.submit(superset.rows, name, LISTED_COLUMNS[name]) for name in LISTED_COLUMNS
        }
    return {name: each.result() for name, each in requests.items()}


@dataclass
class ServerState:
    """What a server shows; asked once, part by part as it is needed."""

    superset: Superset
    # The server's lists, by resource.
    rows: Rows
    git: Bundle
    settings: Settings
    # Whether the datasets that nobody of ours uses are asked for too.
    unmanaged: bool = False

    def load(self) -> "ServerState":
        """Ask for all of it at once: most of the time is spent waiting for the server."""
        with ThreadPoolExecutor() as pool:
            requests = [pool.submit(getattr, self, name) for name in ("exported", "server")]
        for each in requests:
            each.result()
        return self

    def reloaded(self, access: bool = False) -> "ServerState":
        """What it shows after a change; `who`: who may see what, too."""
        state = ServerState(self.superset, _lists(self.superset), self.git, self.settings)
        if not access:
            state.server = self.server
        return state.load()

    @cached_property
    def previously_managed(self) -> frozenset[str]:
        """The identities of all that the repository owns or has owned."""
        return frozenset(previously_managed_uuids(self.settings.root / FOLDER))

    @cached_property
    def exported(self) -> dict[str, str]:
        """Superset's own files: path → YAML text."""
        managed = None if self.unmanaged else self.previously_managed | self.git.assets.keys()
        return exported(self.superset, self.rows, self.settings, managed)

    @cached_property
    def links(self) -> dict[str, set[int]]:
        """The charts (numbers) that are linked to each dashboard (uuid)."""
        return chart_links(self.rows)

    @cached_property
    def assets(self) -> Bundle:
        """Every asset on the server, strangers' too; of datasets as `strangers` says."""
        return server_bundle(self.exported, self.settings, self.git, last_pushed(self.settings))

    @cached_property
    def server(self) -> Server | None:
        """Who may see what; None where the repository has no say in that."""
        if not has_access_file(self.settings.root / FOLDER):
            return None
        uuids = {(kind, row["id"]): row["uuid"] for kind in self.rows for row in self.rows[kind]}
        return read_server(
            self.superset, self.settings, self.git, set(self.previously_managed), uuids
        )

    @property
    def entries(self) -> Bundle:
        """Who may see what, as far as it concerns the repository."""
        return self.server.entries if self.server else Bundle()

    @property
    def all_assets(self) -> Bundle:
        """Every asset, and the entries that concern the repository."""
        return self.assets | self.entries

    @cached_property
    def managed(self) -> Bundle:
        """What git holds or has held, and what its dashboards have come to need."""
        return (
            managed_assets(self.assets, self.git.kinds(KINDS), self.previously_managed)
            | self.entries
        )
