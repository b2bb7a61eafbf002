"""glasshouse.sessions: processes compute for a call, with the results and rights of its session."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors as errors
import pytest

from .engine import QUICK, Session
from .hostile import READER, admin, server_check, user

__all__ = ["admin", "server_check", "user"]  # fixtures

NAME = "engine hostile sessions"
TABLE = "engine_hostile.many"
QUERY = f"select * from {TABLE}"
FOREST = [{"algorithm": "random_forest", "params": {"n_estimators": 300, "max_depth": 6}}]
SMALL_FOREST = [{"algorithm": "random_forest", "params": {"n_estimators": 60, "max_depth": 6}}]
BARE = {**QUICK, "folds": 2, "learning_curve": 0, "dependence": 0, "importance_repeats": 0}
DIGEST = (
    "select count(*), count(distinct key), md5(string_agg(predicted::text, ';')) "
    "from ml.predict(%s, %s) as predicted"
)
ENDLESS = f"select a.* from {TABLE} as a, generate_series(1, 1000000)"


@pytest.fixture(scope="module")
def model(user: Session) -> str:
    """A model that takes its time for the rows of the table."""
    user.rows(
        f"""
        create table {TABLE} as
        select
            i as id, i %% 12 as part, sin(i) as a, cos(i * 7) as b, sin(i * 0.3) as c,
            (array['x', 'y', 'ß', null])[i %% 4 + 1] as kind, sin(i) + cos(i * 3) > 0.4 as target
        from generate_series(1, 90000) as i
    """.replace("%%", "%")
    )
    user.train(
        NAME, f"{QUERY} where id <= 2000", "target", key="id", algorithms=FOREST, options=BARE
    )
    return NAME


@pytest.fixture
def session(engine: Any, model: str) -> Iterator[Session]:
    """A session of its own that asks for two."""
    with closing(Session(engine.dsn("transformer"))) as session:
        session.rows("set glasshouse.sessions = 2")
        yield session


def children(pid: int) -> set[int]:
    """The processes that a session has started and that are not at their end."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


class Watched:
    """A call in a thread, and the most processes that its session had at a time."""

    def __init__(self, session: Session, call: Callable[[], Any]) -> None:
        self.pid = session.connection.info.backend_pid
        self.notices = session.connection.notices
        self.result: Any = None
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, args=(call,))
        self.thread.start()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self.result = call()
        except psycopg2.Error as error:
            self.error = error

    def wait_for_processes(self) -> set[int]:
        for _ in range(3000):
            if len(found := children(self.pid)) == 2:
                return found
            assert self.thread.is_alive(), (self.error, self.result, self.notices)
            time.sleep(0.02)
        raise AssertionError("No process was started")

    def end(self) -> Any:
        self.thread.join(120)
        assert not self.thread.is_alive()
        return self.error or self.result


def test_predictions_are_the_same(session: Session, model: str) -> None:
    session.rows("set glasshouse.sessions = 1")
    alone = session.rows(DIGEST, model, QUERY)
    assert alone[0][:2] == (90000, 90000)
    session.rows("set glasshouse.sessions = 2")
    call = Watched(session, lambda: session.rows(DIGEST, model, QUERY))
    call.wait_for_processes()
    assert call.end() == alone
    assert children(call.pid) == set()
    session.rows("set glasshouse.sessions = 3")
    assert session.rows(DIGEST, model, QUERY) == alone
    assert session.connection.notices == []


def test_rows_are_those_that_the_caller_sees(session: Session, model: str) -> None:
    """Uncommitted and temporary rows, a setting of the session, and a LIMIT without an order."""
    session.rows("begin")
    session.rows(f"create temporary table later as select * from {TABLE} limit 0")
    session.rows(f"insert into later select * from {TABLE} where id > 40000")
    session.rows("set local engine_hostile.first = 45001")
    query = (
        "select * from later where id >= current_setting('engine_hostile.first')::int limit 44000"
    )
    assert session.rows(DIGEST, model, query)[0][:2] == (44000, 44000)
    session.rows("rollback")


def test_caller_without_rights_is_refused(session: Session, admin: Session, model: str) -> None:
    """Also as a role without login."""
    admin.rows(f"create role {READER} nologin")
    admin.rows(f"grant {READER} to transformer")
    admin.rows(f"grant usage on schema ml, engine_hostile to {READER}")
    admin.rows(f"grant select on ml.model_versions, ml.artifacts to {READER}")
    admin.rows(f"grant execute on all functions in schema ml to {READER}")
    messages = []
    for sessions in (1, 2):
        session.rows(f"set glasshouse.sessions = {sessions}")
        session.rows(f"set role {READER}")
        with pytest.raises(errors.InsufficientPrivilege) as caught:
            session.rows(DIGEST, model, QUERY)
        messages.append(str(caught.value))
        session.rows("reset role")
    assert messages[0] == messages[1]
    assert "permission denied for table many" in messages[0]
    admin.rows(f"grant select on {TABLE} to {READER}")
    alone = session.rows(DIGEST, model, QUERY)
    session.rows(f"set role {READER}")
    assert session.rows(DIGEST, model, QUERY) == alone


@pytest.mark.parametrize("attack", ["reset session authorization", "reset role"])
def test_query_gains_no_rights(session: Session, admin: Session, model: str, attack: str) -> None:
    admin.rows(f"create table engine_hostile.secret as select * from {TABLE} limit 10")
    admin.rows(f"""
        create function engine_hostile.attack() returns text language plpgsql as
        $$ begin {attack}; return current_user; end $$
    """)
    admin.rows("grant execute on function engine_hostile.attack() to public")
    try:
        query = f"{QUERY} where engine_hostile.attack() = 'transformer'"
        assert session.rows(DIGEST, model, query)[0][:2] == (90000, 90000)
        query = "select * from engine_hostile.secret where engine_hostile.attack() is not null"
        with pytest.raises(
            errors.InsufficientPrivilege, match="permission denied for table secret"
        ):
            session.rows(DIGEST, model, f"{QUERY} union all {query}")
    finally:
        admin.rows("drop function engine_hostile.attack()")
        admin.rows("drop table engine_hostile.secret")


def test_timeout_ends_the_processes(session: Session, model: str) -> None:
    session.rows("set statement_timeout = '10s'")
    call = Watched(session, lambda: session.rows(DIGEST, model, ENDLESS))
    call.wait_for_processes()
    assert isinstance(call.end(), errors.QueryCanceled)
    assert children(call.pid) == set()
    session.rows("reset statement_timeout")
    assert session.rows("select 1") == [(1,)]


def test_cancel_ends_the_processes(session: Session, admin: Session, model: str) -> None:
    call = Watched(session, lambda: session.rows(DIGEST, model, ENDLESS))
    call.wait_for_processes()
    admin.rows("select pg_cancel_backend(%s)", call.pid)
    assert isinstance(call.end(), errors.QueryCanceled)
    assert children(call.pid) == set()


def test_processes_end_with_their_session(session: Session, admin: Session, model: str) -> None:
    call = Watched(session, lambda: session.rows(DIGEST, model, ENDLESS))
    pids = call.wait_for_processes()
    admin.rows("select pg_terminate_backend(%s)", call.pid)
    assert isinstance(call.end(), psycopg2.OperationalError)
    for _ in range(300):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            break
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_killed_process_is_an_error(session: Session, model: str) -> None:
    call = Watched(session, lambda: session.rows(DIGEST, model, ENDLESS))
    pids = call.wait_for_processes()
    os.kill(min(pids), signal.SIGKILL)
    error = call.end()
    assert isinstance(error, psycopg2.errors.SystemError)
    assert "A process that computed for this call ended" in str(error)
    assert children(call.pid) == set()
    assert session.rows(DIGEST, model, f"{QUERY} limit 10")[0][0] == 10


def test_rows_that_nobody_reads_leave_no_process(session: Session, model: str) -> None:
    session.rows("begin")
    # The third batch and those after it are predicted by processes.
    session.rows("declare scores cursor for select key from ml.predict(%s, %s)", model, QUERY)
    pid = session.connection.info.backend_pid
    session.rows("fetch 60000 from scores")
    session.rows("commit")
    assert children(pid) == set()


def test_groups_are_the_same(session: Session, model: str) -> None:
    groups = "engine hostile sessions of groups"
    session.rows("set glasshouse.sessions = 1")
    session.train(
        groups, f"{QUERY} where id <= 4000", "target", key="id", algorithms=SMALL_FOREST,
        options={**BARE, "group_by": "part"}, split={"by": "key"},
    )  # fmt: skip

    def trained() -> tuple:
        rows = session.rows(
            "select group_name, rows_train, score, baseline from ml.train_groups(%s) order by 1",
            groups,
        )
        return rows, session.rows(DIGEST, groups, f"{QUERY} where id <= 4000")

    alone = trained()
    assert len(alone[0]) == 12
    session.rows("set glasshouse.sessions = 2")
    call = Watched(session, trained)
    call.wait_for_processes()
    assert call.end() == alone
