"""Interruptible estimators give scikit-learn's results and end on an interrupt."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import sklearn
from glasshouse_ml.data import interrupts
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.model.algorithms import CATALOGUE, INTERRUPTIBLE
from glasshouse_ml.model.interruptible import ensemble
from glasshouse_ml.model.prediction import in_batches
from glasshouse_ml.registry.artifacts import TRUSTED
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline

CLASSES = [
    (module, name)
    for module in INTERRUPTIBLE
    for name in import_module(f"glasshouse_ml.model.interruptible.{module}").__all__
]
PARAMS: dict[str, dict[str, Any]] = {
    "MLP": {"max_iter": 5},
    "RandomForest": {"n_estimators": 7},
    "Trees": {"n_estimators": 7, "max_features": 0.5},
    "Bagging": {"n_estimators": 7},
    "HistGradientBoosting": {"max_iter": 7, "early_stopping": True},
    "GradientBoosting": {"n_estimators": 7, "subsample": 0.5},
    "AdaBoost": {"n_estimators": 7},
    "IsolationForest": {"n_estimators": 7, "contamination": 0.1},
}


class Cancelled(Exception):
    """What the database would raise."""


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """Few rows, with limits so low that these are many."""
    monkeypatch.setattr(ensemble, "_CELLS", 4_500)
    monkeypatch.setattr("glasshouse_ml.model.interruptible.linear_model._SMALL", 0)
    monkeypatch.setattr(interrupts, "PAUSE", 0.0)
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(300, 5))
    return matrix, (matrix[:, 0] + matrix[:, 1] * matrix[:, 2] > 0).astype(int)


def params_of(name: str) -> dict[str, Any]:
    params = next((p for part, p in PARAMS.items() if name.startswith(part) or part in name), {})
    return {**params, "random_state": 3}


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_results_equal_scikit_learn(module: str, name: str, rows: Any) -> None:
    own = getattr(import_module(f"glasshouse_ml.model.interruptible.{module}"), name)
    library = getattr(import_module(f"{sklearn.__name__}.{module}"), name)
    looks: list[None] = []
    expected = library(**params_of(name)).fit(*rows)
    with interruptible(lambda: looks.append(None)):
        estimator = own(**params_of(name)).fit(*rows)
    method = "predict_proba" if hasattr(expected, "predict_proba") else "decision_function"
    method = method if hasattr(expected, method) else "predict"
    np.testing.assert_array_equal(
        getattr(estimator, method)(rows[0]), getattr(expected, method)(rows[0])
    )
    assert estimator.get_params() == expected.get_params()
    assert vars(estimator).keys() == vars(expected).keys()
    assert len(looks) >= 3, "between trees, rounds, iterations or batches"
    assert f"glasshouse_ml.model.interruptible.{module}.{name}" in TRUSTED


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_fit_is_interruptible(module: str, name: str, rows: Any) -> None:
    looks: list[None] = []

    def cancel_at_the_third_look() -> None:
        looks.append(None)
        if len(looks) == 3:
            raise Cancelled

    own = getattr(import_module(f"glasshouse_ml.model.interruptible.{module}"), name)
    with pytest.raises(Cancelled), interruptible(cancel_at_the_third_look):
        own(**params_of(name)).fit(*rows)
    assert len(looks) == 3


def test_catalogue_uses_interruptible_estimators() -> None:
    classes = {
        (a.estimator.__module__.rpartition(".")[2], a.estimator.__name__)
        for task, algorithms in CATALOGUE.items()
        for a in algorithms.values()
        if task != "forecast"
        and a.estimator.__module__.startswith("glasshouse_ml.model.interruptible")
    }
    assert classes == set(CLASSES)


def test_batched_predictions_equal_unbatched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interrupts, "PAUSE", 0.0)
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(5_000, 3))
    neighbours = KNeighborsRegressor(algorithm="brute").fit(matrix, matrix[:, 0])
    pipeline = Pipeline([("estimate", neighbours)])
    looks: list[None] = []
    with interruptible(lambda: looks.append(None)):
        predictions = in_batches(pipeline.predict, matrix)
    np.testing.assert_allclose(predictions, pipeline.predict(matrix), rtol=1e-12)
    assert len(looks) >= 2
