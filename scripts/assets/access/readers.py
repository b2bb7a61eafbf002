"""The logins of PostgreSQL with which Superset reads, and the rows that each of them may read.

Superset chooses the login by its user (docker/superset_connection.py). PostgreSQL limits the login,
so the limits hold whatever SQL a request contains (decision 0011).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.tables import tables_of

# The login of users who only see dashboards, and the login of those who may query schemas.
DASHBOARD, ANALYST = KINDS = ("dashboard", "analyst")
REPORTS = "reports"
# What analysts read beside the reports. A dataset on one of these tables opens it to dashboards.
ANALYST_SCHEMAS = ("marts", "predictions")

Relation = tuple[str, str]
Roles = tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """A login reads a relation, or each relation of a schema, as far as a condition holds."""

    login: str
    schema: str
    relation: str | None = None
    condition: str | None = None


def login_name(kind: str, roles: Iterable[str]) -> str:
    """The login of users who have exactly these of the roles that row filters name.

    docker/superset_connection.py computes the same name.
    """
    text = "\n".join(sorted(roles))
    return f"{kind}_{sha256(text.encode()).hexdigest()[:12]}" if text else kind


def filtered_logins(git: Bundle) -> dict[str, Roles]:
    """The logins with row filters, and the roles of Superset that each stands for."""
    return {login_name(kind, roles): roles for roles in _role_sets(git) if roles for kind in KINDS}


def rules(git: Bundle) -> list[Rule]:
    """What every login may read."""
    filters = _filters_by_relation(git)
    published = {relation for each in _datasets(git) for relation in tables_of(each)}
    result = []
    for roles in _role_sets(git):
        for kind in KINDS:
            login = login_name(kind, roles)
            schemas = [REPORTS] if kind == DASHBOARD else list(ANALYST_SCHEMAS)
            conditions: dict[Relation, str | None] = {
                relation: condition
                for relation, entries in filters.items()
                if relation[0] in schemas and (condition := row_condition(entries, roles))
            }
            if kind == DASHBOARD:
                for schema, name in published:
                    if schema in ANALYST_SCHEMAS:
                        entries = filters.get((schema, name), [])
                        conditions[schema, name] = row_condition(entries, roles)
            result += [Rule(login, schema) for schema in schemas]
            result += [Rule(login, *relation, each) for relation, each in conditions.items()]
    return sorted(result, key=str)


def row_condition(filters: list[Asset], roles: Roles) -> str | None:
    """The condition that Superset's row filters make for users with these roles.

    As in Superset: filters of one group are alternatives, and all groups must hold.
    """
    groups: dict[str, list[str]] = {}
    for entry in sorted(filters, key=str):
        has_role = bool({*entry.data.get("roles", [])} & {*roles})
        if has_role != (entry.data.get("type") == "Base"):
            group = entry.data.get("group") or str(entry)
            groups.setdefault(group, []).append(f"({entry.data['clause']})")
    return " and ".join(f"({' or '.join(clauses)})" for clauses in groups.values()) or None


def unenforced_filters(git: Bundle) -> list[str]:
    """Row filters on datasets that are SQL: PostgreSQL has no relation to put a policy on."""
    return [
        f'{entry} on dataset "{dataset.title}"'
        for entry in git.kind("filters")
        for uuid in entry.data["datasets"]
        if (dataset := git.get(uuid)) and dataset.data.get("sql")
    ]


def _role_sets(git: Bundle) -> list[Roles]:
    """No role, each role that a row filter names, and the combinations that the users have."""
    roles = {role for entry in git.kind("filters") for role in entry.data.get("roles", [])}
    sets = {(), *((role,) for role in roles)}
    sets |= {tuple(sorted(roles & {*user.data["roles"]})) for user in git.kind("users")}
    return sorted(sets)


def _datasets(git: Bundle) -> list[Asset]:
    """The datasets on the warehouse of this installation."""
    warehouses = {
        database.uuid
        for database in git.kind("databases")
        if urlsplit(database.data["sqlalchemy_uri"]).username == DASHBOARD
    }
    return [each for each in git.kind("datasets") if each.data["database_uuid"] in warehouses]


def _filters_by_relation(git: Bundle) -> dict[Relation, list[Asset]]:
    result: dict[Relation, list[Asset]] = {}
    for dataset in _datasets(git):
        if not dataset.data.get("sql"):
            for entry in git.kind("filters"):
                if dataset.uuid in entry.data["datasets"]:
                    for relation in tables_of(dataset):
                        result.setdefault(relation, []).append(entry)
    return result
