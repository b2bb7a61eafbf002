"""What is fitted: preprocessing and estimator, and what the options wrap around the two.

Whoever holds the fitted Pipeline needs to know nothing of the options.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.split import Fold
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.model.algorithms import Algorithm
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.model.preprocessing import preprocessing_pipeline

# Each costs a fit, inside each fold of the cross-validation.
CALIBRATION_FOLDS = 3


def check_monotonic(features: Sequence[Feature], monotonic: dict[str, int]) -> None:
    """Refuse names that are no features, and features that do not go up and down."""
    kinds = {feature.name: feature.kind for feature in features}
    for name in monotonic:
        if name not in kinds:
            raise GlasshouseError(
                f"options.monotonic names {name!r}, which is no feature.", near_names(name, kinds)
            )
        if kinds[name] == CATEGORY:
            raise GlasshouseError(
                f"options.monotonic names {name!r}, whose values have no order.",
                "Name features that are numbers, dates or booleans.",
            )


def build_pipeline(
    algorithm: Algorithm,
    params: dict[str, Any],
    features: Sequence[Feature],
    options: dict[str, Any],
) -> Pipeline:
    """An untrained Pipeline for the matrix of encoding.encode()."""
    group_by = None if algorithm.is_baseline else options.get("group_by")
    other_features = [feature for feature in features if feature.name != group_by]
    pipeline = preprocessing_pipeline(
        algorithm,
        params,
        other_features,
        options["seed"],
        options.get("monotonic"),
        options.get("reference_time"),
    )
    if algorithm.is_baseline:
        return pipeline
    if options.get("target_transform"):
        pipeline = _transformed(pipeline)
    if group_by:
        group_position = [feature.name for feature in features].index(group_by)
        pipeline = Pipeline([("estimate", Grouped(pipeline, group_position))])
    return pipeline


def calibrate(
    pipeline: Pipeline, method: str, folds: list[Fold], is_chronological: bool
) -> Pipeline:
    """The same with probabilities that are mended on rows each fit has not seen.

    Where the folds cover all rows once, one estimator learned from all of them is kept; folds that
    go forward in time leave the first rows out, so the mean of their estimators answers.
    """
    from sklearn.calibration import CalibratedClassifierCV

    calibrated = CalibratedClassifierCV(
        pipeline, method=method, cv=folds, ensemble=is_chronological
    )
    return Pipeline([("estimate", calibrated)])


def accepts_weights(estimator: Any) -> bool:
    """Whether an estimator takes a weight for each row; a mixin may pass parameters on."""
    return any(
        "sample_weight" in inspect.signature(vars(base)["fit"]).parameters
        for base in type(estimator).__mro__
        if "fit" in vars(base)
    )


def weight_parameter(pipeline: Pipeline) -> str:
    """The name under which fit() hands the weights of the rows to the estimator."""
    inner = getattr(pipeline[-1], "regressor", None)  # of a transformed target
    return f"estimate__{weight_parameter(inner) if inner is not None else 'sample_weight'}"


def without_fold_indices(fitted: Pipeline) -> Pipeline:
    """Without what was needed for fitting alone: the positions of rows in the folds."""
    estimator = fitted[-1]
    if hasattr(estimator, "calibrated_classifiers_"):
        estimator.cv = CALIBRATION_FOLDS
    return fitted


def unwrap(fitted: Pipeline, target: np.ndarray) -> tuple[Pipeline, np.ndarray]:
    """The one Pipeline inside what options have wrapped around it, and the answers it learned.

    Of a transformed target it learned the logarithm, and what mends probabilities comes after it.
    """
    estimator = fitted[-1]
    if hasattr(estimator, "regressor_"):
        return unwrap(estimator.regressor_, np.log1p(target))
    other_features = getattr(estimator, "calibrated_classifiers_", [])
    # Where several mend one another's probabilities none of them is the model.
    return (
        unwrap(other_features[0].estimator, target)
        if len(other_features) == 1
        else (fitted, target)
    )


def _transformed(pipeline: Pipeline) -> Pipeline:
    """Learns from log(1 + target), and answers in the unit of the target."""
    from sklearn.compose import TransformedTargetRegressor

    transformed = TransformedTargetRegressor(pipeline, func=np.log1p, inverse_func=np.expm1)
    return Pipeline([("estimate", transformed)])
