"""The user, the role and the database connection of a guest in Superset."""

from typing import Any

from scripts.assets.client.superset import Superset
from scripts.errors import UserError
from scripts.settings import Settings

# docker/superset_connection.py lets the users of this role use this connection, and no other.
LABEL = "Sandbox {}"
ROLES = ("Gamma", "sql_lab")
# What Gamma lacks to make a dataset of a table of one's own.
PERMISSIONS = (
    ("can_write", "Dataset"),
    ("can_get_or_create_dataset", "Dataset"),
    ("can_save", "Datasource"),
)


class Guest:
    """What Superset holds of one guest."""

    def __init__(self, superset: Superset, name: str) -> None:
        self.superset, self.name = superset, name
        self.label = LABEL.format(name)

    def user(self) -> dict[str, Any] | None:
        """The guest's user; an error if another user has the name."""
        for row in self.superset.rows("security/users", "id,username,active,roles.name"):
            if row["username"] == self.name:
                if row["active"] and self.label not in [role["name"] for role in row["roles"]]:
                    raise UserError(
                        f"Superset has a user {self.name} that make sandbox has not made",
                        "choose another name: NAME=…",
                    )
                return row
        return None

    def is_complete(self) -> bool:
        """Whether user, role and connection exist."""
        user = self.user()
        return bool(user and user["active"]) and None not in (self._role(), self._database())

    def create(self, settings: Settings, login: str, password: str) -> None:
        """Create or update connection, role and user, with this password for both logins."""
        address = settings.as_seen_by_superset()
        fields = {
            "database_name": self.label,
            "sqlalchemy_uri": (
                f"postgresql+psycopg2://{login}:{password}"
                f"@{address.postgres_host}:{address.postgres_port}/warehouse"
            ),
            "expose_in_sqllab": True,
            "allow_ctas": True,
            "allow_dml": True,
        }
        database = self._create_or_change("database", self._database(), fields)
        role = self._role()
        if role is None:
            role = self.superset.create("security/roles", {"name": self.label})
        self.superset.set_permissions(role, self._permissions(database))
        user = self.user()
        roles = {row["name"]: row["id"] for row in self._roles()}
        self._create_or_change(
            "security/users",
            user["id"] if user else None,
            {
                "username": self.name,
                "first_name": self.name,
                "last_name": "(guest)",
                "email": f"{self.name}@sandbox.invalid",
                "active": True,
                "roles": [roles[name] for name in (*ROLES, self.label)],
                "password": password,
            },
        )

    def remove(self) -> list[str]:
        """Remove all that the guest has made, and the guest; returns what was removed."""
        user, removed = self.user(), []
        for resource, columns in (
            ("dashboard", "id,owners.id"),
            ("chart", "id,owners.id"),
            ("dataset", "id,owners.id,database.id"),
        ):
            numbers = [
                row["id"]
                for row in self.superset.rows(resource, columns)
                if self._belongs(row, user)
            ]
            for number in numbers:
                self.superset.delete(resource, number)
            plural = "s" if len(numbers) > 1 else ""
            removed += [f"{len(numbers)} {resource}{plural}"] if numbers else []
        for resource, number in (("database", self._database()), ("security/roles", self._role())):
            if number is not None:
                self.superset.delete(resource, number)
                removed.append(resource.rpartition("/")[2].removesuffix("s"))
        if user:
            removed.append(self._remove_user(user["id"]))
        return removed

    def _remove_user(self, number: int) -> str:
        try:
            self.superset.delete("security/users", number)
        except UserError:
            # Superset's action log refers to the user.
            self.superset.change("security/users", number, {"active": False, "roles": []})
            return "user (deactivated)"
        return "user"

    def _belongs(self, row: dict[str, Any], user: dict[str, Any] | None) -> bool:
        owners = [owner["id"] for owner in row["owners"]]
        on_connection = "database" in row and row["database"]["id"] == self._database()
        return on_connection or bool(user and owners == [user["id"]])

    def _permissions(self, database: int) -> list[int]:
        rows = self.superset.rows(
            "security/permissions-resources", "id,permission.name,view_menu.name"
        )
        permissions = {
            (row["permission"]["name"], row["view_menu"]["name"]): row["id"] for row in rows
        }
        access = ("database_access", f"[{self.label}].(id:{database})")
        return [permissions[each] for each in (access, *PERMISSIONS)]

    def _database(self) -> int | None:
        return self._number(self.superset.rows("database", "id,database_name"), "database_name")

    def _role(self) -> int | None:
        return self._number(self._roles(), "name")

    def _roles(self) -> list[dict[str, Any]]:
        return self.superset.rows("security/roles", "id,name")

    def _number(self, rows: list[dict[str, Any]], field: str) -> int | None:
        return next((row["id"] for row in rows if row[field] == self.label), None)

    def _create_or_change(self, resource: str, number: int | None, fields: dict) -> int:
        if number is None:
            return self.superset.create(resource, fields)
        self.superset.change(resource, number, fields)
        return number
