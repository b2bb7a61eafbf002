"""Fits on batches of rows equal fits on all rows at once."""

import numpy as np
import pytest
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import CATEGORY, NUMBER
from glasshouse_ml.model import streaming
from glasshouse_ml.model.algorithms import find_algorithm
from glasshouse_ml.model.boosting import XGBoostClassifier, XGBoostRegressor
from glasshouse_ml.model.preprocessing import preprocessing_pipeline
from glasshouse_ml.model.streaming import EXACT_SUMS, STREAMING, batch_fit, mergeable_fit
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline

RNG = np.random.default_rng(3)
ROWS, SAMPLE = 4_000, 400
FEATURES = [
    Feature("large", "double precision", NUMBER),
    Feature("small", "double precision", NUMBER),
    Feature("town", "text", CATEGORY, ("Graz", "Linz", "Wels")),
]


def data(shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Columns of different size; the sample is the first rows, in which `large` is larger."""
    matrix = np.column_stack(
        [
            RNG.normal(1e5, 10, ROWS) + np.linspace(30, 0, ROWS),
            RNG.gamma(2.0, 1e-3, ROWS),
            RNG.integers(0, 3, ROWS).astype(float),
        ]
    )
    matrix[:SAMPLE, 2] = np.arange(SAMPLE) % 3
    answers = shift + matrix[:, 0] - 300 * matrix[:, 1] + matrix[:, 2] + RNG.normal(size=ROWS)
    return matrix, answers


def streamed(fitted: Pipeline, matrix: np.ndarray, answers: np.ndarray, classes: int = 0):
    fit = batch_fit(fitted, classes, 0)
    assert fit is not None
    for start in range(0, len(matrix), 333):
        fit.add(matrix[start : start + 333], answers[start : start + 333])
    return fit


@pytest.mark.parametrize("shift", [0.0, 1e6])
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("ridge", {}),
        ("ridge", {"alpha": 500.0}),
        ("ridge", {"fit_intercept": False}),
        ("linear_regression", {}),
    ],
)
def test_exact_sums_equal_fit_on_all_rows(name: str, params: dict, shift: float) -> None:
    matrix, answers = data(shift)
    pipeline = preprocessing_pipeline(find_algorithm("regression", name), params, FEATURES, 0)
    fit = streamed(clone(pipeline).fit(matrix[:SAMPLE], answers[:SAMPLE]), matrix, answers)
    assert fit.method == EXACT_SUMS
    expected = clone(pipeline).fit(matrix, answers).predict(matrix)
    np.testing.assert_allclose(fit.result().predict(matrix), expected, rtol=1e-6 / (1 + shift))


def test_gaussian_nb_smooths_by_the_variances_of_all_rows() -> None:
    """One column is constant in a class, so that its variance there is the smoothing alone."""
    matrix, _ = data(0.0)
    answers = (matrix[:, 1] > 0.002).astype(int)
    matrix[:, 2] = (np.arange(ROWS) % 50 == 0) & (answers == 1)
    matrix[-1_500:, 1] /= 100  # the last batches are unlike the others
    pipeline = preprocessing_pipeline(
        find_algorithm("classification", "gaussian_nb"), {}, FEATURES, 0
    )
    fitted = clone(pipeline).fit(matrix[:SAMPLE], answers[:SAMPLE])
    learned = streamed(fitted, matrix, answers, 2).result()
    prepared = fitted[:-1].transform(matrix)
    expected = GaussianNB().fit(prepared, answers)
    np.testing.assert_allclose(learned[-1].var_, expected.var_, rtol=1e-9)
    np.testing.assert_allclose(learned.predict_proba(matrix), expected.predict_proba(prepared))


@pytest.mark.parametrize(
    ("task", "name", "params"),
    [
        ("regression", "ridge", {}),
        ("regression", "ridge", {"fit_intercept": False}),
        ("regression", "linear_regression", {}),
        ("classification", "gaussian_nb", {}),
        ("classification", "gaussian_nb", {"priors": [0.2, 0.3, 0.5]}),
        ("classification", "bernoulli_nb", {}),
    ],
)
def test_merged_parts_equal_one_fit(task: str, name: str, params: dict) -> None:
    """One part has no row and one has one class only; batches and shifts of the target differ."""
    matrix, answers = data(1e3)
    classes = 3 if task == "classification" else 0
    if classes:
        answers = (matrix[:, 1] > 0.001).astype(int) + (matrix[:, 1] > 0.003)
    pipeline = preprocessing_pipeline(find_algorithm(task, name), params, FEATURES, 0)
    fitted = clone(pipeline).fit(matrix[:SAMPLE], answers[:SAMPLE])
    expected = streamed(fitted, matrix, answers, classes).result()
    is_last = answers == 2 if classes else np.arange(ROWS) > 3_000
    is_first = ~is_last & (np.arange(ROWS) < SAMPLE)
    merged = mergeable_fit(streamed(fitted, matrix[:0], answers[:0], classes))
    assert merged is not None
    for part in (is_first, np.zeros(ROWS, bool), ~is_first & ~is_last, is_last):
        merged.merge(streamed(fitted, matrix[part], answers[part], classes).state())
    answer = "predict_proba" if classes else "predict"
    one, many = (getattr(each, answer)(matrix) for each in (expected, merged.result()))
    np.testing.assert_allclose(many, one, rtol=1e-7, atol=1e-9)


def test_column_constant_in_all_rows_but_the_sample() -> None:
    """Its scale by all rows is that of few rows."""
    matrix, answers = data(0.0)
    matrix[SAMPLE:, 1] = 0.5
    pipeline = preprocessing_pipeline(find_algorithm("regression", "ridge"), {}, FEATURES, 0)
    fit = streamed(clone(pipeline).fit(matrix[:SAMPLE], answers[:SAMPLE]), matrix, answers)
    expected = clone(pipeline).fit(matrix, answers).predict(matrix)
    np.testing.assert_allclose(fit.result().predict(matrix), expected, rtol=1e-9)


def test_rows_with_null_are_filled_as_the_sample_fills_them() -> None:
    matrix, answers = data(0.0)
    matrix[::7, 1] = np.nan
    pipeline = preprocessing_pipeline(find_algorithm("regression", "ridge"), {}, FEATURES, 0)
    fitted = clone(pipeline).fit(matrix[:SAMPLE], answers[:SAMPLE])
    filled = fitted[:-1].transform(matrix)
    fit = streamed(fitted, matrix, answers)
    # The numbers and their indicator are scaled by all rows, the categories are not.
    filled[:, :3] = (filled[:, :3] - filled[:, :3].mean(axis=0)) / filled[:, :3].std(axis=0)
    expected = Ridge().fit(filled, answers).predict(filled)
    np.testing.assert_allclose(fit.result().predict(matrix), expected, rtol=1e-9)


def test_naive_bayes_equals_fit_on_all_rows() -> None:
    matrix, answers = data(0.0)
    classes = (answers > np.median(answers)).astype(int)
    pipeline = preprocessing_pipeline(
        find_algorithm("classification", "gaussian_nb"), {}, FEATURES, 0
    )
    fitted = clone(pipeline).fit(matrix[:SAMPLE], classes[:SAMPLE])
    fit = streamed(fitted, matrix, classes, classes=2)
    assert fit.method == STREAMING
    expected = Pipeline([*fitted.steps[:-1], ("estimate", clone(fitted[-1]))])
    prepared = fitted[:-1].transform(matrix)
    expected.steps[-1][1].fit(prepared, classes)
    result = fit.result().predict_proba(matrix)
    np.testing.assert_allclose(result, expected.predict_proba(matrix), atol=1e-6)


def test_clusters_keep_their_numbers() -> None:
    """The rows after the sample move the centres, and no number changes."""
    centres = np.array([[0.0, 0.0, 0.0], [30.0, 5.0, 1.0], [-30.0, -5.0, 2.0]])
    labels = RNG.integers(0, 3, ROWS)
    matrix = centres[labels] + RNG.normal(size=(ROWS, 3)) * [1, 1, 0]
    matrix[SAMPLE:, 0] += 2
    algorithm = find_algorithm("clustering", "mini_batch_k_means")
    pipeline = preprocessing_pipeline(algorithm, {"n_clusters": 3}, FEATURES[:2], 0)
    fitted = clone(pipeline).fit(matrix[:SAMPLE, :2])
    before = fitted[-1].cluster_centers_.copy()
    result = streamed(fitted, matrix[:, :2], np.zeros(ROWS)).result()
    np.testing.assert_array_equal(fitted[-1].cluster_centers_, before)
    np.testing.assert_array_equal(result.predict(matrix[:, :2]), fitted.predict(matrix[:, :2]))
    assert not np.allclose(result[-1].cluster_centers_, before, atol=0.01)


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("values", [1_000, 2_000_000], ids=["many batches", "one batch"])
def test_xgboost_learns_from_bins_of_all_rows(
    classes: int, values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It equals the fit in memory up to the borders of the bins, and not that of the sample."""
    pytest.importorskip("xgboost")
    monkeypatch.setattr(streaming, "_BATCH_VALUES", values)
    matrix, answers = data(0.0)
    matrix[::7, 1] = np.nan
    if classes:
        answers = np.searchsorted(np.quantile(answers, np.arange(1, classes) / classes), answers)
    estimator = XGBoostClassifier if classes else XGBoostRegressor
    pipeline = Pipeline([("estimate", estimator({"n_estimators": 30, "max_depth": 4}))])
    fitted = clone(pipeline).fit(matrix[:SAMPLE], answers[:SAMPLE])
    fit = streamed(fitted, matrix, answers, classes=classes)
    assert (fit.method, fit.bytes_needed() > 0) == (STREAMING, True)
    method = "predict_proba" if classes else "predict"
    result, expected, sample = (
        getattr(model, method)(matrix)
        for model in (fit.result(), clone(pipeline).fit(matrix, answers), fitted)
    )
    spread = expected.std(axis=0).max()
    assert np.abs(result - expected).mean() < (0 if values > 1_000 else 0.02) * spread + 1e-6
    assert np.abs(sample - expected).mean() > 0.03 * spread


def test_interrupt_ends_fit_on_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a cancelled statement, which PL/Python raises, comes out of XGBoost's reader."""
    pytest.importorskip("xgboost")
    matrix, answers = data(0.0)
    pipeline = Pipeline([("estimate", XGBoostRegressor({"n_estimators": 3}))])
    fit = streamed(pipeline.fit(matrix[:SAMPLE], answers[:SAMPLE]), matrix, answers)

    def cancel() -> None:
        raise RuntimeError("canceling statement due to user request")

    monkeypatch.setattr("glasshouse_ml.model.boosting.check_interrupts", cancel)
    with pytest.raises(RuntimeError, match="canceling statement"):
        fit.result()


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestRegressor(n_estimators=2),
        LinearRegression(positive=True),
        XGBoostRegressor({"tree_method": "exact", "n_estimators": 2}),
    ],
)
def test_other_estimators_have_no_batch_fit(estimator) -> None:
    if isinstance(estimator, XGBoostRegressor):
        pytest.importorskip("xgboost")
    matrix, answers = data(0.0)
    fitted = Pipeline([("estimate", estimator)]).fit(matrix[:50], answers[:50])
    assert batch_fit(fitted, 0, 0) is None
