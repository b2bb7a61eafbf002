"""The learning curve: the score of the chosen candidate by the number of training rows.

A closing gap between the two lines means that more rows would help; two flat lines mean that they
would not.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.split import XY, Fold
from glasshouse_ml.model.fitting import Candidate, Fitter

# Enough folds for a mean and a deviation; each costs a fit for every point.
MAX_FOLDS = 3
# Up to so many rows the curve is drawn by default; beyond, its fits would cost too much time.
DEFAULT_MAX_ROWS = 2_000
DEFAULT_POINTS = 3


def point_count(requested: int | None, rows: int) -> int:
    """The number of points of the curve."""
    return (DEFAULT_POINTS if rows <= DEFAULT_MAX_ROWS else 0) if requested is None else requested


def learning_curve_rows(
    fitter: Fitter,
    best: Candidate,
    training: XY,
    metric: Metric,
    full_training_score: float,
    count: int,
) -> Records:
    """Rows of ml.curves; each point has half of the rows of the next.

    The point of all rows needs no fit: its validation scores are those of the cross-validation, and
    `full_training_score` is the final model on its training rows.
    """
    if count < 2:
        return []
    folds = fitter.split.folds
    points: list[tuple[Sequence[Any], Sequence[Any], Sequence[Any]]] = []
    for power in range(count - 1, 0, -1):
        try:
            scores = [
                _score(fitter, best, training, fold, metric, 0.5**power)
                for fold in folds[:MAX_FOLDS]
            ]
        except GlasshouseError:
            continue  # too few rows for this point
        sizes, training_scores, validation_scores = zip(*scores, strict=True)
        points.append((sizes, training_scores, validation_scores))
    points.append(([len(training.actual)], [full_training_score], []))
    points.append(([len(fit) for fit, _ in folds], [], best.scores))
    rows: Records = []
    for series, values_of in (("training", 1), ("validation", 2)):
        curve_points = [(point[0], point[values_of]) for point in points if point[values_of]]
        for position, (row_counts, values) in enumerate(curve_points, start=1):
            mean = float(np.mean(values))
            deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
            rows.append(
                {
                    "curve": "learning",
                    "series": series,
                    "position": position,
                    "x": float(round(np.mean(row_counts))),
                    "y": json_number(mean),
                    "lower": None if deviation is None else json_number(mean - deviation),
                    "upper": None if deviation is None else json_number(mean + deviation),
                    "n": round(np.mean(row_counts)),
                }
            )
    return rows


def _score(
    fitter: Fitter, best: Candidate, training: XY, fold: Fold, metric: Metric, share: float
) -> tuple[int, float, float]:
    """The number of rows of the fit, and the metric on them and on the rows of the fold."""
    rows = fitter.training_share(training, fold, share)
    fitted = fitter.fit(best.algorithm, best.params, rows)
    validation = training.take(fold[1])
    learned, validated = (metric.value(fitter.score(fitted, part)) for part in (rows, validation))
    if not np.isfinite([learned, validated]).all():
        raise GlasshouseError(f"{metric.name} cannot be computed.")
    return len(rows.actual), learned, validated
