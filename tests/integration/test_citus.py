"""A cluster predicts where the rows are stored, and agrees with one server."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from sklearn.datasets import load_breast_cancer

from scripts.stack.build import build_functions
from scripts.stack.paths import Paths
from scripts.stack.processes import find_by_working_directory
from tests.clusters import Warehouse
from tests.integration.dbt_project import DEVELOPER
from tests.integration.distributed_models import COMPARISON as SAME_PREDICTIONS
from tests.integration.distributed_models import GROWN, distributed_project

from .citus_cluster import CitusCluster, citus_cluster, has_citus, superuser
from .engine import LOGISTIC, QUICK, Session

pytestmark = [
    pytest.mark.citus,
    pytest.mark.skipif(not has_citus(), reason="PostgreSQL of this machine has no Citus"),
]

TREES = [{"algorithm": "hist_gradient_boosting", "params": {"max_iter": 20}}]
MODELS = {"trees": TREES, "linear": LOGISTIC}
PREDICTIONS = '"the ""row"" id" bigint, prediction text, score float8, probabilities jsonb'
KEY = 'the "row" id'
COMPARISON = """
    select
        count(*),
        count(*) filter (where one.prediction is distinct from many.prediction),
        max(abs(one.score - many.score))
    from citus_test.{one} as one full join citus_test.{many} as many using ("the ""row"" id")
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[CitusCluster]:
    with citus_cluster() as servers:
        yield servers


@pytest.fixture(scope="module")
def user(servers: CitusCluster) -> Iterator[Session]:
    """The owner of equal rows in a local and in a distributed table, with a model of each kind."""
    with closing(superuser(servers.coordinator)) as connection, connection.cursor() as cursor:
        cursor.execute("create schema citus_test authorization transformer")
    session = Session(servers.coordinator.dsn("transformer"))
    session.rows("set citus.shard_count = 4")
    data = load_breast_cancer()
    columns = ", ".join(f"f{position} float8" for position in range(10))
    session.rows(
        f'create table citus_test.local ("the ""row"" id" bigint, {columns}, malignant text)'
    )
    with session.connection.cursor() as cursor:
        for number, (row, label) in enumerate(zip(data.data, data.target, strict=True)):
            values = (number, *map(float, row[:10]), "no" if label else "yes")
            cursor.execute("insert into citus_test.local values %s", (values,))
    session.rows("create table citus_test.rows (like citus_test.local)")
    distribute(session, "rows")
    session.rows("insert into citus_test.rows select * from citus_test.local")
    for name, algorithms in MODELS.items():
        query = "select * from citus_test.local"
        session.train(name, query, "malignant", key=KEY, algorithms=algorithms, options=QUICK)
    yield session
    session.close()


def distribute(session: Session, table: str, column: str = KEY, beside: str = "default") -> None:
    session.rows(
        "select create_distributed_table(%s, %s, colocate_with => %s)",
        f"citus_test.{table}", column, beside,
    )  # fmt: skip


@pytest.fixture
def target(user: Session) -> Iterator[str]:
    """A table for predictions beside the distributed rows."""
    user.rows(f"create table citus_test.target ({PREDICTIONS})")
    distribute(user, "target", beside="citus_test.rows")
    yield "citus_test.target"
    user.rows("drop table citus_test.target")


def predict_into(user: Session, model: str, source: str, target: str) -> int:
    return user.rows("select ml.predict_into(%s, %s, %s)", model, source, target)[0][0]


@pytest.mark.parametrize("model", MODELS)
def test_a_cluster_predicts_what_one_server_predicts(
    user: Session, target: str, model: str
) -> None:
    user.rows(f"create table citus_test.{model} ({PREDICTIONS})")
    assert predict_into(user, model, "citus_test.local", f"citus_test.{model}") == 569
    for _ in range(2):  # the second call replaces the predictions of the first one
        assert predict_into(user, model, "citus_test.rows", target) == 569
    compared = user.rows(COMPARISON.format(one=model, many="target"))
    rows, different, distance = compared[0]
    assert (rows, different) == (569, 0)
    assert distance <= 1e-9


def content(user: Session, table: str) -> list[tuple]:
    return user.rows(f"select * from {table} order by 1")


def test_a_table_in_another_place_is_refused(user: Session, target: str) -> None:
    user.rows(f"create table citus_test.elsewhere ({PREDICTIONS})")
    user.rows("create table citus_test.by_text (like citus_test.local)")
    distribute(user, "by_text", "malignant")
    cases = {
        ("citus_test.rows", "citus_test.elsewhere"): "is not distributed as citus_test.rows is",
        ("citus_test.by_text", target): "is distributed by 'malignant'; the key of model 'trees'",
    }
    for (source, into), message in cases.items():
        with pytest.raises(psycopg2.Error, match=f"^ml.predict_into: Table [a-z._]* {message}"):
            predict_into(user, "trees", source, into)


def test_the_caller_needs_rights_on_both_tables(
    servers: CitusCluster, user: Session, target: str
) -> None:
    predict_into(user, "trees", "citus_test.rows", target)
    before = content(user, target)
    with closing(superuser(servers.coordinator)) as connection, connection.cursor() as cursor:
        cursor.execute("revoke select on citus_test.rows from transformer")
    with pytest.raises(psycopg2.Error, match="permission denied for table rows"):
        predict_into(user, "trees", "citus_test.rows", target)
    user.rows("grant select on citus_test.rows to transformer")
    assert content(user, target) == before


def test_a_worker_with_another_key_loads_nothing(
    servers: CitusCluster, user: Session, target: str
) -> None:
    predict_into(user, "trees", "citus_test.rows", target)
    before = content(user, target)
    key = Paths(servers.workers[0].settings.state).data / "glasshouse.key"
    right = key.read_bytes()
    key.write_bytes(bytes(32))
    # Another session, because this one has verified the model before.
    with (
        closing(Session(servers.coordinator.dsn("transformer"))) as session,
        pytest.raises(psycopg2.Error, match="The signature of version 1 of model 'trees'"),
    ):
        predict_into(session, "trees", "citus_test.rows", target)
    key.write_bytes(right)
    assert content(user, target) == before


def test_a_killed_worker_leaves_the_predictions_of_before(
    servers: CitusCluster, user: Session, target: str
) -> None:
    predict_into(user, "linear", "citus_test.rows", target)
    before = content(user, target)
    worker = servers.workers[1]
    # The worker has deleted the old predictions when it comes to this lock.
    with closing(psycopg2.connect(**worker.stack.superuser("warehouse"))) as connection:
        with connection.cursor() as cursor:
            cursor.execute(
                "set citus.override_table_visibility = off;"
                " set citus.enable_manual_changes_to_shards = on"
            )
            cursor.execute("select oid::regclass from pg_class where relname ~ '^rows_[0-9]+$'")
            cursor.execute(f"lock table {cursor.fetchone()[0]} in access exclusive mode")
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(predict_into, user, "trees", "citus_test.rows", target)
            while not is_waiting(servers.coordinator):
                time.sleep(0.1)
            for process in find_by_working_directory(Paths(worker.settings.state).data):
                os.kill(process, signal.SIGKILL)
            with pytest.raises(psycopg2.Error, match="connection to the remote node"):
                call.result(timeout=60)
    worker.stack.stop()
    worker.stack.start_database()
    assert content(user, target) == before
    assert predict_into(user, "trees", "citus_test.rows", target) == 569
    assert content(user, target) != before


def is_waiting(server: Warehouse) -> bool:
    """Whether ml.predict_into waits for a worker, after it has deleted the old predictions."""
    with closing(superuser(server)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select from pg_stat_activity where query ~ '^select ml.predict_into'"
            " and clock_timestamp() > query_start + interval '3 seconds'"
        )
        return bool(cursor.rowcount)


def test_training_on_a_distributed_table_gives_the_same_version(user: Session) -> None:
    figures = []
    for table in ("local", "rows"):
        user.train(
            f"model of {table}", f"select * from citus_test.{table}", "f1", key=KEY,
            task="regression", algorithms=["ridge"], options=QUICK,
        )  # fmt: skip
        version = user.version(f"model of {table}")
        figures.append([version[name] for name in ("data_fingerprint", "rows_train", "score")])
    assert figures[0] == figures[1]


def test_a_build_updates_the_workers_again(servers: CitusCluster, user: Session) -> None:
    build_functions(servers.coordinator.settings, servers.coordinator.stack, show=False)
    key = "select result from run_command_on_workers('select ml.failure()')"
    assert len(user.rows(key)) == 2


def test_dbt_distributes_tables_and_their_predictions(
    servers: CitusCluster, user: Session, tmp_path: Path
) -> None:
    project = distributed_project(servers.coordinator, tmp_path)
    for _ in range(2):
        outcome = project.run("build")
        assert outcome.exit_code == 0, outcome.output
        assert user.rows(SAME_PREDICTIONS) == [(240, 0)]
        assert user.rows(GROWN) == [(240, 240, 240 * 80)]
    kinds = user.rows(
        "select relname, partmethod from pg_dist_partition join pg_class on oid = logicalrelid"
        " where relnamespace::regnamespace::text ~ %s order by 1",
        f"^{DEVELOPER}_",
    )
    assert kinds == [
        ("feat_grown", "h"), ("feat_regions", "n"), ("feat_rows", "h"), ("pred_level", "h"),
    ]  # fmt: skip
