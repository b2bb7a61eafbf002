"""Shapley values of trees equal their definition."""

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.explain.treeshap import columns_seen, seen_by, shapley_of_trees, trees_of
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor

COLUMNS = 5


def data(classes: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, one column of whole-number categories, holes in both, and interactions."""
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(400, COLUMNS))
    matrix[:, 1] = rng.integers(0, 6, 400)
    target = matrix[:, 0] * (matrix[:, 1] % 3) + matrix[:, 2] ** 2 - matrix[:, 3] * matrix[:, 0]
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    if classes:
        target = np.digitize(target, np.quantile(target, np.linspace(0, 1, classes + 1)[1:-1]))
    return matrix, target


def by_definition(
    answer: Any, row: np.ndarray, baseline: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """The mean gain over all orders; columns of a group are replaced together."""
    count = groups.max() + 1
    coalitions = list(product((False, True), repeat=count))
    mixed = [np.where(np.array(inside)[groups], row, baseline) for inside in coalitions]
    values = dict(zip(coalitions, answer(np.array(mixed)), strict=True))
    result = np.zeros(count)
    every = list(permutations(range(count)))
    for order in every:
        inside = [False] * count
        for group in order:
            before = values[tuple(inside)]
            inside[group] = True
            result[group] += values[tuple(inside)] - before
    return result / len(every)


CATEGORIES = {"categorical_features": [1]}
SMALL = {"max_iter": 6, "max_leaf_nodes": 9, "random_state": 0}
FEW = {"n_estimators": 5, "max_depth": 5, "random_state": 0}


@pytest.mark.parametrize("groups", [[0, 1, 2, 3, 4], [0, 1, 0, 2, 2]])
@pytest.mark.parametrize(
    ("estimator", "classes", "answer"),
    [
        (HistGradientBoostingRegressor(**SMALL), 0, "predict"),
        (HistGradientBoostingRegressor(**SMALL, **CATEGORIES), 0, "predict"),
        (HistGradientBoostingClassifier(**SMALL, **CATEGORIES), 2, "decision_function"),
        (HistGradientBoostingClassifier(**SMALL, **CATEGORIES), 3, "decision_function"),
        (RandomForestRegressor(**FEW), 0, "predict"),
        (RandomForestClassifier(**FEW), 3, "predict_proba"),
        (ExtraTreesClassifier(**FEW), 2, "predict_proba"),
        (DecisionTreeRegressor(max_depth=6), 0, "predict"),
    ],
)
def test_values_are_mean_gain_over_all_orders(
    estimator: Any, classes: int, answer: str, groups: list[int]
) -> None:
    matrix, target = data(classes)
    estimator.fit(matrix, target)
    # Beside what was met in training: a category that was not, and a hole in every column.
    rows = np.vstack([matrix[:6], [[0.3, 17, 1, -1, 2]], np.full((1, COLUMNS), np.nan)])
    baseline = np.array([0.1, 2.0, np.nan, -0.2, 0.4])
    inputs = seen_by(estimator, np.vstack([rows, baseline]))
    made_of = np.array(groups)
    sums = np.asarray(getattr(estimator, answer)(rows)).reshape(len(rows), -1).shape[1]
    about = np.arange(len(rows)) % sums
    result = shapley_of_trees(
        trees_of(estimator),
        inputs[:-1],
        inputs[-1],
        made_of[columns_seen(estimator, COLUMNS)],
        about,
    )
    for row, meant, got in zip(rows, about, result, strict=True):

        def one(mixed: np.ndarray, meant: int = meant) -> np.ndarray:
            result = np.asarray(getattr(estimator, answer)(mixed))
            return result.reshape(len(mixed), -1)[:, meant]

        np.testing.assert_allclose(got, by_definition(one, row, baseline, made_of), atol=1e-9)


def test_other_models_have_no_trees() -> None:
    matrix, target = data(2)
    assert trees_of(LogisticRegression().fit(np.nan_to_num(matrix), target)) is None
