"""What a build depends on in the database, and what holds it up."""

from contextlib import closing

import psycopg2

from scripts.console import warn
from scripts.errors import UserError
from scripts.fingerprint import fingerprint
from scripts.settings import Settings
from scripts.stack.interface import Stack

# Whatever loads a table says so in its comment. The shop's tables are one: one comment for all.
LOADED = """
    select case n.nspname when 'csv' then 'csv.' || relname else n.nspname end,
           string_agg(obj_description(c.oid), ' ')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('csv', 'shop') and c.relkind = 'r'
    group by 1
"""
# Versions that are not made by dbt, and changes of champions that are not made by dbt's tests: the
# reports and predictions show them after `make refresh`.
REGISTRY_KEY = "ml"
REGISTRY = """
    select concat_ws(' ',
        (select max(trained_at) from ml.model_versions where coalesce(dbt_invocation, '') = ''),
        (select concat_ws(' ', count(*), max(promoted_at), max(undone_at))
         from ml.promotions where how <> 'tests'))
"""
# What that query returns for a registry without versions, as the first build finds it.
EMPTY_REGISTRY = "0"
MALFORMED = "select model, version, problem from ml.malformed_versions where status <> 'archived'"
# A session that holds a table which dbt had to wait for too long.
HOLDER = """
    select activity.pid, coalesce(nullif(application_name, ''), usename), relation::regclass::text,
           left(regexp_replace(query, '\\s+', ' ', 'g'), 60)
    from pg_locks join pg_stat_activity as activity using (pid)
    join pg_class on pg_class.oid = relation
    where granted and activity.pid <> pg_backend_pid() and application_name <> 'dbt'
        and activity.datname = current_database() and relkind in ('r', 'v')
        and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    order by xact_start, relation
    limit 1
"""
# Rows written into the shop, whoever wrote them; `make refresh` has nothing to do without any.
WRITES_KEY = "writes"
WRITES = """
    select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::text
    from pg_stat_user_tables where schemaname = 'shop'
"""
# PostgreSQL counts what a session wrote at most 10 seconds after its last statement, so writes of a
# session that was active until just now may not be counted yet.
# The name of the session of `make watch-data`, which writes nothing.
LISTENER = "glasshouse watch-data"
ACTIVE_SESSIONS = """
    select exists (
        select from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend'
            and usename !~ '^(dashboard|analyst)' and pid <> pg_backend_pid()
            and application_name <> %s
            and state_change > clock_timestamp() - interval '15 seconds'
    )
"""


def current_state(settings: Settings, stack: Stack) -> dict[str, str]:
    """What a build depends on: the project's files, the cluster, and what was loaded into it."""
    loaded = {source: comment or "" for source, comment in query(settings, LOADED)}
    writes = {WRITES_KEY: query(settings, WRITES)[0][0]}
    has_registry = query(settings, "select to_regclass('ml.promotions') is not null")[0][0]
    loaded[REGISTRY_KEY] = query(settings, REGISTRY)[0][0] if has_registry else EMPTY_REGISTRY
    files = fingerprint(settings.root / "dbt", settings.root / "udf")
    return {"files": files, "cluster": stack.database_id(), **loaded, **writes}


def has_active_sessions(settings: Settings) -> bool:
    """Whether a session may have written rows that PostgreSQL has not counted yet."""
    return query(settings, ACTIVE_SESSIONS, LISTENER)[0][0]


def views(settings: Settings) -> set[tuple[str, str]]:
    """Schema and name of every view in the warehouse."""
    return set(query(settings, "select schemaname, viewname from pg_views"))


def warn_of_malformed_versions(settings: Settings) -> None:
    """Name the versions that the reports leave out."""
    for model, version, problem in query(settings, MALFORMED):
        warn(
            f"Model {model!r}, version {version}, is left out of the reports: {problem}. "
            f"Do: train it again, or select ml.drop_version(…, {version})"
        )


def locked(settings: Settings) -> UserError:
    """What holds a table that dbt had to replace."""
    holders = query(settings, HOLDER)
    if not holders:
        return UserError("dbt waited 30 s for a table that is free now", "make build")
    pid, application, relation, statement = holders[0]
    return UserError(
        f"dbt waited 30 s for a table: process {pid} ({application}) reads {relation} with:"
        f" {statement}",
        f"wait until it has ended, or end it with select pg_terminate_backend({pid});"
        " then make build",
    )


def query(settings: Settings, statement: str, *values: str) -> list[tuple]:
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values or None)
        return cursor.fetchall()
