"""A hot standby (pg_basebackup, streaming replication) predicts what its primary predicts."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from scripts.settings import ROOT
from scripts.stack.paths import Paths, as_server_user, server_user
from scripts.stack.processes import wait_until
from scripts.stack.selection import open_stack
from tests.clusters import Warehouse, cluster, throwaway_settings

from .engine import LOGISTIC, Session

QUERY = "select * from csv.breast_cancer"
MODELS = {
    "standby linear": LOGISTIC,
    "standby boosted": [{"algorithm": "hist_gradient_boosting", "params": {"max_iter": 5}}],
}


@pytest.fixture(scope="module")
def primary() -> Iterator[Warehouse]:
    """A server that sends its write-ahead log, with two models and a view of each."""
    with cluster("engine") as warehouse:
        with closing(psycopg2.connect(**warehouse.stack.superuser("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("alter system set wal_level = replica")
                cursor.execute("alter system set max_wal_senders = 3")
        warehouse.stack.stop()
        warehouse.stack.start_database()
        session = Session(warehouse.dsn("transformer"))
        for model, algorithms in MODELS.items():
            session.train(model, QUERY, "diagnosis", key="id", algorithms=algorithms)
            ((text,),) = session.rows("select ml.compile(%s, %s)", model, QUERY)
            session.rows(f'create view csv."{model}" as {text}')
        session.close()
        yield warehouse


@pytest.fixture(scope="module")
def standby(primary: Warehouse) -> Iterator[Session]:
    """A session on a physical copy of the primary that follows it."""
    state = primary.settings.state
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=state.parent))
    folder.chmod(0o755)
    settings = throwaway_settings(ROOT, folder)
    stack, paths = open_stack(settings), Paths(folder)
    try:
        # The libraries; glasshouse.key is in the data directory and comes with the copy.
        subprocess.run(["cp", "--archive", "--link", state / "server", folder], check=True)
        paths.prepare()
        paths.data.mkdir(mode=0o700)
        if user := server_user():
            shutil.chown(paths.data, user, user)
        program = primary.stack.postgres_program("pg_basebackup")
        options = ["--pgdata", str(paths.data), "--checkpoint=fast", "--write-recovery-conf"]
        subprocess.run([*program, *options], check=True, **as_server_user())
        stack.start_database()
        session = Session(settings.dsn("transformer"))
        yield session
        session.close()
    finally:
        stack.stop()
        shutil.rmtree(paths.sockets, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def session(primary: Warehouse) -> Iterator[Session]:
    """A session on the primary."""
    session = Session(primary.dsn("transformer"))
    yield session
    session.close()


@pytest.mark.parametrize("model", MODELS)
def test_standby_predicts_like_its_primary(model: str, session: Session, standby: Session) -> None:
    assert standby.rows("select pg_is_in_recovery()") == [(True,)]
    statements = {
        "predict": "select * from ml.predict(%s, %s) order by key::int",
        "explain": "select * from ml.explain(%s, %s || ' where id <= 5') order by key::int, rank",
    }
    for statement in statements.values():
        rows = standby.rows(statement, model, QUERY)
        assert rows == session.rows(statement, model, QUERY)
        assert rows
    view = f'select * from csv."{model}" order by id'
    assert standby.rows(view) == session.rows(view)
    assert len(standby.rows(view)) == 569


@pytest.mark.parametrize("model", MODELS)
def test_new_row_is_predicted_on_the_standby(
    model: str, session: Session, standby: Session
) -> None:
    session.rows(
        "create temp table new_row as select * from csv.breast_cancer where id = 7;"
        "update new_row set id = (select max(id) + 1 from csv.breast_cancer);"
        "insert into csv.breast_cancer select * from new_row"
    )
    query = f"""
        select id, score from csv."{model}"
        where id in (7, (select max(id) from csv.breast_cancer)) order by id
    """
    ((_, score), (number, same)) = session.rows(query)
    assert score == same
    try:
        assert wait_until(lambda: standby.rows(query) == [(7, score), (number, score)], 30)
    finally:
        session.rows("delete from csv.breast_cancer where id = %s", number)


def test_training_on_the_standby_is_refused(standby: Session) -> None:
    with pytest.raises(psycopg2.Error, match="read-only"):
        standby.train("standby new", QUERY, "diagnosis", key="id")
