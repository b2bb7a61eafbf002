"""Bringing roles, row filters, dashboards' doors and users to the server, over REST."""

from scripts.assets.access.file import PASSWORD
from scripts.assets.access.live import Server
from scripts.assets.access.passwords import remember_password
from scripts.assets.client.superset import Superset
from scripts.assets.model.asset import Asset
from scripts.errors import UserError
from scripts.settings import Settings

# A filter names roles, and a dashboard opens to them: each is there before it is named.
ORDER = ("roles", "filters", "access", "users")


def apply(wanted: list[Asset], server: Server, superset: Superset, settings: Settings) -> None:
    """Create or update these entries; on a refusal, say what is live already and what is not."""
    wanted = sorted(wanted, key=lambda entry: (ORDER.index(entry.kind), entry.title))
    for done, entry in enumerate(wanted):
        try:
            _APPLY[entry.kind](entry, server, superset, settings)
        except UserError as error:
            live = ", ".join(map(str, wanted[:done])) or "nothing of the access"
            rest = ", ".join(map(str, wanted[done:]))
            raise UserError(
                f"{error.problem}; live now: the dashboards, {live}; not yet: {rest}",
                f"{error.remedy}, then make push again",
            ) from None


def withdraw(entry: Asset, server: Server, superset: Superset) -> None:
    """Remove an entry from the server; a user is switched off, for what he made names him."""
    number = server.numbers[entry.uuid]
    if entry.kind == "users":
        superset.change("security/users", number, {"active": False})
    elif entry.kind == "filters":
        superset.delete_many("rowlevelsecurity", [number])
    elif entry.kind == "roles":
        superset.delete("security/roles", number)


def _role(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    if entry.uuid not in server.numbers:
        number = superset.create("security/roles", {"name": entry.title})
        server.add_role(entry.title, number)
    numbers = server.permissions.on_server(entry)
    superset.set_permissions(server.numbers[entry.uuid], numbers)


def _filter(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    fields = {
        "name": entry.title,
        "description": entry.data.get("description"),
        "filter_type": entry.data.get("type", "Regular"),
        "clause": entry.data["clause"],
        "group_key": entry.data.get("group"),
        "tables": [superset.number("dataset", uuid) for uuid in entry.data["datasets"]],
        "roles": server.role_numbers(entry.data.get("roles", [])),
    }
    _create_or_change("rowlevelsecurity", entry, fields, server, superset)


def _door(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    number = server.numbers.get(entry.uuid) or superset.number("dashboard", entry.title)
    if number is not None:
        roles = server.role_numbers(entry.data["roles"])
        superset.change("dashboard", number, {"roles": roles})


def _user(entry: Asset, server: Server, superset: Superset, settings: Settings) -> None:
    fields = {name: entry.data[name] for name in ("username", "first_name", "last_name", "email")}
    fields |= {"roles": server.role_numbers(entry.data["roles"]), "active": True}
    password = PASSWORD.fullmatch(entry.data["password"])
    fields["password"] = settings.value(password[1]) if password else None
    if entry.uuid not in server.numbers:
        # Switched off by a prune and wanted again, or new.
        for row in superset.rows("security/users", "id,username"):
            if row["username"] == entry.title:
                server.numbers[entry.uuid] = row["id"]
    _create_or_change("security/users", entry, fields, server, superset)
    remember_password(entry, settings)


def _create_or_change(
    resource: str, entry: Asset, fields: dict, server: Server, superset: Superset
) -> None:
    number = server.numbers.get(entry.uuid)
    if number is None:
        server.numbers[entry.uuid] = superset.create(resource, fields)
    else:
        superset.change(resource, number, fields)


_APPLY = {"roles": _role, "filters": _filter, "access": _door, "users": _user}
