"""The task decomposition: which few mixtures of the columns say most about the rows?

All is measured in the space in which rows are decomposed: numbers scaled, a 0/1 column for each
category. There a row is rebuilt from its components, and what is lost is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import ProbabilityMatrix
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.task import AlgorithmEntry, Predictions, Task
from glasshouse_ml.model.splitters import RandomSplitter

# Beyond this many components a curve has nothing more to show.
MAX_POINTS = 100


@dataclass(frozen=True)
class Reconstruction:
    """Rows and what they become when they are rebuilt from their components."""

    points: np.ndarray
    rebuilt: np.ndarray
    components: np.ndarray
    estimator: Any

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The measures of a decomposition."""
        return METRICS

    def take(self, rows: np.ndarray) -> "Reconstruction":
        """Some of the rows."""
        return replace(
            self,
            points=self.points[rows],
            rebuilt=self.rebuilt[rows],
            components=self.components[rows],
        )

    def proportions(self) -> dict[str, tuple[int, int]]:
        """No measure of a decomposition counts rows."""
        return {}

    @property
    def actual(self) -> np.ndarray:
        """The rows themselves."""
        return self.points


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ values / weights.sum(axis=1)


def _lost(rows: Reconstruction, weights: np.ndarray) -> np.ndarray:
    return _mean(((rows.points - rows.rebuilt) ** 2).sum(axis=1), weights)


def _explained_variance(rows: Reconstruction, weights: np.ndarray) -> np.ndarray:
    # Around the overall mean first, or the difference of two huge sums would lose its digits.
    apart = rows.points - rows.points.mean(axis=0)
    centres = weights @ apart / weights.sum(axis=1, keepdims=True)
    spread = _mean((apart**2).sum(axis=1), weights) - (centres**2).sum(axis=1)
    return 1.0 - _lost(rows, weights) / np.where(spread > 0, spread, np.nan)


def _reconstruction_error(rows: Reconstruction, weights: np.ndarray) -> np.ndarray:
    return np.sqrt(_lost(rows, weights) / rows.points.shape[1])


METRICS = {
    metric.name: metric
    for metric in (
        Metric("explained_variance", _explained_variance),
        Metric("reconstruction_error", _reconstruction_error, higher_is_better=False),
    )
}


class Decomposition(Task):
    """Which few mixtures of the columns say most about the rows?"""

    name = "decomposition"
    metrics = METRICS
    numeric_target = False
    needs_target = False
    takes_target = False
    uses_target_encoding = False
    is_explainable = False

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """There is none."""
        return Target(np.zeros(table.rows, np.int64))

    def splitter(self, target: Target) -> RandomSplitter:
        """By chance alone."""
        return RandomSplitter(len(target.values))

    def default_metric(self, target: Target) -> str:
        """A share, comparable from one set of rows to another."""
        return "explained_variance"

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """No linear mixture of as many components rebuilds rows better than principal ones."""
        return [{"algorithm": "pca", "params": {}}]

    def baseline_params(self, metric: Metric) -> dict[str, Any]:
        """The mean row in place of every row: it explains nothing."""
        return {}

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> Reconstruction:
        """The rows beside what they become when rebuilt."""
        points, estimator = fitted[:-1].transform(matrix), fitted[-1]
        components = estimator.transform(points)
        return Reconstruction(points, reconstruct(estimator, components), components, estimator)

    def curves(self, rows: Reconstruction, target: Target) -> Records:
        """What each component explains, and the first one, two, three of them together."""
        found: Records = []
        before, count = 0.0, min(rows.components.shape[1], MAX_POINTS)
        for position in range(1, count + 1):
            first = np.zeros_like(rows.components)
            first[:, :position] = rows.components[:, :position]
            part = Reconstruction(
                rows.points, reconstruct(rows.estimator, first), first, rows.estimator
            )
            together = METRICS["explained_variance"].value(part)
            for series, value in (("together", together), ("alone", together - before)):
                found.append(
                    {
                        "curve": "explained_variance",
                        "series": series,
                        "position": position,
                        "x": float(position),
                        "y": json_number(value),
                        "n": len(rows.points),
                    }
                )
            before = together
        return found

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """Nothing is predicted: the score is what is lost of a row, and the rest its components."""
        estimator = model.pipeline[-1]
        points = model.pipeline[:-1].transform(matrix)
        components = estimator.transform(points)
        lost = ((points - reconstruct(estimator, components)) ** 2).mean(axis=1)
        names = [f"component_{number}" for number in range(1, components.shape[1] + 1)]
        return [None] * len(points), np.sqrt(lost).tolist(), ProbabilityMatrix(names, components)


def reconstruct(estimator: Any, components: np.ndarray) -> np.ndarray:
    """The rows that have these components."""
    if not components.shape[1]:
        return np.tile(estimator.mean_, (len(components), 1))
    if hasattr(estimator, "inverse_transform"):
        return estimator.inverse_transform(components)
    # Factor analysis knows the way back but has no name for it.
    return components @ estimator.components_ + estimator.mean_
