"""Linear Pipelines as JSON come back as they were, and nothing else does."""

import json

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import NUMBER
from glasshouse_ml.model.algorithms import find_algorithm
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.model.preprocessing import preprocessing_pipeline
from glasshouse_ml.registry.artifacts import pack_group, unpack_group
from glasshouse_ml.registry.numeric_state import pipeline_state
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

RNG = np.random.default_rng(8)
MATRIX = RNG.normal(size=(200, 3)) * [1, 1e-9, 1e12]
LINEAR = {
    "regression": ("ridge", "linear_regression", "lasso", "elastic_net"),
    "classification": ("logistic_regression",),
}


def member(task: str, algorithm: str, matrix: np.ndarray = MATRIX) -> Pipeline:
    """The fitted model of one group."""
    target = matrix[:, 0] + RNG.normal(size=len(matrix))
    target = np.nan_to_num(target)
    if task == "classification":
        target = (target > 0).astype(int)
    features = [Feature(name, "double precision", NUMBER) for name in "xyz"]
    template = preprocessing_pipeline(find_algorithm(task, algorithm), {}, features, 0)
    return Grouped(template, 3).fit_member(matrix.copy(), target)


@pytest.mark.parametrize("is_complete", [True, False])
@pytest.mark.parametrize(
    ("task", "algorithm"), [(task, name) for task, names in LINEAR.items() for name in names]
)
def test_linear_member_comes_back_as_json(task: str, algorithm: str, is_complete: bool) -> None:
    matrix = MATRIX.copy()
    if not is_complete:
        matrix[::9, 1] = np.nan
    fitted = member(task, algorithm, matrix)
    content = pack_group("a", fitted)
    assert content.startswith(b"{")
    restored = unpack_group(content, "a")
    for before, after in zip(fitted, restored, strict=True):
        assert type(after) is type(before)
        assert repr(vars(after)) == repr(vars(before))
    method = "predict_proba" if task == "classification" else "predict"
    np.testing.assert_array_equal(
        getattr(restored, method)(matrix.copy()), getattr(fitted, method)(matrix.copy())
    )


def test_other_estimators_stay_in_skops() -> None:
    fitted = member("regression", "hist_gradient_boosting")
    content = pack_group("a", fitted)
    assert content.startswith(b"PK")
    np.testing.assert_array_equal(
        unpack_group(content, "a").predict(MATRIX), fitted.predict(MATRIX)
    )
    assert pipeline_state(Pipeline([("call", FunctionTransformer(print))])) is None


@pytest.mark.parametrize(
    "change",
    [
        {"group": "b"},
        {"format": 2},
        {"steps": [["x", {"class": "FunctionTransformer", "attributes": {}}]]},
        {"steps": [["x", {"class": "Ridge", "attributes": {"coef_": {"dtype": "O"}}}]]},
        {"steps": None},
    ],
)
def test_changed_json_is_refused(change: dict) -> None:
    content = json.loads(pack_group("a", member("regression", "ridge")))
    with pytest.raises(GlasshouseError, match=r"damaged|cannot be read"):
        unpack_group(json.dumps(content | change).encode(), "a")
