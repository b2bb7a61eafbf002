"""options.rows = stream on a cluster: what workers return gives the version of one server."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data import shards
from glasshouse_ml.train import training_data

from tests.unit.engine.cluster_standin import Cluster, divided, only_on_worker
from tests.unit.engine.standin import StandIn

from .test_all_rows import ROWS, SPLITS, little_memory, scores, train

__all__ = ["little_memory"]  # fixture


def train_on_cluster(
    monkeypatch: pytest.MonkeyPatch, rows: list[dict], **changes: Any
) -> tuple[Cluster, StandIn, dict[str, Any]]:
    columns = changes.get("columns", ["x", "z", "y", "part"])
    cluster = Cluster(divided([{name: row[name] for name in columns} for row in rows], 5))
    with monkeypatch.context() as patch:
        patch.setattr(training_data, "shard_query", lambda *_: cluster)
        # The coordinator has no rows to read.
        patch.setattr(StandIn, "fetch_packed", only_on_worker(StandIn.fetch_packed))
        return cluster, *train(rows, **changes)


@pytest.mark.parametrize("name", ["column", *SPLITS])
def test_the_version_is_that_of_one_server(
    little_memory: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    split, key = SPLITS.get(name, ({"by": "column", "column": "part"}, None))
    names = [split[word] for word in ("column",) if word in split] + ([key] if key else [])
    changes: dict[str, Any] = {
        "columns": ["x", "z", "y", "kind", *names],
        "split": json.dumps(split),
        "key": key,
    }
    one_db, one = train(ROWS, **changes)
    cluster, many_db, many = train_on_cluster(monkeypatch, ROWS, **changes)
    assert cluster.measures == ["sample", "sums"]
    assert many["fit_method"] == "exact sums"
    for fact in ("fit_method", "rows_read", "rows_train", "rows_test", "data_fingerprint"):
        assert one[fact] == many[fact], fact
    np.testing.assert_allclose(scores(many_db, ROWS), scores(one_db, ROWS), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("algorithm", ["gaussian_nb", "bernoulli_nb"])
def test_naive_bayes_is_merged(
    little_memory: None, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    changes: dict[str, Any] = {
        "columns": ["x", "z", "kind", "part"],
        "task": "classification",
        "target": "kind",
        "algorithms": json.dumps([algorithm]),
    }
    one_db, one = train(ROWS, **changes)
    _, many_db, many = train_on_cluster(monkeypatch, ROWS, **changes)
    assert (many["fit_method"], many["rows_train"]) == (one["fit_method"], one["rows_train"])
    np.testing.assert_allclose(scores(many_db, ROWS), scores(one_db, ROWS), rtol=1e-6)


def test_what_cannot_be_merged_is_read_by_the_coordinator(
    little_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError, match="the coordinator reads rows"):
        train_on_cluster(monkeypatch, ROWS, algorithms='["sgd"]')


def test_rows_that_fit_travel_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ROWS[:1_000]
    options = {"memory_mb": 100_000}
    cluster, _, many = train_on_cluster(monkeypatch, rows, options=options)
    assert (cluster.measures, many["fit_method"]) == (["sample"], "in memory")
    _, one = train(rows, options=options)
    assert one["rows_train"] == many["rows_train"]


def test_errors_of_a_worker_are_those_of_one_server(
    little_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = [{**row, "kind": "odd" if row["id"] == 2_990 else row["kind"]} for row in ROWS]
    with pytest.raises(GlasshouseError, match="Class 'odd' of 'kind' is in no row of the sample"):
        train_on_cluster(
            monkeypatch,
            changed,
            task="classification",
            target="kind",
            algorithms='["gaussian_nb"]',
            columns=["x", "z", "kind"],
            split=None,
        )


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("select * from rows", "rows"),
        ('SELECT *\nFROM features . "the rows"', 'features . "the rows"'),
        ('select * from "warehouse"."features"."rows"', '"warehouse"."features"."rows"'),
        ("select * from rows where true", None),
        ("select * from rows, others", None),
        ("select * from generate_series(1, 3)", None),
        ("select a from rows", None),
        ("select * from only rows", None),
        ("select * from rows limit 3", None),
        ("select * from rows r", None),
        ("select * from (select * from rows) as r", None),
    ],
)
def test_only_a_whole_table_is_read_on_its_shards(query: str, name: str | None) -> None:
    match = shards._WHOLE_TABLE.fullmatch(query)
    assert (match and match[1]) == name
