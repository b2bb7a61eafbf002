"""Queries on the tests' warehouse, and a chart's own query on it."""

from contextlib import closing
from typing import Any

import psycopg2
import yaml

from tests.conftest import ROOT, Warehouse


def rows(warehouse: Warehouse, query: str, *values: object) -> list[tuple[Any, ...]]:
    """All rows of a query, as transformer."""
    with (
        closing(psycopg2.connect(**warehouse.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query, values or None)
        return cursor.fetchall()


def one_row(warehouse: Warehouse, query: str, *values: object) -> tuple[Any, ...]:
    """The only row of a query."""
    (row,) = rows(warehouse, query, *values)
    return row


def chart_values(warehouse: Warehouse, chart: str, relation: str) -> dict[str, Any]:
    """What a chart without groups shows: its metrics over a relation, under its own conditions."""
    file = ROOT / "superset_assets" / "charts" / f"{chart}.yaml"
    params = yaml.safe_load(file.read_text(encoding="utf-8"))["params"]
    metrics = {metric["label"]: metric["sqlExpression"] for metric in params["metrics"]}
    conditions = [
        condition.get("sqlExpression") or f"{condition['subject']} = {condition['comparator']}"
        for condition in params.get("adhoc_filters", [])
    ]
    result = one_row(
        warehouse,
        f"select {', '.join(metrics.values())} from {relation} as shown"
        f" where {' and '.join(conditions) or 'true'}",
    )
    return dict(zip(metrics, result, strict=True))


# What stands before a percent sign on the pages is narrow, and does not break.
NARROW = "\u202f%"


def percent(share: float) -> str:
    """A share as the pages write it."""
    return f"{100 * share:.0f}{NARROW}"
