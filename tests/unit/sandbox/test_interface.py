"""What make sandbox creates in Superset, and what it takes back."""

from collections import defaultdict
from typing import Any

import pytest

from scripts.errors import UserError
from scripts.sandbox.interface import PERMISSIONS, ROLES, Guest
from scripts.settings import Settings

SETTINGS = Settings.model_construct(
    postgres_host="127.0.0.1", postgres_port=15432, mode="native", environment=""
)


class FakeSuperset:
    """Superset's lists in memory; a new database gets its permission, as in Superset."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        self.permissions: dict[int, list[int]] = {}
        for name in ("Admin", *ROLES):
            self.create("security/roles", {"name": name})
        self.create("security/users", {"username": "admin", "active": True, "roles": [1]})
        for action, resource in PERMISSIONS:
            self._permit(action, resource)

    def rows(self, resource: str, columns: str = "") -> list[dict[str, Any]]:
        rows = [{"id": number, **row} for number, row in self.lists[resource].items()]
        if resource == "security/users":
            names = {number: row["name"] for number, row in self.lists["security/roles"].items()}
            for row in rows:
                row["roles"] = [{"name": names[each]} for each in row["roles"] if each in names]
        return rows

    def create(self, resource: str, fields: dict[str, Any]) -> int:
        number = max(self.lists[resource], default=0) + 1
        self.lists[resource][number] = fields
        if resource == "database":
            self._permit("database_access", f"[{fields['database_name']}].(id:{number})")
        return number

    def change(self, resource: str, number: int, fields: dict[str, Any]) -> None:
        self.lists[resource][number] = self.lists[resource][number] | fields

    def delete(self, resource: str, number: int) -> None:
        del self.lists[resource][number]

    def set_permissions(self, role: int, permissions: list[int]) -> None:
        self.permissions[role] = permissions

    def _permit(self, action: str, resource: str) -> None:
        row = {"permission": {"name": action}, "view_menu": {"name": resource}}
        self.create("security/permissions-resources", row)


def count(superset: FakeSuperset) -> dict[str, int]:
    return {name: len(rows) for name, rows in superset.lists.items() if "permissions" not in name}


def test_guest_is_created_once_and_removed_completely() -> None:
    superset = FakeSuperset()
    before = count(superset)
    guest = Guest(superset, "ada")
    assert not guest.is_complete()
    for _ in range(2):
        guest.create(SETTINGS, "sandbox_ada", "secret")
        assert guest.is_complete()
    assert len(superset.permissions[4]) == len(PERMISSIONS) + 1
    user = guest.user()
    assert {role["name"] for role in user["roles"]} == {*ROLES, "Sandbox ada"}
    owned, shared = [{"id": user["id"]}], [{"id": user["id"]}, {"id": 1}]
    superset.create("dashboard", {"owners": owned})
    superset.create("dashboard", {"owners": shared})
    superset.create("dataset", {"owners": [{"id": 1}], "database": {"id": 1}})
    assert guest.remove() == ["1 dashboard", "1 dataset", "database", "role", "user"]
    assert count(superset) | {"dashboard": 0} == before | dict.fromkeys(
        ("dashboard", "dataset", "database", "chart"), 0
    )
    assert superset.lists["dashboard"].keys() == {2}


def test_users_of_others_are_not_touched() -> None:
    superset = FakeSuperset()
    with pytest.raises(UserError, match="a user admin that make sandbox has not made"):
        Guest(superset, "admin").remove()
    assert superset.lists["security/users"][1]["roles"] == [1]
