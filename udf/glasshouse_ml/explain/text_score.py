"""How well one column of texts or lists alone predicts the target: a perfect score is a leak.

A linear model of the column's terms is fitted on one half of the rows and scored on the other, and
the other way round, as the rule of univariate_score.py is.
"""

from dataclasses import replace

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.target import Target
from glasshouse_ml.explain.univariate_score import prediction_quality
from glasshouse_ml.model.algorithms import find_algorithm
from glasshouse_ml.model.preprocessing import preprocessing_pipeline

# A leak shows on few rows, and a fit on many costs seconds.
MAX_ROWS = 2_000


def text_score(feature: Feature, column: np.ndarray, target: Target, seed: int) -> float | None:
    """ROC AUC with classes, R² with numbers; None where no half can be learned from.

    `column` is that of the matrix with its documents, shape (rows, 1), in random order.
    """
    column, values = column[:MAX_ROWS], target.values[:MAX_ROWS]
    names = target.names
    task, name = ("classification", "logistic_regression") if names else ("regression", "ridge")
    algorithm = find_algorithm(task, name)
    # Little regularisation, or a text that says the number would not fit it exactly.
    params = {} if names else {"alpha": 0.01}
    predicted = np.zeros((len(values), max(len(names), 1)))
    # Each class is dealt out to both halves.
    is_even = np.empty(len(values), bool)
    is_even[np.argsort(values, kind="stable")] = np.arange(len(values)) % 2 == 0
    for fit, predict in ((is_even, ~is_even), (~is_even, is_even)):
        if not predict.any() or len(np.unique(values[fit])) < 2:
            return None
        pipeline = preprocessing_pipeline(algorithm, params, [feature], seed)
        try:
            pipeline.fit(column[fit], values[fit])
        except (ValueError, GlasshouseError):
            return None  # the texts of this half have no term in common
        if names:
            places = np.asarray(pipeline.classes_, int)
            predicted[np.ix_(predict, places)] = pipeline.predict_proba(column[predict])
        else:
            predicted[predict, 0] = np.asarray(pipeline.predict(column[predict])).ravel()
    cells = np.asarray(column)[:, 0]
    return prediction_quality(predicted, replace(target, values=values), cells)
