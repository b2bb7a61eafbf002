"""What a measure of quality is, whatever it measures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Measured(Protocol):
    """Rows of the one look at a part, of whatever task, and what can be measured on them."""

    actual: Any

    @property
    def metrics(self) -> Mapping[str, "Metric"]:
        """Every measure of the task."""

    def take(self, rows: np.ndarray) -> "Measured":
        """Some of the rows, by a mark or a number for each."""

    def shares(self) -> dict[str, tuple[int, int]]:
        """The metrics that count rows: how many are right, of how many."""


@dataclass(frozen=True)
class Metric:
    """A measure, and whether more of it is better."""

    name: str
    measure: Callable[[Any, np.ndarray], np.ndarray]
    higher_is_better: bool = True
    resampled: bool = True  # whether it means anything on rows drawn anew

    def value(self, rows: Measured) -> float:
        """The measure over all rows once; NaN where it means nothing."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.measure(rows, np.ones((1, len(rows.actual))))[0])

    def gain(self, value: float) -> float:
        """The value turned so that more is better."""
        return value if self.higher_is_better else -value
