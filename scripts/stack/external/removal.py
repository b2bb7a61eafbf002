"""`make reset` on an existing server: removes exactly what Glasshouse has made there.

One transaction removes schemas, functions and roles. PostgreSQL itself finds what others have put
into our schemas or built on them: it refuses to drop an object that something else depends on.
"""

from contextlib import closing

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.console import warn
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.external.connection import admin_cursor, connect_admin
from scripts.stack.external.names import (
    SUPERUSER_SCHEMAS,
    Names,
    filtered_logins,
    read_names,
)
from scripts.stack.signing_key import KEY_FILE

# Every object of the engine has a comment; one of the superuser without any is not the engine's.
FOREIGN = """
    select format('%%s %%s', case relkind when 'v' then 'view' else 'table' end, oid::regclass)
    from pg_class
    where relnamespace = any(%(schemas)s::regnamespace[]) and relkind in ('r', 'p', 'v', 'm', 'f')
        and obj_description(oid, 'pg_class') is null
    union all
    select format('function %%s', oid::regprocedure)
    from pg_proc
    where pronamespace = any(%(schemas)s::regnamespace[])
        and obj_description(oid, 'pg_proc') is null
    order by 1
"""
# ml and access belong to the superuser, who owns other things too. A role that owns nothing else
# takes them over, so that "drop owned" means them.
TAKE_OVER = """
    do $$
    declare
        statement text;
    begin
        for statement in
            select format('alter schema %I owner to ml_registry', nspname)
            from pg_namespace where nspname in ('ml', 'access')
            union all
            select format('alter table %s owner to ml_registry', oid::regclass)
            from pg_class
            where relnamespace::regnamespace::text in ('ml', 'access')
                and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
                and not exists (
                    select from pg_depend
                    where classid = 'pg_class'::regclass and objid = pg_class.oid
                        and deptype in ('a', 'i') and refclassid = 'pg_class'::regclass
                )
            union all
            select format('alter routine %s owner to ml_registry', oid::regprocedure)
            from pg_proc where pronamespace::regnamespace::text in ('ml', 'access')
            union all
            select format('alter type %s owner to ml_registry', pg_type.oid::regtype)
            from pg_type left join pg_class on pg_class.oid = typrelid
            where typnamespace::regnamespace::text in ('ml', 'access')
                and (typrelid = 0 and typelem = 0 or relkind = 'c')
        loop
            execute statement;
        end loop;
    end
    $$
"""
ELSEWHERE = """
    select distinct datname
    from pg_shdepend join pg_database on pg_database.oid = dbid
    where refclassid = 'pg_authid'::regclass and refobjid = any(%s::regrole[])
        and datname not in (current_database(), 'superset')
    order by 1
"""
FOREIGN_METADATA = """
    select format('%s in the database superset', oid::regclass)
    from pg_class
    where relkind in ('r', 'v', 'm', 'p') and relowner <> 'superset'::regrole
        and relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
    order by 1
"""
OWN_EXTENSION = """
    select from pg_extension
    where extname = 'plpython3u'
        and obj_description(oid, 'pg_extension') = 'PL/Python, created by Glasshouse'
"""
REMOVE_KEY = f"""
    do language plpython3u $$
from pathlib import Path
Path('{KEY_FILE}').unlink(missing_ok=True)
$$
"""
# The roles that own objects; all others have rights on these only.
OWNERS = ("transformer", "ml_registry")
SHOWN = 20


def remove_everything(settings: Settings) -> None:
    """Remove what is ours. A UserError, with nothing removed, if others' objects are in the way."""
    with closing(connect_admin(settings)) as connection:
        with connection, connection.cursor() as cursor:
            names = read_names(cursor, settings)
            if "superset" in names.own_roles:
                _require_own_metadata(cursor, settings)
            if names.is_installed:
                _remove(cursor, settings, names)
        connection.autocommit = True
        with connection.cursor() as cursor:
            _remove_superset(cursor, names)


def _remove(cursor: Cursor, settings: Settings, names: Names) -> None:
    roles = [*names.own_roles, *filtered_logins(cursor)]
    cursor.execute(ELSEWHERE, [roles])
    if databases := [name for (name,) in cursor.fetchall()]:
        raise UserError(
            f"Roles of Glasshouse own objects or have rights in {', '.join(databases)};"
            " nothing was removed",
            f"run drop owned by {', '.join(roles)} there, then start again",
        )
    cursor.execute(FOREIGN, {"schemas": _existing_schemas(cursor)})
    _refuse([text for (text,) in cursor.fetchall()])
    cursor.execute(TAKE_OVER)
    # The owners come last: PostgreSQL cannot drop default privileges in the same statement in which
    # it drops the roles that they name.
    readers = [role for role in roles if role not in OWNERS]
    owners = [role for role in roles if role in OWNERS]
    try:
        for group in (*([role] for role in readers), owners):
            cursor.execute(sql.SQL("drop owned by {} restrict").format(_identifiers(group)))
    except psycopg2.errors.DependentObjectsStillExist as error:
        _refuse((error.diag.message_detail or str(error)).splitlines())
    others = [role for role in roles if role != "superset"]
    cursor.execute(sql.SQL("drop role {}").format(_identifiers(others)))
    _remove_extension(cursor)


def _remove_extension(cursor: Cursor) -> None:
    """Remove the signing key, and PL/Python if we created it and nobody else uses it."""
    cursor.execute("select from pg_extension where extname = 'plpython3u'")
    if cursor.rowcount:
        cursor.execute(REMOVE_KEY)
    cursor.execute(OWN_EXTENSION)
    if not cursor.rowcount:
        return
    cursor.execute("savepoint before_extension")
    try:
        cursor.execute("drop extension plpython3u restrict")
    except psycopg2.errors.DependentObjectsStillExist:
        cursor.execute("rollback to before_extension")
        cursor.execute("comment on extension plpython3u is 'PL/Python'")
        warn("The extension plpython3u stays, because other functions use it")


def _remove_superset(cursor: Cursor, names: Names) -> None:
    """Remove Superset's metadata and its login."""
    if "superset" in names.own_roles:
        cursor.execute("drop database if exists superset with (force)")
        cursor.execute("drop role superset")


def _require_own_metadata(cursor: Cursor, settings: Settings) -> None:
    """Raise UserError if the database superset contains what Superset has not made."""
    cursor.execute("select from pg_database where datname = 'superset'")
    if not cursor.rowcount:
        return
    with admin_cursor(settings, "superset") as metadata:
        metadata.execute(FOREIGN_METADATA)
        _refuse([text for (text,) in metadata.fetchall()])


def _identifiers(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _existing_schemas(cursor: Cursor) -> list[str]:
    cursor.execute(
        "select nspname from pg_namespace where nspname = any(%s)", [list(SUPERUSER_SCHEMAS)]
    )
    return [name for (name,) in cursor.fetchall()]


def _refuse(objects: list[str]) -> None:
    """Raise UserError if there are any objects of others."""
    if not objects:
        return
    more = f"; and {len(objects) - SHOWN} more" if len(objects) > SHOWN else ""
    raise UserError(
        f"Objects that are not Glasshouse's are in its schemas or use them: "
        f"{'; '.join(objects[:SHOWN])}{more}. Nothing was removed",
        "move or drop them, then run make reset again",
    )
