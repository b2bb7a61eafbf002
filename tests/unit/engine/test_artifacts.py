"""What is loaded is what was stored, or it is refused."""

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
import skops.io
from glasshouse_ml.algorithms import CATALOGUE, find
from glasshouse_ml.artifacts import Model, pack, unpack
from glasshouse_ml.encoding import Feature
from glasshouse_ml.errors import GlasshouseError
from glasshouse_ml.preprocessing import pipeline
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline

FEATURES = [
    Feature("n", "double precision", "number"),
    Feature("t", "text", "category", ("a", "b %s \"'")),
]
QUICK = {"hist_gradient_boosting": {"max_iter": 5}, "random_forest": {"n_estimators": 5}}


def rows(classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    matrix = np.column_stack([rng.normal(size=200), rng.integers(0, 2, 200)])
    matrix[::9, 0] = matrix[::11, 1] = np.nan
    return matrix, rng.integers(0, classes, 200)


def fitted(name: str, classes: int = 2) -> Model:
    algorithm = find(name)
    made = pipeline(algorithm, QUICK.get(name, {}), FEATURES, 0).fit(*rows(classes))
    return Model(made, tuple(FEATURES), tuple("abc"[:classes]), None, "id")


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", CATALOGUE)
def test_there_and_back(name: str, classes: int) -> None:
    model = fitted(name, classes)
    content = pack(model)
    found = unpack(content, digest(content))
    matrix, _ = rows(classes)
    np.testing.assert_array_equal(
        found.pipeline.predict_proba(matrix), model.pipeline.predict_proba(matrix)
    )
    assert (found.features, found.classes, found.key) == (model.features, model.classes, "id")


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


def test_a_pipeline_that_is_none_is_refused() -> None:
    model = fitted("dummy")
    estimator: Any = model.pipeline.steps[-1][1]
    assert isinstance(model.pipeline, Pipeline)
    refused(Model(estimator, model.features, model.classes, None, None))


def refused(model: Model) -> None:
    content = pack(model)
    with pytest.raises(GlasshouseError, match="damaged"):
        unpack(content, digest(content))
