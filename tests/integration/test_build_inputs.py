"""What `make refresh` compares, and the error when a build cannot lock a table."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from scripts.stack import build_inputs
from scripts.stack.build import PGOPTIONS
from tests.conftest import Warehouse
from tests.integration.registry import Session

MODEL = "build inputs"


@pytest.fixture
def user(engine: Warehouse) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session
        if session.states(MODEL):
            session.rows("select ml.drop_model(%s)", MODEL)


def test_refresh_detects_version_trained_in_sql(engine: Warehouse, user: Session) -> None:
    def state() -> str:
        return build_inputs.current_state(engine.settings, engine.stack)[build_inputs.REGISTRY_KEY]

    before = state()
    user.rows("select set_config('glasshouse.dbt_invocation', 'a run', false)")
    user.train(MODEL, await_tests=True)
    # dbt builds the reports of its own versions in the same run.
    assert state() == before
    user.rows("select set_config('glasshouse.dbt_invocation', '', false)")
    user.train(MODEL, seed=1)
    assert any("after: make refresh" in notice for notice in user.connection.notices)
    after = state()
    assert after != before
    user.rows("select ml.promote(%s, 1)", MODEL)
    assert state() != after


def test_locked_table_error_names_holder(engine: Warehouse, user: Session) -> None:
    assert "lock_timeout=30s" in PGOPTIONS
    with closing(Session(engine.dsn("transformer"))) as reader:
        reader.rows("begin; select 1 from csv.breast_cancer limit 1")
        pid = reader.value("select pg_backend_pid()")
        error = build_inputs.locked(engine.settings)
    assert f"process {pid} (" in error.problem and "reads csv.breast_cancer" in error.message
    assert f"pg_terminate_backend({pid})" in error.remedy
    assert "free now" in build_inputs.locked(engine.settings).problem
