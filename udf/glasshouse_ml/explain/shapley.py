"""Sampled Shapley values: what each column adds on the way from a baseline row to a row.

The columns of the baseline row are replaced by those of the row one after the other, and each is
given what the answer changed by at its turn. The mean over many orders is the Shapley value. The
changes of one order add up to the whole way, and so do the means, however few orders there are.
"""

from collections.abc import Callable
from itertools import permutations
from math import factorial

import numpy as np

from glasshouse_ml.data.interrupts import check_interrupts

# Orders that are tried; with so few columns that there are no more, each one is: that is exact.
ORDERS = 64
SEED = 0
# Cells of the largest matrix that is put together at a time: 64 MiB.
_MAX_CELLS = 8_000_000


def orders(columns: int) -> np.ndarray:
    """Each row is an order of the columns; the same for every row that is explained."""
    if factorial(min(columns, 20)) <= ORDERS:
        return np.array(list(permutations(range(columns))))
    rng = np.random.default_rng(SEED)
    half = np.array([rng.permutation(columns) for _ in range(ORDERS // 2)])
    # An order and its reverse together: a column that came late in one comes early in the other.
    return np.concatenate([half, half[:, ::-1]])


def sampled_shapley(
    predict: Callable[[np.ndarray, np.ndarray], np.ndarray],
    matrix: np.ndarray,
    baseline: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The answer for the baseline row, and for each row what each column adds to it.

    answer() takes rows and, for each, the number of the row of the matrix it was made of.
    """
    count, columns = matrix.shape
    column_orders = orders(columns)
    # taken[o, s, c]: whether column c is replaced by step s of order o.
    turns = np.argsort(column_orders, axis=1)
    replaced = turns[:, None, :] < np.arange(columns + 1)[None, :, None]
    masks, mask_of_step = np.unique(replaced.reshape(-1, columns), axis=0, return_inverse=True)
    outputs = _outputs(predict, matrix, baseline, masks)
    contributions = np.zeros((count, columns))
    for order, steps in zip(
        column_orders, mask_of_step.reshape(len(column_orders), columns + 1), strict=True
    ):
        contributions[:, order] += np.diff(outputs[steps], axis=0).T
    # The row without any column replaced is the first of the sorted masks.
    return outputs[0], contributions / len(column_orders)


def _outputs(
    predict: Callable[[np.ndarray, np.ndarray], np.ndarray],
    matrix: np.ndarray,
    baseline: np.ndarray,
    masks: np.ndarray,
) -> np.ndarray:
    """The answer for each mask and each row."""
    count, columns = matrix.shape
    outputs = np.empty((len(masks), count))
    size = max(1, _MAX_CELLS // (count * columns))
    for start in range(0, len(masks), size):
        check_interrupts()
        block = masks[start : start + size]
        rows_mixed = np.where(block[:, None, :], matrix[None], baseline)
        origins = np.tile(np.arange(count), len(block))
        contributions = predict(rows_mixed.reshape(-1, columns), origins)
        outputs[start : start + size] = contributions.reshape(len(block), count)
    return outputs
