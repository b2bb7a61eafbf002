"""What is loaded is what was stored, or it is refused."""

import io
import json
import zipfile
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
import skops.io
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.model.algorithms import CATALOGUE, find_algorithm
from glasshouse_ml.model.preprocessing import preprocessing_pipeline
from glasshouse_ml.registry.artifact_validation import is_sound
from glasshouse_ml.registry.artifacts import TRUSTED, pack, unpack
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline

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


def fitted(name: str, classes: int = 2, task: str = "classification", **params: Any) -> Model:
    algorithm = find_algorithm(task, name)
    matrix, answers = rows(classes)
    if task == "regression":
        answers = np.nan_to_num(matrix[:, 0]) ** 2 + 1 + answers
    made = preprocessing_pipeline(algorithm, {**QUICK.get(name, {}), **params}, FEATURES, 0).fit(
        matrix, answers
    )
    return Model(made, tuple(FEATURES), tuple("abc"[:classes]), None, "id", task)


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", CATALOGUE["classification"])
def test_there_and_back(name: str, classes: int) -> None:
    model = fitted(name, classes)
    content = pack(model)
    found = unpack(content, digest(content))
    matrix, _ = rows(classes)
    np.testing.assert_array_equal(
        found.pipeline.predict_proba(matrix), model.pipeline.predict_proba(matrix)
    )
    assert (found.features, found.classes, found.key) == (model.features, model.classes, "id")


def test_the_description_of_a_model_is_on_one_line_and_skops_is_left_as_it_was() -> None:
    def lines(content: bytes) -> int:
        return zipfile.ZipFile(io.BytesIO(content)).read("schema.json").count(b"\n")

    model = fitted("logistic_regression")
    assert lines(pack(model)) == 0
    assert lines(skops.io.dumps(model.pipeline)) > 100


@pytest.mark.parametrize("name", CATALOGUE["regression"])
def test_there_and_back_with_numbers(name: str) -> None:
    check_numbers(fitted(name, task="regression"))


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
def test_other_parameters_can_be_stored(name: str, params: dict) -> None:
    check_numbers(fitted(name, task="regression", **params))


@pytest.mark.parametrize("name", CATALOGUE["clustering"])
def test_there_and_back_with_clusters(name: str) -> None:
    model = fitted(name, task="clustering")
    content = pack(model)
    found = unpack(content, digest(content))
    matrix, _ = rows(2)
    np.testing.assert_array_equal(found.pipeline.predict(matrix), model.pipeline.predict(matrix))


@pytest.mark.parametrize("name", ["k_means", "mini_batch_k_means", "bisecting_k_means"])
def test_centres_of_another_space_are_refused(name: str) -> None:
    model = fitted(name, task="clustering")
    estimator = model.pipeline.steps[-1][1]
    estimator.cluster_centers_ = estimator.cluster_centers_[:, :1].copy()
    refused(model)


def test_a_tree_of_clusters_in_a_circle_is_refused() -> None:
    model = fitted("bisecting_k_means", task="clustering")
    tree = model.pipeline.steps[-1][1]._bisecting_tree
    tree.left.left = tree.left.right = tree
    assert not is_sound(model.pipeline, len(FEATURES))


def check_numbers(model: Model) -> None:
    content = pack(model)
    found = unpack(content, digest(content))
    matrix, _ = rows(2)
    np.testing.assert_array_equal(found.pipeline.predict(matrix), model.pipeline.predict(matrix))
    assert found.task == "regression"


def test_a_model_from_before_there_were_other_tasks_is_a_classification() -> None:
    model = fitted("dummy")
    parts = skops.io.loads(pack(model), trusted=TRUSTED)
    facts = {k: v for k, v in json.loads(parts["facts"]).items() if k != "task"}
    content = skops.io.dumps({**parts, "facts": json.dumps(facts)})
    assert unpack(content, digest(content)).task == "classification"


def test_a_changed_byte_is_refused() -> None:
    content = pack(fitted("dummy"))
    changed = content[:-30] + bytes([content[-30] ^ 1]) + content[-29:]
    with pytest.raises(GlasshouseError, match="checksum"):
        unpack(changed, digest(content))


def test_a_type_that_is_not_on_the_list_is_refused() -> None:
    class_with_private_parts = SGDClassifier().fit(*[np.eye(2), [0, 1]])
    content = skops.io.dumps({"facts": "{}", "pipeline": class_with_private_parts, "x": print})
    with pytest.raises(GlasshouseError, match=r"not loaded.*print"):
        unpack(content, digest(content))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a model", skops.io.dumps([1, 2])])
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(GlasshouseError, match="cannot be read"):
        unpack(content, digest(content))


@pytest.mark.parametrize("field", ["left", "right", "feature_idx"])
def test_a_boosted_tree_that_leads_out_of_its_array_is_refused(field: str) -> None:
    model = fitted("hist_gradient_boosting")
    model.pipeline.steps[-1][1]._predictors[0][0].nodes[field][0] = 1_000_000
    refused(model)


def test_a_boosted_tree_that_leads_in_circles_is_refused() -> None:
    model = fitted("hist_gradient_boosting")
    model.pipeline.steps[-1][1]._predictors[0][0].nodes["left"][0] = 0
    refused(model)


@pytest.mark.parametrize("field", ["children_left", "children_right", "feature"])
def test_a_tree_of_a_forest_that_leads_out_of_its_array_is_refused(field: str) -> None:
    model = fitted("random_forest")
    tree = model.pipeline.steps[-1][1].estimators_[0].tree_
    getattr(tree, field)[0] = 1_000_000
    refused(model)


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("classification", "decision_tree"),
        ("classification", "extra_trees"),
        ("classification", "gradient_boosting"),
        ("classification", "ada_boost"),
        ("classification", "bagging"),
        ("regression", "extra_tree"),
        ("regression", "random_forest"),
        ("regression", "gradient_boosting"),
        ("regression", "ada_boost"),
        ("regression", "bagging"),
    ],
)
def test_whatever_holds_a_tree_is_checked(task: str, name: str) -> None:
    model = fitted(name, task=task)
    estimator = model.pipeline.steps[-1][1]
    trees = np.ravel(getattr(estimator, "estimators_", np.array([estimator], dtype=object)))
    trees[0].tree_.children_left[0] = 1_000_000
    refused(model)


def test_more_trees_a_round_than_columns_to_write_to_are_refused() -> None:
    model = fitted("gradient_boosting", classes=3)
    estimator = model.pipeline.steps[-1][1]
    estimator.estimators_ = np.hstack([estimator.estimators_] * 9)
    refused(model)
    model = fitted("gradient_boosting", classes=3)
    start = model.pipeline.steps[-1][1].init_
    start.class_prior_ = start.class_prior_[:1]
    refused(model)


def test_neighbours_of_a_class_that_is_none_are_refused() -> None:
    model = fitted("k_neighbors")
    model.pipeline.steps[-1][1]._y[0] = 1_000_000
    refused(model)


def test_neighbours_are_searched_without_a_tree() -> None:
    with pytest.raises(GlasshouseError, match="may not be stored"):
        pack(fitted("k_neighbors", algorithm="kd_tree"))


@pytest.mark.parametrize("name", ["svr", "nu_svr"])
def test_support_vectors_that_are_not_there_are_refused(name: str) -> None:
    for field in ("support_vectors_", "support_", "_intercept_", "_n_support"):
        model = fitted(name, task="regression")
        estimator = model.pipeline.steps[-1][1]
        setattr(estimator, field, getattr(estimator, field)[:-1])
        refused(model)


def test_a_sparse_matrix_inside_a_model_is_refused() -> None:
    model = fitted("ridge", task="regression")
    estimator = model.pipeline.steps[-1][1]
    # Its positions would be followed unchecked; no algorithm of the catalogue keeps one.
    estimator.coef_ = csr_matrix(estimator.coef_)
    with pytest.raises(GlasshouseError, match="may not be stored"):
        pack(model)


def test_a_pipeline_that_is_none_is_refused() -> None:
    model = fitted("dummy")
    estimator: Any = model.pipeline.steps[-1][1]
    assert isinstance(model.pipeline, Pipeline)
    refused(Model(estimator, model.features, model.classes, None, None))


def refused(model: Model) -> None:
    content = pack(model)
    with pytest.raises(GlasshouseError, match="damaged"):
        unpack(content, digest(content))
