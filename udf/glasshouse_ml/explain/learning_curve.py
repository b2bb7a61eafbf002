"""The learning curve: how the winner does with a part of the training rows.

A gap between the two lines that closes says that more rows would help; two flat lines, that they
would not.
"""

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.split import XY, Fold
from glasshouse_ml.model.fitting import Candidate, Fitter
from glasshouse_ml.model.search import fewer

# A mean with a deviation can be had from so many folds; each costs a fit for every point.
MOST_FOLDS = 3
# Drawn unasked up to here: beyond it the fits would cost a good part of the whole training.
UNASKED_UP_TO = 2_000
UNASKED_POINTS = 3


def points(asked: int | None, rows: int) -> int:
    """How many points are drawn."""
    return (UNASKED_POINTS if rows <= UNASKED_UP_TO else 0) if asked is None else asked


def learning_rows(
    fitter: Fitter,
    chosen: Candidate,
    training: XY,
    metric: Metric,
    last: float,
    count: int,
) -> Records:
    """Registry rows: half as many rows from point to point, back from all of them.

    The point of all rows costs nothing: validation is the cross-validation as it was, and `last`
    is the finished model on the rows it learned from.
    """
    if count < 2:
        return []
    folds = fitter.split.folds
    found = []
    for power in range(count - 1, 0, -1):
        try:
            scores = [
                _score(fitter, chosen, training, fold, metric, 0.5**power)
                for fold in folds[:MOST_FOLDS]
            ]
        except GlasshouseError:
            continue  # too few rows to learn from: there is no such point
        sizes, learned, validated = zip(*scores, strict=True)
        found.append((sizes, learned, validated))
    found.append(([len(training.actual)], [last], []))
    found.append(([len(fit) for fit, _ in folds], [], chosen.scores))
    rows: Records = []
    for series, values_of in (("training", 1), ("validation", 2)):
        points = [(point[0], point[values_of]) for point in found if point[values_of]]
        for position, (sizes, values) in enumerate(points, start=1):
            mean = float(np.mean(values))
            deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
            rows.append(
                {
                    "curve": "learning",
                    "series": series,
                    "position": position,
                    "x": float(round(np.mean(sizes))),
                    "y": json_number(mean),
                    "lower": None if deviation is None else json_number(mean - deviation),
                    "upper": None if deviation is None else json_number(mean + deviation),
                    "n": round(np.mean(sizes)),
                }
            )
    return rows


def _score(
    fitter: Fitter, chosen: Candidate, training: XY, fold: Fold, metric: Metric, share: float
) -> tuple[int, float, float]:
    """Rows learned from, and the metric on them and on the rows of the fold."""
    fit, validate = fold
    labels = training.actual[fit] if fitter.target.names else np.zeros(len(fit))
    part = training.take(fit[fewer(labels, share, fitter.request.options["seed"])])
    fitted = fitter.fit(chosen.algorithm, chosen.params, part)
    scores = [metric.value(fitter.score(fitted, rows)) for rows in (part, training.take(validate))]
    if not np.isfinite(scores).all():
        raise GlasshouseError(f"{metric.name} cannot be computed.")
    return len(part.actual), *scores
