"""The catalogue contains scikit-learn's estimators under their usual names."""

import json

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.algorithms import (
    CATALOGUE,
    ExtraAlgorithm,
    catalogue_rows,
    find_algorithm,
    snake_case_name,
)
from glasshouse_ml.model.estimators import MAX_ROWS
from sklearn.utils import all_estimators

# Why each of these is left out stands in estimators.py.
WRAPPERS = {
    "CalibratedClassifierCV",
    "ClassifierChain",
    "FixedThresholdClassifier",
    "MultiOutputClassifier",
    "OneVsOneClassifier",
    "OneVsRestClassifier",
    "OutputCodeClassifier",
    "SelfTrainingClassifier",
    "StackingClassifier",
    "TunedThresholdClassifierCV",
    "VotingClassifier",
    "MultiOutputRegressor",
    "RegressorChain",
    "StackingRegressor",
    "TransformedTargetRegressor",
    "VotingRegressor",
}
NO_PROBABILITIES = {
    "LinearSVC",
    "NuSVC",
    "PassiveAggressiveClassifier",
    "Perceptron",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SVC",
}
OTHER = {
    "CCA",
    "PLSCanonical",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "IsotonicRegression",
    "RadiusNeighborsClassifier",
    "RadiusNeighborsRegressor",
    "CategoricalNB",
    "ComplementNB",
    "MultinomialNB",
    "LabelPropagation",
    "LabelSpreading",
    "GaussianProcessClassifier",
    "GaussianProcessRegressor",
    # On its way out of scikit-learn; sgd does the same.
    "PassiveAggressiveRegressor",
}


@pytest.mark.parametrize(
    ("task", "kind"), [("classification", "classifier"), ("regression", "regressor")]
)
def test_estimators_are_in_catalogue_or_excluded(task: str, kind: str) -> None:
    estimator_names = {name for name, _ in all_estimators(type_filter=kind)}
    own = [a for a in CATALOGUE[task].values() if not isinstance(a, ExtraAlgorithm)]
    names = {algorithm.estimator.__name__ for algorithm in own}
    assert names <= estimator_names
    assert estimator_names - names <= WRAPPERS | NO_PROBABILITIES | OTHER


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HistGradientBoostingRegressor", "hist_gradient_boosting"),
        ("KNeighborsClassifier", "k_neighbors"),
        ("LassoLarsIC", "lasso_lars_ic"),
        ("MiniBatchKMeans", "mini_batch_k_means"),
        ("SVR", "svr"),
        ("LinearSVR", "linear_svr"),
        ("GaussianNB", "gaussian_nb"),
        ("ARDRegression", "ard_regression"),
    ],
)
def test_snake_case_name(name: str, expected: str) -> None:
    assert snake_case_name(name) == expected


def test_catalogue_row_has_path_and_description() -> None:
    result = {(name, task): rest for name, task, *rest in catalogue_rows()}
    about, path, missing, defaults = result["ridge", "regression"]
    assert path == "sklearn.linear_model.Ridge"
    assert about
    assert missing is False
    assert json.loads(defaults)["alpha"] == 1.0
    for *_, text in result.values():
        json.loads(text, parse_constant=pytest.fail)
    assert result["hist_gradient_boosting", "regression"][2] is True
    assert result["dummy", "classification"][2] is True


def test_unknown_algorithm_hint_lists_similar_names() -> None:
    with pytest.raises(GlasshouseError, match="no algorithm 'lasssoo' for regression") as caught:
        find_algorithm("regression", "lasssoo")
    assert "lasso" in caught.value.hint
    with pytest.raises(GlasshouseError, match="lasso is no algorithm for classification but for"):
        find_algorithm("classification", "lasso")


def test_uninterruptible_algorithm_has_row_limit() -> None:
    for name, most in MAX_ROWS.items():
        algorithm = next(a[name] for a in CATALOGUE.values() if name in a)
        algorithm.check_rows(most)
        with pytest.raises(GlasshouseError, match=f"{name} takes at most {most} training rows"):
            algorithm.check_rows(most + 1)
