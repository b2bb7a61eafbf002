"""make watch-data: notifications, restarts of the server and signals, with a cheap command."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from scripts.settings import ROOT
from scripts.stack.build_inputs import LISTENER
from scripts.stack.processes import wait_until
from tests.clusters import Warehouse, cluster

SECONDS = 30
PROGRAM = """
import sys
from scripts.settings import Settings
from scripts.stack.refresh.watch_data import watch_data

watch_data(Settings.model_validate_json(sys.argv[1]), sys.argv[2:], 0.2, 0.5)
"""
SNIPPET = re.compile(r"```sql\n(create function shop.notify.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[Warehouse]:
    with cluster("engine") as warehouse:
        execute(warehouse, "create schema if not exists shop", "create table shop.orders (id int)")
        snippet = SNIPPET.findall((ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8"))
        execute(warehouse, *snippet)
        yield warehouse


@pytest.fixture
def watch(server: Warehouse, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen]]:
    """Starts the watcher with a shell command that runs in `tmp_path`."""
    processes: list[subprocess.Popen] = []

    def start(command: str) -> subprocess.Popen:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, server.settings.model_dump_json(), "sh", "-c", command],
            cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def execute(server: Warehouse, *statements: str) -> None:
    """Run statements as transformer, each in a transaction of its own."""
    with closing(psycopg2.connect(**server.dsn("transformer"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def runs(folder: Path) -> int:
    file = folder / "runs"
    return len(file.read_text().splitlines()) if file.exists() else 0


def listens(server: Warehouse) -> bool:
    with (
        closing(psycopg2.connect(**server.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select from pg_stat_activity where application_name = %s", [LISTENER])
        return cursor.rowcount == 1


def test_notifications_of_the_documented_trigger_are_collected(
    server: Warehouse, watch: Callable, tmp_path: Path
) -> None:
    # A second run at the same time would leave an overlap.
    command = "test -e busy && echo overlap > overlap; touch busy; sleep 1; rm busy; echo 1 >> runs"
    process = watch(command)
    assert wait_until(lambda: runs(tmp_path) == 1, SECONDS)
    execute(server, *["insert into shop.orders values (1)"] * 5)
    assert wait_until(lambda: (tmp_path / "busy").exists(), SECONDS)
    execute(server, *["update shop.orders set id = 2"] * 5)
    assert wait_until(lambda: runs(tmp_path) == 3, SECONDS)
    assert not wait_until(lambda: runs(tmp_path) > 3, 2)
    assert not (tmp_path / "overlap").exists()
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    assert process.stdout.read().splitlines()[-1] == "Stopped."


def test_failed_command_is_repeated(server: Warehouse, watch: Callable, tmp_path: Path) -> None:
    watch("echo 1 >> runs; test $(wc -l < runs) = 3")
    assert wait_until(lambda: runs(tmp_path) == 3, SECONDS)
    assert not wait_until(lambda: runs(tmp_path) > 3, 2)


def test_restart_of_the_server_is_survived(
    server: Warehouse, watch: Callable, tmp_path: Path
) -> None:
    process = watch("echo 1 >> runs")
    assert wait_until(lambda: runs(tmp_path) == 1, SECONDS)
    server.stack.stop()
    assert not wait_until(lambda: process.poll() is not None, 1)
    server.stack.start_database()
    assert wait_until(lambda: runs(tmp_path) == 2, SECONDS), "what came meanwhile is unknown"
    assert listens(server)
    execute(server, "notify glasshouse")
    assert wait_until(lambda: runs(tmp_path) == 3, SECONDS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_a_running_command(
    number: int, server: Warehouse, watch: Callable, tmp_path: Path
) -> None:
    process = watch("echo $$ >> runs; sleep 600")
    assert wait_until(lambda: runs(tmp_path) == 1, SECONDS)
    process.send_signal(number)
    assert process.wait(SECONDS) == 0
    child = int((tmp_path / "runs").read_text())
    assert wait_until(lambda: not Path(f"/proc/{child}").exists(), 5)
