"""An artifact returns the model that was stored, and contains trusted types only."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import skops.io
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.model.algorithms import CATALOGUE, find_algorithm
from glasshouse_ml.model.preprocessing import preprocessing_pipeline
from glasshouse_ml.registry.artifacts import TRUSTED, pack, unpack
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier

FEATURES = [
    Feature("n", "double precision", "number"),
    Feature("t", "text", "category", ("a", "b %s \"'")),
]
QUICK = {
    "hist_gradient_boosting": {"max_iter": 5},
    "random_forest": {"n_estimators": 5},
    "extra_trees": {"n_estimators": 5},
    "gradient_boosting": {"n_estimators": 5},
}


def rows(classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    matrix = np.column_stack([rng.normal(size=200), rng.integers(0, 2, 200)])
    matrix[::9, 0] = matrix[::11, 1] = np.nan
    return matrix, rng.integers(0, classes, 200)


def fit_model(name: str, classes: int = 2, task: str = "classification", **params: Any) -> Model:
    algorithm = find_algorithm(task, name)
    matrix, target = rows(classes)
    if task == "regression":
        target = np.nan_to_num(matrix[:, 0]) ** 2 + 1 + target
    pipeline = preprocessing_pipeline(
        algorithm, {**QUICK.get(name, {}), **params}, FEATURES, 0
    ).fit(matrix, target)
    return Model(pipeline, tuple(FEATURES), tuple("abc"[:classes]), None, "id", task)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", CATALOGUE["classification"])
def test_classification_round_trip(name: str, classes: int) -> None:
    model = fit_model(name, classes)
    content = pack(model)
    result = unpack(content)
    matrix, _ = rows(classes)
    np.testing.assert_array_equal(
        result.pipeline.predict_proba(matrix), model.pipeline.predict_proba(matrix)
    )
    assert (result.features, result.classes, result.key) == (model.features, model.classes, "id")


def test_description_is_one_line_and_skops_unchanged() -> None:
    def lines(content: bytes) -> int:
        return zipfile.ZipFile(io.BytesIO(content)).read("schema.json").count(b"\n")

    model = fit_model("logistic_regression")
    assert lines(pack(model)) == 0
    assert lines(skops.io.dumps(model.pipeline)) > 100


@pytest.mark.parametrize("name", CATALOGUE["regression"])
def test_regression_round_trip(name: str) -> None:
    check_numbers(fit_model(name, task="regression"))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("hist_gradient_boosting", {"loss": "absolute_error"}),
        ("hist_gradient_boosting", {"loss": "gamma"}),
        ("hist_gradient_boosting", {"loss": "poisson"}),
        ("hist_gradient_boosting", {"loss": "quantile", "quantile": 0.9}),
        ("gradient_boosting", {"loss": "huber"}),
        ("gradient_boosting", {"loss": "quantile", "subsample": 0.5}),
        ("tweedie", {"power": 1.5}),
        ("mlp", {"solver": "sgd", "learning_rate": "adaptive", "early_stopping": True}),
        ("mlp", {"solver": "lbfgs"}),
        ("bagging", {"max_features": 1}),
        ("random_forest", {"criterion": "poisson", "oob_score": True}),
        ("sgd", {"average": True, "early_stopping": True}),
    ],
)
def test_other_parameters_round_trip(name: str, params: dict) -> None:
    check_numbers(fit_model(name, task="regression", **params))


@pytest.mark.parametrize("name", CATALOGUE["clustering"])
def test_clustering_round_trip(name: str) -> None:
    model = fit_model(name, task="clustering")
    content = pack(model)
    result = unpack(content)
    matrix, _ = rows(2)
    np.testing.assert_array_equal(result.pipeline.predict(matrix), model.pipeline.predict(matrix))


def check_numbers(model: Model) -> None:
    content = pack(model)
    result = unpack(content)
    matrix, _ = rows(2)
    np.testing.assert_array_equal(result.pipeline.predict(matrix), model.pipeline.predict(matrix))
    assert result.task == "regression"


def test_old_artifact_without_task_is_classification() -> None:
    model = fit_model("dummy")
    parts = skops.io.loads(pack(model), trusted=TRUSTED)
    facts = {k: v for k, v in json.loads(parts["facts"]).items() if k != "task"}
    content = skops.io.dumps({**parts, "facts": json.dumps(facts)})
    assert unpack(content).task == "classification"


def test_untrusted_type_is_refused() -> None:
    class_with_private_parts = SGDClassifier().fit(*[np.eye(2), [0, 1]])
    content = skops.io.dumps({"facts": "{}", "pipeline": class_with_private_parts, "x": print})
    with pytest.raises(GlasshouseError, match=r"not loaded.*print"):
        unpack(content)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a model", skops.io.dumps([1, 2])])
def test_invalid_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(GlasshouseError, match="cannot be read"):
        unpack(content)


def test_neighbour_tree_is_refused() -> None:
    with pytest.raises(GlasshouseError, match="may not be stored"):
        pack(fit_model("k_neighbors", algorithm="kd_tree"))


def test_sparse_matrix_is_refused() -> None:
    model = fit_model("ridge", task="regression")
    estimator = model.pipeline.steps[-1][1]
    # No algorithm of the catalogue keeps one.
    estimator.coef_ = csr_matrix(estimator.coef_)
    with pytest.raises(GlasshouseError, match="may not be stored"):
        pack(model)


def test_estimator_without_pipeline_is_refused() -> None:
    model = fit_model("dummy")
    content = pack(replace(model, pipeline=model.pipeline.steps[-1][1]))
    with pytest.raises(GlasshouseError, match="damaged or of another format"):
        unpack(content)
