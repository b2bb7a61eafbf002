"""options.group_by: a model for each group of rows, and one of all rows for what has no own.

A group with few training rows, with one class only or with an error is answered by the pooled
model, and so is a group that training never met and a row whose group is NULL. The pooled model
does not see which group a row is of, so it answers new groups as well as old ones.
"""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import LIBRARY_ERRORS, one_line
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model.scaled_ridge import fit_scaled_ridge, predict_scaled_ridge

# With fewer rows a model of its own would learn the rows by heart.
MIN_ROWS = 30
# Rows that one estimator predicts at a time, a part of a second.
BATCH = 20_000
# Estimators that are loaded, or fitted for one prediction, at a time.
LOADED_GROUPS = 100
# The parameters and the numbers were checked for all groups at once. For the rows of a small group
# the checks take longer than the prediction.
_FEW_CHECKS = {"assume_finite": True, "skip_parameter_validation": True}


@dataclass(frozen=True)
class GroupFit:
    """What became of one group in a training."""

    value: float  # in the column of the groups
    rows: int
    pooling_reason: str | None  # None: it has a model of its own
    seconds: float = 0.0


class Grouped(BaseEstimator):
    """An estimator for each value of one column of the matrix, and a pooled one for the others.

    A stored model holds no estimators of groups: members_ is None, and load_members() returns those
    of some groups by the value of the column. `fits` tells of the groups after fit(), and is not
    stored.

    In the folds of a cross-validation is_transient is set: each group is fitted when its rows are
    predicted, and its estimator is freed then, so that the memory does not grow with the groups.
    """

    fits: Sequence[GroupFit] = ()
    members_: list[Pipeline] | None
    load_members: Callable[[Sequence[float]], dict[float, Pipeline]] | None = None
    is_transient = False
    _imputer: SimpleImputer | None = None

    def __init__(self, template: Pipeline, column: int) -> None:
        """Template is untrained and takes the matrix without that column."""
        self.template = template
        self.column = column

    def fit(self, matrix: np.ndarray, target: np.ndarray) -> Self:
        """Fit the pooled estimator and one for each group that is large enough."""
        features = np.delete(matrix, self.column, axis=1)
        if is_classifier(self.template):
            self.classes_ = np.unique(target)
        self.pooled_ = self.fit_member(features.copy(), target)
        if self.is_transient:
            self.members_ = None
            self.load_members = self._fitter_of_groups(matrix[:, self.column], features, target)
            return self
        members = {}
        self.fits = []
        for value, rows in rows_by_group(matrix[:, self.column]):
            fit, member = self.fit_group(value, features[rows], target[rows])
            self.fits.append(fit)
            if member is not None:
                members[value] = member
        self.values_, self.members_ = np.array(list(members), float), list(members.values())
        return self

    def _fitter_of_groups(
        self, values: np.ndarray, features: np.ndarray, target: np.ndarray
    ) -> Callable[[Sequence[float]], dict[float, Pipeline]]:
        """A load_members() that fits the groups it is asked for."""
        rows_of = dict(rows_by_group(values))

        def fit_members(values: Sequence[float]) -> dict[float, Pipeline]:
            members = {}
            for value in values:
                rows = rows_of.get(value)
                if rows is not None:
                    _, member = self.fit_group(value, features[rows], target[rows])
                    if member is not None:
                        members[value] = member
            return members

        return fit_members

    def fit_group(
        self, value: float, features: np.ndarray, target: np.ndarray
    ) -> tuple[GroupFit, Pipeline | None]:
        """What became of one group, and its estimator; None where the pooled one answers for it.

        The features are without the column of the groups.
        """
        reason = pooling_reason(target, hasattr(self, "classes_"))
        if reason is not None:
            return GroupFit(value, len(target), reason), None
        check_interrupts()
        started = time.perf_counter()
        try:
            member = self.fit_member(features, target)
        except LIBRARY_ERRORS as error:
            # The rows of one group stop no other group.
            check_interrupts()
            reason = f"Its model could not be trained: {one_line(error)}"
            return GroupFit(value, len(target), reason), None
        return GroupFit(value, len(target), None, time.perf_counter() - started), member

    def fit_member(self, features: np.ndarray, target: np.ndarray) -> Pipeline:
        """The estimator fitted on these rows, or the error of the library.

        The features may be changed: a scaler scales them in place.
        """
        steps = [
            (name, _untrained_copy(step))
            for name, step in flatten(self.template, features.shape[1]).steps
        ]
        with config_context(**_FEW_CHECKS):
            if not isinstance(steps[0][1], SimpleImputer) or np.isnan(features).any():
                return Pipeline(steps).fit(features, target)
            # The medians alone teach it the same, in a hundredth of the time.
            imputer = copy.copy(self._imputer_without_missing(steps[0][1], features.shape[1]))
            imputer.statistics_ = np.median(features, axis=0)
            rest = Pipeline(steps[1:])
            trained = fit_scaled_ridge(rest, features, target) or rest.fit(features, target)
            return Pipeline([(steps[0][0], imputer), *trained.steps])

    def _imputer_without_missing(self, imputer: SimpleImputer, columns: int) -> SimpleImputer:
        """An imputer fitted on so many columns without a missing value; fitted once."""
        if self._imputer is None or self._imputer.n_features_in_ != columns:
            self._imputer = clone(imputer).fit(np.zeros((1, columns)))
        return self._imputer

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """The prediction of the estimator of each row's group."""
        predictions = np.empty(len(matrix))
        with config_context(**_FEW_CHECKS):
            for estimator, rows, features in self._dispatch(matrix):
                predicted = predict_scaled_ridge(estimator, features)
                if predicted is None:
                    predicted = np.asarray(estimator.predict(features)).reshape(len(rows))
                predictions[rows] = predicted
        return predictions

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        """The same for probabilities; a class that a group never had has none there."""
        predictions = np.zeros((len(matrix), len(self.classes_)))
        with config_context(**_FEW_CHECKS):
            for estimator, rows, features in self._dispatch(matrix):
                class_positions = np.searchsorted(self.classes_, estimator.classes_)
                predictions[rows[:, None], class_positions] = estimator.predict_proba(features)
        return predictions

    def _dispatch(self, matrix: np.ndarray) -> Iterator[tuple[Pipeline, np.ndarray, np.ndarray]]:
        """Each estimator with its rows of the matrix, at most BATCH at a time."""
        groups = list(rows_by_group(matrix[:, self.column]))
        other_columns = np.delete(np.arange(matrix.shape[1]), self.column)
        is_pooled = np.ones(len(matrix), bool)
        for start in range(0, len(groups), LOADED_GROUPS):
            some_groups = groups[start : start + LOADED_GROUPS]
            members = self.members_of([value for value, _ in some_groups])
            for value, rows in some_groups:
                if value in members:
                    is_pooled[rows] = False
                    yield from _batches(members[value], matrix, rows, other_columns)
        rows = np.flatnonzero(is_pooled)
        yield from _batches(self.pooled_, matrix, rows, other_columns)

    def members_of(self, values: Sequence[float]) -> dict[float, Pipeline]:
        """The estimators of those groups that have one."""
        if self.load_members is not None:
            return self.load_members(values)
        members = dict(zip(self.values_.tolist(), self.members_ or (), strict=True))
        return {value: members[value] for value in values if value in members}


def rows_by_group(values: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Each value with the positions of its rows in ascending order; NaN, which is NULL, is none."""
    order = np.argsort(values, kind="stable")  # NaN comes last
    order = order[: np.count_nonzero(~np.isnan(values))]
    starts = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    for rows in np.split(order, starts[1:]) if len(order) else ():
        yield float(values[rows[0]]), rows


def flatten(template: Pipeline, columns: int) -> Pipeline:
    """The same Pipeline without a ColumnTransformer that hands all columns to one transformer.

    The results are equal. The ColumnTransformer alone takes longer than all else for the thousand
    rows of a group.
    """
    prepare = template[0]
    if len(template) != 2 or not isinstance(prepare, ColumnTransformer):
        return template
    (_, part, part_columns), *others = prepare.transformers
    if others or list(part_columns) != list(range(columns)) or not isinstance(part, Pipeline):
        return template
    return Pipeline([*part.steps, template.steps[-1]])


def _untrained_copy(step: BaseEstimator) -> BaseEstimator:
    """A copy with the same parameters, in a hundredth of the time of clone().

    fit() changes no parameter of an estimator. A Pipeline is cloned, because it fits its steps in
    place.
    """
    return clone(step) if isinstance(step, Pipeline) else copy.copy(step)


def _batches(
    estimator: Pipeline, matrix: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> Iterator[tuple[Pipeline, np.ndarray, np.ndarray]]:
    for start in range(0, len(rows), BATCH):
        check_interrupts()
        batch = rows[start : start + BATCH]
        features = matrix[np.ix_(batch, columns)]
        yield (estimator[1:] if _is_idle(estimator[0], features) else estimator), batch, features


def _is_idle(step: BaseEstimator, features: np.ndarray) -> bool:
    """Whether a step is an imputer that changes nothing, because nothing is missing."""
    if not isinstance(step, SimpleImputer) or np.isnan(features).any():
        return False
    # One that met missing values appends a column that says where.
    return step.indicator_ is None or not len(step.indicator_.features_)


def pooling_reason(target: np.ndarray, by_class: bool) -> str | None:
    """Why a group gets no model of its own."""
    if len(target) < MIN_ROWS:
        return f"It has fewer than {MIN_ROWS} training rows."
    if by_class and np.unique(target).size < 2:
        return "Its training rows are all of one class."
    return None
