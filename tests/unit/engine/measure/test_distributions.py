"""Every row is in one bin of each feature, and the statistics are correct."""

import numpy as np
import pytest
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.explain.permutation_importance import importance_rows, sample_rows
from glasshouse_ml.measure.classification_metrics import METRICS, ClassificationScores
from glasshouse_ml.measure.distributions import describe_features
from glasshouse_ml.tasks.classification import univariate_auc
from sklearn.metrics import roc_auc_score

from tests.unit.engine.data.test_row_reader import read

RNG = np.random.default_rng(0)
ROWS = [
    {
        "wide": float(value) if value < 1.5 else None,
        "wild": 1e9 if number == 0 else float(value),
        "whole": number % 4,
        "one": 3.0,
        "flag": None if number == 5 else number % 3 == 0,
        "text": f"category {number % 20}",
    }
    for number, value in enumerate(RNG.normal(size=500))
]
KINDS = {"flag": "boolean", "text": "category"}
FEATURES = [Feature(name, "", KINDS.get(name, "number")) for name in ROWS[0]]
CLASSES = np.arange(500) % 2


@pytest.fixture(scope="module")
def distributions() -> dict[str, list[dict]]:
    looks = describe_features(FEATURES, read(ROWS), CLASSES, ["no", "yes"], lambda values: None)
    return {facts["name"]: rows for facts, rows in looks}


def test_each_row_is_counted_once(distributions: dict) -> None:
    assert len(distributions) == len(FEATURES)
    for name, rows in distributions.items():
        assert sum(r["n"] for r in rows) == 500, name
        assert {r["class"] for r in rows} == {"no", "yes"}


def test_numbers_have_at_most_twenty_bins(distributions: dict) -> None:
    for name in ("wide", "wild"):
        bins = {(r["lower"], r["upper"]) for r in distributions[name] if "lower" in r}
        assert len(bins) == 20
    assert max(r["upper"] for r in distributions["wild"]) < 10
    assert [r["category"] for r in distributions["wide"] if "category" in r] == ["(missing)"] * 2


def test_small_integers_have_own_bins(distributions: dict) -> None:
    assert sorted({r["lower"] for r in distributions["whole"]}) == [0, 1, 2, 3]
    assert len(distributions["one"]) == 2


def test_categories_have_counts_and_other(distributions: dict) -> None:
    text = [r["category"] for r in distributions["text"] if r["class"] == "no"]
    assert len(text) == 13
    assert text[-1] == "other"
    flag = [(r["category"], r["n"]) for r in distributions["flag"] if r["class"] == "yes"]
    assert flag == [("false", 166), ("true", 83), ("(missing)", 1)]


def test_statistics_equal_numpy() -> None:
    training = np.arange(400)
    hits = CLASSES[training] == 1
    looks = describe_features(
        FEATURES, read(ROWS), CLASSES, ["no", "yes"], lambda v: univariate_auc(v[training], hits, 2)
    )
    facts = [facts for facts, _ in looks]
    wide = facts[0]
    numbers = np.array([r["wide"] for r in ROWS if r["wide"] is not None])
    assert (wide["rows"], wide["missing"]) == (500, 500 - len(numbers))
    assert wide["median"] == pytest.approx(np.median(numbers))
    assert wide["sd"] == pytest.approx(numbers.std(ddof=1))
    assert 0.5 <= wide["univariate_auc"] < 0.6
    assert facts[5] == {
        "name": "text",
        "type": "",
        "kind": "category",
        "rows": 500,
        "missing": 0,
        "distinct": 20,
    }


def test_univariate_auc_counts_both_directions() -> None:
    rows = [{"up": float(n), "down": -float(n)} for n in range(10)]
    features = [Feature("up", "", "number"), Feature("down", "", "number")]
    hits = np.arange(10) >= 5
    looks = describe_features(
        features,
        read(rows),
        hits.astype(int),
        ["no", "yes"],
        lambda v: univariate_auc(v, hits.astype(int), 2),
    )
    assert [facts["univariate_auc"] for facts, _ in looks] == [1.0, 1.0]


def test_univariate_auc_equals_scikit_learn_with_ties_and_missing_values() -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(0, 7, 400).astype(float)
    hits = values + rng.normal(size=400) * 3 > 4
    values[rng.random(400) < 0.1] = np.nan
    is_present = ~np.isnan(values)
    expected = roc_auc_score(hits[is_present], values[is_present])
    assert univariate_auc(values, hits.astype(int), 2) == pytest.approx(
        max(expected, 1 - expected), abs=1e-12
    )
    assert univariate_auc(values, np.isnan(values).astype(int), 2) is None
    assert univariate_auc(values, is_present.astype(int), 2) is None


def test_importance_identifies_relevant_feature() -> None:
    matrix = np.random.default_rng(1).normal(size=(200, 3))
    actual = (matrix[:, 1] > 0).astype(int)

    def score(rows: np.ndarray) -> ClassificationScores:
        chance = 1 / (1 + np.exp(-3 * rows[:, 1]))
        return ClassificationScores(actual, np.column_stack([1 - chance, chance]))

    before = matrix.copy()
    for metric in ("roc_auc", "log_loss"):
        rows = importance_rows(score, matrix, ["a", "b", "c"], METRICS[metric], 5, 0)
        assert rows[0]["feature"] == "b"
        assert [r["rank"] for r in rows] == [1, 2, 3]
        assert rows[0]["mean"] > 0.1
        assert (rows[1]["mean"], rows[1]["deviation"]) == (0, 0)
    np.testing.assert_array_equal(matrix, before)
    assert importance_rows(score, matrix, ["a", "b", "c"], METRICS["f1"], 0, 0) == []


def test_importance_uses_sample_of_rows() -> None:
    assert len(sample_rows(100, 10, 10, 0)) == 100
    assert len(set(sample_rows(1_000_000, 100, 10, 0))) == 1_000
