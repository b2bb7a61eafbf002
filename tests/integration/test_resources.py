"""`make load` on a full disk and without memory: a one-line error, and no partial table."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from scripts.data.load import load_files
from scripts.resources import ResourceError, resource_errors
from scripts.stack.paths import Paths, server_user
from tests.clusters import Warehouse, cluster
from tests.integration.engine import Session

ROWS = 60_000


@pytest.fixture(scope="module")
def own_server() -> Iterator[Warehouse]:
    """Its sessions are killed, and its disk is filled."""
    with cluster("server") as warehouse:
        yield warehouse


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    """About 6 MB."""
    file = tmp_path / "large.csv"
    file.write_text("id,text\n" + "".join(f"{row},{'x' * 90}\n" for row in range(ROWS)))
    return file


@pytest.fixture
def small_disk(own_server: Warehouse, tmp_path: Path) -> Iterator[None]:
    """Tables of new files go to a file system of 4 MB.

    Where this user may not mount one, PostgreSQL raises the error that it would raise.
    """
    admin = Session(own_server.dsn("postgres"))
    folder = own_server.settings.state / "small"
    folder.mkdir()
    is_mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True
    ).returncode
    try:
        if is_mounted:
            shutil.chown(folder, server_user())
            place = sql.Literal(str(folder))
            admin.rows(sql.SQL("create tablespace small location {}").format(place))
            admin.rows("grant create on tablespace small to transformer")
            admin.rows("alter role transformer set default_tablespace = small")
        else:
            admin.rows(AT_EACH_TABLE.format("raise 'could not extend' using errcode = '53100'"))
        yield
    finally:
        admin.rows("drop event trigger if exists at_each_table")
        admin.rows("alter role transformer reset default_tablespace")
        if is_mounted:
            admin.rows("drop tablespace small")
            subprocess.run(["umount", folder], check=True)
        admin.connection.close()


AT_EACH_TABLE = """
    create function public.at_each_table() returns event_trigger language plpgsql security definer
        as $$ begin {}; end $$;
    create event trigger at_each_table on ddl_command_end when tag in ('CREATE TABLE')
        execute function public.at_each_table()
"""
# As the kernel does when memory runs out.
KILLED_AT_EACH_TABLE = """
    create function public.kill() returns void language plpython3u
        as $$ import os; os.kill(os.getpid(), 9) $$;
""" + AT_EACH_TABLE.format("perform public.kill()")


def relations(warehouse: Warehouse) -> list[tuple]:
    """Every table of the schema for files."""
    session = Session(warehouse.dsn("transformer"))
    result = session.rows("select relname from pg_class where relnamespace = 'csv'::regnamespace")
    session.connection.close()
    return result


def test_full_disk_error_keeps_table(
    own_server: Warehouse, small_disk: None, large_file: Path
) -> None:
    with pytest.raises(ResourceError) as caught:
        load_files(own_server.dsn("transformer"), [large_file], "full")
    assert caught.value.line.startswith("The disk is full: large.csv was not loaded; nothing was")
    assert relations(own_server) == []


def test_killed_session_is_memory_error(own_server: Warehouse, large_file: Path) -> None:
    log = Paths(own_server.settings.state).logs / "postgres.log"
    admin = Session(own_server.dsn("postgres"))
    admin.rows(KILLED_AT_EACH_TABLE)
    with pytest.raises(ResourceError) as caught, resource_errors(log):
        load_files(own_server.dsn("transformer"), [large_file], "killed")
    assert caught.value.line.startswith("The machine has too little free memory: server process")
    # The server restarts by itself.
    own_server.stack.start_database()
    admin = wait_for_session(own_server)
    admin.rows("drop event trigger at_each_table")
    admin.connection.close()
    assert relations(own_server) == []
    assert load_files(own_server.dsn("transformer"), [large_file], "killed").rows == ROWS


def wait_for_session(warehouse: Warehouse) -> Session:
    """A session of the superuser, once the server accepts one."""
    for _ in range(100):
        try:
            return Session(warehouse.dsn("postgres"))
        except psycopg2.OperationalError:
            continue
    raise AssertionError("the server did not come back")
