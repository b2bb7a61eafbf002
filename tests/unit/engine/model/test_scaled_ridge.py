"""Scaler and ridge in one step equal scikit-learn's own fit and prediction."""

import numpy as np
import pytest
from glasshouse_ml.model.scaled_ridge import fit_scaled_ridge, predict_scaled_ridge
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

RNG = np.random.default_rng(21)


def pipeline(**params: object) -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("estimate", Ridge(**params))])


def matrices() -> dict[str, np.ndarray]:
    usual = RNG.normal(size=(60, 4))
    return {
        "usual": usual,
        "constant": np.column_stack([usual, np.full(60, 0.1), np.zeros(60)]),
        "collinear": np.column_stack([usual, usual[:, 0], 2 * usual[:, 1]]),
        "far from zero": usual * [1e-8, 1, 1e8, 1] + [1e5, 1e9, -1e12, 0],
        "one column": usual[:, :1],
        "as many rows as columns": usual[:4],
    }


@pytest.mark.parametrize("name", matrices())
@pytest.mark.parametrize("alpha", [1.0, 1e-3, 50])
def test_fit_and_prediction_equal_scikit_learn(name: str, alpha: float) -> None:
    matrix = matrices()[name]
    target = matrix[:, 0] / np.abs(matrix[:, 0]).max() + RNG.normal(size=len(matrix)) + 1e4
    expected = pipeline(alpha=alpha).fit(matrix, target)
    fitted = fit_scaled_ridge(pipeline(alpha=alpha), matrix, target)
    assert fitted is not None
    for step, reference in zip(fitted, expected, strict=True):
        assert vars(step).keys() == vars(reference).keys()
        assert step.get_params() == reference.get_params()
    np.testing.assert_allclose(fitted[0].scale_, expected[0].scale_, rtol=1e-9)
    new = matrix + RNG.normal(size=matrix.shape)
    outside = expected.predict(new)
    np.testing.assert_allclose(fitted.predict(new), outside, rtol=1e-9)
    np.testing.assert_allclose(predict_scaled_ridge(fitted, new), outside, rtol=1e-9)


def test_other_pipelines_are_left_to_scikit_learn() -> None:
    matrix, target = RNG.normal(size=(30, 3)), RNG.normal(size=30)
    others = [
        pipeline(positive=True),
        pipeline(fit_intercept=False),
        pipeline(solver="lsqr"),
        pipeline(alpha=0),
        Pipeline([("scale", StandardScaler(with_mean=False)), ("estimate", Ridge())]),
        Pipeline([("scale", StandardScaler()), ("estimate", Lasso())]),
        Pipeline([("estimate", Ridge())]),
    ]
    for other in others:
        assert fit_scaled_ridge(other, matrix, target) is None
        assert predict_scaled_ridge(other.fit(matrix, target), matrix) is None
    assert fit_scaled_ridge(pipeline(), matrix[:2], target[:2]) is None
