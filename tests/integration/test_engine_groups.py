"""A model for each group, and one of them replaced, in a real server."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from .engine import Session, admin, user

__all__ = ["admin", "user"]  # fixtures

NAME = "engine test groups"
ROWS = "select * from engine_test.sales"
SALES = """
create table engine_test.sales as
select
    i as id,
    (array['Graz', 'it''s "Linz"', 'Wels'])[1 + i % 3] as "the ""town"" of it",
    sin(i) as x,
    (i % 3 - 1) * sin(i) + cos(i * 7.0) / 100 as y
from generate_series(1, 600) as i
"""
COLUMN = '"the ""town"" of it"'
LINZ = 'it\'s "Linz"'


@pytest.fixture(scope="module")
def sales(user: Session) -> Iterator[str]:
    user.rows(SALES)
    user.train(
        NAME,
        ROWS,
        "y",
        task="regression",
        key="id",
        algorithms=["ridge"],
        options={
            "bootstrap": 0,
            "importance_repeats": 0,
            "folds": 2,
            "group_by": 'the "town" of it',
        },
    )
    yield ROWS


def test_each_group_has_a_signed_artifact(user: Session, sales: str) -> None:
    groups = user.rows(
        'select "group", octet_length(signature), trained_by from ml.group_artifacts '
        "where model = %s order by 1",
        NAME,
    )
    assert groups == [(name, 32, "transformer") for name in ("Graz", "Wels", LINZ)]
    (whole,) = user.rows("select content from ml.artifacts where model = %s", NAME)[0]
    assert len(bytes(whole)) < 20_000


def test_replaced_group_answers_in_every_session(engine: Any, user: Session, sales: str) -> None:
    def scores(session: Session) -> dict[str, float]:
        return {key: score for key, _, score, _ in session.predict(NAME, f"{ROWS} where id <= 30")}

    with closing(Session(engine.dsn("transformer"))) as other:
        before = scores(user)
        assert scores(other) == before
        # In Linz, where y did not depend on x, it does so now.
        changed = f"select {COLUMN}, id, x, y + 5 * x as y from ({ROWS}) as r"
        result = user.rows(
            "select version, algorithm, metric, score < baseline / 10, champion "
            "from ml.train_group(%s, %s, %s)",
            NAME,
            LINZ,
            changed,
        )
        assert result == [(1, "ridge", "rmse", True, True)]
        after = scores(user)
        assert scores(other) == after
    linz = {str(i) for i in range(1, 31) if i % 3 == 1}
    assert {key for key in before if abs(after[key] - before[key]) > 1e-12} == linz
    entries = {entry["group"]: entry for entry in user.version(NAME)["groups"]}
    assert [name for name, entry in entries.items() if "retrained_at" in entry] == [LINZ]
    assert len(entries) == 3
    values = user.rows(
        "select count(*), count(distinct series) from ml.metrics where model = %s "
        "and segment = %s and metric = 'rmse'",
        NAME,
        f'the "town" of it = {LINZ}',
    )
    assert values == [(2, 2)]


def test_group_of_other_owner_is_refused(engine: Any, admin: Session, sales: str) -> None:
    admin.rows("drop role if exists group_stranger")
    admin.rows("create role group_stranger login password 'group_stranger' in role transformer")
    try:
        dsn = {**engine.dsn("transformer"), "user": "group_stranger", "password": "group_stranger"}
        with (
            closing(Session(dsn)) as stranger,
            pytest.raises(psycopg2.Error, match="belongs to transformer, and you are"),
        ):
            stranger.rows("select * from ml.train_group(%s, 'Graz')", NAME)
    finally:
        admin.rows("drop role group_stranger")


def test_unsigned_group_is_not_stored(user: Session, sales: str) -> None:
    with pytest.raises(psycopg2.Error, match="signature"):
        user.rows(
            "select ml.record_groups(%s, 1, '{Graz}', '{x}', '{y}', '[]', null)",
            NAME,
        )


def test_sessions_share_groups_of_version(engine: Any, user: Session, sales: str) -> None:
    """One records when the transaction of the other has ended; the digits are the same."""
    call = "select group_name, own_model, score, reason from ml.train_groups(%s, %s, %s)"

    def state() -> tuple:
        models = user.rows(
            'select "group", content, signature from ml.group_artifacts where model = %s', NAME
        )
        metrics = user.rows(
            "select segment, series, metric, value from ml.metrics where model = %s "
            "and segment <> 'all' order by 1, 2, 3",
            NAME,
        )
        entries = user.version(NAME)["groups"]
        places = [(entry["group"], entry["train"], entry["test"]) for entry in entries]
        return sorted(models), metrics, places

    together = user.rows(call, NAME, 1, 1)
    assert [row[1] for row in together] == [True] * 3
    before = state()
    with closing(Session(engine.dsn("transformer"))) as other:
        other.rows("begin")
        parts = other.rows(call, NAME, 1, 2)
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            user.rows("set lock_timeout = 100")
            user.rows(call, NAME, 2, 2)
        user.rows("reset lock_timeout")
        other.rows("commit")
    parts += user.rows(call, NAME, 2, 2)
    assert sorted(parts) == sorted(together)
    assert state() == before


def test_killed_session_leaves_groups_unchanged(engine: Any, user: Session, sales: str) -> None:
    """The call can be repeated: nothing of it is recorded."""
    trained_at = 'select "group", trained_at from ml.group_artifacts where model = %s order by 1'
    before = user.rows(trained_at, NAME)
    with closing(Session(engine.dsn("transformer"))) as other:
        other.rows("begin")
        other.rows("select count(*) from ml.train_groups(%s, 1, 2)", NAME)
        user.rows("select pg_terminate_backend(%s)", other.connection.info.backend_pid)
        with pytest.raises(psycopg2.OperationalError):
            other.rows("select 1")
    assert user.rows(trained_at, NAME) == before
    assert user.rows("select count(*) from ml.train_groups(%s, 1, 2)", NAME) == [(2,)]
    after = user.rows(trained_at, NAME)
    assert [old == new for old, new in zip(before, after, strict=True)].count(False) == 2


def test_groups_go_with_their_version(user: Session, admin: Session, sales: str) -> None:
    admin.rows("delete from ml.model_versions where model = %s", NAME)
    assert user.rows("select count(*) from ml.group_artifacts where model = %s", NAME) == [(0,)]
