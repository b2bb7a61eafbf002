"""Prediction intervals from the errors on rows that the model of a fold has not seen."""

from collections.abc import Sequence
from math import ceil

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.interval import PredictionInterval

# Groups of predictions with an interval of their own, and the fewest rows of a group.
MAX_GROUPS, MIN_GROUP_ROWS = 10, 100


def conformal_interval(
    actual: Sequence[np.ndarray], predicted: Sequence[np.ndarray], level: float
) -> PredictionInterval:
    """The interval that covers a share of `level` of new rows, from the rows of each fold.

    Split conformal prediction with the errors of cross-validation (Vovk, Gammerman and Shafer,
    Algorithmic Learning in a Random World, 2005; Barber and others, Annals of Statistics 49, 2021),
    within groups of equally many rows by the size of the prediction (Mondrian categories), because
    large numbers are often predicted with larger errors. Each side leaves out half of the rest, so
    that the bounds need not lie at the same distance.
    """
    predictions = np.concatenate(list(predicted))
    errors = np.concatenate(list(actual)) - predictions
    tail = (1 - level) / 2
    least = ceil(1 / tail - 1e-9) - 1
    if len(errors) < least:
        raise GlasshouseError(
            f"options.interval is {level:g}, which takes at least {least} rows in the folds; there "
            f"are {len(errors)}.",
            "Give more rows, or a smaller share.",
        )
    groups = min(MAX_GROUPS, max(1, len(errors) // max(MIN_GROUP_ROWS, least)))
    shares = np.linspace(0, 1, groups + 1)[1:-1]
    edges = np.unique(np.quantile(predictions, shares)) if groups > 1 else np.empty(0)
    group_of_row = np.searchsorted(edges, predictions, side="right")
    below, above = [], []
    for group in range(len(edges) + 1):
        ranked = np.sort(errors[group_of_row == group])
        # Equal predictions can leave a group with few rows, or none.
        ranked = ranked if len(ranked) >= least else np.sort(errors)
        # The finite-sample rank: of n errors and a new one, all orders are equally probable.
        rank = ceil((len(ranked) + 1) * (1 - tail) - 1e-9)
        above.append(float(ranked[rank - 1]))
        below.append(float(ranked[len(ranked) - rank]))
    return PredictionInterval(level, tuple(edges.tolist()), tuple(below), tuple(above))
