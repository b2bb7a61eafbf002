"""How well a clustering divides rows: measures that can be taken on rows drawn anew.

Each draw is a row of weights. A row drawn twice weighs twice; it is not a cluster of its own, as it
would be for a measure that looks for the nearest other row.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score


class ClusterLabels(Protocol):
    """Rows in the space in which they were compared, and the cluster of each."""

    points: np.ndarray
    labels: np.ndarray

    @property
    def compared(self) -> np.ndarray:
        """The rows that are drawn from: all, or a sample."""

    @property
    def measurable(self) -> bool:
        """Whether there are clusters to compare."""


def calinski_harabasz(rows: ClusterLabels, weights: np.ndarray) -> np.ndarray:
    """The spread between the clusters by that inside them (Caliński and Harabasz, 1974)."""
    if not rows.measurable:
        return np.full(len(weights), np.nan)
    if (weights == 1).all():
        return np.full(len(weights), calinski_harabasz_score(rows.points, rows.labels))
    points = rows.points[rows.compared] - rows.points.mean(axis=0)
    squares = (points**2).sum(axis=1)
    count, within = weights.sum(axis=1), np.zeros(len(weights))
    total = weights @ squares - ((weights @ points) ** 2).sum(axis=1) / count
    clusters = np.zeros(len(weights))
    for members, weight in _clusters(rows, weights):
        centres = weights[:, members] @ points[members]
        within += weights[:, members] @ squares[members] - (centres**2).sum(axis=1) / weight
        clusters += weight > 0
    # By the number of all rows, of which those drawn may be a sample.
    degrees = (len(rows.labels) - clusters) / (clusters - 1)
    return (total - within) / within * degrees


def davies_bouldin(rows: ClusterLabels, weights: np.ndarray) -> np.ndarray:
    """For each cluster the worst of width by distance, and of these the mean (1979)."""
    if not rows.measurable:
        return np.full(len(weights), np.nan)
    if (weights == 1).all():
        return np.full(len(weights), davies_bouldin_score(rows.points, rows.labels))
    points = rows.points[rows.compared]
    centres, widths = [], []
    for members, weight in _clusters(rows, weights):
        cluster_points = points[members]
        centre = weights[:, members] @ cluster_points / weight[:, None]
        squares = (
            (cluster_points**2).sum(axis=1)
            - 2 * centre @ cluster_points.T
            + (centre**2).sum(axis=1)[:, None]
        )
        distances = np.sqrt(np.maximum(squares, 0.0))
        widths.append((weights[:, members] * distances).sum(axis=1) / weight)
        centres.append(centre)
    worst = np.zeros((len(weights), len(centres)))
    for first, centre in enumerate(centres):
        for second in range(len(centres)):
            if first != second:
                centre_distance = np.sqrt(((centre - centres[second]) ** 2).sum(axis=1))
                ratio = (widths[first] + widths[second]) / centre_distance
                worst[:, first] = np.maximum(worst[:, first], ratio)
    return worst.mean(axis=1)


def _clusters(rows: ClusterLabels, weights: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The compared rows of each cluster, and what they weigh in each draw; NaN where nothing."""
    labels = rows.labels[rows.compared]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        weight = weights[:, members].sum(axis=1)
        yield members, np.where(weight > 0, weight, np.nan)
