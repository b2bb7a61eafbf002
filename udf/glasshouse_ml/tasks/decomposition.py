"""The task decomposition: a few components that explain most of the variance of the rows.

The metrics are computed in the space of the decomposition: scaled numbers, and a 0/1 column for
each category. There a row is reconstructed from its components.
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
    """Rows and their reconstruction from the components."""

    points: np.ndarray
    reconstructed: np.ndarray
    components: np.ndarray
    estimator: Any

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of a decomposition."""
        return METRICS

    def take(self, rows: np.ndarray) -> "Reconstruction":
        """Some of the rows."""
        return replace(
            self,
            points=self.points[rows],
            reconstructed=self.reconstructed[rows],
            components=self.components[rows],
        )

    def proportions(self) -> dict[str, tuple[int, int]]:
        """No metric of a decomposition is a proportion of rows."""
        return {}

    @property
    def actual(self) -> np.ndarray:
        """The rows themselves."""
        return self.points


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ values / weights.sum(axis=1)


def _squared_error(rows: Reconstruction, weights: np.ndarray) -> np.ndarray:
    return _mean(((rows.points - rows.reconstructed) ** 2).sum(axis=1), weights)


def _explained_variance(rows: Reconstruction, weights: np.ndarray) -> np.ndarray:
    # Centred first, because the difference of two large sums would lose its digits.
    centred = rows.points - rows.points.mean(axis=0)
    centres = weights @ centred / weights.sum(axis=1, keepdims=True)
    variance = _mean((centred**2).sum(axis=1), weights) - (centres**2).sum(axis=1)
    return 1.0 - _squared_error(rows, weights) / np.where(variance > 0, variance, np.nan)


def _reconstruction_error(rows: Reconstruction, weights: np.ndarray) -> np.ndarray:
    return np.sqrt(_squared_error(rows, weights) / rows.points.shape[1])


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "explained_variance",
            _explained_variance,
            undefined_where="all rows are equal",
            alternatives="reconstruction_error",
        ),
        Metric("reconstruction_error", _reconstruction_error, higher_is_better=False),
    )
}


class Decomposition(Task):
    """Reduces the columns to a few components."""

    name = "decomposition"
    metrics = METRICS
    numeric_target = False
    needs_target = False
    takes_target = False
    uses_target_encoding = False
    is_explainable = False

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """None."""
        return Target(np.zeros(table.rows, np.int64))

    def splitter(self, target: Target) -> RandomSplitter:
        """Random, without strata."""
        return RandomSplitter(len(target.values))

    def default_metric(self, target: Target) -> str:
        """A share of the variance, comparable between sets of rows."""
        return "explained_variance"

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """PCA: no linear components reconstruct rows better."""
        return [{"algorithm": "pca", "params": {}}]

    def baseline_params(self, metric: Metric) -> dict[str, Any]:
        """The mean row for every row, which explains no variance."""
        return {}

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> Reconstruction:
        """The rows beside their reconstruction."""
        points, estimator = fitted[:-1].transform(matrix), fitted[-1]
        components = estimator.transform(points)
        return Reconstruction(points, reconstruct(estimator, components), components, estimator)

    def curves(self, rows: Reconstruction, target: Target) -> Records:
        """The variance explained by each component, and cumulatively by the first ones."""
        records: Records = []
        explained_before, count = 0.0, min(rows.components.shape[1], MAX_POINTS)
        for position in range(1, count + 1):
            first = np.zeros_like(rows.components)
            first[:, :position] = rows.components[:, :position]
            truncated = Reconstruction(
                rows.points, reconstruct(rows.estimator, first), first, rows.estimator
            )
            cumulative = METRICS["explained_variance"].value(truncated)
            for series, value in (
                ("together", cumulative),
                ("alone", cumulative - explained_before),
            ):
                records.append(
                    {
                        "curve": "explained_variance",
                        "series": series,
                        "position": position,
                        "x": float(position),
                        "y": json_number(value),
                        "n": len(rows.points),
                    }
                )
            explained_before = cumulative
        return records

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """No prediction; the reconstruction error as score, the components as probabilities."""
        estimator = model.pipeline[-1]
        points = model.pipeline[:-1].transform(matrix)
        components = estimator.transform(points)
        squared_error = ((points - reconstruct(estimator, components)) ** 2).mean(axis=1)
        names = [f"component_{number}" for number in range(1, components.shape[1] + 1)]
        return (
            [None] * len(points),
            np.sqrt(squared_error).tolist(),
            ProbabilityMatrix(names, components),
        )


def reconstruct(estimator: Any, components: np.ndarray) -> np.ndarray:
    """The rows reconstructed from components."""
    if not components.shape[1]:
        return np.tile(estimator.mean_, (len(components), 1))
    if hasattr(estimator, "inverse_transform"):
        return estimator.inverse_transform(components)
    # Factor analysis has no inverse_transform().
    return components @ estimator.components_ + estimator.mean_
