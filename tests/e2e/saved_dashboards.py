"""A stack's dashboards before a test, and the same again after it.

The rows of Superset's tables are copied into a schema of their own and back. A push of the old
files would do the same in ten times the time, and would not remove what the test has added.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2

from tests.e2e.projects import Project

SAVE = """
drop schema if exists before_test cascade;
create schema before_test;
do $$ declare name text; begin
    for name in select tablename from pg_tables where schemaname = 'public' loop
        execute format('create table before_test.%1$I as table public.%1$I', name);
    end loop;
end $$
"""
# A replica checks no foreign keys, so the order of the tables does not matter.
PUT_BACK = """
set session_replication_role = replica;
do $$ declare name text; begin
    for name in select tablename from pg_tables where schemaname = 'before_test' loop
        execute format('delete from public.%1$I', name);
        execute format('insert into public.%1$I table before_test.%1$I', name);
    end loop;
end $$;
drop schema before_test cascade
"""


@contextmanager
def dashboards_put_back(project: Project) -> Iterator[None]:
    """Put back the files of the dashboards, Superset's content and the record of the last push."""
    state = project.stack.settings.state
    folders, copies = (
        (project.folder, state / "pushed", state / "dashboards"),
        state / "before-test",
    )
    for folder in folders:
        shutil.copytree(folder, copies / folder.name)
    run(project, SAVE)
    yield
    run(project, PUT_BACK)
    for folder in folders:
        shutil.rmtree(folder)
        (copies / folder.name).rename(folder)


def run(project: Project, statements: str) -> None:
    """Run statements on Superset's database as the superuser, in one transaction."""
    dsn = project.stack.settings.dsn("postgres", "superset")
    with closing(psycopg2.connect(**dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statements)
