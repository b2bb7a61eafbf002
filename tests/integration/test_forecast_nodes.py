"""A forecast as a dbt node: trained, tested, promoted, and forecast from."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scripts.add.choices import Choices
from scripts.add.dbt_files import DbtFiles
from scripts.add.facts import SourceTable
from scripts.add.proposal import propose
from scripts.add.rendering import sql_keywords
from tests.conftest import Warehouse
from tests.integration.dbt_project import DEVELOPER, DbtProject
from tests.integration.registry import Session
from tests.integration.test_promotion import add_model, new_project

SALES = """
select shop, date '2024-01-01' + n as day,
    size * (10 + n % 7 + n / 100.0 + (n * 7919 % 101) / 100.0) as sales
from generate_series(0, 399) as n cross join (values ('a', 1), ('b', 30)) as shops (shop, size)
"""
MODEL = """
{{ config(task="forecast", target="sales", algorithms=["seasonal_naive", "ets", "theta"],
    options={"time": "day", "series": ["shop"], "horizon": 14}) }}
select * from {{ ref("feat_sales") }}
"""
TESTS = """
models:
  - name: sales
    data_tests:
      - beats_baseline: {arguments: {metric: mase}}
      - metric_at_least: {arguments: {metric: interval_coverage, value: 0.5}}
  - name: too_good
    data_tests:
      - metric_at_least: {arguments: {metric: interval_coverage, value: 1.01}}
"""


# Two sales on some days, none on others.
RECEIPTS = """
create table till.receipts as
select n as receipt_id, shop,
    timestamptz '2024-01-01 09:00+00' + n / 6 * interval '1 day' as sold_at,
    (10 + n / 6 % 7 + n % 5)::numeric(10, 2) as amount
from generate_series(0, 899) as n, lateral (select 'shop ' || n % 2 as shop) as shops
where n % 35 <> 4
"""


def files_of_make_add(user: Session) -> dict[str, str]:
    """What make add TABLE=till.receipts TARGET=amount TIME=sold_at SERIES=shop writes."""
    user.rows("drop schema if exists till cascade")
    user.rows("create schema till")
    user.rows(RECEIPTS)
    choices = Choices(
        name="receipts", target="amount", time="sold_at", series=("shop",), horizon="7", owner="Ada"
    )
    with user.connection.cursor() as cursor:
        proposal = propose(SourceTable(cursor, "till", "receipts"), choices)
        assert proposal.reasons["frequency"].startswith("day: the times of a series repeat")
        return DbtFiles(proposal, "receipts", sql_keywords(cursor)).render()


@pytest.fixture(scope="module")
def user(engine: Warehouse) -> Iterator[Session]:
    with closing(Session(engine.dsn("transformer"))) as session:
        yield session


@pytest.fixture
def project(engine: Warehouse, user: Session, tmp_path: Path) -> Iterator[DbtProject]:
    yield from new_project(engine, user, tmp_path)


def test_forecast_is_tested_promoted_and_used_like_other_models(
    user: Session, project: DbtProject
) -> None:
    project.write("models/features/feat_sales.sql", SALES)
    project.write("models/ml/sales.sql", MODEL)
    project.write("models/ml/too_good.sql", MODEL)
    project.write("models/ml/sales.yml", TESTS)
    project.write(
        "models/predictions/pred_sales.sql",
        'select * from {{ forecast(ref("sales"), horizon=7) }}',
    )
    add_model(project, "by_rows")
    project.write(
        "models/predictions/pred_by_rows.sql", 'select * from {{ forecast(ref("by_rows")) }}'
    )
    for path, text in files_of_make_add(user).items():
        project.write(f"models/{path}", text)
    build = project.run("build")
    assert user.states(f"{DEVELOPER}.sales") == {1: "champion"}, build.output
    assert user.states(f"{DEVELOPER}.too_good") == {1: "rejected"}
    assert "has another task than forecast" in build.output
    rows = user.rows(
        "select series, count(*), bool_and(lower <= forecast and forecast <= upper) "
        f"from {DEVELOPER}_predictions.pred_sales group by series order by series"
    )
    assert rows == [("a", 7, True), ("b", 7, True)]
    assert user.states(f"{DEVELOPER}.receipts") == {1: "champion"}, build.output
    rows = user.rows(
        "select series, count(*), bool_and(lower <= forecast and forecast <= upper), "
        f"min(model_version) from {DEVELOPER}_predictions.pred_receipts group by series order by 1"
    )
    assert rows == [("shop 0", 7, True, 1), ("shop 1", 7, True, 1)]
    days = user.rows(f"select count(*), sum(amount) from {DEVELOPER}_features.feat_receipts__daily")
    assert days == user.rows(
        "select count(distinct (shop, sold_at)), sum(amount) from till.receipts"
    )
