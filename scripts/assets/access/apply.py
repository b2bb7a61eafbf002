"""Creating and updating the entries of bundle.yml, over REST."""

from scripts.assets.access.alert_server import RESOURCE, say_what_sends, write_alert
from scripts.assets.access.file import PASSWORD
from scripts.assets.access.passwords import save_password_digest
from scripts.assets.access.server import Server
from scripts.assets.client.superset import Superset
from scripts.assets.model.asset import Asset
from scripts.errors import UserError
from scripts.settings import Settings

# Filters and dashboards refer to roles, so roles come first.
ORDER = ("roles", "filters", "access", "users", "alerts")


def apply(entries: list[Asset], server: Server, superset: Superset, settings: Settings) -> None:
    """Create or update these entries; an error lists what was applied."""
    entries = sorted(entries, key=lambda entry: (ORDER.index(entry.kind), entry.title))
    for count, entry in enumerate(entries):
        try:
            _APPLY[entry.kind](entry, server, superset, settings)
        except UserError as error:
            applied = ", ".join(map(str, entries[:count])) or "no access entry"
            pending = ", ".join(map(str, entries[count:]))
            raise UserError(
                f"{error.problem}; live now: the dashboards, {applied}; not yet: {pending}",
                f"{error.remedy}, then make push again",
            ) from None
    say_what_sends([entry for entry in entries if entry.kind == "alerts"], settings)


def remove_entry(entry: Asset, server: Server, superset: Superset) -> None:
    """Remove an entry from the server; a user is deactivated, as the author of assets."""
    number = server.numbers[entry.uuid]
    if entry.kind == "users":
        superset.change("security/users", number, {"active": False})
    elif entry.kind == "filters":
        superset.delete_many("rowlevelsecurity", [number])
    elif entry.kind == "roles":
        superset.delete("security/roles", number)
    elif entry.kind == "alerts":
        superset.delete(RESOURCE, number)


def _role(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    if entry.uuid not in server.numbers:
        number = superset.create("security/roles", {"name": entry.title})
        server.add_role(entry.title, number)
    numbers = server.permissions.ids_on_server(entry)
    superset.set_permissions(server.numbers[entry.uuid], numbers)


def _filter(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    fields = {
        "name": entry.title,
        "description": entry.data.get("description"),
        "filter_type": entry.data.get("type", "Regular"),
        "clause": entry.data["clause"],
        "group_key": entry.data.get("group"),
        "tables": [superset.number("dataset", uuid) for uuid in entry.data["datasets"]],
        "roles": server.role_ids(entry.data.get("roles", [])),
    }
    _create_or_change("rowlevelsecurity", entry, fields, server, superset)


def _dashboard_access(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    number = server.numbers.get(entry.uuid) or superset.number("dashboard", entry.title)
    if number is not None:
        roles = server.role_ids(entry.data["roles"])
        superset.change("dashboard", number, {"roles": roles})


def _user(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    fields = {name: entry.data[name] for name in ("username", "first_name", "last_name", "email")}
    fields |= {"roles": server.role_ids(entry.data["roles"]), "active": True}
    password = PASSWORD.fullmatch(entry.data["password"])
    fields["password"] = settings.value(password[1]) if password else None
    if entry.uuid not in server.numbers:
        # Either deactivated by a prune, or new.
        for row in superset.rows("security/users", "id,username"):
            if row["username"] == entry.title:
                server.numbers[entry.uuid] = row["id"]
    _create_or_change("security/users", entry, fields, server, superset)
    save_password_digest(entry, settings)


def _alert(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    number = server.numbers.get(entry.uuid)
    server.numbers[entry.uuid] = write_alert(entry, number, superset, settings)


def _create_or_change(
    resource: str, entry: Asset, fields: dict, server: Server, superset: Superset
) -> None:
    number = server.numbers.get(entry.uuid)
    if number is None:
        server.numbers[entry.uuid] = superset.create(resource, fields)
    else:
        superset.change(resource, number, fields)


_APPLY = {
    "roles": _role,
    "filters": _filter,
    "access": _dashboard_access,
    "users": _user,
    "alerts": _alert,
}
