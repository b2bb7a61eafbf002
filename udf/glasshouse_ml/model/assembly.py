"""What is fitted: preprocessing and estimator, and what the options wrap around the two.

Whoever holds the fitted Pipeline needs to know nothing of the options.
"""

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
from glasshouse_ml.model.preprocessing import pipeline

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


def assemble(
    algorithm: Algorithm,
    params: dict[str, Any],
    features: Sequence[Feature],
    options: dict[str, Any],
) -> Pipeline:
    """An untrained Pipeline for the matrix of encoding.encode()."""
    group = None if algorithm.blind else options.get("group_by")
    inside = [feature for feature in features if feature.name != group]
    made = pipeline(algorithm, params, inside, options["seed"], options.get("monotonic"))
    if algorithm.blind:
        return made
    if options.get("target_transform"):
        made = _transformed(made)
    if group:
        place = [feature.name for feature in features].index(group)
        made = Pipeline([("estimate", Grouped(made, place))])
    return made


def calibrated(made: Pipeline, method: str, folds: list[Fold], ordered: bool) -> Pipeline:
    """The same with probabilities that are mended on rows each fit has not seen.

    Where the folds cover all rows once, one estimator learned from all of them is kept; folds that
    go forward in time leave the first rows out, so the mean of their estimators answers.
    """
    from sklearn.calibration import CalibratedClassifierCV

    mended = CalibratedClassifierCV(made, method=method, cv=folds, ensemble=ordered)
    return Pipeline([("estimate", mended)])


def settled(fitted: Pipeline) -> Pipeline:
    """Without what was needed for fitting alone: the positions of rows in the folds."""
    estimator = fitted[-1]
    if hasattr(estimator, "calibrated_classifiers_"):
        estimator.cv = CALIBRATION_FOLDS
    return fitted


def unwrapped(fitted: Pipeline, answers: np.ndarray) -> tuple[Pipeline, np.ndarray]:
    """The one Pipeline inside what options have wrapped around it, and the answers it learned.

    Of a transformed target it learned the logarithm, and what mends probabilities comes after it.
    """
    estimator = fitted[-1]
    if hasattr(estimator, "regressor_"):
        return unwrapped(estimator.regressor_, np.log1p(answers))
    inside = getattr(estimator, "calibrated_classifiers_", [])
    # Where several mend one another's probabilities none of them is the model.
    return unwrapped(inside[0].estimator, answers) if len(inside) == 1 else (fitted, answers)


def _transformed(made: Pipeline) -> Pipeline:
    """Learns from log(1 + target), and answers in the unit of the target."""
    from sklearn.compose import TransformedTargetRegressor

    around = TransformedTargetRegressor(made, func=np.log1p, inverse_func=np.expm1)
    return Pipeline([("estimate", around)])
