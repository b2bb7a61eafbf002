"""Whether what a loaded model points at lies inside its own arrays.

scikit-learn follows the numbers stored in a tree without looking where they lead. A forged model
could make it read foreign memory or take the server down, so they are checked once when loaded.
"""

from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    IsolationForest,
)
from sklearn.pipeline import Pipeline

from glasshouse_ml.model.boosting import Boosted
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.registry import booster_validation as boosted_soundness

_MAX_THREADS = 1_024


def is_sound(pipeline: Pipeline, features: int) -> bool:
    """True where no step of the Pipeline leads out of the arrays it belongs to."""
    estimator = pipeline.steps[-1][1]
    if isinstance(estimator, Grouped):
        return _groups(estimator, features)
    inside = _inside(estimator)
    if inside is not None:
        return all(isinstance(one, Pipeline) and is_sound(one, features) for one in inside)
    # After a preparation the estimator's own front door compares the width.
    alone = len(pipeline.steps) == 1
    return _estimator(estimator, features if alone else getattr(estimator, "n_features_in_", None))


def _groups(estimator: Grouped, features: int) -> bool:
    """Each Pipeline of a group takes the matrix without the column of the groups."""
    members = [*estimator.members_, estimator.pooled_]
    return 0 <= estimator.column < features and all(
        isinstance(one, Pipeline) and is_sound(one, features - 1) for one in members
    )


def _inside(estimator: Any) -> list[Any] | None:
    """The Pipelines that an option wrapped itself around; None where there is no such thing."""
    if isinstance(estimator, CalibratedClassifierCV):
        return [one.estimator for one in estimator.calibrated_classifiers_]
    if isinstance(estimator, TransformedTargetRegressor):
        return [estimator.regressor_]
    return None


def _estimator(estimator: Any, features: int | None) -> bool:
    """Features is the width of the matrix where nothing comes between it and the estimator."""
    if isinstance(estimator, Boosted):
        return features in (None, estimator.n_features_in_) and boosted_soundness.is_sound(
            estimator
        )
    if hasattr(estimator, "_predictors"):
        return _boosting(estimator, features)
    if hasattr(estimator, "estimators_"):
        return _many(estimator)
    if hasattr(estimator, "tree_"):
        return _tree(estimator.tree_, estimator.n_features_in_)
    if hasattr(estimator, "_fit_X"):
        return _neighbours(estimator)
    if hasattr(estimator, "support_vectors_"):
        return _support_vectors(estimator)
    if hasattr(estimator, "cluster_centers_"):
        return _centres(estimator)
    # RANSAC keeps the model of the rows that agree.
    return not hasattr(estimator, "estimator_") or _estimator(estimator.estimator_, None)


def _many(estimator: Any) -> bool:
    members = list(np.ravel(np.array(estimator.estimators_, dtype=object)))
    if isinstance(
        estimator, (BaggingClassifier, BaggingRegressor, AdaBoostClassifier, AdaBoostRegressor)
    ):
        # Each member is called by the front door, which compares the width by itself.
        return all(_estimator(member, None) for member in members)
    if isinstance(estimator, IsolationForest):
        return _isolation(estimator, members)
    if isinstance(
        estimator, (GradientBoostingClassifier, GradientBoostingRegressor)
    ) and not _as_many_as_it_writes(estimator):
        return False
    # Forests and boosting hand a matrix they have checked straight to the trees.
    return all(_tree(tree.tree_, estimator.n_features_in_) for tree in members)


def _isolation(estimator: IsolationForest, members: list[Any]) -> bool:
    """Each tree is handed the columns drawn for it, or all of them where it drew them all."""
    width, drawn = estimator.n_features_in_, estimator.estimators_features_
    if len(drawn) != len(members):
        return False
    if estimator._max_features == width:
        return all(_tree(tree.tree_, width) for tree in members)
    return all(
        np.ndim(columns) == 1 and _below(columns, width) and _tree(tree.tree_, len(columns))
        for tree, columns in zip(members, drawn, strict=True)
    )


def _as_many_as_it_writes(estimator: Any) -> bool:
    """Each tree of a round adds to a column of its own, so there must be as many columns."""
    if not isinstance(estimator.init_, (DummyClassifier, DummyRegressor, str)):
        return False
    start = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32))
    trees = estimator.estimators_
    return trees.ndim == 2 and start.shape == (1, trees.shape[1])


def _boosting(estimator: Any, features: int | None) -> bool:
    flags = getattr(estimator._bin_mapper, "is_categorical_", None)
    width = estimator.n_features_in_
    if features is None or width != features or flags is None or flags.size != features:
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


def _neighbours(estimator: Any) -> bool:
    """The similar rows are searched one by one, and their classes exist."""
    known = estimator._fit_X
    # The local outlier factor looks at rows alone, which have no answers.
    answers = getattr(estimator, "_y", known)
    if estimator._tree is not None or known.ndim != 2 or len(known) != len(answers):
        return False
    if known.shape != (estimator.n_samples_fit_, estimator.n_features_in_):
        return False
    classes = getattr(estimator, "classes_", None)
    return classes is None or (
        answers.dtype.kind == "i" and answers.ndim == 1 and _below(answers, len(classes))
    )


def _support_vectors(estimator: Any) -> bool:
    """The C library behind it reads as many vectors and weights as it is told there are."""
    vectors, weights = estimator.support_vectors_, estimator._dual_coef_
    return (
        estimator._impl in ("epsilon_svr", "nu_svr", "one_class")
        and estimator._sparse is False
        and estimator.kernel != "precomputed"
        and vectors.ndim == 2
        and vectors.shape[1] == estimator.n_features_in_
        and weights.shape == (1, len(vectors))
        and estimator.support_.shape == (len(vectors),)
        and estimator._intercept_.shape == (1,)
        and estimator._n_support.shape == (2,)
    )


def _centres(estimator: Any) -> bool:
    """Every centre is a point of the space of the rows."""
    width, centres = estimator.n_features_in_, estimator.cluster_centers_
    threads = estimator._n_threads
    if centres.ndim != 2 or centres.shape[1] != width or not 0 < threads <= _MAX_THREADS:
        return False
    waiting, met = [getattr(estimator, "_bisecting_tree", None)], 0
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        met += 1
        inner = node.left is not None
        # A tree of k leaves has 2 k - 1 nodes; more of them lead round in circles.
        if met > 2 * len(centres) - 1 or np.shape(node.center) != (width,):
            return False
        if inner != (node.right is not None) or not (inner or 0 <= node.label < len(centres)):
            return False
        waiting += [node.left, node.right]
    return True


def _lead_on(nodes: np.ndarray, children: np.ndarray, count: int) -> bool:
    """Each child comes after its parent, so there is no way round in circles."""
    return bool(np.all((children.astype(np.int64) > nodes) & (children < count)))


def _below(positions: np.ndarray, limit: int) -> bool:
    return bool(np.all((positions.astype(np.int64) >= 0) & (positions < limit)))
