"""The two sides of every command: what git declares, and what a server shows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scripts.assets.access.file import managed, read_access
from scripts.assets.access.live import Server, read_server
from scripts.assets.access.passwords import with_password
from scripts.assets.checks.static import sound_bundle
from scripts.assets.client.exports import LISTED, exported
from scripts.assets.client.superset import Superset
from scripts.assets.files.bundle import FOLDER
from scripts.assets.files.managed import owned_ever
from scripts.assets.model.asset import Bundle
from scripts.assets.model.fields import KINDS
from scripts.assets.sync.last_push import last_pushed
from scripts.assets.sync.links import links_in
from scripts.assets.sync.live import live_bundle, owned
from scripts.errors import UserError
from scripts.settings import Settings


def declared(settings: Settings) -> Bundle:
    """What git says: the assets, and who may see them; a UserError where a check fails."""
    bundle = sound_bundle(settings.root)
    entries, problems = read_access(settings.root / FOLDER, bundle)
    if problems:
        first, others = problems[0], len(problems) - 1
        more = f" ({others} more: make check)" if others else ""
        raise UserError(f"{FOLDER}/{first.file}: {first.what}", first.do + more)
    return bundle | entries


def pushable(settings: Settings) -> Bundle:
    """What git says, without the users whose password this installation does not know."""
    return with_password(declared(settings), settings)


def compared(
    settings: Settings, read: Callable[[Settings], Bundle] = declared, strangers: bool = False
) -> tuple[Bundle, "Observed"]:
    """Both sides, each got ready while the other is; what is wrong with the files comes first."""
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(_ask, settings)
        git = read(settings)
    return git, Observed(*asked.result(), git, settings, strangers)


Rows = dict[str, list[dict[str, Any]]]


def _ask(settings: Settings) -> tuple[Superset, Rows]:
    superset = Superset(settings)
    return superset, _lists(superset)


def _lists(superset: Superset) -> Rows:
    with ThreadPoolExecutor() as pool:
        asked = {name: pool.submit(superset.rows, name, LISTED[name]) for name in LISTED}
    return {name: each.result() for name, each in asked.items()}


@dataclass
class Observed:
    """What a server shows; asked once, part by part as it is needed."""

    superset: Superset
    # The server's lists, by resource.
    rows: Rows
    git: Bundle
    settings: Settings
    # Whether the datasets that nobody of ours uses are asked for too.
    strangers: bool = False

    def look(self) -> "Observed":
        """Ask for all of it at once: most of the time is spent waiting for the server."""
        with ThreadPoolExecutor() as pool:
            asked = [pool.submit(getattr, self, name) for name in ("exported", "server")]
        for each in asked:
            each.result()
        return self

    def again(self, who: bool = False) -> "Observed":
        """What it shows after a change; `who`: who may see what, too."""
        seen = Observed(self.superset, _lists(self.superset), self.git, self.settings)
        if not who:
            seen.server = self.server
        return seen.look()

    @cached_property
    def ever(self) -> frozenset[str]:
        """The identities of all that the repository owns or has owned."""
        return frozenset(owned_ever(self.settings.root / FOLDER))

    @cached_property
    def exported(self) -> dict[str, str]:
        """Superset's own files: path → YAML text."""
        ours = None if self.strangers else self.ever | self.git.assets.keys()
        return exported(self.superset, self.rows, self.settings, ours)

    @cached_property
    def links(self) -> dict[str, set[int]]:
        """The charts (numbers) that are linked to each dashboard (uuid)."""
        return links_in(self.rows)

    @cached_property
    def assets(self) -> Bundle:
        """Every asset on the server, strangers' too; of datasets as `strangers` says."""
        return live_bundle(self.exported, self.settings, self.git, last_pushed(self.settings))

    @cached_property
    def server(self) -> Server | None:
        """Who may see what; None where the repository has no say in that."""
        if not managed(self.settings.root / FOLDER):
            return None
        known = {(kind, row["id"]): row["uuid"] for kind in self.rows for row in self.rows[kind]}
        return read_server(self.superset, self.settings, self.git, set(self.ever), known)

    @property
    def entries(self) -> Bundle:
        """Who may see what, as far as it concerns the repository."""
        return self.server.entries if self.server else Bundle()

    @property
    def everything(self) -> Bundle:
        """Every asset, and the entries that concern the repository."""
        return self.assets | self.entries

    @cached_property
    def ours(self) -> Bundle:
        """What git holds or has held, and what its dashboards have come to need."""
        return owned(self.assets, self.git.kinds(KINDS), self.ever) | self.entries
