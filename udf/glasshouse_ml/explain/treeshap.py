"""Exact Shapley values of scikit-learn's trees, relative to one baseline row.

shapley.py estimates the same values by sampling orders of the columns. For a tree they have a
closed form. Take a leaf and the path to it. A mixture of a row and the baseline row reaches the
leaf if each column on the path has its value from a row that follows the path at this column.

- s is the number of columns for which only the row follows the path.
- t is the number of columns for which only the baseline row follows it.
- If there is a column for which neither follows it, no mixture reaches the leaf.

Replace the columns of the baseline row by those of the row, one after another, in random order.
The mixture enters the leaf when one of the s columns is replaced, with probability
(s - 1)! t! / (s + t)! for each of them. It leaves the leaf when one of the t columns is replaced,
with probability s! (t - 1)! / (s + t)! for each. A column's Shapley value is the sum, over all
leaves, of the value of the leaf times the first probability, or minus the value times the second.

Source: the "independent" (interventional) TreeSHAP of Lundberg and others, From local explanations
to global understanding with explainable AI for trees, Nature Machine Intelligence 2, 2020.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from glasshouse_ml.data.interrupts import check_interrupts

BOOSTED = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
FORESTS = (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
SINGLE = (DecisionTreeClassifier, DecisionTreeRegressor)

# The path to a leaf: the nodes that split on each column, each with whether the path goes left.
Path = dict[int, list[tuple[int, bool]]]


@dataclass(frozen=True)
class Tree:
    """The nodes of a tree as arrays with one entry per node; a leaf has the children -1."""

    left: np.ndarray
    right: np.ndarray
    column: np.ndarray
    values: np.ndarray  # shape (nodes, outputs)
    threshold: np.ndarray
    missing_left: np.ndarray
    # For nodes that split on categories: the codes that go left, and the codes seen in training.
    categories_left: dict[int, np.ndarray]
    categories_known: dict[int, np.ndarray]

    def goes_left(self, node: int, matrix: np.ndarray) -> np.ndarray:
        """Whether each row goes left at a node; shape (rows,)."""
        cells = matrix[:, self.column[node]]
        missing = np.isnan(cells)
        if node in self.categories_left:
            codes = np.where(missing, -1, cells).astype(int)
            missing = ~np.isin(codes, self.categories_known[node])
            left = np.isin(codes, self.categories_left[node])
        else:
            left = cells <= self.threshold[node]
        return np.where(missing, bool(self.missing_left[node]), left)

    def leaves(self, origins: np.ndarray) -> Iterator[tuple[int, Path]]:
        """Each leaf and its path. `origins` maps the columns to features, which the path names."""
        waiting: list[tuple[int, Path]] = [(0, {})]
        while waiting:
            node, path = waiting.pop()
            if self.left[node] < 0:
                yield node, path
                continue
            origin = int(origins[self.column[node]])
            for child, is_left in ((self.left[node], True), (self.right[node], False)):
                nodes = [*path.get(origin, []), (node, is_left)]
                waiting.append((int(child), {**path, origin: nodes}))


def trees_of(estimator: Any) -> list[Tree] | None:
    """The trees whose leaf values add up to the output of the model; None for other models.

    Gradient boosting adds log-odds (with more than two classes one sum per class) or numbers. A
    forest predicts the mean of its trees, which are probabilities or numbers.
    """
    if isinstance(estimator, BOOSTED):
        return list(_boosted(estimator))
    if isinstance(estimator, FORESTS):
        return [_single(tree, 1 / len(estimator.estimators_)) for tree in estimator.estimators_]
    if isinstance(estimator, SINGLE):
        return [_single(estimator, 1.0)]
    return None


def seen_by(estimator: Any, prepared: Any) -> np.ndarray:
    """The prepared matrix in the form in which the nodes compare it; NaN is a missing value."""
    if isinstance(estimator, BOOSTED):
        return np.asarray(estimator._preprocess_X(prepared, reset=False), float)
    dense = prepared.toarray() if hasattr(prepared, "toarray") else prepared
    # Trees of a forest compare in single precision.
    return np.asarray(dense, np.float32)


def columns_seen(estimator: Any, columns: int) -> np.ndarray:
    """The position of each column of seen_by() in the prepared matrix.

    Histogram gradient boosting moves categorical columns to the front.
    """
    flags = getattr(estimator, "is_categorical_", None)
    if not isinstance(estimator, BOOSTED) or flags is None:
        return np.arange(columns)
    return np.concatenate([np.flatnonzero(flags), np.flatnonzero(~flags)])


def shapley_of_trees(
    trees: Sequence[Tree],
    matrix: np.ndarray,
    baseline: np.ndarray,
    origins: np.ndarray,
    outputs: np.ndarray,
) -> np.ndarray:
    """The Shapley values of each row relative to the baseline row; shape (rows, features).

    Parameters
    ----------
    trees : sequence of Tree
        As trees_of() returns them.
    matrix, baseline : ndarray of shape (rows, columns) and (columns,)
        As seen_by() returns them.
    origins : ndarray of shape (columns,)
        The feature of each column.
    outputs : ndarray of shape (rows,)
        The output that is explained for each row, such as the predicted class.
    """
    added = np.zeros((len(matrix), int(origins.max(initial=-1)) + 1))
    for tree in trees:
        check_interrupts()
        nodes = np.flatnonzero(tree.left >= 0)
        rows_left = {node: tree.goes_left(node, matrix) for node in nodes.tolist()}
        base_left = {node: bool(tree.goes_left(node, baseline[None])[0]) for node in nodes.tolist()}
        for leaf, path in tree.leaves(origins):
            _add_leaf(added, tree.values[leaf][outputs], path, rows_left, base_left)
    return added


def _add_leaf(
    added: np.ndarray,
    values: np.ndarray,
    path: Path,
    rows_left: dict[int, np.ndarray],
    base_left: dict[int, bool],
) -> None:
    def along(origin: int, rows: Any) -> np.ndarray:
        nodes = path[origin]
        follows = rows_left[nodes[0][0]][rows] == nodes[0][1]
        for node, is_left in nodes[1:]:
            follows &= rows_left[node][rows] == is_left
        return follows

    shared = [o for o in path if all(base_left[node] == is_left for node, is_left in path[o])]
    own = [origin for origin in path if origin not in shared]
    # Where the baseline row leaves the path, the row has to follow it.
    rows = np.arange(len(values))
    for origin in own:
        rows = rows[along(origin, rows)]
    if not len(rows):
        return
    leaves = {origin: ~along(origin, rows) for origin in shared}
    lost = sum(leaves.values(), np.zeros(len(rows), int))
    gains, losses = _weights(len(own), len(shared))
    value = values[rows]
    for origin in own:
        added[rows, origin] += value * gains[lost]
    for origin, does in leaves.items():
        added[rows[does], origin] -= (value * losses[lost])[does]


def _weights(own: int, shared: int) -> tuple[np.ndarray, np.ndarray]:
    """The two probabilities of the module's docstring for s = own and each t from 0 to shared."""
    every = factorial
    gains = [every(own - 1) * every(t) / every(own + t) if own else 0 for t in range(shared + 1)]
    losses = [every(own) * every(t - 1) / every(own + t) if t else 0 for t in range(shared + 1)]
    return np.array(gains, float), np.array(losses, float)


def _single(fitted: Any, weight: float) -> Tree:
    tree = fitted.tree_
    values = tree.value[:, 0, :]
    if hasattr(fitted, "classes_"):
        values = values / values.sum(axis=1, keepdims=True)
    return Tree(
        tree.children_left, tree.children_right, tree.feature, values * weight, tree.threshold,
        tree.missing_go_to_left, {}, {},
    )  # fmt: skip


def _boosted(estimator: Any) -> Iterator[Tree]:
    known_categories, category_rows = estimator._bin_mapper.make_known_categories_bitsets()
    for round_ in estimator._predictors:
        for number, predictor in enumerate(round_):
            nodes = predictor.nodes
            is_leaf = nodes["is_leaf"].astype(bool)
            values = np.zeros((len(nodes), len(round_)))
            values[:, number] = nodes["value"]
            parting = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~is_leaf).tolist()
            columns = nodes["feature_idx"].astype(int)
            bitsets = predictor.raw_left_cat_bitsets
            yield Tree(
                np.where(is_leaf, -1, nodes["left"].astype(int)),
                np.where(is_leaf, -1, nodes["right"].astype(int)),
                columns,
                values,
                nodes["num_threshold"],
                nodes["missing_go_to_left"],
                {node: _members(bitsets[nodes["bitset_idx"][node]]) for node in parting},
                {
                    node: _members(known_categories[category_rows[columns[node]]])
                    for node in parting
                },
            )


def _members(bitset: np.ndarray) -> np.ndarray:
    """The positions of the bits that are set in an array of 32-bit words."""
    bits = (bitset[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    return np.flatnonzero(bits.ravel())
