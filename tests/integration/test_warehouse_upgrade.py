"""One-time changes of a warehouse that an earlier version built."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from scripts.stack.warehouse_upgrade import FORMER_RELATIONS, STEPS, upgrade_warehouse
from tests.conftest import Warehouse
from tests.integration.registry import Session

# A table that the project removes, one that a view of a user reads, and one of a user.
REMOVED, READ, OWN = "reports.rpt_house_models", "features.feat_order__waiting", "reports.rpt_mine"


@pytest.fixture
def user(server: Warehouse) -> Iterator[Session]:
    with closing(Session(server.dsn("transformer"))) as session:
        yield session
        for name in ("vault.upgrades", "vault.sat_old", READ, OWN, REMOVED):
            session.rows(f"drop table if exists {name} cascade")
        session.rows("drop table if exists reports.dbt_test_results")


def exists(user: Session, name: str) -> bool:
    return user.value("select to_regclass(%s) is not null", name)


def test_each_step_runs_once(
    server: Warehouse, user: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (REMOVED, READ, OWN):
        user.rows(f"create table {name} as select 1 as a")
    user.rows("create view vault.stage_orders as select 1 as a")
    user.rows(f"create view reports.rpt_reader as table {READ}")
    user.rows("create table vault.sat_old (known_at timestamp)")
    user.rows("create table reports.dbt_test_results (words text)")

    upgrade_warehouse(server.settings)
    streams = capsys.readouterr()
    output = " ".join((streams.out + streams.err).split())
    assert f"Removed what an earlier version built: {REMOVED}, vault.stage_orders" in output
    assert f"{READ} is no longer built, and stays because something reads it" in output
    assert [exists(user, name) for name in (REMOVED, "vault.stage_orders", READ, OWN)] == [
        False, False, True, True,
    ]  # fmt: skip
    user.rows("select valid_from from vault.sat_old")
    user.rows("select statement from reports.dbt_test_results")
    assert user.rows("select step from vault.upgrades order by step") == [
        (number,) for number in range(1, len(STEPS) + 1)
    ]

    # A later table of that name belongs to whoever made it.
    user.rows(f"create table {REMOVED} as select 2 as a")
    upgrade_warehouse(server.settings)
    assert exists(user, REMOVED)


def test_no_present_relation_is_removed(server: Warehouse) -> None:
    models = (server.settings.root / "dbt" / "models").rglob("*.sql")
    present = {file.stem for file in models if "/stages/" not in str(file)}
    assert len(present) > 80
    assert not present & {name.split(".")[1] for name in FORMER_RELATIONS}
