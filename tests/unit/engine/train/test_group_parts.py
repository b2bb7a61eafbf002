"""ml.train_groups trains many groups as ml.train_group trains each of them."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.registry.groups import pack_trained_groups, unpack_trained_groups
from glasshouse_ml.train import group_training
from glasshouse_ml.train.group_training import train_group, train_groups

from tests.unit.engine.cluster_standin import Cluster, only_on_worker
from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

RNG = np.random.default_rng(23)
TOWNS = ("Graz", "Linz", "Wels")
OPTIONS = {"bootstrap": 0, "importance_repeats": 0, "folds": 2, "group_by": "town"}


def rows_of(town: str, count: int = 120, visits: int = 1) -> list[dict[str, Any]]:
    """Rows with a number, a category, a NULL here and there, and targets of two tasks."""
    xs = RNG.normal(size=count)
    return [
        {
            "id": f"{town} {number // visits}",
            "town": town,
            "x": float(x) if number % 11 else None,
            "kind": ("a", "b", town)[number % 3],
            "y": float(len(town) * x + RNG.normal() / 20),
            "is_late": "yes" if x + RNG.normal() / 3 > 0 else "no",
            "part": "test" if number % 4 == 3 else "train",
        }
        for number, x in enumerate(xs)
    ]


def trained(rows: list[dict[str, Any]], **changes: Any) -> StandIn:
    db = StandIn(rows)
    arguments = {"task": "regression", "target": "y", "algorithms": '["ridge"]', **changes}
    call(db, key="id", options=json.dumps(OPTIONS), **arguments)
    return db


def answers(db: StandIn, rows: list[dict[str, Any]]) -> list[tuple]:
    db.rows = rows
    return list(predict(db, "a model", "q", None))


def without_time(db: StandIn) -> list[dict[str, Any]]:
    return [{**entry, "seconds": 0} for entry in db.recorded[-1]["version"]["groups"]]


def group_metrics(db: StandIn) -> list[dict[str, Any]]:
    """Those of the models; the constant of the baseline is recorded with twelve digits."""
    rows = [row for row in db.recorded[-1]["metrics"] if row["segment"] != "all"]
    rows = [row for row in rows if row["series"] == "model"]
    return sorted(rows, key=lambda row: (row["segment"], row["metric"]))


@pytest.mark.parametrize("split", ['{"by": "column", "column": "part"}', '{"by": "key"}'])
def test_groups_equal_those_of_one_training(split: str) -> None:
    """Where the split goes by the row, the groups have the test rows of ml.train."""
    rows = [row for town in TOWNS for row in rows_of(town)] + rows_of("Enns", 20)
    for row in rows:
        row.pop("is_late")
        if "column" not in split:
            row.pop("part")
    db = trained(rows, split=split)
    predictions, entries, metrics = answers(db, rows), without_time(db), group_metrics(db)
    models = dict(db.groups)
    assert set(models) == {("a model", 1, town) for town in TOWNS}
    result = train_groups(db, "a model", 1, 1, None, None)
    assert [row["own_model"] for row in result] == [entry["own"] for entry in entries]
    assert all(db.groups[name] is not model for name, model in models.items())
    assert answers(db, rows) == predictions
    assert (without_time(db), group_metrics(db)) == (entries, metrics)


@pytest.mark.parametrize(
    ("visits", "changes"),
    [
        (1, {"split": None}),
        (3, {"split": None}),
        (1, {"split": None, "task": "classification", "target": "is_late",
             "algorithms": '["logistic_regression"]'}),
    ],
    ids=["random", "repeated keys", "classes"],
)  # fmt: skip
def test_groups_equal_those_trained_one_by_one(visits: int, changes: dict[str, Any]) -> None:
    rows = [row for town in TOWNS for row in rows_of(town, 150, visits)]
    for row in rows:
        row.pop("part")
        row.pop("is_late" if changes.get("task") is None else "y")
    together, apart = trained(rows, **changes), trained(rows, **changes)
    train_groups(together, "a model", 1, 1, None, None)
    for town in TOWNS:
        apart.rows = [row for row in rows if row["town"] == town]
        train_group(apart, "a model", town, None, None)
    assert answers(together, rows) == answers(apart, rows)
    assert without_time(together) == without_time(apart)
    assert group_metrics(together) == group_metrics(apart)


def test_failing_group_stops_no_other() -> None:
    rows = [row for town in TOWNS for row in rows_of(town)]
    db = trained(rows)
    wild = {"Linz": {"y": 7.0}, "Wels": {"y": 1e200}}
    db.rows = [{**row, **wild.get(row["town"], {})} for row in rows]
    before = dict(db.groups)
    result = {row["group_name"]: row for row in train_groups(db, "a model", 1, 1, None, None)}
    assert {name: row["own_model"] for name, row in result.items()} == {
        "Graz": True, "Linz": False, "Wels": False,
    }  # fmt: skip
    assert "one value only" in result["Linz"]["reason"]
    assert "too large" in result["Wels"]["reason"]
    assert result["Graz"]["score"] < result["Graz"]["baseline"]
    # The earlier models of these groups no longer answer, and neither do their metrics count.
    assert set(db.groups) == {("a model", 1, "Graz")} < set(before)
    assert {row["segment"] for row in group_metrics(db)} == {"town = Graz"}


@pytest.mark.parametrize(
    ("part", "parts", "message"),
    [(0, 2, "part is 0"), (3, 2, "no part 3 of 2"), (1, None, "parts is null"), (1, 0, "parts is")],
)
def test_wrong_parts_are_refused(part: Any, parts: Any, message: str) -> None:
    with pytest.raises(GlasshouseError, match=message):
        train_groups(StandIn([]), "a model", part, parts, None, None)


def test_part_beyond_last_group_is_empty() -> None:
    db = trained([row for town in TOWNS for row in rows_of(town)])
    assert train_groups(db, "a model", 9, 9, None, None) == []


def test_groups_are_trained_beside_their_rows_on_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two towns lie in one shard, one shard has none of the groups, and a group has few rows."""
    rows = [row for town in TOWNS for row in rows_of(town)] + rows_of("Enns", 20)
    one, many = trained(rows, split='{"by": "key"}'), trained(rows, split='{"by": "key"}')
    expected = train_groups(one, "a model", 1, 1, None, None)
    shards = {town: number for number, town in enumerate(("Graz", "Wels", "", "Enns"))}
    parts = [[row for row in rows if shards.get(row["town"], 0) == place] for place in range(4)]
    cluster = Cluster(parts, "town")
    with monkeypatch.context() as patch:
        patch.setattr(group_training, "shard_query", lambda *_: cluster)
        patch.setattr(StandIn, "fetch_packed", only_on_worker(StandIn.fetch_packed))
        result = train_groups(many, "a model", 1, 1, None, None)
        cluster.column = "id"
        with pytest.raises(AssertionError, match="the coordinator reads rows"):
            train_groups(many, "a model", 1, 1, None, None)
    assert cluster.measures == ["groups"]
    assert len(result) == 4
    for own, other in zip(by_name(expected), by_name(result), strict=True):
        assert {**own, "seconds": 0} == {**other, "seconds": 0}
    assert (without_time(many), group_metrics(many)) == (without_time(one), group_metrics(one))
    assert answers(many, rows) == answers(one, rows)


def by_name(result: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(result, key=lambda row: row["group_name"])


def test_groups_of_a_worker_with_another_key_are_refused() -> None:
    state = pack_trained_groups("a model", 1, [])
    assert unpack_trained_groups("a model", 1, state) == []
    with pytest.raises(GlasshouseError, match="signature of version 1"):
        unpack_trained_groups("a model", 1, {**state, "signature": np.zeros(32, np.uint8)})
