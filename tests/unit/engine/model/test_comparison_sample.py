"""options.comparison_rows: the folds are a sample, the winner learns from all rows."""

from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn


def rows(count: int = 3_000, positives: int = 1_400) -> list[dict[str, Any]]:
    rng = np.random.default_rng(11)
    return [
        {"x": float(rng.normal() + (number < positives)), "z": float(rng.normal()),
         "target": number < positives}
        for number in range(count)
    ]  # fmt: skip


def train(data: list[dict[str, Any]], options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    db = StandIn(data)
    call(db, options, **changes)
    return db.recorded[-1]


def test_candidates_see_a_sample_and_the_winner_all_rows() -> None:
    data = rows()
    whole, sampled = train(data, {}), train(data, {"comparison_rows": 1_200})
    assert sampled["version"]["split"]["comparison_rows"] == pytest.approx(1_200, abs=5)
    assert "comparison_rows" not in whole["version"]["split"]
    (entry,) = [e for e in sampled["version"]["excluded"] if e["name"] == "(rows)"]
    assert entry["reason"].startswith("Candidates were compared on 1") and "2400" in entry["reason"]
    validated = {
        row["n"] for row in sampled["metrics"]
        if (row["split"], row["metric"], row["series"]) == ("validation", "accuracy", "model")
    }  # fmt: skip
    assert sum(validated) <= 1_205
    # The same model and the same test rows: only the comparison differs.
    for name in ("score", "lower", "upper", "rows_train", "rows_test", "params"):
        assert sampled["version"][name] == whole["version"][name]


def test_sample_grows_for_a_rare_class() -> None:
    payload = train(rows(positives=700), {"comparison_rows": 1_000})
    # 560 of 2,400 training rows are positive, so nearly all rows are needed for 500 of them.
    assert payload["version"]["split"]["comparison_rows"] == pytest.approx(2_143, abs=5)
    payload = train(rows(positives=300), {"comparison_rows": 1_000})
    assert "comparison_rows" not in payload["version"]["split"]


def test_more_rows_than_there_are_change_nothing() -> None:
    payload = train(rows(), {"comparison_rows": 5_000})
    assert "comparison_rows" not in payload["version"]["split"]


def test_regression_is_sampled_too() -> None:
    data = [{**row, "target": row["x"] + 0.1 * row["z"]} for row in rows()]
    payload = train(data, {"comparison_rows": 1_000}, task="regression", algorithms='["ridge"]')
    assert payload["version"]["split"]["comparison_rows"] == 1_000


def test_refusals() -> None:
    with pytest.raises(GlasshouseError, match="means nothing for clustering"):
        call(
            StandIn(rows(50)),
            {"comparison_rows": 2_000},
            task="clustering",
            target=None,
            algorithms=None,
        )
    with pytest.raises(GlasshouseError, match="comparison_rows is 10"):
        call(StandIn(rows(50)), {"comparison_rows": 10})
