"""Concurrent sessions that write the registry, and trainings that fail."""

import json
import threading
import time
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from .registry import ROWS, Session, admin, second_user, three_versions, user

__all__ = ["admin", "second_user", "three_versions", "user"]  # fixtures


def test_concurrent_trainings_and_promotions_lose_nothing(engine: Any, user: Session) -> None:
    """Two sessions train and promote the same model at the same time, again and again."""
    name = "registry test together"
    user.train(name)
    start = threading.Barrier(2)
    failures: list[str] = []

    def train() -> None:
        with closing(Session(engine.dsn("transformer"))) as session:
            start.wait()
            for turn in range(6):
                session.train(name, "dummy", promote=("always", "if_better")[turn % 2])

    def change() -> None:
        with closing(Session(engine.dsn("transformer"))) as session:
            start.wait()
            for turn in range(6):
                session.train(name)
                session.rows("select ml.promote(%s, %s)", name, 1 + turn)
                session.rows("select ml.rollback(%s)", name)

    def guarded(work: Any) -> None:
        try:
            work()
        except Exception as error:
            failures.append(str(error))

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (train, change)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        champions = list(user.states(name).values()).count("champion")
        assert champions == 1
        time.sleep(0.02)
    assert failures == []
    assert sorted(user.states(name)) == list(range(1, 14))
    assert user.value("select count(*) from ml.artifacts where model = %s", name) == 13
    last = user.value(
        "select version from ml.promotions where model = %s and undone_at is null "
        "order by promotion desc limit 1",
        name,
    )
    assert user.states(name)[last] == "champion"


def test_promotion_waits_for_training_of_same_model(
    user: Session, second_user: Session, three_versions: str
) -> None:
    second_user.connection.autocommit = False
    second_user.train(three_versions)
    user.rows("set lock_timeout = '200ms'")
    try:
        for call in ("promote(%s, 1)", "rollback(%s)", "drop_version(%s, 1)", "drop_model(%s)"):
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                user.rows(f"select ml.{call}", three_versions)
    finally:
        user.rows("reset lock_timeout")
        second_user.connection.rollback()
    assert user.states(three_versions)[3] == "champion"
    # The number of what was rolled back was never seen by anybody, so it is free.
    assert user.train(three_versions) == 4


def registry_content(user: Session, name: str) -> list[tuple]:
    tables = [
        name
        for (name,) in user.rows("""
        select attrelid::regclass::text from pg_attribute join pg_class on attrelid = pg_class.oid
        where relnamespace = 'ml'::regnamespace and relkind = 'r' and attname = 'model'
    """)
    ]
    counts = [user.rows(f"select count(*) from {t} where model = %s", name)[0] for t in tables]
    return [*counts, tuple(user.states(name).items())]


@pytest.mark.parametrize("how", ["cancel", "timeout", "failure"])
def test_failed_training_keeps_champion(user: Session, second_user: Session, how: str) -> None:
    name = f"registry test {how}"
    user.train(name)
    before = registry_content(user, name)
    long = json.dumps(["random_forest", "hist_gradient_boosting"] * 20)
    query, expected = ROWS, psycopg2.errors.QueryCanceled
    timer = None
    if how == "cancel":
        pid = second_user.value("select pg_backend_pid()")
        timer = threading.Timer(0.8, lambda: user.rows("select pg_cancel_backend(%s)", pid))
        timer.start()
    elif how == "timeout":
        second_user.rows("set statement_timeout = '500ms'")
    else:
        query = f"select *, 1 / (id - 299) as broken from ({ROWS}) as rows"
        expected = psycopg2.errors.DivisionByZero
    began = time.monotonic()
    with pytest.raises(expected):
        second_user.rows(
            "select * from ml.train(%s, %s, 'classification', 'y', key => 'id', algorithms => %s)",
            name,
            query,
            long,
        )
    if timer:
        timer.join()
    assert time.monotonic() - began < 8
    assert registry_content(user, name) == before
    # Nothing is held any more either.
    second_user.rows("reset statement_timeout")
    assert second_user.train(name) == 2
