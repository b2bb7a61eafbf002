"""Whether a distance between two distributions is more than chance and the usual variation explain.

Two explanations have to fail before a distance counts as a change:

1. The number of rows. Pearson's chi² test of homogeneity asks whether two samples of one
   distribution differ as much.
2. The usual variation. Seasons and campaigns make every period a little different, so with many
   rows the first test finds a change in each of them. Where there are enough earlier periods,
   their distances say how far a further period of the same kind may be.

The larger p-value of the two stands for the column. Benjamini and Hochberg's adjustment over all
columns of a period then bounds the share of false alarms; where nothing has changed, that is the
probability of any alarm in that period.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc, stdtr
from scipy.stats import false_discovery_control

from glasshouse_ml.measure.distances import stability_index

# The usual thresholds of the stability index: no change below the first, a large one above the
# second.
WATCH_FROM, RETRAIN_FROM = 0.1, 0.25
# The bound of the false alarms: of periods without a change, one in a hundred has an alarm.
FALSE_ALARM_RATE = 0.01
# Fewer earlier distances say too little of the usual variation.
MIN_HISTORY = 3

AS_IN_TRAINING, AGES, WATCH, RETRAIN = "as in training", "ages", "watch", "retrain"


def homogeneity_p_value(reference: np.ndarray, current: np.ndarray) -> float:
    """The p-value of Pearson's chi² test that the counts of two samples have one distribution."""
    counts = np.array([reference, current])[:, reference + current > 0]
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    return float(chdtrc(max(counts.shape[1] - 1, 1), chi_squared))


def has_moved(reference: np.ndarray, current: np.ndarray) -> bool:
    """Whether the counts differ by more than the number of rows explains."""
    psi = stability_index(reference / reference.sum(), current / current.sum())
    return psi >= WATCH_FROM and homogeneity_p_value(reference, current) <= FALSE_ALARM_RATE


def sampling_noise(bins: int, rows: int) -> tuple[float, float]:
    """Mean and standard deviation of the stability index of a sample of the training distribution.

    The index times the rows has about a chi² distribution with bins - 1 degrees of freedom.
    """
    freedom = max(bins - 1, 1)
    return freedom / rows, math.sqrt(2 * freedom) / rows


def variation_p_value(history: Sequence[float], current: float, deviation: float) -> float:
    """The probability that a further period is at least as far from the training as `current`.

    Parameters
    ----------
    history : sequence of float
        The stability index of each earlier period without an alarm, less its sampling noise.
    current : float
        The same of the period that is judged.
    deviation : float
        The standard deviation of the sampling noise of that period.

    Notes
    -----
    The index is close to a squared distance. Where each period shifts a column by a random amount,
    the square root of the ratio of `current` to the mean of n earlier ones has Student's t
    distribution with n degrees of freedom. The training rows contain the earlier periods and not
    the current one, which is therefore farther away by (1 + 1/n) / (1 - 1/n) on average. 0 where
    there are too few earlier periods.
    """
    n = len(history)
    if n < MIN_HISTORY:
        return 0.0
    usual = sum(history) / n * (n + 1) / (n - 1) + deviation
    return 2 * float(stdtr(n, -math.sqrt(current / usual)))


def verdicts(indices: Sequence[float], p_values: Sequence[float]) -> list[str]:
    """The action that each distance of one family calls for.

    `indices`: stability indices; `p_values`: not adjusted.
    """
    if not p_values:
        return []
    adjusted = false_discovery_control(p_values, method="bh")
    return [
        AS_IN_TRAINING
        if psi < WATCH_FROM or p_value > FALSE_ALARM_RATE
        else (WATCH if psi <= RETRAIN_FROM else RETRAIN)
        for psi, p_value in zip(indices, adjusted, strict=True)
    ]
