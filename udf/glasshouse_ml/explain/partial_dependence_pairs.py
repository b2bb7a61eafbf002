"""Partial dependence of two features at once: the mean prediction on a grid of their values.

The definition is that of partial_dependence.py (Friedman, Annals of Statistics 29, 2001), with two
features set instead of one. Each cell of the grid also counts the training rows near it, because a
model answers for combinations of values that never occur as well.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.explain.partial_dependence import grid_points

# Every two of them make a grid: 6 grids of at most 49 cells, with a prediction for each row.
MAX_FEATURES = 4
# An odd number, so that the middle point of a number is its median.
MAX_POINTS = 7
MAX_ROWS = 100
_QUANTILES = (0.1, 0.9)


class _Axis:
    """A feature, its grid points, and the nearest grid point of each training row."""

    def __init__(self, feature: Feature, position: int, values: np.ndarray) -> None:
        points = list(grid_points(feature, values, MAX_POINTS, MAX_POINTS))
        self.feature = feature
        self.position = position
        self.values = np.array([value for value, _ in points], float)
        self.facts = [facts for _, facts in points]
        self.nearest = self._nearest(values) if points else np.full(len(values), -1)

    def _nearest(self, values: np.ndarray) -> np.ndarray:
        """Index of the grid point of each value; -1 of a missing value and of a rare category."""
        is_present = ~np.isnan(values)
        if self.facts[0]["kind"] == "number":
            middles = (self.values[1:] + self.values[:-1]) / 2
            return np.where(is_present, np.searchsorted(middles, values), -1)
        order = np.argsort(self.values)
        places = np.minimum(np.searchsorted(self.values[order], values), len(order) - 1)
        return np.where(self.values[order][places] == values, order[places], -1)


def pair_rows(
    predict: Callable[[np.ndarray], np.ndarray],
    matrix: np.ndarray,
    training: np.ndarray,
    features: Sequence[Feature],
    positions: Sequence[int],
    classes: Sequence[tuple[str, int]],
    seed: int,
) -> Records:
    """Registry rows for each pair of the first MAX_FEATURES features that vary.

    Parameters
    ----------
    predict
        Returns a matrix with one row per row and a column for each class, or a vector.
    matrix
        Rows to predict for, of shape (rows, features); a sample of MAX_ROWS of them is used.
    training
        Rows whose values make the grid, and that `support` counts.
    positions
        Positions of the features, the most important first.
    classes
        Name and column of each class to record.
    """
    rng = np.random.default_rng(seed)
    rows = matrix
    if len(matrix) > MAX_ROWS:
        rows = matrix[np.sort(rng.choice(len(matrix), MAX_ROWS, replace=False))]
    axes: list[_Axis] = []
    for position in positions:
        check_interrupts()
        axis = _Axis(features[position], position, training[:, position])
        if len(axis.values) > 1:
            axes.append(axis)
        if len(axes) == MAX_FEATURES:
            break
    if len(axes) < 2:
        return []
    unchanged = predict(rows).reshape(len(rows), -1)
    records: Records = []
    for pair, (axis, other) in enumerate(combinations(axes, 2), 1):
        check_interrupts()
        predictions = _grid_predictions(predict, rows, axis, other)
        support = _support(axis, other)
        for name, column in classes:
            common = {
                "pair": pair,
                "class": name,
                "unchanged": json_number(unchanged[:, column].mean()),
                "n": len(rows),
            }
            records += _cells(axis, other, predictions[..., column], support, common)
    return records


def _grid_predictions(
    predict: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, axis: _Axis, other: _Axis
) -> np.ndarray:
    """Predictions of shape (points, points of the other, rows, classes)."""
    first, second = np.meshgrid(axis.values, other.values, indexing="ij")
    repeated = np.tile(rows, (first.size, 1))
    repeated[:, axis.position] = np.repeat(first.ravel(), len(rows))
    repeated[:, other.position] = np.repeat(second.ravel(), len(rows))
    return predict(repeated).reshape(*first.shape, len(rows), -1)


def _support(axis: _Axis, other: _Axis) -> np.ndarray:
    """Training rows whose nearest grid point is the cell, of the grid's shape."""
    is_near = (axis.nearest >= 0) & (other.nearest >= 0)
    counts = np.zeros((len(axis.values), len(other.values)), np.int64)
    np.add.at(counts, (axis.nearest[is_near], other.nearest[is_near]), 1)
    return counts


def _cells(
    axis: _Axis,
    other: _Axis,
    predictions: np.ndarray,
    support: np.ndarray,
    common: dict[str, Any],
) -> Records:
    means = predictions.mean(axis=2)
    lower, upper = np.quantile(predictions, _QUANTILES, axis=2)
    return [
        {
            **common,
            "feature": axis.feature.name,
            "position": i + 1,
            **axis.facts[i],
            "other": other.feature.name,
            "other_position": j + 1,
            **{f"other_{key}": value for key, value in other.facts[j].items()},
            "mean": json_number(means[i, j]),
            "lower": json_number(lower[i, j]),
            "upper": json_number(upper[i, j]),
            "support": int(support[i, j]),
        }
        for i, j in np.ndindex(means.shape)
    ]
