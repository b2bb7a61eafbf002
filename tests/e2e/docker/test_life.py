"""The stack in containers: again, killed, stopped, with bad input, and beside the native one."""

import re

import psycopg2
import pytest

from scripts.assets.live import live_bundle
from scripts.assets.superset import Superset
from scripts.stack.docker import DATA
from scripts.stack.processes import wait_until
from tests.e2e.backups import checksums, survives
from tests.e2e.conftest import Clone, running
from tests.e2e.docker.conftest import Engine

PREDICTIONS = "select key, prediction, score from predictions.pred_breast_cancer order by key"


def error_of(done) -> str:
    """The one line of a failed command."""
    assert done.returncode != 0, done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def well(clone: Clone) -> bool:
    return clone.make("status").returncode == 0


def test_a_second_up_changes_no_container(engine: Engine) -> None:
    before = engine.containers()
    done = engine.clone.make("up")
    assert done.returncode == 0, done.stderr
    assert engine.containers() == before
    assert done.stdout.count("up to date") >= 4


def test_every_verb_reaches_the_containers(engine: Engine) -> None:
    said = engine.clone.make("psql", input="select 1 / 0")
    assert said.returncode != 0  # a script stops at its first error
    said = engine.clone.make("psql", input="select current_user, 40 + 2")
    assert re.search(r"transformer\s*\|\s*42", said.stdout), said.stderr
    assert "superset.log" in engine.clone.make("logs").stdout
    assert engine.clone.make("plan").returncode == 0
    assert "Nothing to do" in engine.clone.make("push").stdout


@pytest.mark.parametrize("part", ["postgres", "superset"])
def test_a_killed_container_heals(part: str, engine: Engine) -> None:
    container = engine.containers()[part]
    # Its first process but one: the first only passes signals on and waits.
    engine.ask("exec", container, "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)")
    assert wait_until(lambda: well(engine.clone), 180), engine.clone.make("status").stdout


def test_down_and_up_keep_the_data(engine: Engine) -> None:
    before = checksums(engine.clone)
    assert engine.clone.make("down").returncode == 0
    assert engine.containers() == {}
    assert engine.clone.make("up").returncode == 0
    assert checksums(engine.clone) == before


def test_both_ways_predict_and_show_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSHOUSE_TEST_MODE", "native")
    for native in running():
        found = []
        for clone in (engine.clone, native):
            connection = psycopg2.connect(**clone.settings.dsn("transformer"))
            with connection, connection.cursor() as cursor:
                cursor.execute(PREDICTIONS)
                rows = cursor.fetchall()
            connection.close()
            live = live_bundle(Superset(clone.settings).export(), clone.settings)
            found.append((rows, {asset.uuid: asset.data for asset in live}))
        (ours, our_assets), (theirs, their_assets) = found
        assert [row[:2] for row in ours] == [row[:2] for row in theirs]
        assert ours and all(
            abs(mine[2] - other[2]) < 1e-9 for mine, other in zip(ours, theirs, strict=True)
        )
        assert our_assets == their_assets


def test_an_image_that_fails_to_build_is_one_line_and_nothing_stops(engine: Engine) -> None:
    file = engine.clone.root / "docker" / "postgres" / "Dockerfile"
    text, before = file.read_text(), engine.containers()
    try:
        file.write_text(f"{text}\nRUN echo no luck today >&2 && exit 7\n")
        message = error_of(engine.clone.make("up"))
    finally:
        file.write_text(text)
    assert "docker compose build failed" in message
    assert "images.log" in message
    assert engine.containers() == before
    assert engine.clone.make("up").returncode == 0


def test_a_volume_of_another_major_is_named_and_untouched(engine: Engine) -> None:
    clone, project = engine.clone, engine.stack.compose.project
    before = checksums(clone)
    clone.make("down")

    def write(major: int) -> None:
        volume = f"--volume={project}_postgres:/var/lib/glasshouse"
        script = f"echo {major} > {DATA}/PG_VERSION"
        engine.ask("run", "--rm", volume, "--entrypoint=sh", f"{project}-postgres", "-c", script)

    write(14)
    try:
        message = error_of(clone.make("up"))
    finally:
        write(15)
    assert "holds data of PostgreSQL 14, and the image is PostgreSQL 15" in message
    assert clone.make("up").returncode == 0
    assert checksums(clone) == before


def test_a_backup_brings_an_empty_stack_to_what_it_was(engine: Engine) -> None:
    survives(engine.clone)
