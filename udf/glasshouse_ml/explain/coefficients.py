"""Coefficients of a linear model in the units of the data, with standard errors where they exist.

Let X be the prepared training rows with a column of ones for the intercept. The covariance of the
estimates is the inverse of the observed information, which is the second derivative of the function
that the fit minimises, including the penalty:

- logistic regression: (X' W X + P / C)^-1 with W = diag(p (1 - p)). With more than two classes the
  blocks are X' diag(p_k (1{k=l} - p_l)) X. P is diagonal with 1 for a coefficient and 0 for the
  intercept, which is not penalised (Hosmer, Lemeshow and Sturdivant, Applied Logistic Regression,
  2013, section 2.3; the penalty as in le Cessie and van Houwelingen, Applied Statistics 41, 1992);
- least squares and ridge: s² (X' X + alpha P)^-1. s² is the sum of squared residuals divided by the
  number of rows minus the effective parameters tr((X' X + alpha P)^-1 X' X) (Hastie, Tibshirani and
  Friedman, The Elements of Statistical Learning, 2009, section 3.4.1).

Without a penalty these are the classical standard errors. With a penalty they describe the
penalised estimate, which is shrunk towards zero; z and p refer to it and are conservative.
Other estimators (lasso, support vector machines, weighted classes) have no such formula, so their
errors are NULL. Scaling is undone: if b has the covariance V, then A b has the covariance A V A'.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.measure.intervals import Z_95
from glasshouse_ml.model.linear import LinearModel, PreparedColumn, extract_linear_model

INTERCEPT = "(intercept)"
# The terms of a free text that are recorded for each class, those that weigh most.
MAX_TEXT_TERMS = 100
# Beyond these sizes the information takes longer to compute and invert than the fit of the model.
_MAX_PARAMETERS = 1_500
_MAX_PRODUCTS = 2e10
_CHUNK = 10_000


def coefficient_rows(
    fitted: Pipeline,
    features: Sequence[Feature],
    matrix: np.ndarray,
    actual: np.ndarray,
    classes: Sequence[str],
    positive: int | None,
) -> Records:
    """Rows of ml.coefficients, one per class and term; none if the model is not linear.

    Parameters
    ----------
    matrix, actual : ndarray of shape (rows, features) and (rows,)
        The training rows and their target.
    positive : int or None
        The position of the positive class, with two classes.
    """
    linear = extract_linear_model(fitted, features)
    if linear is None or not linear.matches_predictions(fitted, matrix[:100]):
        return []
    prepared = fitted[:-1].transform(matrix)
    covariance = _covariance(fitted[-1], prepared, actual)
    logistic = type(fitted[-1]).__name__.startswith("Logistic") and len(linear.weights) == 1
    names = _names(linear, features)
    deviations = _deviations(prepared)
    records: Records = []
    for position, weights in enumerate(linear.weights):
        estimates = _unscaled(linear.intercepts[position], weights, linear.terms)
        errors = np.full(len(estimates), np.nan)
        if covariance is not None:
            unscale, size = _unscaling(linear.terms), len(estimates)
            block = slice(position * size, (position + 1) * size)
            variances = np.einsum("ij,jk,ik->i", unscale, covariance[block, block], unscale)
            errors = np.sqrt(np.maximum(variances, 0.0))
        # With two classes there is one sum, which belongs to the second class.
        flipped = positive == 0
        if flipped:
            estimates = -estimates
        name = classes[position if positive is None else positive] if classes else ""
        if not np.isfinite(estimates).all():
            return []
        # A coefficient times the standard deviation of its column does not depend on the scaling.
        standardised = np.append(np.nan, weights * deviations) * (-1 if flipped else 1)
        order = _recorded_terms(np.abs(standardised[1:]), linear.terms) + 1
        for rank, term in enumerate([*order, 0], start=1):
            row = _row(float(estimates[term]), float(errors[term]), logistic)
            row["standardised"] = json_number(standardised[term])
            records.append({"class": name, **names[term], **row, "rank": rank})
    return records


def _row(estimate: float, error: float, logistic: bool) -> dict[str, Any]:
    z = estimate / error if error > 0 else np.nan
    with np.errstate(over="ignore"):
        ratio = float(np.exp(estimate)) if logistic else None
    return {
        "estimate": json_number(estimate),
        "standard_error": json_number(error),
        "z": json_number(z),
        "p": json_number(2 * ndtr(-abs(z))),
        "odds_ratio": json_number(ratio),
        "lower": json_number(estimate - Z_95 * error),
        "upper": json_number(estimate + Z_95 * error),
    }


def _names(linear: LinearModel, features: Sequence[Feature]) -> list[dict[str, str | None]]:
    """Name and feature of each term, the intercept first; its feature is None."""
    records: list[dict[str, str | None]] = [{"term": INTERCEPT, "feature": None}]
    used_names = {INTERCEPT}
    for term in linear.terms:
        feature = features[term.feature].name
        name = feature + term.suffix
        # A column may have the name that another column gives to one of its categories.
        while name in used_names:
            name += "'"
        used_names.add(name)
        records.append({"term": name, "feature": feature})
    return records


def _recorded_terms(sizes: np.ndarray, terms: Sequence[PreparedColumn]) -> np.ndarray:
    """Positions of the terms by size; of each free text only those that weigh most."""
    order = np.argsort(-sizes, kind="stable")
    recorded, of_text = [], Counter[int]()
    for position in order.tolist():
        term = terms[position]
        of_text[term.feature] += term.is_text
        if of_text[term.feature] <= MAX_TEXT_TERMS:
            recorded.append(position)
    return np.array(recorded, int)


def _unscaled(intercept: float, weights: np.ndarray, terms: Sequence[PreparedColumn]) -> np.ndarray:
    """The intercept and the weights in the unit of the data."""
    means = np.array([term.mean for term in terms])
    scaled_back = weights / np.array([term.scale for term in terms])
    return np.append(intercept - means @ scaled_back, scaled_back)


def _unscaling(terms: Sequence[PreparedColumn]) -> np.ndarray:
    """The matrix A that converts estimates for prepared columns into estimates for the data."""
    means = np.array([term.mean for term in terms])
    scales = np.array([term.scale for term in terms])
    unscale = np.diag(np.append(1.0, 1.0 / scales))
    unscale[0, 1:] = -means / scales
    return unscale


def _deviations(prepared: Any) -> np.ndarray:
    """Standard deviation of each prepared column; the matrix may be sparse."""
    mean = np.asarray(prepared.mean(axis=0)).ravel()
    squares = prepared.multiply(prepared) if hasattr(prepared, "multiply") else prepared**2
    return np.sqrt(np.maximum(np.asarray(squares.mean(axis=0)).ravel() - mean**2, 0.0))


def _covariance(estimator: Any, prepared: Any, actual: np.ndarray) -> np.ndarray | None:
    """Covariance of all parameters, class by class with the intercept first; None: no formula."""
    rows, columns = prepared.shape
    size = (columns + 1) * len(np.atleast_1d(estimator.intercept_))
    formula = _FORMULAS.get(type(estimator).__name__)
    if formula is None or size > _MAX_PARAMETERS or rows * size * size > _MAX_PRODUCTS:
        return None
    try:
        return formula(estimator, prepared, actual)
    except np.linalg.LinAlgError:
        return None


def _with_intercept(prepared: Any, start: int) -> np.ndarray:
    part = prepared[start : start + _CHUNK]
    dense = part.toarray() if hasattr(part, "toarray") else np.asarray(part)
    return np.column_stack([np.ones(len(dense)), dense])


def _logistic(estimator: Any, prepared: Any, actual: np.ndarray) -> np.ndarray | None:
    penalised_intercept = estimator.solver == "liblinear"
    # The strength that cross-validation chose, where the estimator chooses it.
    strength, mixed = (
        float(np.ravel(getattr(estimator, f"{name}_", getattr(estimator, name, 0)))[0] or 0)
        for name in ("C", "l1_ratio")
    )
    if mixed or estimator.class_weight or penalised_intercept or not estimator.fit_intercept:
        return None
    sums = len(estimator.intercept_)
    size = prepared.shape[1] + 1
    information = np.zeros((sums, size, sums, size))
    for start in range(0, prepared.shape[0], _CHUNK):
        rows = _with_intercept(prepared, start)
        probabilities = estimator.predict_proba(rows[:, 1:])[:, -sums:]
        for first in range(sums):
            check_interrupts()
            for second in range(first, sums):
                weight = probabilities[:, first] * ((first == second) - probabilities[:, second])
                block = rows.T @ (rows * weight[:, None])
                information[first, :, second, :] += block
                if second > first:
                    information[second, :, first, :] += block.T
    stacked = information.reshape(sums * size, sums * size)
    penalty = np.ones(sums * size) / strength
    penalty[::size] = 0.0
    # With more than two classes a constant added to every intercept changes no probability, so the
    # information is singular. Its pseudo-inverse belongs to intercepts that sum to 0.
    return np.linalg.pinv(stacked + np.diag(penalty), rcond=1e-12, hermitian=True)


def _least_squares(estimator: Any, prepared: Any, actual: np.ndarray) -> np.ndarray | None:
    if getattr(estimator, "positive", False) or not estimator.fit_intercept:
        return None
    if np.ndim(estimator.coef_) != 1:
        return None
    alpha = getattr(estimator, "alpha_", getattr(estimator, "alpha", 0.0))
    penalty = float(np.ravel(alpha)[0])  # a list of one number is as good
    rows, columns = prepared.shape
    mean = np.asarray(prepared.mean(axis=0)).ravel()
    products, squares = np.zeros((columns, columns)), 0.0
    for start in range(0, rows, _CHUNK):
        check_interrupts()
        part = _with_intercept(prepared, start)[:, 1:]
        residuals = actual[start : start + _CHUNK] - estimator.predict(part)
        squares += float(residuals @ residuals)
        part -= mean
        products += part.T @ part
    # Centred columns are orthogonal to the intercept, which is then the mean of the target. One-hot
    # columns of all categories are collinear: the pseudo-inverse belongs to the solution of minimum
    # norm, which is the one that least squares returns.
    inverse = np.linalg.pinv(products + penalty * np.eye(columns), rcond=1e-12, hermitian=True)
    degrees_of_freedom = rows - 1 - np.trace(inverse @ products)
    if degrees_of_freedom <= 0:
        return None
    variance = squares / degrees_of_freedom
    deviations = variance * inverse
    intercept_variance = variance / rows + mean @ deviations @ mean
    intercept_covariance = -deviations @ mean
    return np.block(
        [
            [np.array([[intercept_variance]]), intercept_covariance[None, :]],
            [intercept_covariance[:, None], deviations],
        ]
    )


_FORMULAS: dict[str, Callable[[Any, Any, np.ndarray], np.ndarray | None]] = {
    "LogisticRegression": _logistic,
    "LogisticRegressionCV": _logistic,
    "LinearRegression": _least_squares,
    "Ridge": _least_squares,
    "RidgeCV": _least_squares,
}
