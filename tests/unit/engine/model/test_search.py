"""Parameter search: tried settings, repetitions, shares of rows, and the winner."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.search import (
    halving_shares,
    search_settings,
    subsample,
    successive_halving,
)
from glasshouse_ml.train.request import parse_request
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

OPTIONS: dict[str, Any] = {"search": None, "seed": 0}
DEPTH = {"low": 2, "high": 4, "integer": True}


def test_grid_equals_scikit_learn() -> None:
    search = {"a": [1, 2, 3], "b": ["x", None]}
    result = search_settings(search, OPTIONS)
    assert sorted(map(json.dumps, result)) == sorted(
        json.dumps({name: entry[name] for name in search}) for entry in ParameterGrid(search)
    )


def test_random_settings_are_in_range_and_seeded() -> None:
    search = {"depth": DEPTH, "rate": {"low": 0.001, "high": 1.0, "log": True}, "kind": ["a", "b"]}
    options = {**OPTIONS, "search": {"how": "random", "iterations": 200}}
    result = search_settings(search, options)
    assert result == search_settings(search, options)
    assert result != search_settings(search, {**options, "seed": 1})
    assert len(result) == 200
    depths = np.array([entry["depth"] for entry in result])
    assert set(depths) == {2, 3, 4}
    assert all(isinstance(entry["depth"], int) for entry in result)
    # On a scale of logarithms each power of ten has its third.
    rates = np.array([entry["rate"] for entry in result])
    assert 0.001 <= rates.min() < rates.max() <= 1
    assert np.histogram(np.log10(rates), [-3, -2, -1, 0])[0] == pytest.approx(200 / 3, rel=0.3)


def test_small_space_is_tried_once_each() -> None:
    options = {**OPTIONS, "search": {"how": "random", "iterations": 50}}
    assert sorted(s["depth"] for s in search_settings({"depth": DEPTH}, options)) == [2, 3, 4]


def test_halving_shares() -> None:
    assert halving_shares(1, 10_000) == [1]
    assert halving_shares(20, 10_000) == [1 / 9, 1 / 3, 1]
    # Too few rows to tell anything: everything is tried on all of them.
    assert halving_shares(20, 300) == [1]


def test_halving_keeps_better_third() -> None:
    trials: list[tuple[int, float]] = []

    def trial(entrant: int, share: float) -> float:
        trials.append((entrant, share))
        return -abs(entrant - 7)

    successive_halving(range(20), trial, 10_000)
    rounds = [sorted(e for e, s in trials if s == share) for share in (1 / 9, 1 / 3, 1)]
    assert rounds == [list(range(20)), [4, 5, 6, 7, 8, 9, 10], [6, 7, 8]]


def test_subsample_is_stratified() -> None:
    labels = np.array([0] * 900 + [1] * 90 + [2] * 9)
    positions = subsample(labels, 1 / 3, 0)
    assert np.bincount(labels[positions]).tolist() == [300, 30, 3]
    np.testing.assert_array_equal(positions, subsample(labels, 1 / 3, 0))
    np.testing.assert_array_equal(subsample(labels, 1.0, 0), np.arange(999))


def test_every_setting_is_candidate_with_folds(breast_cancer: list[dict]) -> None:
    strengths = [0.001, 0.1, 10]
    entry = {"algorithm": "logistic_regression", "search": {"C": strengths}}
    db = StandIn(breast_cancer)
    split = '{"by": "random", "test": 0.3}'
    algorithms = json.dumps([entry, "gaussian_nb"])
    call(db, algorithms=algorithms, split=split, key="id", options={"folds": 5})
    payload = db.recorded[0]
    candidates = payload["candidates"]
    assert [c["algorithm"] for c in candidates] == [
        "dummy",
        *["logistic_regression"] * 3,
        "gaussian_nb",
    ]
    assert [c["params"] for c in candidates[1:4]] == [{"C": strength} for strength in strengths]
    assert all(len(c["fold_scores"]) == 5 and c["rows_share"] == 1 for c in candidates)
    winner = next(c for c in candidates if c["chosen"])
    assert winner["score"] == max(c["score"] for c in candidates)
    assert payload["version"]["params"] == winner["params"]
    # The same search outside, on other folds of the same kind.
    names = [name for name in breast_cancer[0] if name not in ("id", "target")]
    matrix = np.array([[row[name] for name in names] for row in breast_cancer])
    labels = np.array([row["target"] == "malignant" for row in breast_cancer])
    for candidate, strength in zip(candidates[1:4], strengths, strict=True):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1_000))
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        outside = cross_val_score(model, matrix, labels, scoring="roc_auc", cv=folds)
        assert candidate["score"] == pytest.approx(outside.mean(), abs=0.01)


def test_halving_losers_are_recorded_and_not_chosen() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"a": a, "b": float(rng.normal()), "target": a + rng.normal() > 0}
        for a in map(float, rng.normal(size=1_200))
    ]
    entry = {
        "algorithm": "decision_tree",
        "search": {"max_depth": DEPTH, "min_samples_leaf": [1, 9]},
    }
    options = {"search": {"how": "halving"}, "folds": 3, "bootstrap": 0, "importance_repeats": 0}
    db = StandIn(rows)
    call(db, algorithms=json.dumps([entry, "logistic_regression"]), options=json.dumps(options))
    candidates = [c for c in db.recorded[0]["candidates"] if c["algorithm"] == "decision_tree"]
    assert len(candidates) == 6
    assert sorted(c["rows_share"] for c in candidates) == pytest.approx([1 / 3] * 4 + [1, 1])
    assert all(len(c["fold_scores"]) == 3 for c in candidates)
    winner = next(c for c in db.recorded[0]["candidates"] if c["chosen"])
    assert winner["rows_share"] == 1


def test_cluster_count_can_be_searched() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"a": 5.0 * (n % 3) + float(rng.normal()), "b": 5.0 * (n % 2) + float(rng.normal())}
        for n in range(120)
    ]
    entry = {"algorithm": "k_means", "search": {"n_clusters": [2, 3, 6]}}
    db = StandIn(rows)
    call(db, task="clustering", target=None, algorithms=json.dumps([entry]))
    assert [c["params"]["n_clusters"] for c in db.recorded[0]["candidates"]] == [2, 3, 6]
    assert db.recorded[0]["version"]["params"] == {"n_clusters": 6}


@pytest.mark.parametrize(
    ("search", "options", "message"),
    [
        ([], {}, "search of ridge is no JSON object"),
        ("alpha", {}, "search of ridge is no JSON object"),
        (True, {}, "search of ridge is no JSON object"),
        ({"alpa": [1]}, {}, "ridge has no parameter 'alpa'"),
        ({"alpha": 3}, {}, "alpha is neither a list of values nor a range"),
        ({"alpha": {"low": 1}}, {}, "alpha is neither a list of values nor a range"),
        ({"alpha": {"low": 2, "high": 1}}, {}, "no low below its high"),
        ({"alpha": {"low": 1, "high": 10**400}}, {}, "no low below its high"),
        ({"alpha": {"low": 0, "high": 1, "log": True}}, {}, "begins at 0"),
        ({"alpha": {"low": 0.5, "high": 3, "integer": True}}, {}, "no whole numbers"),
        ({"alpha": {"low": 1, "high": 3, "step": 1}}, {}, "has no entry 'step'"),
        ({"solver": ["svd"]}, {}, "solver is in params too"),
        ({"alpha": [1]}, {"how": "bayes"}, "There is no search 'bayes'"),
        ({"alpha": [1]}, {"iterations": 0}, "iterations is 0"),
        ({"alpha": [1]}, {"how": "grid", "iterations": 3}, "iterations is 3"),
    ],
)
def test_invalid_search_is_refused(search: Any, options: dict, message: str) -> None:
    entry = {"algorithm": "ridge", "params": {"solver": "auto"}, "search": search}
    request_options = json.dumps({"search": options} if options else {})
    with pytest.raises(GlasshouseError) as caught:
        parse_request(
            "m", "q", "regression", "y", None, json.dumps([entry]), None, None, request_options
        )
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"a": {"low": 1, "high": 2}}, "A grid has no values for the range of a"),
        ({name: list(range(11)) for name in "abc"}, "The grid has 1331 settings"),
    ],
)
def test_invalid_grid_is_refused(search: dict, message: str) -> None:
    with pytest.raises(GlasshouseError, match=message):
        search_settings(search, {**OPTIONS, "search": {"how": "grid"}})
