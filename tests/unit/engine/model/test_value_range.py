"""Estimators accept the largest values that the engine accepts."""

import numpy as np
import pytest
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.model.algorithms import CATALOGUE, Algorithm
from glasshouse_ml.model.preprocessing import preprocessing_pipeline

FEATURES = [Feature("narrow", "float8", "number"), Feature("wide", "float8", "number")]
COMPARE_AS_FLOAT32 = [
    algorithm
    for task in ("classification", "regression", "outliers")
    for name, algorithm in CATALOGUE[task].items()
    if algorithm.path.startswith(("sklearn.ensemble", "sklearn.tree"))
    or name in ("lightgbm", "xgboost")
]


@pytest.mark.parametrize("algorithm", COMPARE_AS_FLOAT32, ids=lambda a: f"{a.task}-{a.name}")
def test_trees_accept_largest_values(algorithm: Algorithm) -> None:
    rng = np.random.default_rng(0)
    # A column of little variance: scaled by its deviation, the limit would be beyond float32.
    ordinary = np.column_stack([rng.normal(0, 1e-3, 60), rng.normal(0, 1, 60)])
    target = ordinary[:, 1] > 0 if algorithm.task == "classification" else ordinary[:, 1]
    extreme = ordinary.copy()
    extreme[:4, 0] = [MAX_ABSOLUTE_VALUE, -MAX_ABSOLUTE_VALUE, 0.9 * MAX_ABSOLUTE_VALUE, np.nan]
    for training in (ordinary, extreme):
        params = {} if "n_estimators" not in algorithm.parameters else {"n_estimators": 3}
        pipeline = preprocessing_pipeline(algorithm, params, FEATURES, seed=0)
        pipeline.fit(training, target.astype(float))
        assert np.isfinite(pipeline.predict(extreme)).all()
