"""ml.drift counts rows into the bins of the training and measures how far they moved."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.drift import drift, jensen_shannon, kolmogorov_smirnov, stability_index
from glasshouse_ml.errors import GlasshouseError
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from .conftest import call
from .standin import StandIn

NAMES = ("period", "feature", "kind", "rows", "psi", "js", "ks")
NAMES += ("missing", "missing_change", "new_share", "new")


@pytest.fixture
def trained(mixed: list[dict]) -> StandIn:
    db = StandIn([{**row, "day": date(2026, 1, 1 + n % 28)} for n, row in enumerate(mixed)])
    call(db, key="id")
    return db


def found(db: StandIn, period: str | None = None) -> dict[Any, dict[str, Any]]:
    rows = [dict(zip(NAMES, row, strict=True)) for row in drift(db, "a model", "q", period)]
    return {(row["period"], row["feature"]) if period else row["feature"]: row for row in rows}


def test_the_rows_of_the_training_have_not_moved(trained: StandIn) -> None:
    for row in found(trained).values():
        assert row["rows"] == 400
        assert row["psi"] == row["js"] == row["missing_change"] == row["new_share"] == 0
        assert row["ks"] == (0 if row["kind"] in ("number", "time") else None)


def test_what_moved_is_found_and_nothing_else(trained: StandIn) -> None:
    before = trained.rows
    trained.rows = [
        {
            **row,
            "amount": row["amount"] and row["amount"] + 1,
            "colour": "violet" if n % 4 == 0 else row["colour"],
            "day": None if n % 5 == 0 else row["day"],
        }
        for n, row in enumerate(before)
    ]
    rows = found(trained)
    assert rows["loyal"]["psi"] == 0
    assert rows["amount"]["psi"] > 0.25
    exact = ks_2samp(
        [r["amount"] for r in before if r["amount"] is not None],
        [r["amount"] for r in trained.rows if r["amount"] is not None],
    ).statistic
    assert exact - 0.06 < rows["amount"]["ks"] <= exact
    assert (rows["colour"]["new"], rows["colour"]["new_share"]) == (["violet"], 0.25)
    assert rows["day"]["missing"] == rows["day"]["missing_change"] == 0.2
    assert rows["day"]["js"] > 0.2


def test_by_period(trained: StandIn) -> None:
    trained.rows = [
        {**row, "month": None if n < 10 else f"2026-0{1 + n % 2}", "loyal": n % 2 == 0}
        for n, row in enumerate(trained.rows)
    ]
    rows = found(trained, "month")
    assert [name for name, feature in rows if feature == "loyal"] == ["2026-01", "2026-02", None]
    assert rows["2026-01", "loyal"]["rows"] == 195
    assert rows[None, "loyal"]["rows"] == 10
    whole = trained.rows
    trained.rows = [row for row in whole if row["month"] == "2026-02"]
    for feature, row in found(trained).items():
        assert rows["2026-02", feature] == {**row, "period": "2026-02"}


def test_many_batches_are_one_count(trained: StandIn) -> None:
    trained.rows = trained.rows * 30
    for row in found(trained).values():
        assert row["rows"] == 12_000
        assert row["psi"] == pytest.approx(0, abs=1e-12)


def test_the_measures_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        before, now = rng.integers(0, 30, (2, 12)).astype(float)
        p, q = before / before.sum(), now / now.sum()
        assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, 2), abs=1e-12)
        bins = np.arange(12)
        exact = ks_2samp(np.repeat(bins, before.astype(int)), np.repeat(bins, now.astype(int)))
        assert kolmogorov_smirnov(before, now) == pytest.approx(exact.statistic, abs=1e-12)
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert stability_index(p, q) == pytest.approx(0.25 * np.log(3))
    assert stability_index(np.array([1.0, 0.0]), np.array([0.0, 1.0])) < 20
    assert kolmogorov_smirnov(np.zeros(3), np.ones(3)) is None


def test_refused(trained: StandIn) -> None:
    with pytest.raises(GlasshouseError, match="no column 'days', which is named as period"):
        drift(trained, "a model", "q", "days")
    columns = trained.columns("q")
    trained.rows = []
    trained.columns = lambda query: columns  # type: ignore[method-assign]
    with pytest.raises(GlasshouseError, match="returns no row"):
        drift(trained, "a model", "q", None)
    trained.recorded.clear()
    with pytest.raises(GlasshouseError, match="no model 'a model'"):
        drift(trained, "a model", "q", None)
