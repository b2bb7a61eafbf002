"""Numbers that give the target together, as the parts of a sum or the factors of a product do.

None of them predicts it alone, so only a fit on all of them shows that the target was computed from
them, or they from it.
"""

import numpy as np

# The share of the variance that is explained on rows without part in the fit. Measurements have
# errors; the rounding of a sum costs some hundred thousandths.
MIN_R2 = 0.9999
# A column matters above this share of the target's standard deviation.
MIN_EFFECT = 1e-3
# Rows of the fit for each column.
ROWS_PER_COLUMN = 5
SUM, PRODUCT = "sum", "product"


def exact_relation(columns: dict[str, np.ndarray], target: np.ndarray) -> tuple[str, list[str]]:
    """SUM or PRODUCT and the names of its columns, the largest first; ("", []) without a relation.

    Parameters
    ----------
    columns : dict of str to ndarray of shape (rows,)
        Numbers; columns with missing values are left out.
    target : ndarray of shape (rows,)
        Rows are in random order: one half is fitted, the other one predicted.
    """
    complete = {name: values for name, values in columns.items() if np.isfinite(values).all()}
    names = _exact_terms(complete, target)
    if names:
        return SUM, names
    positive = {name: np.log(values) for name, values in complete.items() if values.min() > 0}
    names = _exact_terms(positive, np.log(target)) if target.min() > 0 else []
    return (PRODUCT, names) if names else ("", [])


def _exact_terms(columns: dict[str, np.ndarray], target: np.ndarray) -> list[str]:
    """The columns of a linear function that gives the target, or none."""
    middle = len(target) // 2
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
