"""options.memory_mb in a real server: a recorded sample, or an error."""

from contextlib import closing
from typing import Any

import psycopg2
import pytest

from .engine import QUICK, Session, admin, user

__all__ = ["admin", "user"]  # fixtures

NAME = "engine test memory"
# A key of many letters takes more than all numbers of its row together.
MANY = """
    select
        md5(i::text) as id, sin(i) as a, cos(i) as b, sin(i * 0.3) as c, cos(i * 0.3) as d,
        'town ' || i % 50 as town, sin(i) + cos(i * 0.3) > 0.3 as target
    from generate_series(1, 200000) as i
"""
# Of these a thousand at a time would be a gigabyte.
LONG = """
    select i as id, sin(i) as a, repeat(md5(i::text), 30000) as word, i % 2 = 0 as target
    from generate_series(1, 1000) as i
"""


def train(engine: Any, query: str, memory_mb: int) -> list[str]:
    """In a session of its own, as what one has taken counts too; gives what it said."""
    options = {**QUICK, "folds": 2, "learning_curve": 0, "memory_mb": memory_mb}
    session = Session(engine.dsn("transformer"))
    with closing(session.connection):
        session.train(NAME, query, "target", key="id", options=options)
        return list(session.connection.notices)


def test_memory_limit_samples_rows_and_reports_it(engine: Any, user: Session) -> None:
    train(engine, MANY, 10_000)
    full_version = user.version(NAME)
    assert (
        full_version["rows_train"] + full_version["rows_test"]
        == full_version["rows_read"]
        == 200_000
    )
    notices = train(engine, MANY, 200)
    part = user.version(NAME)
    row_count = part["rows_train"] + part["rows_test"]
    assert part["rows_read"] == 200_000
    assert 1_000 < row_count < 150_000
    (reason,) = [entry["reason"] for entry in part["excluded"] if entry["name"] == "(rows)"]
    assert reason.startswith(f"options.memory_mb = 200 has room for {row_count} rows of 200000 (")
    assert any(reason in notice for notice in notices)
    assert part["peak_memory_mb"] < full_version["peak_memory_mb"]
    assert abs(part["score"] - full_version["score"]) < 0.05
    # Predicting holds a batch at a time and needs no limit.
    assert len(user.predict(NAME, f"{MANY} limit 30000")) == 30_000


def test_all_rows_are_fitted_in_little_memory(engine: Any, user: Session) -> None:
    """By exact sums the result is that of a fit in memory."""
    split = """case when i % 5 = 0 then 'test' else 'train' end as part, sin(i * 0.7) + a as y"""
    query = f"select *, {split} from (select i, sin(i) as a, cos(i) as b, "
    query += "sin(i * 0.3) as c from generate_series(1, 200000) as i) as r"
    for memory_mb in (10_000, 190):
        session = Session(engine.dsn("transformer"))
        with closing(session.connection):
            session.train(
                NAME,
                query,
                "y",
                task="regression",
                algorithms=["ridge"],
                split={"by": "column", "column": "part"},
                options={**QUICK, "folds": 2, "rows": "stream", "memory_mb": memory_mb},
            )
    part = user.version(NAME)
    whole = user.version(NAME, part["version"] - 1)
    assert (whole["fit_method"], part["fit_method"]) == ("in memory", "exact sums")
    assert whole["rows_train"] == part["rows_train"] == 160_000
    versions = (whole["version"], part["version"])
    first, second = (user.predict(NAME, f"{query} limit 100", version) for version in versions)
    for one, other in zip(first, second, strict=True):
        assert one[2] == pytest.approx(other[2], rel=1e-6)


@pytest.mark.parametrize(
    ("query", "memory_mb", "message"),
    [
        (MANY, 1, "memory_mb is 1; the session holds .* MiB, and a training takes 64 MiB beside"),
        (LONG, 200, r"Training took 2\d\d MiB; options.memory_mb allows 200"),
    ],
    ids=["no room", "rows of a megabyte"],
)
def test_insufficient_memory_limit_is_refused(
    engine: Any, user: Session, query: str, memory_mb: int, message: str
) -> None:
    before = user.rows("select count(*) from ml.model_versions where model = %s", NAME)
    with pytest.raises(psycopg2.Error, match=message):
        train(engine, query, memory_mb)
    assert user.rows("select count(*) from ml.model_versions where model = %s", NAME) == before
