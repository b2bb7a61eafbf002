"""Which roles, schemas and databases of an existing server are Glasshouse's, and which are not.

A comment marks each of our roles with the database that it works in. A schema is ours if one of our
roles owns it, or, for those of the superuser, if there are marked roles: roles and schemas are made
in one transaction.
"""

from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError
from scripts.settings import PASSWORD_FIELDS, Settings

GROUPS = ("readers", "ml_registry")
# Schemas that transformer owns; `simulation` comes with a simulated shop.
BUILT_SCHEMAS = (
    "csv", "shop", "simulation", "staging", "vault", "marts", "features", "models", "predictions",
    "reports",
)  # fmt: skip
SUPERUSER_SCHEMAS = ("ml", "access")
SCHEMAS = (*BUILT_SCHEMAS, *SUPERUSER_SCHEMAS)
ROLES = "select rolname, shobj_description(oid, 'pg_authid') from pg_roles where rolname = any(%s)"
OWNERS = """
    select nspname, rolname from pg_namespace join pg_roles on pg_roles.oid = nspowner
    where nspname = any(%s)
"""
# The logins with row filters, which scripts/assets/access makes.
FILTERED = """
    select rolname from pg_roles
    where rolname ~ '^(dashboard|analyst)_[0-9a-f]{12}$'
        and pg_has_role(rolname, 'readers', 'member') and not rolsuper
    order by 1
"""


@dataclass(frozen=True)
class Names:
    """What there is on the server under the names that Glasshouse uses."""

    own_roles: list[str]
    # Each is a line of text that says what takes a name.
    clashes: list[str]
    # The role, schema or database that does not exist yet.
    missing: list[str]

    @property
    def is_installed(self) -> bool:
        """Whether the roles and the schemas are there."""
        return "transformer" in self.own_roles


def mark(settings: Settings) -> str:
    """The comment on each of our roles."""
    return f'Glasshouse in the database "{settings.database}"'


def login_roles(settings: Settings) -> list[str]:
    """The login roles that are made with the passwords of `.env`."""
    # An existing Superset has its metadata somewhere else.
    others = ("postgres", "superset") if settings.existing_superset else ("postgres",)
    return [role for role in PASSWORD_FIELDS if role not in others]


def read_names(cursor: Cursor, settings: Settings) -> Names:
    """Compare the server with the names that Glasshouse uses."""
    roles = [*login_roles(settings), *GROUPS]
    cursor.execute(ROLES, [roles])
    comments = dict(cursor.fetchall())
    own_roles = [role for role in roles if comments.get(role) == mark(settings)]
    clashes = [_role_clash(role, comments[role]) for role in comments.keys() - own_roles]
    cursor.execute(OWNERS, [list(SCHEMAS)])
    owners = dict(cursor.fetchall())
    for schema, owner in owners.items():
        is_own = owner == "transformer" if schema in BUILT_SCHEMAS else True
        if not is_own or "transformer" not in own_roles:
            clashes.append(f"schema {schema} (owner {owner})")
    databases, database_owner = [], None
    if "superset" in roles:
        cursor.execute("select datdba::regrole::text from pg_database where datname = 'superset'")
        database_owner = (cursor.fetchone() or [None])[0]
        databases = [] if database_owner else ["database superset"]
        if database_owner and (database_owner != "superset" or "superset" not in own_roles):
            clashes.append(f"database superset (owner {database_owner})")
    missing = [f"role {role}" for role in roles if role not in comments]
    schemas = [schema for schema in SCHEMAS if schema != "simulation"]
    missing += [f"schema {schema}" for schema in schemas if schema not in owners]
    return Names(own_roles, sorted(clashes), missing + databases)


def require_free_names(cursor: Cursor, settings: Settings) -> Names:
    """The names; a UserError if something that is not ours has one of them."""
    names = read_names(cursor, settings)
    if names.clashes:
        raise UserError(
            f"The server has under names that Glasshouse needs: {', '.join(names.clashes)};"
            " nothing was changed",
            "rename these, or use another server or database (docs/production.md)",
        )
    return names


def mark_roles(cursor: Cursor, settings: Settings) -> None:
    """Comment the roles that Glasshouse has made in this transaction or before."""
    for role in (*login_roles(settings), *GROUPS):
        statement = sql.SQL("comment on role {} is %s").format(sql.Identifier(role))
        cursor.execute(statement, [mark(settings)])


def filtered_logins(cursor: Cursor) -> list[str]:
    """The logins with row filters; call it where the role readers is ours."""
    cursor.execute(FILTERED)
    return [role for (role,) in cursor.fetchall()]


def _role_clash(role: str, comment: str | None) -> str:
    is_glasshouse = (comment or "").startswith("Glasshouse in the database ")
    return f"role {role} ({comment})" if is_glasshouse else f"role {role}"
