"""ml.predict_into on a single server: a table of predictions, with the rights of the caller."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from tests.clusters import Warehouse

from .engine import Session, admin, user

__all__ = ["admin", "user"]  # fixtures

NAME = "engine test into"
ROWS = """
create table engine_test.rows as
select i as "the ""row"" id", sin(i) as x, case when sin(i) > 0.2 then 'it''s' else 'no' end as kind
from generate_series(1, 300) as i
"""
TARGET = """
create table engine_test."Target" (
    score float8, "the ""row"" id" int primary key, prediction text, probabilities jsonb,
    noted_at timestamptz default now()
)
"""
CALL = "select ml.predict_into(%s, %s, %s)"
SOURCE, INTO = "engine_test.rows", 'engine_test."Target"'


@pytest.fixture(scope="module")
def model(user: Session) -> Iterator[str]:
    user.rows(ROWS)
    user.rows(TARGET)
    for name, algorithm in ((NAME, "decision_tree"), (f"{NAME} linear", "logistic_regression")):
        user.train(
            name, f"select * from {SOURCE}", "kind", key='the "row" id',
            algorithms=[{"algorithm": algorithm, "params": {}}],
        )  # fmt: skip
    yield NAME


@pytest.mark.parametrize("kind", ["", " linear"])
def test_it_replaces_the_rows_by_predictions(user: Session, model: str, kind: str) -> None:
    for _ in range(2):
        assert user.rows(CALL, model + kind, SOURCE, INTO) == [(300,)]
    written = user.rows(f'select "the ""row"" id"::text, prediction, score from {INTO} order by 1')
    predicted = user.rows(
        "select key, prediction, score from ml.predict(%s, %s) order by 1",
        model + kind,
        f"select * from {SOURCE}",
    )
    assert [row[:2] for row in written] == [row[:2] for row in predicted]
    assert [row[2] for row in written] == pytest.approx([row[2] for row in predicted], abs=1e-9)


def test_it_needs_the_rights_of_the_caller(user: Session, admin: Session, model: str) -> None:
    user.rows(CALL, model, SOURCE, INTO)
    admin.rows("create table engine_test.secret as table engine_test.rows")
    for source, target in (("engine_test.secret", INTO), (SOURCE, "engine_test.secret")):
        with pytest.raises(psycopg2.Error, match="permission denied for table secret"):
            user.rows(CALL, model, source, target)
    assert user.rows(f"select count(*) from {INTO}") == [(300,)]


def test_a_refusal_leaves_the_rows_as_they_are(user: Session, model: str) -> None:
    user.rows(CALL, model, SOURCE, INTO)
    user.rows("create view engine_test.narrow as select x from engine_test.rows")
    cases = {
        ("absent", SOURCE): "There is no model 'absent'",
        (model, "engine_test.narrow"): "The query returns no column 'the \"row\" id'",
    }
    for (name, source), message in cases.items():
        with pytest.raises(psycopg2.Error, match=f"^ml.predict_into: {message}"):
            user.rows(CALL, name, source, INTO)
    assert user.rows(f"select count(*) from {INTO}") == [(300,)]
    assert user.rows(f"select count(*) from {SOURCE}") == [(300,)]


# What is made, the source and the target, and what the refusal says.
COMMON = "have rows in common"
UNSUITABLE = {
    "one table": ("", "engine_test.both", "engine_test.both", COMMON),
    "view": (
        "create view engine_test.over_both as select * from engine_test.both union all table"
        " engine_test.both",
        "engine_test.over_both",
        "engine_test.both",
        COMMON,
    ),
    "child": (
        "create table engine_test.child () inherits (engine_test.both)",
        "engine_test.child",
        "engine_test.both",
        COMMON,
    ),
    "foreign key": (
        'create table engine_test.referring ("the ""row"" id" int references engine_test.both on'
        " delete cascade, x float8); insert into engine_test.referring select"
        ' "the ""row"" id", x from engine_test.both',
        "engine_test.referring",
        "engine_test.both",
        "Without the rows of",
    ),
    "row-level security": (
        "create table engine_test.hidden as table engine_test.both;"
        " alter table engine_test.hidden enable row level security, force row level security",
        SOURCE,
        "engine_test.hidden",
        "Row-level security hides rows",
    ),
    "digits": (
        'create table engine_test.coarse as select "the ""row"" id", prediction, 1 as score,'
        " probabilities from engine_test.both",
        SOURCE,
        "engine_test.coarse",
        "'score' of engine_test.coarse is integer",
    ),
}


@pytest.fixture(scope="module")
def both(user: Session, model: str) -> None:
    """A table with the columns of a source and of a target."""
    user.rows(
        "create table engine_test.both as select *, null::text as prediction, null::float8 as"
        f" score, null::jsonb as probabilities from {SOURCE}"
    )
    user.rows('alter table engine_test.both add primary key ("the ""row"" id")')


@pytest.mark.parametrize("case", UNSUITABLE)
def test_a_target_that_would_lose_rows_or_digits(
    user: Session, model: str, both: None, case: str
) -> None:
    statement, source, target, message = UNSUITABLE[case]
    if statement:
        user.rows(statement)
    with pytest.raises(psycopg2.Error, match=message):
        user.rows(CALL, model, source, target)
    assert user.rows("select count(*), count(prediction) from engine_test.both") == [(300, 0)]


def test_an_artifact_of_another_server_is_not_loaded(
    engine: Warehouse, user: Session, model: str
) -> None:
    # What a worker gets is bytes and a signature from a table that the caller may write.
    facts = "select content, signature from ml.artifacts where model = %s"
    [(content, signature)] = user.rows(facts, model)
    call = "select ml.predict_shard(%s, %s, %s, %s, %s, %s)"
    forged = bytes(content[:-1]) + bytes([content[-1][0] ^ 1])
    user.rows(f"truncate {INTO}")
    for version, artifact in ((1, forged), (2, content)):
        with (
            closing(Session(engine.dsn("transformer"))) as session,
            pytest.raises(psycopg2.Error, match=r"The signature of version \d of model"),
        ):
            session.rows(call, model, version, artifact, signature, SOURCE, INTO)
    assert user.rows(call, model, 1, content, signature, SOURCE, INTO) == [(300,)]
