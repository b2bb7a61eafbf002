"""A backup carries the signing key, so its models predict in a cluster that had another key."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from scripts.stack.backup import SIGNING_KEY, backup, read_contents, restore_databases
from scripts.stack.signing_key import create_key, read_key
from tests.clusters import Warehouse, cluster

from .registry import ROWS, Session, admin, user

__all__ = ["admin", "user"]  # fixtures

NAME = "registry test backup"
PREDICT = "select key, score from ml.predict(%s, %s) order by key"


def key(server: Warehouse) -> bytes | None:
    with closing(psycopg2.connect(**server.stack.superuser("warehouse"))) as connection:
        create_key(connection)
        return read_key(connection)


def test_models_predict_in_other_cluster(engine: Any, user: Session, tmp_path: Path) -> None:
    user.train(NAME)
    expected = user.rows(PREDICT, NAME, ROWS)
    folder = backup(engine.settings, engine.stack, tmp_path / "backup")
    secret = folder / SIGNING_KEY
    assert secret.stat().st_mode & 0o777 == 0o600
    assert bytes.fromhex(secret.read_text()) == key(engine)
    with cluster("server") as other:
        assert key(other) not in (None, key(engine))
        restore_databases(other.stack, folder, read_contents(folder))
        assert key(other) == key(engine)
        with closing(Session(other.dsn("transformer"))) as session:
            assert session.rows(PREDICT, NAME, ROWS) == expected
            assert session.train(NAME) == 2
