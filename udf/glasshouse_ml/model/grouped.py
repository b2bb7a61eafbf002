"""options.group_by: a model for each group of rows, and one of all rows for what has no own.

A group with few training rows, with one class only or with an error is answered by the pooled
model, and so is a group that training never met and a row whose group is NULL. The pooled model
does not see which group a row is of, so it answers new groups as well as old ones.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Self

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import LIBRARY_ERRORS, one_line
from glasshouse_ml.data.interrupts import check_interrupts

# With fewer rows a model of its own would learn the rows by heart.
MIN_ROWS = 30
# Rows that one estimator predicts at a time, a part of a second.
BATCH = 20_000
# The parameters and the numbers were checked for all groups at once. For the rows of a small group
# the checks take longer than the prediction.
_FEW_CHECKS = {"assume_finite": True, "skip_parameter_validation": True}


class Grouped(BaseEstimator):
    """An estimator for each value of one column of the matrix, and a pooled one for the others.

    A stored model holds no estimators of groups: members_ is None, and load_members() returns those
    of some groups by the value of the column.
    """

    members_: list[Pipeline] | None
    load_members: Callable[[Sequence[float]], dict[float, Pipeline]] | None = None

    def __init__(self, template: Pipeline, column: int) -> None:
        """Template is untrained and takes the matrix without that column."""
        self.template = template
        self.column = column

    def fit(self, matrix: np.ndarray, target: np.ndarray) -> Self:
        """Fit the pooled estimator and one for each group that is large enough."""
        features = np.delete(matrix, self.column, axis=1)
        by_class = is_classifier(self.template)
        if by_class:
            self.classes_ = np.unique(target)
        self.pooled_ = clone(self.template).fit(features, target)
        values, members, seconds = [], [], []
        failed_values, errors = [], []
        with config_context(**_FEW_CHECKS):
            for value, rows in rows_by_group(matrix[:, self.column]):
                if pooling_reason(target[rows], by_class) is None:
                    check_interrupts()
                    started = time.perf_counter()
                    try:
                        member = self.fit_member(features[rows], target[rows])
                    except LIBRARY_ERRORS as error:
                        # The rows of one group stop no other group.
                        check_interrupts()
                        failed_values.append(value)
                        errors.append(one_line(error))
                        continue
                    values.append(value)
                    members.append(member)
                    seconds.append(time.perf_counter() - started)
        self.values_, self.members_ = np.array(values, float), members
        self.seconds_ = np.array(seconds, float)
        self.failed_values_, self.errors_ = np.array(failed_values, float), errors
        return self

    def fit_member(self, features: np.ndarray, target: np.ndarray) -> Pipeline:
        """The fitted estimator of one group; the features are without the column of the groups."""
        return clone(flatten(self.template, features.shape[1])).fit(features, target)

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """The prediction of the estimator of each row's group."""
        predictions = np.empty(len(matrix))
        with config_context(**_FEW_CHECKS):
            for estimator, rows, features in self._dispatch(matrix):
                predictions[rows] = np.asarray(estimator.predict(features)).reshape(len(rows))
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
        if self.load_members is not None:
            members = self.load_members([value for value, _ in groups])
        else:
            members = dict(zip(self.values_.tolist(), self.members_ or (), strict=True))
        other_columns = np.delete(np.arange(matrix.shape[1]), self.column)
        is_pooled = np.ones(len(matrix), bool)
        for value, rows in groups:
            if value in members:
                is_pooled[rows] = False
                yield from _batches(members[value], matrix, rows, other_columns)
        rows = np.flatnonzero(is_pooled)
        yield from _batches(self.pooled_, matrix, rows, other_columns)


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
    (_, part, taken), *others = prepare.transformers
    if others or list(taken) != list(range(columns)) or not isinstance(part, Pipeline):
        return template
    return Pipeline([*part.steps, template.steps[-1]])


def _batches(
    estimator: Pipeline, matrix: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> Iterator[tuple[Pipeline, np.ndarray, np.ndarray]]:
    for start in range(0, len(rows), BATCH):
        check_interrupts()
        batch = rows[start : start + BATCH]
        yield estimator, batch, matrix[np.ix_(batch, columns)]


def pooling_reason(target: np.ndarray, by_class: bool) -> str | None:
    """Why a group gets no model of its own."""
    if len(target) < MIN_ROWS:
        return f"It has fewer than {MIN_ROWS} training rows."
    if by_class and np.unique(target).size < 2:
        return "Its training rows are all of one class."
    return None
