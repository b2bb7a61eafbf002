"""The target of a training as numbers, and what is known about its classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.interval import PredictionInterval


@dataclass(frozen=True)
class Costs:
    """What a mistake costs, in a unit of the caller's own."""

    false_positive: float
    false_negative: float


@dataclass(frozen=True)
class Target:
    """The answers of the rows: numbers, or positions in the names of the classes.

    Where rows have several labels, `values` has a column of 0 and 1 for each name.
    """

    values: np.ndarray
    names: Sequence[str] = ()
    positive: int | None = None
    threshold: float = 0.5  # the probability from which a row is predicted positive
    costs: Costs | None = None
    interval: PredictionInterval | None = None  # of a regression with options.interval

    excluded: Sequence[dict[str, str]] = ()  # labels that are left out, with the reason

    @property
    def has_labels(self) -> bool:
        """Whether a row has several labels instead of one class or number."""
        return self.values.ndim > 1

    def rows_of_classes(self, values: np.ndarray) -> np.ndarray:
        """How many of some rows are of each class, or have each label."""
        if self.has_labels:
            return values.sum(axis=0, dtype=np.int64)
        return np.bincount(values, minlength=len(self.names))

    def label(self, position: int) -> "Target":
        """One of several labels as a target of two classes."""
        values = self.values[:, position].astype(np.int64)
        return Target(values, ("without", self.names[position]), 1)

    @property
    def positive_class(self) -> str | None:
        """Its name; None unless there are two classes."""
        return None if self.positive is None else self.names[self.positive]
