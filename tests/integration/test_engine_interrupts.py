"""A training that is cancelled, times out or loses its session leaves nothing behind."""

import json
import threading
import time
from typing import Any

import psycopg2
import psycopg2.errors as errors
import pytest

from .engine import QUICK, Session
from .hostile import ROWS, admin, registry_rows, server_check, user

__all__ = ["admin", "server_check", "user"]  # fixtures


class BusySession:
    """A session in which ml.train runs for long, in a thread."""

    def __init__(self, engine: Any, model: str, algorithm: dict[str, Any]) -> None:
        self.session = Session(engine.dsn("transformer"))
        self.pid = self.session.connection.get_backend_pid()
        self.error: Exception | None = None
        arguments = (model, "select * from engine_hostile.many", "target")
        options = {"algorithms": [algorithm], "options": {**QUICK, "folds": 2}, "key": "id"}
        self.thread = threading.Thread(target=self._run, args=(arguments, options))

    def _run(self, arguments: tuple, options: dict[str, Any]) -> None:
        try:
            self.session.train(*arguments, **options)
        except psycopg2.Error as error:
            self.error = error

    def in_the_fit(self, admin: Session) -> None:
        """Start, and wait until rows are read and scikit-learn is at work."""
        self.thread.start()
        for _ in range(600):
            time.sleep(0.1)
            state = admin.rows(
                "select count(*) filter (where relation = 'engine_hostile.many'::regclass), "
                "(select query_start < clock_timestamp() - interval '2 seconds' "
                "from pg_stat_activity where pid = %s) from pg_locks where pid = %s",
                self.pid,
                self.pid,
            )
            if state[0][0] and state[0][1]:
                return
            assert self.thread.is_alive(), self.error
        raise AssertionError("It did not begin")

    def ended(self) -> Exception | None:
        self.thread.join(120)
        assert not self.thread.is_alive()
        return self.error


# Without end, were it not for the cancel.
ENDLESS = {
    "hist_gradient_boosting": {"max_iter": 100_000, "early_stopping": False, "learning_rate": 1e-6},
    "random_forest": {"n_estimators": 100_000},
    "mlp": {"max_iter": 100_000, "tol": 0.0, "n_iter_no_change": 100_000},
}


@pytest.fixture(scope="module")
def many_rows(user: Session) -> None:
    user.rows("""
        create table engine_hostile.many as
        select i as id, random() as a, random() as b, random() as c, random() > 0.5 as target
        from generate_series(1, 4000) as i
    """)


@pytest.mark.parametrize("algorithm", ENDLESS)
def test_fit_is_cancelled(
    engine: Any, user: Session, admin: Session, many_rows: None, algorithm: str
) -> None:
    model = f"engine hostile cancel {algorithm}"
    champion = user.train(model, ROWS, "target", key="id")["version"]
    before = registry_rows(admin, model)
    busy = BusySession(engine, model, {"algorithm": algorithm, "params": ENDLESS[algorithm]})
    busy.in_the_fit(admin)
    admin.rows("select pg_cancel_backend(%s)", busy.pid)
    assert isinstance(busy.ended(), errors.QueryCanceled)
    assert registry_rows(admin, model) == before
    # The session goes on, and the champion is the old one.
    assert len(busy.session.predict(model, ROWS)) == 200
    assert busy.session.version(model)["version"] == champion
    busy.session.connection.close()


def test_fit_times_out(engine: Any, user: Session, admin: Session, many_rows: None) -> None:
    session = Session(engine.dsn("transformer"))
    session.rows("set statement_timeout = '3s'")
    name = "hist_gradient_boosting"
    with pytest.raises(errors.QueryCanceled):
        session.train(
            "engine hostile timeout",
            "select * from engine_hostile.many",
            "target",
            algorithms=[{"algorithm": name, "params": ENDLESS[name]}],
        )
    assert registry_rows(admin, "engine hostile timeout") == {}
    session.connection.close()


def test_fit_ends_with_session(engine: Any, user: Session, admin: Session, many_rows: None) -> None:
    name = "random_forest"
    busy = BusySession(engine, "engine hostile end", {"algorithm": name, "params": ENDLESS[name]})
    busy.in_the_fit(admin)
    admin.rows("select pg_terminate_backend(%s)", busy.pid)
    assert busy.ended() is not None
    assert registry_rows(admin, "engine hostile end") == {}


# Each would go on for minutes; what is asked for is more than anybody waits for.
WITHOUT_END = """
    select
        i + j as id, (i + j) % 2 = 0 as target, sin(i) as a, cos(i) as b, sin(j) as c, cos(j) as d,
        sin(i + j) as e, cos(i + j) as f, sin(i - j) as g, cos(i - j) as h
    from generate_series(1, 30000) as i, generate_series(1, 30000) as j
"""
SLOW = [{"algorithm": "random_forest", "params": {"n_estimators": 1_000, "max_depth": 3}}]
BARE = {**QUICK, "folds": 2, "learning_curve": 0, "dependence": 0, "importance_repeats": 0}
TRAIN = (
    "select * from ml.train('engine hostile phases', %s, 'classification', 'target', 'id', %s, "
    "options => %s)"
)
PHASES = {
    "reading": (TRAIN, WITHOUT_END, json.dumps(SLOW), json.dumps(BARE)),
    "importance": (
        TRAIN,
        f"{WITHOUT_END} limit 300",
        json.dumps(SLOW),
        json.dumps({**BARE, "importance_repeats": 1_000}),
    ),
    "predict": ("select count(*) from ml.predict('engine hostile slow', %s)", WITHOUT_END),
    "explain": ("select count(*) from ml.explain('engine hostile slow', %s)", WITHOUT_END),
    "evaluate": (
        "select * from ml.evaluate('engine hostile slow', %s)",
        f"{WITHOUT_END} limit 300000",
    ),
    "drift": ("select * from ml.drift('engine hostile slow', %s)", WITHOUT_END),
    "profile": ("select * from ml.profile('engine hostile slow', %s)", WITHOUT_END),
    "drivers": ("select * from ml.drivers(%s, 'sum(a)', 'target', array['b'])", WITHOUT_END),
    "measure": ("select * from ml.measure(%s, 'regression', 'a', 'b')", WITHOUT_END),
}


@pytest.fixture(scope="module")
def slow_model(user: Session) -> None:
    """A model whose every answer takes its time."""
    user.train(
        "engine hostile slow", f"{WITHOUT_END} limit 300", "target", key="id", algorithms=SLOW,
        options=BARE,
    )  # fmt: skip


@pytest.mark.parametrize("phase", PHASES)
def test_statement_timeout_applies_in_every_phase(
    user: Session, admin: Session, slow_model: None, phase: str
) -> None:
    # Long enough for the fits before the importance is measured.
    user.rows(f"set statement_timeout = '{6 if phase == 'importance' else 2}s'")
    began = time.monotonic()
    try:
        with pytest.raises(errors.QueryCanceled, match="statement timeout"):
            user.rows(*PHASES[phase])
    finally:
        user.rows("reset statement_timeout")
    print(f"{phase}: {time.monotonic() - began:.1f} s")
    assert registry_rows(admin, "engine hostile phases") == {}


def test_table_in_training_is_not_dropped(
    engine: Any, user: Session, admin: Session, many_rows: None
) -> None:
    name = "hist_gradient_boosting"
    busy = BusySession(engine, "engine hostile drop", {"algorithm": name, "params": ENDLESS[name]})
    busy.in_the_fit(admin)
    user.rows("set lock_timeout = '200ms'")
    with pytest.raises(errors.LockNotAvailable):
        user.rows("drop table engine_hostile.many")
    user.rows("reset lock_timeout")
    admin.rows("select pg_cancel_backend(%s)", busy.pid)
    assert isinstance(busy.ended(), errors.QueryCanceled)
    busy.session.connection.close()


def test_query_that_drops_its_table_is_refused(user: Session) -> None:
    user.rows("create table engine_hostile.doomed as select * from engine_hostile.rows")
    user.rows("""
        create function engine_hostile.drop_it() returns int language plpgsql as
        'begin drop table engine_hostile.doomed; return 1; end'
    """)
    query = "select *, engine_hostile.drop_it() as one from engine_hostile.doomed"
    with pytest.raises(psycopg2.Error, match="being used by active queries"):
        user.train("engine hostile doomed", query, "target", key="id")
    assert user.rows("select count(*) from engine_hostile.doomed") == [(200,)]


CALLS = {
    "predict": "ml.predict('engine hostile rows', 'select * from engine_hostile.rows')",
    "explain": "ml.explain('engine hostile rows', 'select * from engine_hostile.rows')",
}


@pytest.fixture(scope="module")
def stored_model(user: Session) -> None:
    user.train("engine hostile rows", ROWS, "target", key="id")


@pytest.mark.parametrize("function", CALLS)
def test_error_between_two_rows_ends_the_statement_alone(
    user: Session, stored_model: None, function: str
) -> None:
    # PostgreSQL ends the function's generator while it aborts the transaction. When that closed a
    # cursor, one call in about ten crashed the server: it depended on the cursor's number.
    for _ in range(60):
        with pytest.raises(errors.DivisionByZero):
            user.rows(f"select 1 / (length(key) - length(key)) from {CALLS[function]}")
    assert len(user.rows(f"select * from {CALLS[function]}")) >= 200


@pytest.mark.parametrize("function", CALLS)
def test_rows_that_nobody_reads_leave_no_cursor(
    user: Session, stored_model: None, function: str
) -> None:
    user.rows("begin")
    for _ in range(3):
        assert len(user.rows(f"select * from {CALLS[function]} limit 1")) == 1
    assert user.rows("select count(*) < 2 from pg_cursors") == [(True,)]
    fraction = user.rows("show cursor_tuple_fraction")
    user.rows("commit")
    assert user.rows("select count(*) from pg_cursors") == [(0,)]
    assert user.rows("show cursor_tuple_fraction") == fraction
