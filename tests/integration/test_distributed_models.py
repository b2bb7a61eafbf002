"""Models that a cluster would distribute, on a single server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Warehouse
from tests.integration.dbt_project import DEVELOPER
from tests.integration.distributed_models import COMPARISON, GROWN, distributed_project
from tests.integration.registry import Session


@pytest.fixture
def user(engine: Warehouse) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session
        if session.rows("select from ml.model_versions where model = %s", f"{DEVELOPER}.level"):
            session.rows("select ml.drop_model(%s)", f"{DEVELOPER}.level")
        for layer in ("models", "features", "predictions"):
            session.rows(f"drop schema if exists {DEVELOPER}_{layer} cascade")


def test_a_single_server_builds_ordinary_tables(
    engine: Warehouse, user: Session, tmp_path: Path
) -> None:
    project = distributed_project(engine, tmp_path)
    for _ in range(2):
        outcome = project.run("build")
        assert outcome.exit_code == 0, outcome.output
        assert user.rows(COMPARISON) == [(240, 0)]
        assert user.rows(GROWN) == [(240, 240, 240 * 80)]
    # A hundred tables would be a hundred lines.
    assert "Citus" not in outcome.output
