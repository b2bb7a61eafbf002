"""Shops that are too small to train on: everything else is built, with the reason.

One server, one shop after another: without a row, of three weeks, and the 122 customers of a file.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from scripts.examples.shop.loading import load
from scripts.examples.shop.schema import create_tables
from scripts.examples.shop.simulator import calendar
from scripts.examples.shop.simulator.source import Simulator
from scripts.examples.shop.sources import select_source
from scripts.stack.build import build

from ..clusters import Warehouse, cluster

SHOP_MODELS = ("churn", "revenue", "segments")


@pytest.fixture(scope="module")
def empty_server() -> Iterator[Warehouse]:
    """A server with the sample data alone."""
    with cluster("engine") as warehouse:
        yield warehouse


def build_all(warehouse: Warehouse) -> tuple[Counter, str]:
    """Build everything; how many nodes ended how, and what dbt said."""
    log = warehouse.settings.state / "logs" / "dbt.log"
    said_before = len(log.read_text()) if log.exists() else 0
    build(warehouse.settings, warehouse.stack, show=False, replace_shop=True)
    results = warehouse.settings.state / "dbt" / "warehouse" / "run_results.json"
    statuses = Counter(result["status"] for result in json.loads(results.read_text())["results"])
    return statuses, log.read_text()[said_before:]


def row_counts(warehouse: Warehouse, *tables: str) -> dict[str, int]:
    """Rows of each table."""
    with (
        closing(psycopg2.connect(**warehouse.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        result = {}
        for table in tables:
            cursor.execute(f"select count(*) from {table}")
            result[table] = cursor.fetchone()[0]
        return result


def test_empty_shop_builds(empty_server: Warehouse) -> None:
    with (
        closing(psycopg2.connect(**empty_server.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        create_tables(cursor)
    statuses, output = build_all(empty_server)
    assert not {"error", "fail", "skipped", "warn"} & statuses.keys(), statuses
    for model in SHOP_MODELS:
        assert f"{model} is not trained: its rows need" in output
    assert row_counts(empty_server, *(f"predictions.pred_{model}" for model in SHOP_MODELS)) == {
        f"predictions.pred_{model}": 0 for model in SHOP_MODELS
    }
    # What does not come from the shop is there.
    assert (
        row_counts(empty_server, "predictions.pred_breast_cancer")["predictions.pred_breast_cancer"]
        == 569
    )


# Between the empty shop and the one that all other tests have.
@pytest.mark.slow
def test_shop_of_three_weeks_builds(empty_server: Warehouse) -> None:
    source = Simulator(last_day=calendar.FIRST_DAY + 20)
    load(empty_server.dsn("transformer"), source, lambda contents: None, lambda place: None)
    statuses, output = build_all(empty_server)
    assert not {"error", "fail", "skipped", "warn"} & statuses.keys(), statuses
    assert (
        "churn is not trained: its rows need 200 different values of customer_key (it has 0)"
        in (output)
    )
    result = row_counts(
        empty_server, "marts.fct_order_lines", "marts.fct_payments", "predictions.pred_churn"
    )
    assert result["marts.fct_order_lines"] > 300
    assert result["marts.fct_payments"] > 0
    assert result["predictions.pred_churn"] == 0


# The empty shop shows the same in less time; test_source_files.py loads these files.
@pytest.mark.slow
def test_classicmodels_builds(empty_server: Warehouse, data_folder: Path) -> None:
    """98 customers who bought: enough for joins, a forecast and dashboards, not to tell leavers."""
    if not (data_folder / "classicmodels").is_dir():
        pytest.skip(f"needs {data_folder / 'classicmodels'}, which is not there")
    source = select_source("classicmodels", str(data_folder / "classicmodels"))
    load(empty_server.dsn("transformer"), source, lambda contents: None, lambda place: None)
    statuses, output = build_all(empty_server)
    assert not {"error", "fail", "skipped", "warn"} & statuses.keys(), statuses
    assert "churn is not trained: its rows need 200 different values of customer_key" in output
    result = row_counts(
        empty_server, "marts.fct_order_lines", "marts.fct_payments", "predictions.pred_revenue"
    )
    assert result["marts.fct_order_lines"] == 2996
    assert result["marts.fct_payments"] == 273
    # 56 days of seven product lines and of all together.
    assert result["predictions.pred_revenue"] == 56 * 8
