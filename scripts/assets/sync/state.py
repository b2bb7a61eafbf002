"""The two sides of every command: the assets in git, and the state of a server."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

from scripts.assets.access.alert_server import with_addresses
from scripts.assets.access.file import has_access_file, read_access
from scripts.assets.access.passwords import with_known_password
from scripts.assets.access.server import Server, read_server
from scripts.assets.checks.static import valid_bundle
from scripts.assets.client.annotation_layers import exported_layers
from scripts.assets.client.exports import LISTED_COLUMNS, exported
from scripts.assets.client.saved_queries import exported_queries
from scripts.assets.client.superset import Superset
from scripts.assets.files.bundle import FOLDER
from scripts.assets.files.managed import read_previously_managed
from scripts.assets.model.asset import Bundle
from scripts.assets.model.diff import Change
from scripts.assets.model.fields import KINDS
from scripts.assets.sync.changed_values import changed_values
from scripts.assets.sync.last_push import last_pushed, settings_of_last_push
from scripts.assets.sync.links import chart_links
from scripts.assets.sync.server_assets import managed_assets, server_bundle
from scripts.assets.sync.server_lists import Rows, server_lists, with_existing_owners
from scripts.console import warn
from scripts.errors import UserError
from scripts.settings import Settings


def read_git(settings: Settings) -> Bundle:
    """The assets and access entries of git; a UserError where a check fails."""
    bundle = valid_bundle(settings.root)
    entries, problems = read_access(settings.root / FOLDER, bundle)
    if problems:
        first, others = problems[0], len(problems) - 1
        suffix = f" ({others} more: make check)" if others else ""
        raise UserError(f"{FOLDER}/{first.file}: {first.message}", first.remedy + suffix)
    return bundle | entries


def pushable(settings: Settings) -> Bundle:
    """The assets and entries of git that this installation has the passwords and addresses for."""
    return with_addresses(with_known_password(read_git(settings), settings), settings)


def read_both(
    settings: Settings, pushing: bool = False, unmanaged: bool = False
) -> tuple[Bundle, "ServerState"]:
    """Read both sides at the same time; problems of the files are raised first.

    `pushing`: leave out of git what this server cannot have (users without a password here, owners
    without an account there). `unmanaged`: read unmanaged datasets too.
    """
    with ThreadPoolExecutor() as pool:
        requests = pool.submit(_connect, settings)
        git = pushable(settings) if pushing else read_git(settings)
    superset, rows = requests.result()
    if pushing:
        git, missing = with_existing_owners(git, rows, settings)
        for owner, assets in missing.items():
            others = f" and {len(assets) - 1} others" * (len(assets) > 1)
            warn(
                f"{assets[0]}{others}: the owner {owner} has no account on this Superset and is "
                "left out there"
            )
    return git, ServerState(superset, rows, git, settings, unmanaged)


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
    """The state of a server; each part is read once, when it is first used."""

    superset: Superset
    # The server's lists, by resource.
    rows: Rows
    git: Bundle
    settings: Settings
    # Whether unmanaged datasets are read too.
    unmanaged: bool = False

    def load(self) -> "ServerState":
        """Read all parts at the same time, because most of the time is spent waiting."""
        with ThreadPoolExecutor() as pool:
            requests = [pool.submit(getattr, self, name) for name in ("exported", "server")]
        for each in requests:
            each.result()
        return self

    def with_lists(self) -> "ServerState":
        """The state with the lists read again, which hold the ids of new assets."""
        return ServerState(self.superset, _lists(self.superset), self.git, self.settings)

    def reloaded(self, access: bool = False) -> "ServerState":
        """The state after a change; `access`: read the access rights again too."""
        state = self.with_lists()
        if not access:
            state.server = self.server
        return state.load()

    @cached_property
    def previously_managed(self) -> frozenset[str]:
        """The identities that the repository manages or has managed."""
        return frozenset(read_previously_managed(self.settings.root / FOLDER))

    @cached_property
    def exported(self) -> dict[str, str]:
        """Superset's own files: path → YAML text."""
        managed = None if self.unmanaged else self.previously_managed | self.git.assets.keys()
        files = exported(self.superset, self.rows, self.settings, managed)
        files |= exported_layers(self.superset, self.rows["annotation_layer"])
        return files | exported_queries(self.superset, self.rows["saved_query"])

    @cached_property
    def links(self) -> dict[str, set[int]]:
        """The chart ids linked to each dashboard (uuid)."""
        return chart_links(self.rows)

    @cached_property
    def assets(self) -> Bundle:
        """Every asset on the server; unmanaged datasets only if `unmanaged` is set."""
        pushed, then = last_pushed(self.settings), settings_of_last_push(self.settings)
        lists = server_lists(self.rows, self.git, self.settings)
        return server_bundle(self.exported, self.settings, self.git, pushed, then, lists)

    @cached_property
    def changed_values(self) -> dict[str, tuple[Change, ...]]:
        """The fields (by uuid) that differ because the settings changed since the last push."""
        return changed_values(
            self.exported, self.git, self.settings, settings_of_last_push(self.settings)
        )

    @cached_property
    def server(self) -> Server | None:
        """The access rights; None where the repository does not manage them."""
        if not has_access_file(self.settings.root / FOLDER):
            return None
        uuids = {
            (resource, row["id"]): row["uuid"]
            for resource, rows in self.rows.items()
            for row in rows
            if "uuid" in row
        }
        return read_server(
            self.superset,
            self.settings,
            self.git,
            set(self.previously_managed),
            uuids,
            last_pushed(self.settings),
        )

    @property
    def entries(self) -> Bundle:
        """The access entries that the repository manages."""
        return self.server.entries if self.server else Bundle()

    @property
    def all_assets(self) -> Bundle:
        """Every asset, and the managed access entries."""
        return self.assets | self.entries

    @cached_property
    def managed(self) -> Bundle:
        """The assets and entries that the repository manages, with all their dependencies."""
        return (
            managed_assets(self.assets, self.git.kinds(KINDS), self.previously_managed)
            | self.entries
        )
