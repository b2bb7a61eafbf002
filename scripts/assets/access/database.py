"""The logins, grants and row filters of the dashboards in PostgreSQL, as git has them."""

from contextlib import closing

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from scripts.assets.access.readers import (
    ANALYST,
    ANALYST_SCHEMAS,
    DASHBOARD,
    REPORTS,
    Roles,
    filtered_logins,
    login_name,
    rules,
    unenforced_filters,
)
from scripts.assets.model.asset import Bundle
from scripts.console import warn
from scripts.errors import UserError
from scripts.postgres_roles import set_logins
from scripts.settings import Settings

RELATIONS = """
    select pg_class.oid::regclass::text
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = any(%s) and relkind in ('r', 'p', 'v', 'm') and pg_has_role(relowner, 'usage')
    order by 1
"""
RULES = "select login, schema_name, relation_name, condition from access.rules"
# A role that nothing in git needs any more keeps its rights until then: Superset may still use it.
REPLACE = "delete from access.rules where login = any(%s)"


def update_readers(git: Bundle, settings: Settings) -> str:
    """Make logins, rules, grants and policies match the row filters and datasets of git."""
    logins = filtered_logins(git)
    for text in unenforced_filters(git):
        warn(f"{text} holds in Superset only: the dataset is SQL. Make it a model in dbt.")
    superuser = settings.dsn("postgres", settings.database)
    with closing(psycopg2.connect(**superuser)) as connection, connection:
        changed = _create_logins(connection, logins, settings)
        has_new_rules = _write_rules(connection, git)
    count = apply_rules(settings)
    details = [f"new logins: {len(changed)}"] if changed else []
    details += [f"new rules for {count} relations"] if has_new_rules else []
    return ", ".join(details) or "up to date"


def _create_logins(
    connection: Connection, logins: dict[str, Roles], settings: Settings
) -> list[str]:
    if logins and not settings.row_filter_password:
        raise UserError(".env: ROW_FILTER_PASSWORD is missing", "make up")
    changed = set_logins(connection, dict.fromkeys(logins, settings.row_filter_password))
    with connection.cursor() as cursor:
        for login in changed:
            name = sql.Identifier(login)
            cursor.execute(sql.SQL("grant readers to {}").format(name))
            if not settings.existing_superset:
                cursor.execute(sql.SQL("grant {} to superset").format(name))
            cursor.execute("select access.limit_login(%s)", [login])
            meaning = f"Reads for users of Superset with {', '.join(logins[login])}"
            cursor.execute(sql.SQL("comment on role {} is %s").format(name), [meaning])
        for login in changed:
            if login.startswith(ANALYST):
                # An analyst also reads what dashboards show.
                dashboard = sql.Identifier(login_name(DASHBOARD, logins[login]))
                statement = sql.SQL("grant {} to {}").format(dashboard, sql.Identifier(login))
                cursor.execute(statement)
    return changed


def _write_rules(connection: Connection, git: Bundle) -> bool:
    """Replace the rules of git's logins; False if they are as git has them."""
    new = {(each.login, each.schema, each.relation, each.condition) for each in rules(git)}
    logins = sorted({row[0] for row in new})
    with connection.cursor() as cursor:
        cursor.execute(f"{RULES} where login = any(%s)", [logins])
        if set(cursor.fetchall()) == new:
            return False
        cursor.execute(REPLACE, [logins])
        insert = "insert into access.rules (login, schema_name, relation_name, condition) values %s"
        execute_values(cursor, insert, sorted(new, key=str))
    return True


def apply_rules(settings: Settings) -> int:
    """Apply the rules to every relation that exists; dbt applies them to those it makes."""
    # As the owner of the relations: a condition is SQL that comes from a file.
    with closing(psycopg2.connect(**settings.dsn("transformer"))) as connection:
        return _apply_rules(connection)


def _apply_rules(connection: Connection) -> int:
    schemas = [REPORTS, *ANALYST_SCHEMAS]
    with connection.cursor() as cursor:
        cursor.execute(RELATIONS, [schemas])
        relations = [row[0] for row in cursor.fetchall()]
    for relation in relations:
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    "set local lock_timeout = '10s'; select access.apply(%s)", [relation]
                )
        except psycopg2.errors.UndefinedTable:
            continue  # A build replaces it at this moment, and applies the rules itself.
        except psycopg2.Error as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(
                f"The row filters on {relation} cannot be applied: {reason}",
                "correct the clause in superset_assets/bundle.yml, then make push",
            ) from None
    return len(relations)
