"""The access rights and alerts on the server, in the form of bundle.yml."""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

from scripts.assets.access.alert_server import read_alerts
from scripts.assets.access.file import BUILT_IN, canonical_entry
from scripts.assets.access.permissions import Permissions
from scripts.assets.client.superset import Superset
from scripts.assets.model.asset import Asset, Bundle
from scripts.settings import Settings


@dataclass
class Server:
    """The access entries of a server that the repository manages, and their ids there."""

    entries: Bundle
    # By identity, as in the entries: "roles/Analyst" → 7.
    numbers: dict[str, int]
    permissions: Permissions
    _roles: dict[str, int] = field(default_factory=dict)

    def role_ids(self, names: list[str]) -> list[int]:
        """The ids of roles, including those of Superset."""
        return [self._roles[name] for name in names if name in self._roles]

    def add_role(self, name: str, number: int) -> None:
        """Register a role that was just created."""
        self._roles[name] = number
        self.numbers[f"roles/{name}"] = number


def read_server(
    superset: Superset,
    settings: Settings,
    git: Bundle,
    previously_managed: Set[str] = frozenset(),
    uuids: dict[tuple[str, int], str] | None = None,
    pushed: Bundle | None = None,
) -> Server:
    """Read the access rights of a server.

    `git`: assets and entries of the repository; `previously_managed`: identities it has managed.
    `uuids`: uuids by resource and id, as far as they are known: ("dataset", 7) → uuid.
    `pushed`: the last push, for the placeholders of alerts that git has removed.

    Included are entries that git contains or has contained, row filters on managed datasets only,
    the access to managed dashboards, the roles that these entries refer to, and alerts on managed
    dashboards and charts.
    """
    managed = {asset.uuid for asset in git} | previously_managed
    permissions = Permissions(superset, settings, git, dict(uuids or {}))
    server = Server(Bundle(), {}, permissions)
    server._roles = {row["name"]: row["id"] for row in superset.rows("security/roles", "id,name")}
    entries = [
        *_filters(superset, permissions, git, managed, server.numbers),
        *_dashboard_access(superset, git, server.numbers),
        *_users(superset, git, managed, server.numbers),
        *read_alerts(
            superset,
            (pushed or Bundle()).kinds(["alerts"]) | git,
            managed,
            server.numbers,
            settings,
            permissions.uuid,
        ),
    ]
    role_names = {role for entry in entries for role in entry.data.get("roles", [])}
    for name, number in server._roles.items():
        if f"roles/{name}" in managed or (name in role_names and name not in (*BUILT_IN, "Public")):
            rows = superset.role_permissions(number)
            data = {"name": name} | permissions.names_in_git(rows)
            entries.append(Asset("roles", canonical_entry("roles", data)))
            server.numbers[f"roles/{name}"] = number
    server.entries = Bundle.of(entries)
    return server


def _filters(
    superset: Superset,
    permissions: Permissions,
    git: Bundle,
    managed: set[str],
    numbers: dict[str, int],
) -> list[Asset]:
    entries = []
    for row in superset.rows("rowlevelsecurity", "id,name,tables.id"):
        datasets = [permissions.uuid("dataset", table["id"]) for table in row["tables"]]
        identity = f"filters/{row['name']}"
        if identity not in managed and not all(uuid in git for uuid in datasets):
            continue
        full = superset.get("rowlevelsecurity", row["id"])
        data: dict[str, Any] = {
            "name": full["name"],
            "description": full["description"],
            "type": full["filter_type"],
            "clause": full["clause"],
            "datasets": [uuid for uuid in datasets if uuid],
            "roles": [role["name"] for role in full["roles"]],
            "group": full["group_key"],
        }
        entries.append(Asset("filters", canonical_entry("filters", data)))
        numbers[identity] = row["id"]
    return entries


def _dashboard_access(superset: Superset, git: Bundle, numbers: dict[str, int]) -> list[Asset]:
    rows = {row["uuid"]: row for row in superset.rows("dashboard", "id,uuid,roles.id,roles.name")}
    entries = []
    for dashboard in git.kind("dashboards"):
        slug, row = dashboard.data["slug"], rows.get(dashboard.uuid)
        # A dashboard that is not on the server yet has no roles, like every new dashboard.
        data = {"dashboard": slug, "roles": [role["name"] for role in row["roles"]] if row else []}
        entries.append(Asset("access", canonical_entry("access", data)))
        if row:
            numbers[f"access/{slug}"] = row["id"]
    return entries


def _users(
    superset: Superset, git: Bundle, managed: set[str], numbers: dict[str, int]
) -> list[Asset]:
    if not any(identity.startswith("users/") for identity in managed):
        return []
    entries = []
    columns = "id,username,first_name,last_name,email,active,roles.id,roles.name"
    for row in superset.rows("security/users", columns):
        identity = f"users/{row['username']}"
        # A deactivated user counts as removed: Superset cannot delete the author of an asset.
        if identity not in managed or not row["active"]:
            continue
        local = git.get(identity)
        data = row | {"roles": [role["name"] for role in row["roles"]]}
        # Superset never returns a password; passwords.py finds out whether .env has a new one.
        data["password"] = local.data["password"] if local else "${PASSWORD}"
        entries.append(Asset("users", canonical_entry("users", data)))
        numbers[identity] = row["id"]
    return entries
