"""Whether the trees of a loaded model stay inside their own arrays.

scikit-learn follows the numbers stored in a tree without looking where they lead. A forged model
could make it read foreign memory or take the server down, so they are checked once when loaded.
"""

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import Pipeline


def is_sound(pipeline: Pipeline, features: int) -> bool:
    """True where every step of every tree leads to a later node of the same tree."""
    estimator = pipeline.steps[-1][1]
    if isinstance(estimator, HistGradientBoostingClassifier):
        return _boosting(estimator, features)
    if isinstance(estimator, RandomForestClassifier):
        return all(_tree(tree.tree_, estimator.n_features_in_) for tree in estimator.estimators_)
    # Anything that keeps a tree elsewhere is no algorithm of the catalogue.
    return not hasattr(estimator, "tree_") and not hasattr(estimator, "estimators_")


def _boosting(estimator: Any, features: int) -> bool:
    flags = getattr(estimator._bin_mapper, "is_categorical_", None)
    if estimator.n_features_in_ != features or flags is None or flags.size != features:
        return False
    return all(
        _predictor(predictor, features)
        for iteration in estimator._predictors
        for predictor in iteration
    )


def _predictor(predictor: Any, features: int) -> bool:
    nodes = predictor.nodes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    split = nodes[inner]
    by_category = split[split["is_categorical"] != 0]
    return (
        len(nodes) > 0
        and _lead_on(inner, split["left"], len(nodes))
        and _lead_on(inner, split["right"], len(nodes))
        and _below(split["feature_idx"], features)
        and _below(by_category["bitset_idx"], len(predictor.raw_left_cat_bitsets))
    )


def _tree(tree: Any, features: int) -> bool:
    inner = np.flatnonzero(tree.children_left != -1)
    return (
        tree.node_count > 0
        and tree.n_features == features
        and _lead_on(inner, tree.children_left[inner], tree.node_count)
        and _lead_on(inner, tree.children_right[inner], tree.node_count)
        and _below(tree.feature[inner], features)
    )


def _lead_on(nodes: np.ndarray, children: np.ndarray, count: int) -> bool:
    """Each child comes after its parent, so there is no way round in circles."""
    return bool(np.all((children.astype(np.int64) > nodes) & (children < count)))


def _below(positions: np.ndarray, limit: int) -> bool:
    return bool(np.all((positions.astype(np.int64) >= 0) & (positions < limit)))
