"""Permissions by name, as in git, and by id, as on a server.

Superset identifies what a role may access by ids ("[warehouse].[sales](id:7)"). It has two
permissions for a schema: with the catalog for SQL Lab, and without it for imported datasets.
"""

import difflib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scripts.assets.client.superset import Superset
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.placeholders import schema_in_git, server_schema
from scripts.errors import UserError
from scripts.settings import Settings

_ID = re.compile(r"\(id:(\d+)\)$")
_PARTS = re.compile(r"\[([^]]*)\]")


@dataclass
class Permissions:
    """The permissions of one server, by name and by id."""

    superset: Superset
    settings: Settings
    # The repository's databases; only permissions on their schemas are converted.
    bundle: Bundle
    _uuids: dict[tuple[str, int], str] = field(default_factory=dict)

    @cached_property
    def numbers(self) -> dict[tuple[str, str], int]:
        """Every permission of the server: (permission, resource) → id."""
        rows = self.superset.rows(
            "security/permissions-resources", "id,permission.name,view_menu.name"
        )
        return {(row["permission"]["name"], row["view_menu"]["name"]): row["id"] for row in rows}

    def uuid(self, resource: str, number: int) -> str:
        """The uuid of a dataset or database; "" for a deleted one."""
        if (resource, number) not in self._uuids:
            self._uuids[resource, number] = self.superset.uuid(resource, number)
        return self._uuids[resource, number]

    def names_in_git(self, rows: list[dict[str, Any]]) -> dict[str, list[str]]:
        """A role's permissions in the form of bundle.yml: by name, schema and uuid."""
        names: dict[str, list[str]] = {
            "permissions": [], "schemas": [], "databases": [], "datasets": [],
        }  # fmt: skip
        for row in rows:
            action, resource_name = row["permission_name"], row["view_menu_name"]
            number = _ID.search(resource_name)
            if action == "schema_access" and self._is_managed_database(resource_name):
                schema = _PARTS.findall(resource_name)[-1]
                names["schemas"].append(schema_in_git(schema, self.settings))
            elif action in ("database_access", "datasource_access") and number:
                resource = "database" if action == "database_access" else "dataset"
                uuid = self.uuid(resource, int(number[1]))
                # A permission on a deleted resource has no effect.
                names[f"{resource}s"] += [uuid] if uuid else []
            else:
                names["permissions"].append(f"{action} on {resource_name}")
        return names

    def _is_managed_database(self, resource_name: str) -> bool:
        parts = _PARTS.findall(resource_name)
        return len(parts) > 1 and parts[0] in {db.title for db in self.bundle.kind("databases")}

    def require_existing(self, roles: list[Asset]) -> None:
        """Raise a UserError for a role with a permission that this Superset does not have."""
        for role in roles:
            for text in role.data.get("permissions", []):
                if _split(text) not in self.numbers:
                    existing = [
                        f"{action} on {resource_name}" for action, resource_name in self.numbers
                    ]
                    matches = difflib.get_close_matches(text, existing, n=1)
                    raise UserError(
                        f'bundle.yml: {role}: this Superset has no permission "{text}"',
                        f"write {matches[0]}"
                        if matches
                        else "see List Roles in Superset for its names",
                    )

    def ids_on_server(self, role: Asset) -> list[int]:
        """The permission ids of a role of bundle.yml."""
        numbers = [self.numbers[_split(text)] for text in role.data.get("permissions", [])]
        for schema in role.data.get("schemas", []):
            numbers += self._schema(schema, role)
        for kind, action in (("databases", "database_access"), ("datasets", "datasource_access")):
            for uuid in role.data.get(kind, []):
                numbers.append(self._by_number(kind.removesuffix("s"), action, uuid, role))
        return sorted(set(numbers))

    def _schema(self, schema: str, role: Asset) -> list[int]:
        schema_name = server_schema(schema, self.settings)
        for attempt in range(2):
            ids = [
                number
                for (action, resource_name), number in self.numbers.items()
                if action == "schema_access"
                and self._is_managed_database(resource_name)
                and _PARTS.findall(resource_name)[-1] == schema_name
            ]
            if ids or attempt:
                break
            # Superset does not know a schema that was created after the database was connected.
            for database in self.bundle.kind("databases"):
                self.superset.sync_permissions(database.uuid)
            self.invalidate()
        if not ids:
            raise UserError(
                f"bundle.yml: {role}: the warehouse has no schema {schema_name}",
                "make build, or correct the name",
            )
        return ids

    def _by_number(self, resource: str, action: str, uuid: str, role: Asset) -> int:
        number = self.superset.number(resource, uuid)
        for (each, resource_name), permission in self.numbers.items():
            ids = _ID.search(resource_name)
            if each == action and ids and int(ids[1]) == number:
                return permission
        raise UserError(f"bundle.yml: {role}: Superset has no {resource} {uuid}", "make push again")

    def invalidate(self) -> None:
        """Read the ids again at the next access."""
        self.__dict__.pop("numbers", None)


def _split(permission: str) -> tuple[str, str]:
    action, _, resource_name = permission.partition(" on ")
    return action, resource_name
