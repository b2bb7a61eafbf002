"""The probability from which a row is predicted positive, chosen by what mistakes cost."""

from collections.abc import Sequence

import numpy as np

from glasshouse_ml.core.target import Costs
from glasshouse_ml.measure.classification_metrics import ClassificationScores


def least_cost_threshold(folds: Sequence[ClassificationScores], costs: Costs) -> float:
    """The threshold at which the rows of the folds cost least; of several the one nearest to 0.5.

    A row is flagged from the threshold on. Where a probability is 1, no threshold up to 1 flags no
    row at all; the threshold of none is then the number after 1. The probabilities come from models
    that have not seen these rows, and none is of the test part.
    """
    scores = np.concatenate([fold.probabilities[:, fold.positive] for fold in folds])
    hits = np.concatenate([fold.actual == fold.positive for fold in folds])
    weights = np.concatenate(
        [np.ones(len(fold.actual)) if fold.weights is None else fold.weights for fold in folds]
    )
    order = np.argsort(scores, kind="stable")
    ranked, hit, weight = scores[order], hits[order], weights[order]
    # From the threshold below all rows to the one above all: each row that falls below it stops
    # being a false positive, or becomes a false negative.
    change = weight * np.where(hit, costs.false_negative, -costs.false_positive)
    total = costs.false_positive * weights[~hits].sum() + np.append(0.0, np.cumsum(change))
    none_flagged = 1.0 if ranked[-1] < 1 else np.nextafter(1.0, 2.0)
    edges = np.concatenate([[0.0], _midpoints(ranked), [none_flagged]])
    # Rows of equal probability are on the same side.
    possible = np.append(np.append(True, ranked[:-1] < ranked[1:]), True)
    least = total[possible].min()
    tied = edges[possible][total[possible] <= least + 1e-9 * max(1.0, abs(least))]
    return float(tied[np.argmin(np.abs(tied - 0.5))])


def _midpoints(ranked: np.ndarray) -> np.ndarray:
    """Between neighbours; the upper one, which is flagged, where no number lies between them."""
    middles = (ranked[:-1] + ranked[1:]) / 2
    return np.where(middles > ranked[:-1], middles, ranked[1:])
