"""Coefficients and their errors equal Newton's method and least squares."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

OPTIONS = {"bootstrap": 0, "importance_repeats": 0}
EVERYTHING = '{"by": "column", "column": "part"}'


def coefficients_of(
    rows: list[dict], algorithm: str, task: str = "classification", **params: Any
) -> list[dict]:
    """The coefficients of a model that learned from all but a few rows."""
    db = StandIn([{**row, "part": "test" if n < 20 else "train"} for n, row in enumerate(rows)])
    entry = {"algorithm": algorithm, "params": params}
    ill = {"positive_class": "ill"} if any(row["target"] == "ill" for row in rows) else {}
    options = json.dumps({**OPTIONS, **ill})
    call(db, task=task, algorithms=json.dumps([entry]), options=options, split=EVERYTHING)
    return db.recorded[0]["coefficients"]


def patients(count: int = 400, classes: int = 2) -> list[dict]:
    """Numbers on very different scales and a category."""
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(count):
        age, dose = float(rng.normal(50, 12)), float(rng.normal(0.002, 0.001))
        ward = str(rng.choice(["east", "north", "west"]))
        score = 0.05 * (age - 50) + 400 * (dose - 0.002) + (ward == "west") + rng.logistic()
        target = "ill" if score > 0 else "well"
        if classes > 2 and score > 2:
            target = "dead"
        rows.append({"age": age, "dose": dose, "ward": ward, "target": target})
    return rows


def design(rows: list[dict], scaled: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A column of ones, the numbers and a column for each ward."""
    rows = rows[20:]
    numbers = np.array([[row["age"], row["dose"]] for row in rows])
    if scaled:
        numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    wards = np.array([[row["ward"] == w for w in ("east", "north", "west")] for row in rows], float)
    return np.column_stack([np.ones(len(rows)), numbers, wards]), numbers


def by_term(rows: list[dict], column: str, name: str | None = None) -> dict[str, float]:
    return {row["term"]: row[column] for row in rows if name in (None, row["class"])}


def test_unpenalised_coefficients_equal_newton() -> None:
    rows = [{k: v for k, v in row.items() if k != "ward"} for row in patients()]
    result = coefficients_of(rows, "logistic_regression", C=1e12, tol=1e-12)
    assert {row["class"] for row in result} == {"ill"}
    x = np.array([[1.0, row["age"] / 100, row["dose"] * 100] for row in rows[20:]])
    y = np.array([row["target"] == "ill" for row in rows[20:]], float)
    beta = np.zeros(3)
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ beta))
        covariance = np.linalg.inv((x.T * (p * (1 - p))) @ x)
        beta += covariance @ (x.T @ (y - p))
    units = np.array([1.0, 1 / 100, 100.0])
    errors = np.sqrt(np.diag(covariance)) * units
    order = ["(intercept)", "age", "dose"]
    assert [by_term(result, "estimate")[t] for t in order] == pytest.approx(beta * units, rel=1e-5)
    assert [by_term(result, "standard_error")[t] for t in order] == pytest.approx(errors, rel=1e-5)
    z = beta * units / errors
    assert [by_term(result, "p")[t] for t in order] == pytest.approx(2 * norm.sf(abs(z)), rel=1e-3)
    for row in result:
        assert row["odds_ratio"] == pytest.approx(np.exp(row["estimate"]))
        assert (row["lower"] + row["upper"]) / 2 == pytest.approx(row["estimate"])
        assert row["upper"] - row["estimate"] == pytest.approx(
            norm.ppf(0.975) * row["standard_error"]
        )


def test_penalised_errors_equal_curvature_of_loss() -> None:
    """The second derivative by finite differences, in the unit of the data."""
    rows, strength = patients(), 0.3
    result = coefficients_of(rows, "logistic_regression", C=strength, tol=1e-12)
    x, _ = design(rows)
    y = np.array([row["target"] == "ill" for row in rows[20:]], float)
    deviations = (
        np.array([row["age"] for row in rows[20:]]).std(),
        np.array([row["dose"] for row in rows[20:]]).std(),
    )
    scales = np.array([*deviations, 1.0, 1.0, 1.0])
    order = ["(intercept)", "age", "dose", "ward = east", "ward = north", "ward = west"]
    units = np.array([1.0, *(1 / scales)])

    def loss(parameters: np.ndarray) -> float:
        beta = parameters * units
        margins = x @ beta
        fit = np.logaddexp(0, margins).sum() - y @ margins
        return fit + 0.5 * ((beta[1:] * scales) ** 2).sum() / strength

    at = np.array([by_term(result, "estimate")[term] for term in order]) / units
    step, size = 1e-3, len(at)
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            a, b = np.eye(size)[i] * step, np.eye(size)[j] * step
            hessian[i, j] = (
                loss(at + a + b) - loss(at + a - b) - loss(at - a + b) + loss(at - a - b)
            ) / (4 * step**2)
    expected = np.sqrt(np.diag(np.linalg.inv(hessian))) * units
    assert [by_term(result, "standard_error")[t] for t in order] == pytest.approx(
        expected, rel=1e-3
    )
    gradient = [
        (loss(at + np.eye(size)[i] * step) - loss(at - np.eye(size)[i] * step)) / (2 * step)
        for i in range(size)
    ]
    assert np.abs(gradient).max() < 1e-2, "the estimates are not where the loss is least"


def test_multiclass_errors_equal_newton() -> None:
    """Newton again, with weights for each class and the whole matrix of their curvature."""
    rows = patients(600, classes=3)
    result = coefficients_of(rows, "logistic_regression", tol=1e-12)
    assert {row["class"] for row in result} == {"dead", "ill", "well"}
    assert {row["odds_ratio"] for row in result} == {None}
    x, _ = design(rows, scaled=True)
    names = ["dead", "ill", "well"]
    y = np.array([[row["target"] == name for name in names] for row in rows[20:]], float)
    w = np.zeros((6, 3))
    penalty = np.array([0.0, 1, 1, 1, 1, 1])
    for _ in range(60):
        p = np.exp(x @ w)
        p /= p.sum(axis=1, keepdims=True)
        gradient = (x.T @ (p - y) + penalty[:, None] * w).T.ravel()
        blocks = [
            [
                (x.T * (p[:, k] * ((k == m) - p[:, m]))) @ x + (k == m) * np.diag(penalty)
                for m in range(3)
            ]
            for k in range(3)
        ]
        covariance = np.linalg.pinv(np.block(blocks), hermitian=True)
        w -= (covariance @ gradient).reshape(3, 6).T
    errors = np.sqrt(np.diag(covariance)).reshape(3, 6)
    for k, name in enumerate(names):
        got = by_term(result, "standard_error", name)
        for position, ward in enumerate(("east", "north", "west"), start=3):
            assert by_term(result, "estimate", name)[f"ward = {ward}"] == pytest.approx(
                w[position, k], abs=1e-4
            )
            assert got[f"ward = {ward}"] == pytest.approx(errors[k, position], rel=1e-3)


@pytest.mark.parametrize("penalty", [0.0, 25.0])
def test_linear_regression_errors_equal_formula(penalty: float) -> None:
    rows = [{**row, "target": row["age"] * 2 + (row["ward"] == "west") * 5} for row in patients()]
    rng = np.random.default_rng(0)
    rows = [{**row, "target": row["target"] + float(rng.normal(0, 3))} for row in rows]
    if not penalty:
        rows = [{k: v for k, v in row.items() if k != "ward"} for row in rows]
    params = {"alpha": penalty} if penalty else {}
    result = coefficients_of(
        rows, "ridge" if penalty else "linear_regression", "regression", **params
    )
    y = np.array([row["target"] for row in rows[20:]])
    if penalty:
        x, _ = design(rows, scaled=True)
    else:
        x = np.array([[1.0, row["age"], row["dose"]] for row in rows[20:]])
    size = x.shape[1]
    inverse = np.linalg.inv(x.T @ x + penalty * np.diag([0.0] + [1.0] * (size - 1)))
    beta = inverse @ x.T @ y
    residuals = y - x @ beta
    freedom = len(y) - np.trace(inverse @ x.T @ x)
    errors = np.sqrt(np.diag(inverse) * (residuals @ residuals) / freedom)
    scale = np.array([row["age"] for row in rows[20:]]).std() if penalty else 1.0
    assert by_term(result, "estimate")["age"] == pytest.approx(beta[1] / scale, rel=1e-6)
    assert by_term(result, "standard_error")["age"] == pytest.approx(errors[1] / scale, rel=1e-6)
    if penalty:
        assert by_term(result, "standard_error")["ward = west"] == pytest.approx(
            errors[5], rel=1e-6
        )
    else:
        assert by_term(result, "standard_error")["(intercept)"] == pytest.approx(
            errors[0], rel=1e-6
        )
    assert {row["odds_ratio"] for row in result} == {None}
    assert {row["class"] for row in result} == {""}


def test_terms_have_names_and_sum_to_prediction(mixed: list[dict]) -> None:
    result = coefficients_of(mixed, "logistic_regression")
    features = {row["term"]: row["feature"] for row in result}
    assert features == {
        "(intercept)": None,
        "amount": "amount",
        "amount is missing": "amount",
        "colour = red": "colour",
        "colour = green": "colour",
        "colour = blue": "colour",
        "colour is missing": "colour",
        "loyal": "loyal",
    }
    assert sorted(row["rank"] for row in result) == list(range(1, 9))
    by_rank = sorted(result, key=lambda row: row["rank"])
    assert by_rank[-1]["term"] == "(intercept)"
    for before, after in pairwise(by_rank[:-1]):
        assert abs(before["standardised"]) >= abs(after["standardised"])
    known_amounts = [row["amount"] for row in mixed[20:] if row["amount"] is not None]
    amounts = [np.median(known_amounts) if r["amount"] is None else r["amount"] for r in mixed[20:]]
    estimate = by_term(result, "estimate")["amount"]
    assert by_term(result, "standardised")["amount"] == pytest.approx(estimate * np.std(amounts))


@pytest.mark.parametrize("classes", [2, 3])
def test_high_cardinality_column_is_one_term(classes: int) -> None:
    """One for each class, where there are more than two; and other numbers keep their names."""
    rng = np.random.default_rng(3)
    rows = [{**row, "city": f"city {rng.integers(300)}"} for row in patients(1_500, classes)]
    result = coefficients_of(rows, "logistic_regression")
    terms = {row["term"] for row in result if row["feature"] == "city"}
    assert terms == (
        {"city (mean)"} if classes == 2 else {f"city (mean of class {n})" for n in range(3)}
    )
    assert {"age", "ward = west"} <= {row["term"] for row in result}
    assert all(row["standard_error"] > 0 for row in result)


def test_other_positive_class_inverts_signs(mixed: list[dict]) -> None:
    signs = []
    for positive_class in ("true", "false"):
        db = StandIn(mixed)
        call(db, options=json.dumps({**OPTIONS, "positive_class": positive_class}))
        signs.append(by_term(db.recorded[0]["coefficients"], "estimate", positive_class))
    assert signs[0] == {term: -value for term, value in signs[1].items()}


def test_clashing_names_stay_unique() -> None:
    rng = np.random.default_rng(1)
    rows = [
        {
            "a": "b" if rng.random() < 0.5 else "c",
            "a = b": float(rng.normal()),
            "target": bool(rng.random() < 0.5),
        }
        for _ in range(200)
    ]
    terms = [row["term"] for row in coefficients_of(rows, "logistic_regression")]
    assert len(set(terms)) == len(terms) == 4


@pytest.mark.parametrize(
    ("algorithm", "task", "params"),
    [
        ("logistic_regression", "classification", {"class_weight": "balanced"}),
        ("logistic_regression", "classification", {"solver": "liblinear"}),
        ("logistic_regression", "classification", {"solver": "saga", "l1_ratio": 0.5}),
        ("lasso", "regression", {}),
        ("linear_discriminant_analysis", "classification", {}),
    ],
)
def test_models_without_formula_have_no_errors(algorithm: str, task: str, params: dict) -> None:
    rows = [{**row, "target": row["age"] if task == "regression" else row["target"]}
            for row in patients()]  # fmt: skip
    result = coefficients_of(rows, algorithm, task, **params)
    assert {row["standard_error"] for row in result} == {row["p"] for row in result} == {None}
    assert {row["term"] for row in result} >= {"age", "ward = west"}


@pytest.mark.parametrize(
    ("algorithm", "task"),
    [("hist_gradient_boosting", "classification"), ("poisson", "regression")],
)
def test_nonlinear_models_have_no_coefficients(algorithm: str, task: str) -> None:
    rows = [{**row, "target": row["age"] + 100 if task == "regression" else row["target"]}
            for row in patients(150)]  # fmt: skip
    assert coefficients_of(rows, algorithm, task) == []


@pytest.mark.parametrize("positive", ["ill", "well"])
def test_calibrated_model_has_uncalibrated_coefficients(positive: str) -> None:
    rows = [{**row, "part": "test" if n < 20 else "train"} for n, row in enumerate(patients())]
    result = []
    for calibration in (None, "sigmoid"):
        db = StandIn(rows)
        options = {**OPTIONS, "positive_class": positive, "calibration": calibration}
        call(db, options=json.dumps(options), split=EVERYTHING)
        result.append(db.recorded[0]["coefficients"])
    assert result[0] and result[0] == result[1]


def test_transformed_target_has_coefficients_of_logarithm() -> None:
    rng = np.random.default_rng(2)
    rows = [{"x": float(x), "noise": float(e)} for x, e in rng.normal(size=(300, 2))]
    for number, row in enumerate(rows):
        row["part"] = "test" if number < 20 else "train"
        row["target"] = float(np.expm1(3 + 0.5 * row["x"] + 0.01 * row["noise"]))
    db = StandIn(rows)
    entry = '[{"algorithm": "linear_regression"}]'
    options = json.dumps({**OPTIONS, "target_transform": "log1p"})
    call(db, task="regression", algorithms=entry, options=options, split=EVERYTHING)
    learned = rows[20:]
    columns = np.array([[1.0, row["x"], row["noise"]] for row in learned])
    logs = np.log1p([row["target"] for row in learned])
    expected = np.linalg.lstsq(columns, logs, rcond=None)[0]
    estimates = by_term(db.recorded[0]["coefficients"], "estimate")
    np.testing.assert_allclose(
        [estimates[name] for name in ("(intercept)", "x", "noise")], expected, rtol=1e-9
    )
    errors = by_term(db.recorded[0]["coefficients"], "standard_error")
    assert 0 < errors["x"] < 1e-6 or errors["x"] < 0.01


def test_search_winner_has_coefficients(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    entry = [{"algorithm": "logistic_regression", "search": {"C": [0.1, 1, 10]}}]
    call(db, key="id", algorithms=json.dumps(entry), options=json.dumps(OPTIONS))
    result = db.recorded[0]["coefficients"]
    assert result and all(row["standard_error"] > 0 for row in result)
