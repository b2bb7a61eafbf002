"""What each slice has to do with the change of the metric, from the counts of all slices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from glasshouse_ml.use.drivers.counting import Conditions, SliceCounts

# The level of significance from which on a slice says more than one with a condition less.
SIGNIFICANCE = 0.05
# Sums of many floating-point numbers agree to about this share.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Measures:
    """Measures of the slices, each of shape (slices,) or, with the sets, (slices, 2)."""

    value: np.ndarray  # the metric in control and test
    contribution: np.ndarray
    unexpected: np.ndarray
    support: np.ndarray
    p_value: np.ndarray  # adjusted for the number of slices


def measure_slices(counts: SliceCounts, is_ratio: bool, is_distinct: bool) -> Measures:
    """The measures of every slice; the first, of all rows, is compared with nothing."""
    moments = counts.moments
    everything = moments[:1]
    # The values of a distinct count that only occur in the slice are missing in the rest.
    rest = _difference(everything, _removed(moments, is_distinct))
    unexpected, variance = _unexpected(moments, rest, is_ratio, is_distinct)
    with np.errstate(divide="ignore", invalid="ignore"):
        support = np.nanmax(moments[:, :, 0] / everything[:, :, 0], axis=1)
    return Measures(
        _value(moments, is_ratio),
        _contribution(moments, is_ratio),
        unexpected,
        support,
        holm(_p_values(unexpected, variance, moments, rest)),
    )


def redundant(counts: SliceCounts, is_ratio: bool, is_distinct: bool) -> np.ndarray:
    """Whether a slice tells nothing that one with a condition less does not tell.

    It has the same rows, or it changed as the other rows of the wider slice did: the difference is
    not significant at 5 %, divided by the number of slices (Bonferroni). Shape (slices,).
    """
    place_of = {conditions: place for place, conditions in enumerate(counts.conditions)}
    pairs = np.array(
        [
            (place, place_of[conditions[:drop] + conditions[drop + 1 :]], drop)
            for place, conditions in enumerate(counts.conditions)
            for drop in range(len(conditions))
        ],
        int,
    ).reshape(-1, 3)
    child, parent = counts.moments[pairs[:, 0]], counts.moments[pairs[:, 1]]
    same_rows = (child[:, :, 0] == parent[:, :, 0]).all(axis=1)
    # Values on both sides of the division are few, and this decides about pruning alone.
    rest = _difference(parent, child)
    unexpected, variance = _unexpected(child, rest, is_ratio, is_distinct)
    p_values = _p_values(unexpected, variance, child, rest)
    level = SIGNIFICANCE / max(len(counts.conditions) - 1, 1)
    has_wider = np.array([len(counts.conditions[place]) > 1 for place in pairs[:, 0]], bool)
    is_redundant = np.zeros(len(counts.conditions), bool)
    is_redundant[pairs[same_rows | (has_wider & ~(p_values <= level)), 0]] = True
    return is_redundant | _repeated(pairs, same_rows & has_wider, len(is_redundant))


def _repeated(pairs: np.ndarray, is_same: np.ndarray, count: int) -> np.ndarray:
    """Whether another slice with as many conditions has the same rows and comes first.

    A country and its currency are such a pair; and what holds of the two holds of a country and a
    channel, and its currency and this channel. Pairs: positions of a slice and of a wider one.
    """
    is_repeated = np.zeros(count, bool)
    with_first: set[int] = set()
    for place, wider in sorted(pairs[is_same, :2].tolist()):
        is_repeated[wider] |= place in with_first
        with_first.add(place)
    # Slices come after the wider ones.
    for place, wider in pairs[:, :2]:
        is_repeated[place] |= is_repeated[wider]
    return is_repeated


def _difference(moments: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The moments of the other rows; exactly 0 where there is none, whatever the sums round to."""
    is_empty = moments[:, :, :1] == part[:, :, :1]
    return np.where(is_empty, 0.0, moments - part)


def _removed(moments: np.ndarray, is_distinct: bool) -> np.ndarray:
    if not is_distinct:
        return moments
    removed = moments.copy()
    removed[:, :, 1] = moments[:, :, 2]
    return removed


def _value(moments: np.ndarray, is_ratio: bool) -> np.ndarray:
    """The metric; a ratio is NaN where the denominator is 0. Shape (slices, 2)."""
    if not is_ratio:
        return moments[:, :, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = moments[:, :, 1] / moments[:, :, 3]
    return np.where(moments[:, :, 3] == 0, np.nan, value)


def _contribution(moments: np.ndarray, is_ratio: bool) -> np.ndarray:
    """The part of the overall change that the slice makes up; parts of one dimension add up to it.

    A ratio R changes by a slice in two ways: its own ratio changes, and so does its weight, the
    share of the denominator. The change is divided between them at the means of control and test
    (Kitagawa, Journal of the American Statistical Association 50, 1955): with a and b of the slice
    by the denominator of all rows, delta a - delta b * mean R.
    """
    if not is_ratio:
        return moments[:, 1, 1] - moments[:, 0, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        numerator = moments[:, :, 1] / moments[:1, :, 3]
        weight = moments[:, :, 3] / moments[:1, :, 3]
    ratio = _value(moments[:1], is_ratio).mean()
    return np.diff(numerator)[:, 0] - np.diff(weight)[:, 0] * ratio


def _unexpected(
    moments: np.ndarray, rest: np.ndarray, is_ratio: bool, is_distinct: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Test minus what it were had the slice changed by the factor of the rest, and its variance.

    NaN where the rest has no factor of change. Shape (slices,) each.
    """
    value, rest_value = _value(moments, is_ratio), _value(rest, is_ratio)
    variance = _variance(moments, value, is_ratio, is_distinct)
    rest_variance = _variance(rest, rest_value, is_ratio, is_distinct)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(rest_value[:, 0] == 0, np.nan, rest_value[:, 1] / rest_value[:, 0])
        unexpected = value[:, 1] - value[:, 0] * factor
        # Rounding is no difference.
        unexpected[np.abs(unexpected) <= _ROUNDING * np.abs(value[:, 1])] = 0.0
        # The delta method, with the values of slice and rest as independent.
        relative = value[:, 0] / rest_value[:, 0]
        total = (
            variance[:, 1]
            + factor**2 * variance[:, 0]
            + relative**2 * (rest_variance[:, 1] + factor**2 * rest_variance[:, 0])
        )
    return unexpected, total


def _variance(
    moments: np.ndarray, value: np.ndarray, is_ratio: bool, is_distinct: bool
) -> np.ndarray:
    """The variance of the metric, with the number of rows (of distinct values) as Poisson.

    A sum of independent rows then has the sum of the squares as its variance, a ratio that of the
    residuals a - R b by the denominator squared. Shape (slices, 2).
    """
    if is_distinct:
        return moments[:, :, 1]
    if not is_ratio:
        return moments[:, :, 2]
    _, _, aa, b, ab, bb = np.moveaxis(moments, 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.maximum(aa - 2 * value * ab + value**2 * bb, 0) / b**2


def _p_values(
    unexpected: np.ndarray, variance: np.ndarray, moments: np.ndarray, rest: np.ndarray
) -> np.ndarray:
    """Two-sided, by Student's t with the rows of the smaller side less one; NaN if undefined."""
    rows = np.minimum(moments[:, :, 0].sum(axis=1), rest[:, :, 0].sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(unexpected) / np.sqrt(variance)
    statistic = np.where(unexpected == 0, 0.0, statistic)
    values = 2 * stdtr(np.maximum(rows - 1, 1), -np.nan_to_num(statistic, posinf=np.inf))
    return np.where(np.isfinite(unexpected), values, np.nan)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p values: below 5 % in 5 % of the calls at most, however the slices overlap.

    Holm, Scandinavian Journal of Statistics 6, 1979. NaN stays NaN and does not count.
    """
    adjusted = np.full(len(p_values), np.nan)
    defined = np.flatnonzero(np.isfinite(p_values))
    order = defined[np.argsort(p_values[defined], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def slice_text(conditions: Conditions, names: Sequence[str]) -> str:
    """The conditions as a person reads them."""
    if not conditions:
        return "(all)"
    return " and ".join(
        f"{names[place]} is NULL" if value is None else f"{names[place]} = {value}"
        for place, value in conditions
    )
