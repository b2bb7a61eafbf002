"""How Superset queries the warehouse: as a login chosen by its user, and one SELECT at a time.

`connect_as_reader` is the DB_CONNECTION_MUTATOR of superset_config.py. PostgreSQL limits the login
to what it may read, row filters included (docs/decisions/0011-access-in-postgresql.md).
"""

import hashlib
import os
import re
from typing import Any

import psycopg2
from flask import g
from psycopg2 import extensions
from sqlalchemy import text
from sqlalchemy.engine.url import URL, make_url

# The connection in the metadata; its login is that of users who only see dashboards.
WAREHOUSE = make_url(os.environ["WAREHOUSE_URI"])
ANALYST = "analyst"
# The login of a guest, sandbox_<name>, belongs to the users of the role Sandbox <name>.
SANDBOX_LOGIN, SANDBOX_ROLE = "sandbox_", "Sandbox "
# Whoever has one of these permissions may query tables that no dashboard shows.
ANALYST_PERMISSIONS = (
    "all_database_access", "all_datasource_access", "catalog_access", "database_access",
    "schema_access", "can_execute_sql_query", "can_sqllab",
)  # fmt: skip
# What SQLAlchemy and Superset send themselves and is no SELECT.
SESSION_STATEMENTS = re.compile(
    r'show standard_conforming_strings|show transaction isolation level|set search_path = "[^"]*"'
)
# PostgreSQL adds these parts to an error, because a function runs the query.
ERROR_CONTEXT = re.compile(r"\n(QUERY|CONTEXT):.*", re.DOTALL)


def connect_as_reader(
    url: URL, engine_kwargs: dict[str, Any], username: str | None, security: Any, source: Any
) -> tuple[URL, dict[str, Any]]:
    """The connection to the warehouse as the login of a user; other databases stay as they are."""
    if (url.username or "").startswith(SANDBOX_LOGIN):
        _require_guest(url.username, security)
        return url, engine_kwargs
    if _place(url) != _place(WAREHOUSE):
        return url, engine_kwargs
    login, password = reader(security)
    arguments = engine_kwargs.get("connect_args", {})
    arguments = arguments | {"connection_factory": ReaderConnection}
    return url.set(username=login, password=password), engine_kwargs | {"connect_args": arguments}


def reader(security: Any) -> tuple[str, str]:
    """Login and password for the user of the request, or of the task in the background."""
    roles = _roles(security)
    if any(role.name.startswith(SANDBOX_ROLE) for role in roles):
        raise psycopg2.OperationalError("A guest reads the database of the sandbox, and no other")
    kind = ANALYST if _is_analyst(roles, security) else WAREHOUSE.username
    filtered = _roles_with_filters(security) & {role.name for role in roles}
    if filtered:
        return login_name(kind, filtered), os.environ["ROW_FILTER_PASSWORD"]
    return kind, os.environ["ANALYST_DB_PASSWORD"] if kind == ANALYST else WAREHOUSE.password


def _roles(security: Any) -> list[Any]:
    """The roles of the user of the request, or of the task in the background."""
    user = getattr(g, "user", None)
    return [role for role in security.get_user_roles(user) if role] if user else []


def _require_guest(login: str, security: Any) -> None:
    """Refuse a sandbox to everybody but its guest and administrators.

    Superset lets each user of SQL Lab send a text without tables to each database.
    """
    names = {role.name for role in _roles(security)}
    own_role = f"{SANDBOX_ROLE}{login.removeprefix(SANDBOX_LOGIN)}"
    if own_role not in names and security.auth_role_admin not in names:
        raise psycopg2.OperationalError("This sandbox belongs to another user")


def login_name(kind: str, roles: set[str]) -> str:
    """The login of users who have exactly these of the roles that row filters name.

    scripts/assets/access/readers.py creates it under the same name.
    """
    names = "\n".join(sorted(roles))
    return f"{kind}_{hashlib.sha256(names.encode()).hexdigest()[:12]}"


def _place(url: URL) -> tuple[Any, ...]:
    return url.host, url.port, url.database, url.username


def _is_analyst(roles: list[Any], security: Any) -> bool:
    """Whether one of the roles has a permission of an analyst."""
    pairs = security.permissionview_model
    query = security.session.query(pairs.id).join(security.permission_model).filter(
        security.permission_model.name.in_(ANALYST_PERMISSIONS),
        pairs.role.any(security.role_model.id.in_([role.id for role in roles])),
    )  # fmt: skip
    return query.first() is not None


def _roles_with_filters(security: Any) -> set[str]:
    """The names of the roles that Superset's row filters name."""
    # Superset is not ready for this import when it reads its configuration.
    from superset.connectors.sqla.models import RowLevelSecurityFilter

    role = security.role_model
    query = security.session.query(role.name).join(RowLevelSecurityFilter.roles)
    return {name for (name,) in query.distinct()}


def stop_query(engine_spec: type, cursor: Any, query: Any, process: int) -> bool:
    """End the database session of a query: PostgresEngineSpec.cancel_query for readers.

    A reader may send no signals. Superset's own login may, to the logins of readers alone.
    """
    from superset.extensions import db

    statement = text("select pg_terminate_backend(:process)")
    return bool(db.session.execute(statement, {"process": int(process)}).scalar())


class ReaderCursor(extensions.cursor):
    """A cursor that runs one SELECT: PostgreSQL refuses every other text."""

    def execute(self, query: Any, variables: Any = None) -> None:
        """Run a query with access.open_query, and fetch from the cursor that it opens."""
        if variables is not None:
            query = self.mogrify(query, variables)
        if isinstance(query, bytes):
            query = query.decode(extensions.encodings[self.connection.encoding])
        if SESSION_STATEMENTS.fullmatch(query):
            super().execute(query)
            return
        try:
            super().execute("select access.open_query(%s)", (query,))
            name = self.fetchone()[0].replace('"', '""')
            super().execute(f'fetch all from "{name}"')
        except psycopg2.Error as error:
            raise type(error)(ERROR_CONTEXT.sub("", str(error))) from None

    def executemany(self, query: Any, variables: Any) -> None:
        """Refuse: a reader has nothing to write."""
        raise psycopg2.NotSupportedError("This connection reads only")

    callproc = copy_expert = copy_from = copy_to = executemany


class ReaderConnection(extensions.connection):
    """A connection whose cursors are ReaderCursors."""

    def __init__(self, dsn: str, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(dsn, *arguments, **options)
        except psycopg2.OperationalError as error:
            if "password authentication failed" not in str(error):
                raise
            raise psycopg2.OperationalError(
                "PostgreSQL has no login for the row filters of this user, or one with another "
                "password than .env; an administrator runs make push, or make up"
            ) from None
        self.cursor_factory = ReaderCursor
