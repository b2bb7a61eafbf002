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
    """The answers of the rows: numbers, or positions in the names of the classes."""

    values: np.ndarray
    names: Sequence[str] = ()
    positive: int | None = None
    threshold: float = 0.5  # the probability from which a row is predicted positive
    costs: Costs | None = None
    interval: PredictionInterval | None = None  # of a regression with options.interval

    @property
    def positive_class(self) -> str | None:
        """Its name; None unless there are two classes."""
        return None if self.positive is None else self.names[self.positive]
