"""The stack in containers: after a kill, with bad input, and compared with the native stack."""

from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from scripts.assets.client.superset import Superset
from scripts.assets.sync.server_assets import server_bundle
from scripts.stack.docker.stack import DATA
from tests.e2e.backups import checksums
from tests.e2e.clone import Clone, running_clone
from tests.e2e.docker.conftest import Engine
from tests.e2e.parts import SERVED, docker, identities
from tests.e2e.test_stack import error_of

# What a model says of a row, not when it said it.
COLUMNS = """
    select table_name, array_agg(column_name::text order by ordinal_position)
    from information_schema.columns
    where table_schema = 'predictions' and data_type not like 'timestamp%%'
    group by 1 order by 1
"""
CLOSE = 1e-9


def predictions(clone: Clone) -> dict[str, list[tuple]]:
    """The rows of each table of predictions, in an order of their own."""
    connection = psycopg2.connect(**clone.settings.dsn("transformer"))
    with connection, connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        result = {}
        for table, columns in cursor.fetchall():
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            query = sql.SQL("select {} from {}").format(names, sql.Identifier("predictions", table))
            cursor.execute(query)
            result[table] = sorted(cursor.fetchall(), key=repr)
    connection.close()
    return result


def is_close(value: Any, other: Any) -> bool:
    """Equal; numbers to 1e-9, also inside of JSON."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(
            is_close(value[key], other[key]) for key in value
        )
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(map(is_close, value, other))
    if isinstance(value, float | Decimal) and isinstance(other, float | Decimal):
        return abs(value - other) <= CLOSE
    return value == other


@pytest.mark.parametrize("part", SERVED)
def test_killed_container_restarts(part: str, engine: Engine) -> None:
    engine.heals(part)


def test_both_modes_predict_and_show_equally(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_close([("a", 0.1)], [("a", 0.1 + 3e-9)])
    monkeypatch.setenv("GLASSHOUSE_TEST_MODE", "native")
    for native in running_clone():
        managed, native_rows = predictions(engine.clone), predictions(native)
        assert managed.keys() == native_rows.keys()
        assert {"pred_breast_cancer", "pred_churn"} <= managed.keys()
        for table, rows in managed.items():
            assert rows, table
            assert is_close(rows, native_rows[table]), table
        chart_values = [
            {
                asset.uuid: asset.data
                for asset in server_bundle(Superset(clone.settings).export(), clone.settings)
            }
            for clone in (engine.clone, native)
        ]
        assert chart_values[0] == chart_values[1]
        assert len(chart_values[0]) > 100


def test_failed_image_build_is_one_line_error_and_keeps_stack(engine: Engine) -> None:
    file = engine.clone.root / "docker" / "postgres" / "Dockerfile"
    text, before = file.read_text(), identities(engine.clone)
    try:
        file.write_text(f"{text}\nRUN echo no luck today >&2 && exit 7\n")
        message = error_of(engine.clone.make("up"))
    finally:
        file.write_text(text)
    assert "docker compose build failed" in message
    assert "images.log" in message
    assert identities(engine.clone) == before
    assert engine.clone.make("up").returncode == 0


def test_volume_of_other_major_version_is_refused(engine: Engine) -> None:
    clone, project = engine.clone, engine.stack.compose.project
    before = checksums(clone)
    clone.make("down")

    def write(major: int) -> None:
        volume = f"--volume={project}_postgres:/var/lib/glasshouse"
        script = f"echo {major} > {DATA}/PG_VERSION"
        docker("run", "--rm", volume, "--entrypoint=sh", engine.image("postgres"), "-c", script)

    write(14)
    try:
        message = error_of(clone.make("up"))
    finally:
        write(15)
    assert "holds data of PostgreSQL 14, and the image is PostgreSQL 15" in message
    assert clone.make("up").returncode == 0
    assert checksums(clone) == before
