"""Whether the text of a foreign booster describes trees that lead nowhere but to their own leaves.

The libraries follow the numbers of a tree without looking, as scikit-learn does: see soundness.py.
"""

import json
from typing import Any

import numpy as np

from glasshouse_ml.model.boosting import Boosted


def is_sound(estimator: Boosted) -> bool:
    """True where each tree of the text asks for columns that are there and has an end."""
    trees, answers = _READERS[estimator.library](estimator.text_, estimator.n_features_in_)
    classes = len(getattr(estimator, "classes_", ()))
    # Two classes have one sum, and a number is one.
    return trees and answers == (classes if classes > 2 else 1)


def _lightgbm(text: str, features: int) -> tuple[bool, int]:
    """Whether its trees are sound, and how many sums they make."""
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    facts = _facts(head)
    sums = int(facts["num_tree_per_iteration"])
    whole = (
        int(facts["max_feature_idx"]) == features - 1
        and int(facts["num_class"]) == sums
        and len(blocks) % sums == 0
        and all(_lightgbm_tree(_facts(block), features) for block in blocks)
    )
    return whole, sums


def _facts(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _lightgbm_tree(facts: dict[str, str], features: int) -> bool:
    leaves = int(facts["num_leaves"])
    if int(facts["num_cat"]) or int(facts.get("is_linear", 0)) or leaves < 1:
        return False
    sizes = {"leaf_value": leaves} | dict.fromkeys(
        ("split_feature", "threshold", "decision_type", "left_child", "right_child"), leaves - 1
    )
    if leaves == 1:
        return len(facts["leaf_value"].split()) == 1
    if any(len(facts[name].split()) != size for name, size in sizes.items()):
        return False
    nodes = np.arange(leaves - 1)
    columns = _whole(facts["split_feature"])
    # A child below zero is a leaf: -1 is leaf 0, -2 is leaf 1. Each other comes after its parent.
    sides = [_whole(facts[side]) for side in ("left_child", "right_child")]
    ends = all(
        bool(np.all(np.where(side < 0, ~side < leaves, (side > nodes) & (side < leaves - 1))))
        for side in sides
    )
    # Bits above the fourth and a kind of missing value that there is not; the first is a category.
    kinds = _whole(facts["decision_type"])
    known = bool(np.all((kinds >= 0) & (kinds < 16) & (kinds & 1 == 0)))
    return ends and known and bool(np.all((columns >= 0) & (columns < features)))


def _whole(words: str) -> np.ndarray:
    return np.array(words.split(), np.int64)


def _xgboost(text: str, features: int) -> tuple[bool, int]:
    """Whether its trees are sound, and how many sums they make."""
    learner = json.loads(text)["learner"]
    parameters, booster = learner["learner_model_param"], learner["gradient_booster"]
    sums = max(1, int(parameters["num_class"]))
    model = booster["model"]
    trees, places = model["trees"], model["tree_info"]
    whole = (
        booster["name"] == "gbtree"
        and int(parameters["num_feature"]) == features
        and int(parameters.get("num_target", 1)) == 1
        and len(trees) == len(places) == int(model["gbtree_model_param"]["num_trees"])
        and all(0 <= place < sums for place in places)
        and all(_xgboost_tree(tree, features) for tree in trees)
    )
    return whole, sums


def _xgboost_tree(tree: dict[str, Any], features: int) -> bool:
    names = ("left_children", "right_children", "split_indices", "split_conditions", "split_type")
    left, right, columns, conditions, kinds = (np.asarray(tree[name]) for name in names)
    count = int(tree["tree_param"]["num_nodes"])
    if not count or {len(left), len(right), len(columns), len(conditions), len(kinds)} != {count}:
        return False
    nodes, inner = np.arange(count), left != -1
    return bool(
        np.array_equal(inner, right != -1)
        and np.all((left > nodes)[inner] & (left < count)[inner])
        and np.all((right > nodes)[inner] & (right < count)[inner])
        and np.all((columns >= 0) & (columns < features))
        and not kinds.any()
        and not tree["categories_nodes"]
        and int(tree["tree_param"]["num_feature"]) == features
        and int(tree["tree_param"].get("size_leaf_vector", 1)) <= 1
    )


_READERS = {"lightgbm": _lightgbm, "xgboost": _xgboost}
