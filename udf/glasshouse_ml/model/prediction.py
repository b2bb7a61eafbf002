"""Predictions for many rows, some rows at a time."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model.grouped import Grouped

# Rows times trees, neighbours or support vectors that are computed at a time: a part of a second.
_STEPS = 2_000_000
_MIN_ROWS, _MAX_ROWS = 100, 50_000
# Attributes of a fitted estimator that count or hold what each row is compared with.
_COUNTS = ("n_samples_fit_", "n_iter_")
_PARTS = ("estimators_", "support_", "dual_coef_", "calibrated_classifiers_")


def in_batches(method: Callable[[np.ndarray], Any], matrix: np.ndarray) -> np.ndarray:
    """The result of a method of a fitted Pipeline, with a look for interrupts between batches.

    The number of rows in a batch depends on the estimator alone, so the result is the same again.
    """
    size = _batch_rows(method.__self__)  # type: ignore[attr-defined]
    results = []
    for start in range(0, max(len(matrix), 1), size):
        check_interrupts()
        results.append(np.asarray(method(matrix[start : start + size])))
    return results[0] if len(results) == 1 else np.concatenate(results)


def _batch_rows(pipeline: Any) -> int:
    estimator = pipeline[-1]
    if isinstance(estimator, Grouped):
        # It makes batches of its own, group by group. Batches of all groups would ask each group's
        # estimator again and again for a few rows.
        return sys.maxsize
    # Ridge has a number of iterations that is None, and other models one for each class.
    numbers = [getattr(estimator, name, None) for name in _COUNTS]
    counts = [np.max(number, initial=1) for number in numbers if number is not None]
    parts = [np.size(getattr(estimator, name, ())) for name in _PARTS]
    return int(np.clip(_STEPS // max([1, *counts, *parts]), _MIN_ROWS, _MAX_ROWS))
