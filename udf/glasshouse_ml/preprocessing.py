"""The scikit-learn Pipeline around an estimator: all that is learned is learned in its fit().

Fitted on training rows alone, and inside the cross-validation on the rows of each fold alone.
Only scikit-learn's own classes are used, because an artifact may hold nothing else.
"""

from collections.abc import Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from glasshouse_ml.algorithms import Algorithm, accepts
from glasshouse_ml.encoding import Feature
from glasshouse_ml.table import CATEGORY

# What these keep of a sparse matrix could not be checked in a stored model, or not be measured.
_DENSE = (
    "sklearn.svm",
    "sklearn.neighbors",
    "sklearn.cluster",
    "sklearn.covariance",
    "sklearn.decomposition",
)


def pipeline(
    algorithm: Algorithm, params: dict[str, Any], features: Sequence[Feature], seed: int
) -> Pipeline:
    """An untrained Pipeline for the matrix of encoding.encode()."""
    categories = [i for i, feature in enumerate(features) if feature.kind == CATEGORY]
    numbers = [i for i, feature in enumerate(features) if feature.kind != CATEGORY]
    estimator = algorithm.build(params, seed)
    steps: list[tuple[str, Any]] = []
    if "categorical_features" in algorithm.parameters:
        if "categorical_features" not in params:
            estimator.set_params(categorical_features=categories or None)
    elif not algorithm.blind:
        takes = accepts(estimator)
        for_numbers: Any = "passthrough"
        if not takes.allow_nan:
            scaler = MinMaxScaler(clip=True) if takes.positive_only else StandardScaler()
            for_numbers = Pipeline([("impute", _imputer()), ("scale", scaler)])
        sparse = takes.sparse and not algorithm.path.startswith(_DENSE)
        if categories or not takes.allow_nan:
            steps.append(("prepare", _by_kind(for_numbers, numbers, categories, sparse)))
    return Pipeline([*steps, ("estimate", estimator)])


def _imputer() -> SimpleImputer:
    # That a value is missing can tell as much as the value: a 0/1 column says so, where needed.
    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)


def _by_kind(
    for_numbers: Any, numbers: list[int], categories: list[int], sparse: bool
) -> ColumnTransformer:
    # NULL gets a column of its own; a category not met in training gets a zero in each.
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
    parts = [("numbers", for_numbers, numbers), ("categories", one_hot, categories)]
    return ColumnTransformer([part for part in parts if part[2]])
