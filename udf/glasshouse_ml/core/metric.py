"""A metric, and the scores that it takes as input."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError


class EvaluationInput(Protocol):
    """The output of a model for some rows beside the truth, for one task."""

    @property
    def actual(self) -> Any:
        """The truth, one value per row."""

    @property
    def metrics(self) -> Mapping[str, "Metric"]:
        """The metrics that can be computed, by name."""

    def take(self, rows: np.ndarray) -> "EvaluationInput":
        """The same for some of the rows, given by a mask or by positions."""

    def proportions(self) -> dict[str, tuple[int, int]]:
        """For each metric that is a proportion of rows: the correct rows, and all rows."""


@dataclass(frozen=True)
class Metric:
    """A measure of quality, and whether larger values are better."""

    name: str
    measure: Callable[[Any, np.ndarray], np.ndarray]
    higher_is_better: bool = True
    supports_bootstrap: bool = True  # whether the metric is defined on resampled rows
    undefined_where: str = ""  # completes "it is undefined where …"
    alternatives: str = ""  # the metrics to take where it is undefined

    def value(self, scores: EvaluationInput) -> float:
        """The metric over all rows once; NaN where it is undefined."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.values(scores, np.ones((1, len(scores.actual))))[0])

    def values(self, scores: EvaluationInput, draws: np.ndarray) -> np.ndarray:
        """The metric of each sample; `draws` is how often each row is in it, (samples, rows)."""
        # Only tasks with a target have weights of rows.
        weights = getattr(scores, "weights", None)
        return self.measure(scores, draws if weights is None else draws * weights)

    def gain(self, value: float) -> float:
        """The value with the sign under which larger is better."""
        return value if self.higher_is_better else -value

    def undefined_error(self, part: str) -> GlasshouseError:
        """The error that says why the metric has no value in a part of the rows."""
        cause = f": it is undefined where {self.undefined_where}" if self.undefined_where else ""
        hint = f"Take {self.alternatives} instead" if self.alternatives else "Take another metric"
        return GlasshouseError(
            f"{self.name} cannot be computed in {part}{cause}.",
            f"{hint}, ask for fewer folds, or give more rows.",
        )
