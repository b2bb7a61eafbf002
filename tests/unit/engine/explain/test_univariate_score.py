"""The univariate score separates leaking features from good features and from keys."""

import json

import numpy as np
import pytest
from glasshouse_ml.core.target import Target
from glasshouse_ml.explain.univariate_score import MAX_ROWS, sample_training_rows, univariate_score
from glasshouse_ml.tasks.classification import univariate_auc
from sklearn.datasets import load_iris

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

RNG = np.random.default_rng(8)
CLASSES = RNG.integers(0, 2, 2_000)
TWO = Target(CLASSES, ("no", "yes"), 1)
NUMBERS = Target(RNG.lognormal(size=2_000))


@pytest.mark.parametrize(
    ("values", "is_category", "low", "high"),
    [
        # The answer itself, hidden in an interval, and in which category it is.
        (CLASSES.astype(float), False, 1, 1),
        (
            np.where(CLASSES == 1, RNG.uniform(4, 5, 2_000), RNG.choice([1.0, 9.0], 2_000)),
            False,
            0.99,
            1,
        ),
        (CLASSES * 3 + RNG.integers(0, 3, 2_000), True, 1, 1),
        (np.where(CLASSES == 1, -1, 0), True, 1, 1),
        (np.where(CLASSES == 1, np.nan, 3.0), False, 1, 1),
        # Good, and nothing.
        (CLASSES + RNG.normal(size=2_000), False, 0.7, 0.8),
        (RNG.normal(size=2_000), False, 0.42, 0.58),
        # A value of its own for every other row, which would be perfect on the rows it was made of.
        (np.arange(2_000) // 2, True, 0.4, 0.6),
        (np.arange(2_000), True, 0.45, 0.55),
        (np.full(2_000, np.nan), False, 0.45, 0.55),
    ],
)
def test_score_with_classes(values: np.ndarray, is_category: bool, low: float, high: float) -> None:
    result = univariate_score(values, TWO, is_category)
    assert result is not None and low <= result <= high


def test_score_with_numbers() -> None:
    truth = NUMBERS.values
    # Bins are coarse where a tail is long; |Spearman| says there what is missing to 1.
    assert univariate_score(np.log(truth), NUMBERS, False) > 0.8
    assert univariate_score(RNG.normal(size=2_000), NUMBERS, False) < 0.05
    groups = RNG.integers(0, 4, 2_000)
    exact = Target(groups * 10.0)
    assert univariate_score(groups, exact, True) == pytest.approx(1)


def test_score_with_more_classes() -> None:
    classes = RNG.integers(0, 5, 1_000)
    target = Target(classes, tuple("abcde"))
    assert univariate_score(classes[::1], target, True) == 1
    assert univariate_score(RNG.permutation(classes), target, True) < 0.6


def test_single_row_has_no_score() -> None:
    assert univariate_score(np.array([1.0]), Target(np.array([0]), ("a", "b"), 1), False) is None


def test_large_data_have_deterministic_sample() -> None:
    rows = np.arange(20_000)
    target = Target((rows % 4_000 == 7).astype(int), ("no", "yes"), 1)
    sample = sample_training_rows(rows, target, 3)
    assert len(set(sample)) == MAX_ROWS
    assert (sample == sample_training_rows(rows, target, 3)).all()
    assert target.values[sample].sum() == 5, "every row of a rare class"
    assert abs(np.corrcoef(np.arange(MAX_ROWS), sample)[0, 1]) < 0.05, "in random order"


def test_training_records_score_of_each_feature(mixed: list[dict]) -> None:
    rows = [{**row, "status": "left" if row["target"] else "here"} for row in mixed]
    db = StandIn(rows)
    call(db, key="id", options=json.dumps({"bootstrap": 0, "importance_repeats": 0}))
    result = {f["name"]: f["univariate_score"] for f in db.recorded[0]["version"]["features"]}
    assert result["status"] == 1
    assert 0.6 < result["amount"] < 0.95
    assert 0.4 < result["loyal"] < 0.6


@pytest.mark.parametrize("every", [3, 90, 900])
@pytest.mark.parametrize("kind", ["boolean", "amount", "category", "missing", "code", "text"])
def test_rare_value_equal_to_answer_has_high_score(every: int, kind: str) -> None:
    is_rare = RNG.permutation(np.arange(2_000) % every == 0)
    values = {
        "boolean": is_rare.astype(float),
        # Mostly zero, and else a number of its own in each row.
        "amount": np.where(is_rare, RNG.uniform(1, 9, 2_000), 0.0),
        "category": is_rare.astype(int),
        "missing": np.where(is_rare, np.nan, RNG.normal(size=2_000)),
        "code": np.where(is_rare, 5.0, RNG.choice([1.0, 9.0], 2_000)),
        # NULL stands for the rare rows, and the other rows have one of many texts.
        "text": np.where(is_rare, -1, RNG.integers(0, 40, 2_000)),
    }[kind]
    is_category = kind in ("category", "text")
    two = Target(is_rare.astype(int), ("no", "yes"), 1)
    assert univariate_score(values, two, is_category) > 0.998
    assert univariate_score(values, Target(is_rare * 7.0), is_category) > 0.998
    # One of three classes; the feature says nothing of the other two.
    three = Target(np.where(is_rare, 2, RNG.integers(0, 2, 2_000)), ("a", "b", "c"))
    assert univariate_score(values, three, is_category) > 0.998
    if kind == "boolean":
        for target in (two, three):
            assert univariate_auc(values, target.values, len(target.names)) == 1


def test_measurement_may_identify_one_class_of_three() -> None:
    iris = load_iris()
    order = RNG.permutation(len(iris.target))
    target = Target(iris.target[order], tuple(iris.target_names))
    for values in iris.data[order].T:
        assert univariate_score(values, target, False) < 0.99
        assert univariate_auc(values, target.values, 3) < 0.99
    # The class itself, as a code or hidden in a measurement, is named all the same.
    code = np.choose(target.values, [7.0, 1.0, 4.0])
    assert univariate_score(code, target, False) == univariate_auc(code, target.values, 3) == 1
    assert univariate_score(code + RNG.uniform(size=len(code)), target, False) > 0.99
