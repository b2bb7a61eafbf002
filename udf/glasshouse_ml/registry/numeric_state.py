"""Pipelines of linear models as JSON and back, in a tenth of the time and the bytes of skops.

The models of ten thousand groups differ in a few numbers each. A Pipeline is written by the class
of each step and its attributes. Classes come from a list, and attributes are numbers, texts, arrays
of numbers or estimators of the list, so that nothing in the JSON can execute code. Every finite
number comes back as it was.
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from glasshouse_ml.model.interruptible.linear_model import LogisticRegression

CLASSES: dict[str, type[BaseEstimator]] = {
    estimator.__name__: estimator
    for estimator in (
        ElasticNet,
        Lasso,
        LinearRegression,
        LogisticRegression,
        MinMaxScaler,
        MissingIndicator,
        Ridge,
        SimpleImputer,
        StandardScaler,
    )
}
# Of numpy's kinds: booleans, integers and floating-point numbers.
_KINDS = "biuf"
# Of Python's types; np.float64 is a float of its own.
_PLAIN = (type(None), bool, int, float, str)


class _OtherTypeError(Exception):
    """An attribute that JSON does not hold."""


def pipeline_state(pipeline: Pipeline) -> list[Any] | None:
    """Name, class and attributes of each step; None where one of them is of another type."""
    try:
        return [[name, _estimator_state(step)] for name, step in pipeline.steps]
    except _OtherTypeError:
        return None


def restore_pipeline(steps: list[Any]) -> Pipeline:
    """The Pipeline of a state whose signature was verified; KeyError for a class off the list."""
    return Pipeline([(name, _restore_estimator(state)) for name, state in steps])


def _estimator_state(estimator: Any) -> dict[str, Any]:
    name = type(estimator).__name__
    if CLASSES.get(name) is not type(estimator):
        raise _OtherTypeError
    attributes = {key: _value_state(value) for key, value in vars(estimator).items()}
    return {"class": name, "attributes": attributes}


def _value_state(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in _KINDS:
        return {"dtype": value.dtype.str, "shape": value.shape, "values": value.ravel().tolist()}
    if isinstance(value, np.dtype) and value.kind in _KINDS:
        return {"dtype": value.str}
    return _estimator_state(value)


def _restore_estimator(state: dict[str, Any]) -> BaseEstimator:
    kind = CLASSES[state["class"]]
    estimator: BaseEstimator = object.__new__(kind)
    vars(estimator).update(
        {key: _restore_value(value) for key, value in state["attributes"].items()}
    )
    return estimator


def _restore_value(state: Any) -> Any:
    if not isinstance(state, dict):
        return state
    if "class" in state:
        return _restore_estimator(state)
    dtype = np.dtype(state["dtype"])
    if dtype.kind not in _KINDS:
        raise ValueError(state["dtype"])
    if "values" not in state:
        return dtype
    # [()] makes a number of an array without dimensions, and leaves others as they are.
    return np.array(state["values"], dtype).reshape(state["shape"])[()]
