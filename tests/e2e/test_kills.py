"""Commands and the database server are killed at random moments; the next run loses no data.

pytest prints the seed. GLASSHOUSE_KILL_SEED=<seed> make test-slow kills at the same moments again,
and GLASSHOUSE_REFRESH_KILLS=<number> sets how often a refresh is killed.
"""

import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg2
import pytest

from scripts.stack import dbt_state
from scripts.stack.backup import read_contents
from scripts.stack.paths import Paths
from scripts.stack.processes import read_pid
from scripts.stack.selection import open_stack
from tests.e2e.clone import Clone, running_clone
from tests.e2e.conftest import KILL_SEED
from tests.e2e.parts import SERVED, remaining_processes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

KILLS = 10
REFRESH_KILLS = int(os.environ.get("GLASSHOUSE_REFRESH_KILLS", "20"))
# Whom a kill ends: a closed terminal ends the programs that the command runs too, the kernel ends
# one process, and a power cut ends the server.
PROCESS, PROGRAMS, SERVER = "the process alone", "its programs too", "the server"
ROWS = 100_000
# These hold facts alone. Reports also hold times of builds and trainings.
FACTS = ("csv", "shop", "vault", "marts", "features")
FRACTION = re.compile(r"\d+\.\d{9,}")
OWN_TABLES = "select relname from pg_class where relnamespace = 'csv'::regnamespace order by 1"


@dataclass
class Command:
    """A command to kill, what gives it work, and what holds when it has completed.

    `seconds`: how long it takes; the kill comes within that time. Each complete run corrects it.
    """

    words: Callable[[int], tuple[str, ...]]
    prepare: Callable[[Clone, int], None]
    check: Callable[[Clone, int], None]
    seconds: float


def stop(clone: Clone, number: int) -> None:
    succeed(clone, "down")
    (clone.settings.state / "stamps" / "superset").unlink()


def is_healthy(clone: Clone, number: int) -> None:
    succeed(clone, "status")


def simulate_a_day(clone: Clone, number: int) -> None:
    succeed(clone, "live", "--days=1", "--seconds=0")


def is_built(clone: Clone, number: int) -> None:
    assert "up to date" in succeed(clone, "refresh")


def write_file(clone: Clone, number: int) -> None:
    lines = (f"{row},{row * number}\n" for row in range(ROWS))
    (clone.root / "killed.csv").write_text("id,value\n" + "".join(lines))


def is_loaded(clone: Clone, number: int) -> None:
    ((rows, total),) = rows_of(clone, "select count(*), sum(value) from csv.killed")
    assert (rows, total) == (ROWS, number * ROWS * (ROWS - 1) // 2)
    # No draft is left beside it.
    assert rows_of(clone, OWN_TABLES) == [("breast_cancer",), ("killed",)]


def change_titles(clone: Clone, number: int) -> None:
    folder = clone.root / "superset_assets" / "charts"
    for file in sorted(folder.rglob("*.yaml"))[::KILLS]:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        titles = [f"slice_name: Kill {number} {file.stem}\n"]
        other_lines = [line for line in lines if not line.startswith("slice_name:")]
        file.write_text("".join(titles + other_lines), encoding="utf-8")
    succeed(clone, "format-assets")


def is_pushed(clone: Clone, number: int) -> None:
    succeed(clone, "plan")


def no_preparation(clone: Clone, number: int) -> None:
    """The command has work at any time."""


def is_saved(clone: Clone, number: int) -> None:
    assert read_contents(clone.root / "backups" / f"kill-{number}")
    assert [each for each in (clone.root / "backups").iterdir() if each.suffix == ".new"] == []


def write_rows_to_learn(clone: Clone, number: int) -> None:
    lines = (f"{row},{row % 7},{row % 11},{(row + number) % 3 > 0}\n" for row in range(2_000))
    (clone.root / f"added_{number}.csv").write_text("id,a,b,target\n" + "".join(lines))


def is_added(clone: Clone, number: int) -> None:
    name = f"added_{number}"
    assert rows_of(clone, f"select count(*) from predictions.pred_{name}") == [(2_000,)]
    statuses = rows_of(clone, f"select status from ml.model_versions where model = '{name}'")
    assert ("champion",) in statuses
    assert not [*clone.root.rglob("dbt/models/**/*.draft")]
    assert not [*(clone.settings.state / "unfinished").iterdir()]
    # The tests of the other commands compare the tables that the clone had.
    result = clone.run("remove", name, env={"YES": "1"})
    assert result.returncode == 0, result.stdout + result.stderr


COMMANDS = {
    "add": Command(
        lambda number: ("add", f"--csv=added_{number}.csv", "--target=target"),
        write_rows_to_learn,
        is_added,
        40,
    ),
    "up": Command(lambda number: ("up",), stop, is_healthy, 40),
    "load": Command(
        lambda number: ("load", "killed.csv", "--name=killed"), write_file, is_loaded, 3
    ),
    "build": Command(lambda number: ("build",), simulate_a_day, is_built, 60),
    "refresh": Command(lambda number: ("refresh",), simulate_a_day, is_built, 60),
    "push": Command(lambda number: ("push",), change_titles, is_pushed, 20),
    "backup": Command(
        lambda number: ("backup", f"--to=backups/kill-{number}"), no_preparation, is_saved, 6
    ),
}


def succeed(clone: Clone, *words: str) -> str:
    """Run a command that has to succeed; its output."""
    result = clone.run(*words)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def rows_of(clone: Clone, query: str) -> list[tuple]:
    """The rows of a query as transformer."""
    connection = psycopg2.connect(**clone.settings.dsn("transformer"))
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


def facts(clone: Clone) -> dict[str, list[str]]:
    """The rows of each table that holds facts, sorted, without the time at which they were built.

    Fractions have nine digits, because a sum of floats depends on the order of the rows.
    """
    schemas = ", ".join(f"'{schema}'" for schema in FACTS)
    query = f"select schemaname, tablename from pg_tables where schemaname in ({schemas})"
    result = {}
    for schema, table in rows_of(clone, query):
        rows = rows_of(clone, f"select (to_jsonb(t) - 'load_date')::text from {schema}.{table} t")
        texts = (FRACTION.sub(lambda match: f"{float(match[0]):.9g}", text) for (text,) in rows)
        result[f"{schema}.{table}"] = sorted(texts)
    return result


@pytest.fixture(scope="module")
def killed_stack() -> Iterator[Clone]:
    """A stack of which commands are killed."""
    yield from running_clone(built=True)


def commands_in_random_order() -> list[str]:
    """Every command once, and again until there are enough."""
    names = sorted(COMMANDS)
    commands = names + random.Random(KILL_SEED).choices(names, k=KILLS - len(names))
    return random.Random(KILL_SEED).sample(commands, KILLS)


@pytest.mark.parametrize("number", range(1, KILLS + 1))
def test_killed_command_completes_on_next_run(killed_stack: Clone, number: int) -> None:
    name = commands_in_random_order()[number - 1]
    moments = random.Random(KILL_SEED * 1000 + number)
    kill_and_repeat(killed_stack, name, number, moments, (PROCESS, PROGRAMS))


@pytest.mark.parametrize("number", range(1, KILLS + 1))
def test_killed_add_completes_on_next_run(killed_stack: Clone, number: int) -> None:
    moments = random.Random(KILL_SEED * 3000 + number)
    # The other test kills it too, and removes what it made.
    kill_and_repeat(killed_stack, "add", KILLS + number, moments, (PROCESS, PROGRAMS))


@pytest.mark.parametrize("number", range(1, REFRESH_KILLS + 1))
def test_killed_refresh_completes_on_next_run(killed_stack: Clone, number: int) -> None:
    moments = random.Random(KILL_SEED * 2000 + number)
    kill_and_repeat(killed_stack, "refresh", number, moments, (PROCESS, PROGRAMS, SERVER))
    states = rows_of(killed_stack, "select distinct status from ml.refreshes")
    assert {state for (state,) in states} <= {"succeeded", "failed", "interrupted"}


def kill_and_repeat(
    clone: Clone, name: str, number: int, moments: random.Random, victims: tuple[str, ...]
) -> None:
    """Kill a command, or the server beneath it, at a random moment; then run it to its end."""
    command = COMMANDS[name]
    command.prepare(clone, number)
    # Some runs have less work than the one that was measured.
    delay = moments.uniform(0, 0.7 * command.seconds)
    victim = moments.choice(victims)
    process = clone.popen(*command.words(number), start_new_session=True)
    time.sleep(delay)
    exit_code = process.poll()
    if victim == SERVER:
        kill_server(clone)
        process.wait(timeout=120)
    elif victim == PROGRAMS and exit_code is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    print(f"{name} killed after {delay:.1f} s, {victim}; exit code before the kill: {exit_code}")
    if victim == SERVER:
        open_stack(clone.settings).start_database()

    if name == "backup" and exit_code == 0:
        return is_saved(clone, number)
    start = time.monotonic()
    succeed(clone, *command.words(number))
    command.seconds = time.monotonic() - start
    command.check(clone, number)
    return None


def kill_server(clone: Clone) -> None:
    """Kill PostgreSQL's main process, as a power cut does; its children then end by themselves."""
    number = read_pid(Paths(clone.settings.state).data / "postmaster.pid")
    assert number is not None
    os.kill(number, signal.SIGKILL)


def test_killed_commands_leave_no_process(killed_stack: Clone) -> None:
    succeed(killed_stack, "up")
    commands = remaining_processes(killed_stack).values()
    servers = ("postgres", "gunicorn")
    assert [each for each in commands if not any(name in each for name in servers)] == []
    assert len(SERVED) == len(servers)


def test_full_build_equals_present_tables(killed_stack: Clone) -> None:
    """Its tests of keys and relations read every row, also of the vault, which is never rebuilt."""
    before = facts(killed_stack)
    assert {name.partition(".")[0] for name in before} == set(FACTS)
    dbt_state.forget(killed_stack.settings)
    succeed(killed_stack, "build")
    after = facts(killed_stack)
    different = {name for name in before if before[name] != after.get(name)}
    assert different == set()
