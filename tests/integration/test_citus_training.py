"""Sums and counts are computed where the rows are stored, and equal those of one server."""

import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import psycopg2
import pytest

from scripts.stack.paths import Paths
from scripts.stack.processes import find_by_working_directory

from .citus_cluster import CitusCluster, citus_cluster, has_citus, superuser
from .engine import QUICK, Session

pytestmark = [
    pytest.mark.citus,
    pytest.mark.skipif(not has_citus(), reason="PostgreSQL of this machine has no Citus"),
]

ROWS, SHARDS = 120_000, 4
# Names that need quotes, a text with NULLs and a category, and a label that repeats nothing.
TABLE = f"""
    create table citus_training.local as
    select
        i::bigint as "the key", sin(i) as a, nullif(cos(i), cos(7)) as "B", sin(i * 0.3) as c,
        case when i % 11 > 0 then 'town ' || i % 5 end as town,
        case when i % 5 = 0 then 'test' else 'train' end as part,
        case when i % 50 > 0 then sin(i * 0.7) + 2 * sin(i) end as y,
        case when sin(i) + cos(i * 0.3) > 0.3 then 'high' else 'low' end as level
    from generate_series(1, {ROWS}) as i
"""
KEY = "the key"
BY_PART = {"by": "column", "column": "part"}
CASES: dict[str, dict[str, Any]] = {
    "ridge": {"target": "y", "task": "regression", "split": BY_PART},
    "linear_regression": {"target": "y", "task": "regression", "split": {"by": "random"}},
    "gaussian_nb": {"target": "level", "split": {"by": "key"}},
    "bernoulli_nb": {"target": "level", "split": BY_PART},
}
# Room for some ten thousand rows.
OPTIONS = {**QUICK, "folds": 2, "learning_curve": 0, "rows": "stream", "memory_mb": 190}


@pytest.fixture(scope="module")
def servers() -> Iterator[CitusCluster]:
    with citus_cluster() as servers:
        yield servers


@pytest.fixture(scope="module")
def user(servers: CitusCluster) -> Iterator[Session]:
    """The owner of equal rows in a local and in a distributed table."""
    with closing(superuser(servers.coordinator)) as connection, connection.cursor() as cursor:
        cursor.execute("create schema citus_training authorization transformer")
    session = Session(servers.coordinator.dsn("transformer"))
    session.rows(TABLE)
    session.rows("create table citus_training.rows (like citus_training.local)")
    session.rows(f"set citus.shard_count = {SHARDS}")
    session.rows("select create_distributed_table('citus_training.rows', %s)", KEY)
    session.rows("insert into citus_training.rows select * from citus_training.local")
    yield session
    session.close()


def train(servers: CitusCluster, table: str, algorithm: str) -> list[str]:
    """Train in a session of its own, whose memory counts; the commands that went to workers."""
    with closing(Session(servers.coordinator.dsn("transformer"))) as session:
        log_commands(session)
        session.train(
            f"{algorithm} of {table}",
            f"select * from citus_training.{table}",
            key=KEY,
            algorithms=[algorithm],
            options=OPTIONS,
            **CASES[algorithm],
        )
        return logged_commands(session)


def log_commands(session: Session) -> None:
    session.rows("set citus.log_remote_commands = on")
    # Of a list psycopg2 keeps the last 50 entries only.
    session.connection.notices = deque()


def logged_commands(session: Session) -> list[str]:
    """The commands that went to workers."""
    return [notice for notice in session.connection.notices if "issuing" in notice]


@pytest.mark.parametrize("algorithm", CASES)
def test_sums_of_the_shards_give_the_model_of_one_server(
    servers: CitusCluster, user: Session, algorithm: str
) -> None:
    assert not any("read_shard" in command for command in train(servers, "local", algorithm))
    commands = train(servers, "rows", algorithm)
    # The sample and the sums of each shard; no other command reads rows.
    assert sum("read_shard" in command for command in commands) == 2 * SHARDS
    names = ["read_shard", "count(*)", "LIMIT 0", "LIMIT '0'"]
    others = [command for command in commands if "citus_training.rows_" in command]
    assert [each for each in others if not any(name in each for name in names)] == []
    one, many = (user.version(f"{algorithm} of {table}") for table in ("local", "rows"))
    assert one["fit_method"] in ("exact sums", "streaming")
    for fact in ("fit_method", "data_fingerprint", "rows_read", "rows_train", "rows_test"):
        assert one[fact] == many[fact], fact
    assert many["rows_read"] == ROWS > many["rows_test"] + 30_000
    assert many["score"] == pytest.approx(one["score"], rel=1e-6)
    query = 'select * from citus_training.local where "the key" <= 2000'
    first, second = (user.predict(f"{algorithm} of {table}", query) for table in ("local", "rows"))
    assert len(first) == len(second) == 2000
    for expected, actual in zip(sorted(first), sorted(second), strict=True):
        assert actual[:2] == expected[:2] or CASES[algorithm]["target"] == "y"
        assert actual[2] == pytest.approx(expected[2], rel=1e-6, abs=1e-9)


def test_a_query_of_part_of_the_table_is_read_by_the_coordinator(
    servers: CitusCluster, user: Session
) -> None:
    """It gives the same model: only the way of the rows differs."""
    query = "select * from citus_training.rows where part is not null"
    with closing(Session(servers.coordinator.dsn("transformer"))) as session:
        session.train(
            "part", query, key=KEY, algorithms=["ridge"], options=OPTIONS, **CASES["ridge"]
        )
    whole, part = (user.version(name) for name in ("ridge of rows", "part"))
    for fact in ("fit_method", "rows_train", "data_fingerprint"):
        assert whole[fact] == part[fact]


def test_drift_counted_on_the_workers_is_that_of_one_server(
    servers: CitusCluster, user: Session
) -> None:
    results, commands = [], []
    for table in ("local", "rows"):
        with closing(Session(servers.coordinator.dsn("transformer"))) as session:
            log_commands(session)
            query = f"select * from citus_training.{table}"
            drift = "select * from ml.drift('gaussian_nb of rows', %s, 'town') order by 1, 2"
            results.append([row for row in session.rows(drift, query) if row[1] != "(score)"])
            commands += [each for each in logged_commands(session) if "read_shard" in each]
    assert len(results[0]) > 20
    assert results[0] == results[1]
    assert len(commands) == SHARDS


def test_a_worker_loads_no_model_without_a_signature(servers: CitusCluster, user: Session) -> None:
    statement = """
        select ml.read_shard(
            'sums', '{}', model, version, content, %s, 'citus_training.local'
        ) from ml.artifacts where model = 'ridge of rows'
    """
    with pytest.raises(
        psycopg2.Error, match=r"^ml\.read_shard: The signature of version 1 of model"
    ):
        user.rows(statement, psycopg2.Binary(bytes(32)))


def test_groups_are_trained_beside_their_rows(servers: CitusCluster, user: Session) -> None:
    """Of a table that is distributed by the column of the groups, which has more than one shard."""
    user.rows("create table citus_training.by_town (like citus_training.local)")
    user.rows("select create_distributed_table('citus_training.by_town', 'town')")
    user.rows(
        "insert into citus_training.by_town"
        ' select * from citus_training.local where town is not null and "the key" <= 20000'
    )
    user.rows("create table citus_training.of_towns as select * from citus_training.by_town")
    commands, versions, predictions = [], [], []
    for table in ("of_towns", "by_town"):
        query = f"select * from citus_training.{table}"
        with closing(Session(servers.coordinator.dsn("transformer"))) as session:
            session.train(
                f"groups of {table}",
                query,
                key=KEY,
                algorithms=["ridge"],
                options={**QUICK, "folds": 2, "learning_curve": 0, "group_by": "town"},
                **{**CASES["ridge"], "split": {"by": "key"}},
            )
            log_commands(session)
            session.rows("select * from ml.train_groups(%s, 1, 1, null, 1)", f"groups of {table}")
            commands.append(logged_commands(session))
        version = user.version(f"groups of {table}")
        versions.append([{**each, "seconds": 0, "retrained_at": 0} for each in version["groups"]])
        query = 'select * from citus_training.local where "the key" <= 500'
        predictions.append(sorted(user.predict(f"groups of {table}", query)))
    assert not any("read_shard" in command for command in commands[0])
    reads = [each for each in commands[1] if "citus_training.by_town_" in each]
    assert sum("read_shard" in command for command in reads) >= 2
    assert versions[0] == versions[1]
    assert len(versions[0]) == 5
    assert all(group["own"] for group in versions[0])
    assert predictions[0] == predictions[1]


def test_partitions_of_a_shard_are_read_once(servers: CitusCluster, user: Session) -> None:
    user.rows(
        """
        create table citus_training.parted (like citus_training.local) partition by range (c);
        create table citus_training.parted_low partition of citus_training.parted
            for values from (-2) to (0);
        create table citus_training.parted_high partition of citus_training.parted
            for values from (0) to (2);
        """
    )
    user.rows("select create_distributed_table('citus_training.parted', %s)", KEY)
    user.rows("insert into citus_training.parted select * from citus_training.local")
    train(servers, "parted", "ridge")
    one, many = (user.version(f"ridge of {table}") for table in ("local", "parted"))
    for fact in ("data_fingerprint", "rows_read", "rows_train"):
        assert one[fact] == many[fact], fact


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train", "predict"])
def test_a_worker_killed_at_ten_moments_leaves_nothing_half_done(
    servers: CitusCluster, user: Session, name: str
) -> None:
    """Of a training by sums, and of predictions into a table."""
    worker = servers.workers[1]
    user.rows("drop table if exists citus_training.target")
    user.rows(
        'create table citus_training.target ("the key" bigint, prediction text, score float8,'
        " probabilities jsonb)"
    )
    user.rows(
        "select create_distributed_table('citus_training.target', %s,"
        " colocate_with => 'citus_training.rows')",
        KEY,
    )
    train(servers, "rows", "ridge")
    call = {
        "train": lambda: train(servers, "rows", "ridge"),
        "predict": lambda: predict_into(servers),
    }[name]
    started = time.monotonic()
    call()
    duration = time.monotonic() - started
    failures = 0
    for moment in range(10):
        before = content(user)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(call)
            time.sleep(duration * moment / 10)
            for process in find_by_working_directory(Paths(worker.settings.state).data):
                with suppress(ProcessLookupError):  # it ends with the postmaster
                    os.kill(process, signal.SIGKILL)
            error = running.exception(timeout=120)
        worker.stack.stop()
        worker.stack.start_database()
        if error is None:
            continue  # the call needed the worker no more
        failures += 1
        assert isinstance(error, psycopg2.Error), error
        assert any(text in str(error) for text in LOST), (moment, str(error))
        assert content(user) == before, moment
    assert failures >= 5
    versions, *predictions = content(user)
    call()
    assert content(user) == (versions + (name == "train"), *predictions)
    if name == "predict":
        assert predictions[:2] == [ROWS, ROWS]


# What Citus says of a worker that is gone, by the moment.
LOST = ("connection to the remote node", "server closed the connection", "terminating connection")


def predict_into(servers: CitusCluster) -> None:
    with closing(Session(servers.coordinator.dsn("transformer"))) as session:
        session.rows(
            "select ml.predict_into('ridge of rows', 'citus_training.rows',"
            " 'citus_training.target')"
        )


def content(user: Session) -> tuple:
    """The number of versions with an artifact, and the rows, keys and scores of the target."""
    [versions] = user.rows(
        "select count(*) from ml.model_versions join ml.artifacts using (model, version)"
    )
    [target] = user.rows(
        'select count(*), count(distinct "the key"), sum(score::numeric) from citus_training.target'
    )
    return (*versions, *target)
