"""ml.drift counts rows in the bins of the training and measures the difference."""

import json
from datetime import date
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.measure.bins import Bins
from glasshouse_ml.measure.change_tests import homogeneity_p_value, verdicts
from glasshouse_ml.measure.distances import (
    jensen_shannon,
    kolmogorov_smirnov,
    stability_index,
)
from glasshouse_ml.use.drift import COLUMNS, drift, watch
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

NAMES = tuple("new" if name == "new_categories" else name for name in COLUMNS)
SCORE = "(score)"


@pytest.fixture
def trained_db(mixed: list[dict]) -> StandIn:
    db = StandIn([{**row, "day": date(2026, 1, 1 + n % 28)} for n, row in enumerate(mixed)])
    call(db, key="id")
    return db


def drift_rows(db: StandIn, period: str | None = None) -> dict[Any, dict[str, Any]]:
    rows = [dict(zip(NAMES, row, strict=True)) for row in drift(db, "a model", "q", period)]
    return {(row["period"], row["feature"]) if period else row["feature"]: row for row in rows}


def test_training_rows_have_no_drift(trained_db: StandIn) -> None:
    rows = drift_rows(trained_db)
    # The answers are compared with those to the test rows alone, so they differ a little.
    score = rows.pop(SCORE)
    assert (score["kind"], score["rows"], score["verdict"]) == ("score", 400, "as in training")
    assert score["psi"] > 0 and 0 < score["ks"] < 0.15
    for row in rows.values():
        assert row["rows"] == 400
        assert row["verdict"] == "as in training"
        assert row["psi"] == row["js"] == row["missing_change"] == row["new_share"] == 0
        assert row["ks"] == (0 if row["kind"] in ("number", "time") else None)


def test_only_changed_features_drift(trained_db: StandIn) -> None:
    before = trained_db.rows
    trained_db.rows = [
        {
            **row,
            "amount": row["amount"] and row["amount"] + 1,
            "colour": "violet" if n % 4 == 0 else row["colour"],
            "day": None if n % 5 == 0 else row["day"],
        }
        for n, row in enumerate(before)
    ]
    rows = drift_rows(trained_db)
    assert rows["loyal"]["psi"] == 0
    assert rows["amount"]["psi"] > 0.25
    assert {name for name, row in rows.items() if row["verdict"] == "retrain"} == {
        "amount",
        "colour",
        "day",
        SCORE,
    }
    score = [score for _, _, score, _ in predict(trained_db, "a model", "q", None)]
    assert np.mean(score) > 0.6, "with larger amounts the model answers yes more often"
    exact = ks_2samp(
        [r["amount"] for r in before if r["amount"] is not None],
        [r["amount"] for r in trained_db.rows if r["amount"] is not None],
    ).statistic
    assert exact - 0.06 < rows["amount"]["ks"] <= exact
    assert (rows["colour"]["new"], rows["colour"]["new_share"]) == (["violet"], 0.25)
    assert rows["day"]["missing"] == rows["day"]["missing_change"] == 0.2
    assert rows["day"]["js"] > 0.2


def test_drift_by_period(trained_db: StandIn) -> None:
    trained_db.rows = [
        {**row, "month": None if n < 10 else f"2026-0{1 + n % 2}", "loyal": n % 2 == 0}
        for n, row in enumerate(trained_db.rows)
    ]
    rows = drift_rows(trained_db, "month")
    assert [name for name, feature in rows if feature == "loyal"] == ["2026-01", "2026-02", None]
    assert rows["2026-01", "loyal"]["rows"] == 195
    assert rows[None, "loyal"]["rows"] == 10
    all_rows = trained_db.rows
    trained_db.rows = [row for row in all_rows if row["month"] == "2026-02"]
    february_rows = drift_rows(trained_db)
    assert list(february_rows) == [name for period, name in rows if period == "2026-02"]
    for feature, row in february_rows.items():
        by_period = rows["2026-02", feature]
        # Only a call with both periods compares one with the other.
        assert row["psi_previous"] is None
        assert by_period == {**row, "period": "2026-02", "psi_previous": by_period["psi_previous"]}
    assert rows["2026-01", "loyal"]["psi_previous"] is None
    assert rows["2026-02", "loyal"]["psi_previous"] > 5 > rows["2026-02", "amount"]["psi_previous"]


def test_batches_are_counted_together(trained_db: StandIn) -> None:
    trained_db.rows = trained_db.rows * 30
    rows = drift_rows(trained_db)
    assert rows.pop(SCORE)["rows"] == 12_000, "the rows of a single batch are all predicted"
    for row in rows.values():
        assert row["rows"] == 12_000
        assert row["psi"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("limits", [np.arange(8) * 0.1, np.arange(5.0), [1, 2, 4, 8, 9], [3.0]])
def test_number_on_limit_is_in_upper_bin(limits: Any) -> None:
    bin_rows = [
        {"lower": float(low), "category": None, "bin_type": "range", "n": 1.0} for low in limits
    ]
    bins = Bins(Feature("x", "", "number"), bin_rows, "missing")
    rng = np.random.default_rng(0)
    near = np.nextafter(limits, -np.inf), np.nextafter(limits, np.inf)
    extremes = [np.nan, np.inf, -np.inf, 1e308]
    values = np.concatenate([limits, *near, rng.normal(2, 3, 1_000), extremes])
    expected = np.searchsorted(np.array(limits)[1:], values, side="right")
    expected[np.isnan(values)] = len(limits)
    np.testing.assert_array_equal(bins.bin_numbers(values), expected)


def test_number_of_remembered_texts_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glasshouse_ml.measure.bins._MAX_REMEMBERED", 10)
    bin_rows = [{"lower": None, "category": "a", "bin_type": "value", "n": 1.0}]
    bins = Bins(Feature("x", "", "category", ("a", "b")), bin_rows, "missing")
    periods = np.array([0, 0, 1, 1])
    for number in range(20):
        places = bins.bin_texts(["a", "b", "missing", f"new {number % 2}"], periods)
        assert places.tolist() == [0, 1, 2, 1]
    assert bins.new_texts == {1: {"new 0": 10, "new 1": 10}}


def test_measures_equal_scipy() -> None:
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


def test_large_index_of_few_rows_is_not_drift() -> None:
    before = np.full(20, 500.0)
    rng = np.random.default_rng(0)
    verdicts_by_rows: dict[int, list[str]] = {30: [], 100_000: []}
    for rows, words in verdicts_by_rows.items():
        for _ in range(200):
            now = np.bincount(rng.integers(0, 20, rows), minlength=20)
            index = stability_index(before / before.sum(), now / now.sum())
            words.append(_verdict(before, now))
    assert verdicts_by_rows[30].count("as in training") > 190
    assert set(verdicts_by_rows[100_000]) == {"as in training"}
    # A change is called one as soon as there are rows enough to see it.
    weights = np.linspace(1, 9, 20)
    for rows, expected in ((30, "as in training"), (3_000, "retrain")):
        now = rows * weights / weights.sum()
        index = stability_index(before / before.sum(), now / now.sum())
        assert index > 0.25
        assert _verdict(before, now) == expected


def _verdict(before: np.ndarray, now: np.ndarray) -> str:
    index = stability_index(before / before.sum(), now / now.sum())
    return verdicts([index], [homogeneity_p_value(before, now)])[0]


def test_verdict_labels() -> None:
    before = np.array([5e4, 5e4])
    words = []
    for share in (0.6, 0.7, 0.8):
        now = 1e5 * np.array([share, 1 - share])
        words.append(_verdict(before, now))
    assert words == ["as in training", "watch", "retrain"]


def test_drift_of_regression_and_of_model_without_scores(mixed: list[dict]) -> None:
    db = StandIn([{**row, "target": n % 9 + float(row["loyal"])} for n, row in enumerate(mixed)])
    call(db, key="id", task="regression", algorithms='["ridge"]')
    db.rows = [{**row, "loyal": True} for row in db.rows]
    assert drift_rows(db)[SCORE]["verdict"] == "retrain"
    db = StandIn([{k: v for k, v in row.items() if k != "target"} for row in mixed])
    call(db, key="id", task="clustering", target=None, algorithms='["k_means"]')
    assert SCORE not in drift_rows(db)


def test_infinite_numbers_are_counted_and_not_predicted(trained_db: StandIn) -> None:
    trained_db.rows = [{**row, "amount": np.inf} if n < 5 else row
                    for n, row in enumerate(trained_db.rows)]  # fmt: skip
    rows = drift_rows(trained_db)
    assert rows["amount"]["rows"] == 400
    assert rows[SCORE]["rows"] == 395


def test_drift_is_stored(trained_db: StandIn) -> None:
    rows = watch(trained_db, "a model", "q", None)
    assert rows == drift(trained_db, "a model", "q", None)
    ((name, version, stored_rows),) = trained_db.results
    assert (name, version) == ("a model", 1)
    assert [list(row.values()) for row in stored_rows] == [list(row) for row in rows]
    assert {"psi", "js", "ks", "verdict"} <= set(stored_rows[0])


def test_invalid_arguments_are_refused(trained_db: StandIn) -> None:
    with pytest.raises(GlasshouseError, match="no column 'days', which is named as period"):
        drift(trained_db, "a model", "q", "days")
    columns = trained_db.columns("q")
    trained_db.rows = []
    trained_db.columns = lambda query: columns  # type: ignore[method-assign]
    with pytest.raises(GlasshouseError, match="returns no row"):
        drift(trained_db, "a model", "q", None)
    trained_db.recorded.clear()
    with pytest.raises(GlasshouseError, match="no model 'a model'"):
        drift(trained_db, "a model", "q", None)


def test_batches_have_equal_weight_in_score(
    trained_db: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshouse_ml.use.period_counts.BATCH", 1_000)
    # The last batch is small and unlike the others.
    trained_db.rows = [{**row, "amount": -2.0} for row in trained_db.rows * 20]
    trained_db.rows += [{**row, "amount": 2.0} for row in trained_db.rows[:100]]
    score = drift_rows(trained_db)[SCORE]
    assert score["rows"] == pytest.approx(810, abs=5 * np.sqrt(8_100 * 0.1 * 0.9))
    shares = _score_shares(trained_db)
    assert shares[len(shares) // 2 :].sum() == pytest.approx(100 / 8_100, abs=0.02)


def _score_shares(db: StandIn) -> np.ndarray:
    from glasshouse_ml.data.row_reader import Reader
    from glasshouse_ml.registry import versions
    from glasshouse_ml.use import drift as module
    from glasshouse_ml.use import period_counts
    from glasshouse_ml.use.columns import feature_columns, model_columns

    model = versions.load(db, "a model")
    _, columns = model_columns(db, model.features, "q")
    reader = Reader(db, "q", *feature_columns(model.features, columns))
    missing = reader.packing.missing
    reference = module._Reference(
        versions.bins(db, "a model", 1), versions.score_bins(db, "a model", 1)
    )
    counts = reference.empty_counts(model, missing)
    counts.periods[None]
    for size, numbers, texts in reader.batches(period_counts.BATCH):
        counts.add(np.zeros(size, int), numbers, texts, None)
    return counts.bin_counts[-1][0] / counts.bin_counts[-1][0].sum()


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, np.nan])
def test_unpredictable_column_has_drift_and_no_score(trained_db: StandIn, value: float) -> None:
    trained_db.rows = [{**row, "amount": value} for row in trained_db.rows]
    rows = drift_rows(trained_db)
    assert (rows["amount"]["rows"], rows["amount"]["verdict"]) == (400, "retrain")
    # NULL can be predicted with; what is beyond the limit cannot.
    assert (SCORE in rows) == bool(np.isnan(value))
    # A period of its own without a score leaves the others theirs.
    trained_db.rows += [
        {**row, "amount": 0.1, "day": date(2027, 1, 1)} for row in trained_db.rows[:50]
    ]
    by_period = drift_rows(trained_db, "day")
    assert by_period["2027-01-01", SCORE]["rows"] == 50
    assert (("2026-01-02", SCORE) in by_period) == bool(np.isnan(value))


def test_single_row_has_drift(trained_db: StandIn) -> None:
    trained_db.rows = trained_db.rows[:1]
    rows = drift_rows(trained_db)
    assert {row["rows"] for row in rows.values()} == {1}
    assert {row["verdict"] for row in rows.values()} <= {"as in training", "watch", "retrain"}


def test_categories_named_like_special_bins_do_not_drift() -> None:
    words = ["other", "(missing)", *(f"word {n}" for n in range(19))]
    rows = [
        {
            "word": None if n % 50 == 0 else words[n % 21],
            "few": ["other", "(missing)", "b"][n % 3],
            "(score)": float(n % 7),
            "(others)": float(n % 5),
            "target": n % 4 == 0,
        }
        for n in range(420)
    ]
    db = StandIn(rows)
    call(db)
    result = watch(db, "a model", "q", None)
    names = [row[1:3] for row in result]
    assert len(set(names)) == len(names) == 5
    for row in result:
        drift_row = dict(zip(NAMES, row, strict=True))
        if drift_row["kind"] != "score":
            assert (drift_row["psi"], drift_row["new_share"]) == (0, 0), drift_row["feature"]


def weekly_shop(seed: int, weeks: int, changed_from: int = 99) -> list[dict[str, Any]]:
    """A row for each customer and week. From `changed_from` on, baskets are counted in cents."""
    rng = np.random.default_rng(seed)
    customers = 250
    initial_ages, spending = rng.integers(0, 700, customers), np.zeros(customers)
    channel = rng.choice(["web", "shop", "friends"], customers)
    rows = []
    for week in range(weeks):
        season = rng.normal(0, 0.1)
        basket = np.exp(rng.normal(3 + season, 0.5, customers))
        is_buyer = rng.random(customers) < 0.4
        spending += is_buyer * basket
        for n in range(customers):
            rows.append(
                {
                    "customer": f"customer {n}",
                    "week": date.fromordinal(date(2026, 1, 4).toordinal() + 7 * week),
                    "account_age": float(initial_ages[n] + 7 * week),
                    "spent_so_far": float(spending[n]),
                    "last_seen": date.fromordinal(date(2026, 1, 4).toordinal() + 7 * week - n % 5),
                    "basket": float(basket[n] * (100 if week >= changed_from else 1)),
                    "visits": float(rng.poisson(3)),
                    "channel": str(channel[n]),
                    "target": bool(rng.random() < 1 / (1 + np.exp(3 - basket[n] / 7))),
                }
            )
    return rows


def newest_week(db: StandIn) -> dict[str, str]:
    rows = drift_rows(db, "week")
    newest = max(period for period, _ in rows)
    return {feature: row["verdict"] for (period, feature), row in rows.items() if period == newest}


TRAINED_WEEKS = 8


@pytest.fixture(scope="module")
def shop() -> StandIn:
    db = StandIn(weekly_shop(0, TRAINED_WEEKS))
    split = {"by": "time", "column": "week", "test": 0.2}
    call(db, key="customer", split=json.dumps(split))
    return db


@pytest.mark.parametrize("weeks", range(TRAINED_WEEKS, TRAINED_WEEKS + 5))
def test_stable_rows_have_no_alarm_from_first_week(shop: StandIn, weeks: int) -> None:
    shop.rows = weekly_shop(0, weeks)
    verdicts_of = newest_week(shop)
    assert set(verdicts_of.values()) <= {"as in training", "ages"}
    ageing_columns = {name for name, verdict in verdicts_of.items() if verdict == "ages"}
    assert ageing_columns <= {"account_age", "spent_so_far", "last_seen"}
    assert weeks < TRAINED_WEEKS + 3 or ageing_columns >= {"spent_so_far", "last_seen"}


def test_changed_unit_is_reported_by_name_in_first_week(shop: StandIn) -> None:
    for week in range(TRAINED_WEEKS, TRAINED_WEEKS + 4):
        shop.rows = weekly_shop(0, week + 1, changed_from=TRAINED_WEEKS + 1)
        alarms = {name for name, verdict in newest_week(shop).items() if verdict == "retrain"}
        # What is spent so far grows with the baskets, and the output depends on them.
        assert ("basket" in alarms) == (week > TRAINED_WEEKS)
        assert alarms <= {"basket", "spent_so_far", SCORE}
