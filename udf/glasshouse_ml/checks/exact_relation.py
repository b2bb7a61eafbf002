"""Numbers that give the target together, as the parts of a sum or the factors of a product do.

None of them predicts it alone, so only a fit on all of them shows that the target was computed from
them, or they from it.
"""

from collections.abc import Iterator

import numpy as np

# The share of the variance that is explained on rows without part in the fit. Measurements have
# errors; the rounding of a sum costs some hundred thousandths.
MIN_R2 = 0.9999
# A column matters above this share of the target's standard deviation.
MIN_EFFECT = 1e-3
# A column with fewer values says little about a sum.
MIN_FILLED = 0.5
# Rows of the fit for each column.
ROWS_PER_COLUMN = 5
SUM, PRODUCT = "sum", "product"


def exact_relation(columns: dict[str, np.ndarray], target: np.ndarray) -> tuple[str, list[str]]:
    """SUM or PRODUCT and the names of its columns, the largest first; ("", []) without a relation.

    Parameters
    ----------
    columns : dict of str to ndarray of shape (rows,)
        Numbers.
    target : ndarray of shape (rows,)
        Rows are in random order: one half is fitted, the other one predicted.
    """
    for relation, terms, values in _forms(columns, target):
        names = _exact_terms(terms, values)
        if names:
            return relation, names
    return "", []


def _forms(
    columns: dict[str, np.ndarray], target: np.ndarray
) -> Iterator[tuple[str, dict[str, np.ndarray], np.ndarray]]:
    """The sums and, as logarithms, the products that the target may be; the simplest first."""
    present = {name: np.isfinite(values) for name, values in columns.items()}
    complete = {name: columns[name] for name in columns if present[name].all()}
    yield SUM, complete, target
    if len(complete) < len(columns):
        # An empty cell may count as 0 in the sum, or the target may be older than the gaps.
        yield SUM, {n: np.where(present[n], columns[n], 0) for n in columns}, target
        filled = [name for name in columns if present[name].mean() > MIN_FILLED]
        rows = np.logical_and.reduce([present[name] for name in filled] or [target == target])
        yield SUM, {name: columns[name][rows] for name in filled}, target[rows]
    # A quantity of 0 makes a product of 0, and a return makes a negative one.
    rows = target != 0
    factors = {name: values[rows] for name, values in complete.items()}
    logarithms = {n: np.log(np.abs(v)) for n, v in factors.items() if (v != 0).all()}
    yield PRODUCT, logarithms, np.log(np.abs(target[rows]))
    # As in price × (1 - discount).
    shares = {n: v for n, v in factors.items() if v.size and v.min() >= 0 and v.max() < 1}
    if shares:
        rests = {f"1 - {name}": np.log1p(-values) for name, values in shares.items()}
        yield PRODUCT, logarithms | rests, np.log(np.abs(target[rows]))


def _exact_terms(columns: dict[str, np.ndarray], target: np.ndarray) -> list[str]:
    """The columns of a linear function that gives the target, or none."""
    middle = len(target) // 2
    if not middle:
        return []
    names = [name for name, values in columns.items() if values[:middle].std() > 0]
    if len(names) < 2 or middle < ROWS_PER_COLUMN * len(names) or target[middle:].std() == 0:
        return []
    matrix = np.column_stack([columns[name] for name in names])
    means, spreads = matrix[:middle].mean(axis=0), matrix[:middle].std(axis=0)
    scaled = np.column_stack([(matrix - means) / spreads, np.ones(len(target))])
    weights = np.linalg.lstsq(scaled[:middle], target[:middle])[0]
    errors = target[middle:] - scaled[middle:] @ weights
    if errors.var() > (1 - MIN_R2) * target[middle:].var():
        return []
    effects = np.abs(weights[:-1]) / target.std()
    order = np.argsort(-effects, kind="stable")
    terms = [names[place] for place in order if effects[place] > MIN_EFFECT]
    return terms if len(terms) > 1 else []
