"""ml.drift on a cluster: the merged counts of the workers are those of one server."""

from datetime import date
from typing import Any

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.use import drift as module
from glasshouse_ml.use.drift import DriftRow, drift

from tests.unit.engine.cluster_standin import Cluster, divided, only_on_worker
from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

LATER = ("red pears", "green pears and plums", "dark plums", None, "red plums and pears")


def describe(rows: list[dict], year: int) -> list[dict]:
    """With dates, a free text, and a number that grows from month to month."""
    result = []
    for n, row in enumerate(rows):
        words = f"{LATER[n % 4] or 'plums'} number {n * 7 % 97} of the basket"
        day = date(year, 1 + n % 4, 1 + n % 28)
        result.append({**row, "day": day, "text": words, "age": n // 4 + 30.0 * (n % 4)})
    return result


def new_rows(rows: list[dict]) -> list[dict]:
    """NULLs, new categories and words, values outside the range; units that are met again."""
    changed = describe(rows, 2027)
    for n, row in enumerate(changed):
        row["colour"] = "violet" if n % 9 == 0 else None if n % 10 == 0 else row["colour"]
        row["text"] = None if n % 11 == 0 else f"{row['text']} {LATER[n % 5]} quince"
        row["amount"] = row["amount"] and row["amount"] * (9 if n % 13 == 0 else 1)
        row["month"] = None if n % 17 == 0 else f"2027-0{1 + n % 4}"
        row["id"] = n // 4
    return changed


@pytest.fixture
def trained_db(mixed: list[dict]) -> StandIn:
    db = StandIn([{**row, "month": None} for row in describe(mixed, 2026)])
    call(db, key="id", options='{"columns": {"month": "category"}}')
    db.rows = new_rows(mixed)
    return db


def on_cluster(
    monkeypatch: pytest.MonkeyPatch, db: StandIn, divisor: int, period: str | None
) -> tuple[Cluster, list[DriftRow]]:
    cluster = Cluster(divided(db.rows, divisor))
    with monkeypatch.context() as patch:
        patch.setattr(module, "shard_query", lambda *_: cluster)
        patch.setattr(StandIn, "fetch_packed", only_on_worker(StandIn.fetch_packed))
        return cluster, drift(db, "a model", "q", period)


def by_feature(rows: list[DriftRow]) -> dict[Any, list[Any]]:
    names = module.COLUMNS
    return {(row[names.index("period")], row[names.index("feature")]): list(row) for row in rows}


@pytest.mark.parametrize("divisor", [3, 150])
@pytest.mark.parametrize("period", [None, "month"])
def test_the_rows_are_those_of_one_server(
    monkeypatch: pytest.MonkeyPatch, trained_db: StandIn, period: str | None, divisor: int
) -> None:
    one = by_feature(drift(trained_db, "a model", "q", period))
    cluster, rows = on_cluster(monkeypatch, trained_db, divisor, period)
    assert cluster.measures == ["counts"]
    many = by_feature(rows)
    assert list(many) == list(one)
    assert {feature for _, feature in one} >= {"amount", "colour", "text", "age", "(score)"}
    for place, row in one.items():
        for expected, actual in zip(row, many[place], strict=True):
            is_number = isinstance(expected, float)
            assert actual == (pytest.approx(expected, rel=1e-9) if is_number else expected), place


def test_no_row_is_an_error_on_a_cluster_too(
    monkeypatch: pytest.MonkeyPatch, trained_db: StandIn
) -> None:
    monkeypatch.setattr(module, "shard_query", lambda *_: Cluster([]))
    with pytest.raises(GlasshouseError, match="The query returns no row"):
        drift(trained_db, "a model", "q", None)
