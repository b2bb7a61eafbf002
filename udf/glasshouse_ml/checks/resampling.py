"""The interval of the difference between two scores on the same rows."""

import numpy as np

from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.split import ResamplingUnits
from glasshouse_ml.measure.bootstrap import paired_gains

SAMPLES = 200
# Rows times classes: a ranking of each class is resampled.
MAX_CELLS, MIN_ROWS = 10_000, 500
# The normal quantile of a 99 % interval: one alarm missed or false in two hundred.
Z_99 = 2.575829303548901


def gain_interval(
    metric: Metric,
    scores: EvaluationInput,
    other: EvaluationInput,
    seed: int,
    units: ResamplingUnits | None,
    other_rows: np.ndarray | None = None,
) -> tuple[float, float]:
    """The 99 % interval of the gain of scores over other; NaN where the metric has none.

    other_rows masks the rows that other is measured on. Of many rows only the first are drawn from,
    which widens the interval and so never makes a difference significant.
    """
    if not metric.supports_bootstrap:
        return np.nan, np.nan
    classes = getattr(scores, "classes", 2)
    count = min(len(scores.actual), max(MIN_ROWS, MAX_CELLS // classes))
    rows = np.arange(count)
    scores, other = scores.take(rows), other.take(rows)
    units, other_rows = (
        units and units.take(rows),
        None if other_rows is None else other_rows[:count],
    )
    gains = paired_gains(metric, scores, other, SAMPLES, seed, units, other_rows)
    gains = gains[np.isfinite(gains)]
    if not len(gains):
        return np.nan, np.nan
    centre, half = float(gains.mean()), Z_99 * float(gains.std())
    return centre - half, centre + half
