"""What Superset's lists say about assets and its exports do not: ids, owners and tags."""

from dataclasses import dataclass, field
from typing import Any

from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.fields import KINDS
from scripts.settings import Settings

Rows = dict[str, list[dict[str, Any]]]
# Superset's types of tags: those of people have 1, the others it makes by itself.
_CUSTOM_TAG = 1


@dataclass(frozen=True)
class ServerLists:
    """The names of charts and annotation layers by id, and the fields by uuid."""

    charts: dict[int, str] = field(default_factory=dict)
    layers: dict[int, str] = field(default_factory=dict)
    fields: dict[str, dict[str, list[str]]] = field(default_factory=dict)


def server_lists(rows: Rows, git: Bundle, settings: Settings) -> ServerLists:
    """Read the lists; `git` decides whether an owner is written as username or e-mail."""
    users = {row["id"]: row for row in rows["security/users"]}
    fields: dict[str, dict[str, list[str]]] = {}
    for resource in ("dataset", "chart", "dashboard"):
        for row in rows[resource]:
            uuid = str(row["uuid"]).lower()
            local = git.get(uuid)
            in_git = local.data.get("owners", []) if local else []
            owners = [users[each["id"]] for each in row["owners"] if each["id"] in users]
            fields[uuid] = {
                "owners": [
                    user["email"] if user["email"] in in_git else user["username"]
                    for user in owners
                    if user["username"] != pushing_user(settings)
                ]
            }
            if "tags" in row:
                custom = [each for each in row["tags"] if each["type"] == _CUSTOM_TAG]
                fields[uuid]["tags"] = [each["name"] for each in custom]
    return ServerLists(
        {row["id"]: str(row["uuid"]).lower() for row in rows["chart"]},
        {row["id"]: row["name"] for row in rows["annotation_layer"]},
        fields,
    )


def pushing_user(settings: Settings) -> str:
    """The account that pushes: Superset makes it an owner of everything, so git does not say so."""
    return settings.value("SUPERSET_ADMIN_USER") or ""


def user_ids(owners: list[str], rows: Rows) -> list[int]:
    """The ids of these owners (usernames or e-mail addresses) that the server has."""
    ids = {row["email"]: row["id"] for row in rows["security/users"]}
    ids |= {row["username"]: row["id"] for row in rows["security/users"]}
    return [ids[owner] for owner in owners if owner in ids]


def with_existing_owners(
    git: Bundle, rows: Rows, settings: Settings
) -> tuple[Bundle, dict[str, list[str]]]:
    """The assets with the owners that this server has; and the missing owners with their assets.

    The account that pushes is left out too.
    """
    # A user of bundle.yml who does not exist yet is created by the same push.
    users = [*rows["security/users"], *(user.data for user in git.kind("users"))]
    names = {row[name] for row in users for name in ("username", "email")}
    missing: dict[str, list[str]] = {}
    assets = []
    for asset in git:
        owners = asset.data.get("owners", []) if asset.kind in KINDS else []
        for owner in owners:
            if owner not in names:
                missing.setdefault(owner, []).append(str(asset))
        existing = [each for each in owners if each in names and each != pushing_user(settings)]
        if existing != owners:
            data = {key: value for key, value in asset.data.items() if key != "owners"}
            if existing:
                # In the place it has in the file.
                data = {
                    key: existing if key == "owners" else value for key, value in asset.data.items()
                }
            asset = Asset(asset.kind, data, asset.path)
        assets.append(asset)
    return Bundle.of(assets), missing
