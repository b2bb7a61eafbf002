"""Compares each period with the training and with the period before: the rows of ml.drift.

Which differences are a drift, `measure/ageing.py` and `measure/change_tests.py` decide.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from glasshouse_ml.core.table import BOOLEAN, TIME
from glasshouse_ml.measure.ageing import ageing
from glasshouse_ml.measure.bins import Bins
from glasshouse_ml.measure.change_tests import (
    AGES,
    AS_IN_TRAINING,
    has_moved,
    homogeneity_p_value,
    sampling_noise,
    variation_p_value,
    verdicts,
)
from glasshouse_ml.measure.distances import jensen_shannon, kolmogorov_smirnov, stability_index
from glasshouse_ml.use.period_counts import PeriodCounts

# Rows that came or changed since the training may be 1 % of a training period; a stability index
# below 0.01 is no difference.
TRAINING_TOLERANCE = 0.01
# The most frequent new categories that are named.
MAX_NAMED = 20

DriftRow = tuple[Any, ...]

# The columns of a row, by the names of the table ml.drifts.
COLUMNS: tuple[str, ...] = ("period", "feature", "kind", "rows", "psi", "js", "ks")
COLUMNS += ("missing", "missing_change", "new_share", "new_categories", "outside_range")
COLUMNS += ("psi_previous", "p_value", "verdict")


def drift_rows(counts: PeriodCounts, missing: str) -> list[DriftRow]:
    """A row for each period and feature; the periods in their order."""
    order = sorted(counts.periods, key=lambda name: (name is None, name == missing, name or ""))
    periods = [name for name in order if name is not None and name != missing]
    ages = _ages(counts, periods)
    training = _training_periods(counts, periods)
    rows: list[DriftRow] = []
    history: dict[int, list[float]] = defaultdict(list)
    for name in order:
        number = counts.periods[name]
        before = periods[periods.index(name) - 1] if name in periods[1:] else None
        judged: list[tuple[int, _Comparison, dict[str, Any]]] = []
        for position, bins in enumerate(counts.bins):
            bin_counts = counts.bin_counts[position]
            # A period in which no row can be predicted has no score.
            if number >= len(bin_counts) or not bin_counts[number].any():
                continue
            previous = None if before is None else bin_counts[counts.periods[before]]
            values = _measures(bins, bin_counts[number], number, previous)
            growth = ages.get((name, bins.feature.name), 0)
            comparison = _compare(bins.reference, bin_counts[number], growth, history[position])
            outside = counts.outside[number, bins.feature.name] / values["rows"]
            values |= {
                "period": None if name == missing else name,
                "p_value": comparison.p_value,
                "outside_range": None if bins.highest is None else outside,
            }
            judged.append((position, comparison, values))
        judgements = verdicts(
            [comparison.psi for _, comparison, _ in judged],
            [comparison.p_value for _, comparison, _ in judged],
        )
        for (position, comparison, values), verdict in zip(judged, judgements, strict=True):
            # A part of the training is no change, however little it is like the other parts.
            verdict = AS_IN_TRAINING if name in training else verdict
            if verdict == AS_IN_TRAINING:
                history[position] += [comparison.excess] if name in periods else []
                verdict = AGES if comparison.has_aged else verdict
            rows.append(tuple((values | {"verdict": verdict})[column] for column in COLUMNS))
    return rows


def _training_periods(counts: PeriodCounts, period_names: list[str]) -> set[str | None]:
    """The first periods, where their rows together are those of the training."""
    features = range(len(counts.features))
    rows = counts.bins[0].reference.sum()
    for end in range(1, len(period_names) + 1):
        periods = [counts.periods[name] for name in period_names[:end]]
        sums = [counts.bin_counts[feature][periods].sum(axis=0) for feature in features]
        if abs(sums[0].sum() / rows - 1) <= TRAINING_TOLERANCE and all(
            stability_index(counts.bins[feature].reference / rows, sums[feature] / sums[0].sum())
            < TRAINING_TOLERANCE
            for feature in features
        ):
            return {*period_names[:end]}
    return set()


class _Comparison(NamedTuple):
    """The part of a difference that would be a drift, and how likely it is without one."""

    psi: float
    p_value: float
    excess: float  # psi less its sampling noise
    has_aged: bool


def _compare(
    reference: np.ndarray, current: np.ndarray, growth: int, history: list[float]
) -> _Comparison:
    """Compare counts in bins; `growth` as ageing() returns it.

    Of a column that only ages the share of missing values alone can drift.
    """
    has_aged = growth == 1 and has_moved(reference, current)
    if growth == 1:
        reference, current = (
            np.array([each[:-1].sum(), each[-1]]) for each in (reference, current)
        )
    rows = int(current.sum())
    psi = stability_index(reference / reference.sum(), current / rows)
    noise, deviation = sampling_noise(int((reference > 0).sum()), rows)
    excess = max(psi - noise, 0.0)
    p_value = homogeneity_p_value(reference, current)
    # Where a column that ages does something else, its past is no measure.
    if growth != -1:
        p_value = max(p_value, variation_p_value(history, excess, deviation))
    return _Comparison(psi, p_value, excess, has_aged)


def _ages(counts: PeriodCounts, period_names: list[str]) -> dict[tuple[str | None, str], int]:
    """For each period and numeric feature 1, 0 or -1, see ageing()."""
    result: dict[tuple[str | None, str], int] = {}
    periods = [counts.periods[name] for name in period_names]
    if len(period_names) > 1:
        table = ageing(periods, _elapsed(period_names), counts.sample, counts.extremes)
        result = {
            (name, feature.name): int(table[row, column])
            for row, name in enumerate(period_names)
            for column, feature in enumerate(counts.numeric)
            if feature.kind != BOOLEAN
        }
    # A date lies later in later rows; only one after the present is not explained by the time.
    today = (datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days + 1
    bins_of = {bins.feature.name: bins for bins in counts.features}
    for name, number in counts.periods.items():
        for column, feature in enumerate(counts.numeric):
            start, key = bins_of[feature.name].lowest, (name, feature.name)
            is_date = feature.kind == TIME and feature.type.startswith(("date", "timestamp"))
            if is_date and start is not None and result.get(key, 0) == 0:
                low = counts.extremes.lowest[number, column]
                high = counts.extremes.highest[number, column]
                result[key] = int(low >= start and high <= today)
    return result


def _elapsed(names: Sequence[str]) -> list[float]:
    """The days between periods that are dates or months; 1 between any other ones."""
    try:
        days = [
            datetime.fromisoformat(f"{name}-01" if len(name) == len("2026-01") else name)
            for name in names
        ]
        elapsed = [(after - before).total_seconds() for before, after in pairwise(days)]
    except (ValueError, TypeError):
        return [1.0] * (len(names) - 1)
    return elapsed if min(elapsed, default=1) > 0 else [1.0] * (len(names) - 1)


def _measures(
    bins: Bins, counts: np.ndarray, period: int, previous: np.ndarray | None
) -> dict[str, Any]:
    rows, new_texts = counts.sum(), bins.new_texts[period]
    reference, current = bins.reference / bins.reference.sum(), counts / rows
    from_previous = None
    if previous is not None and previous.any():
        from_previous = stability_index(previous / previous.sum(), current)
    return {
        "feature": bins.feature.name,
        "kind": bins.feature.kind,
        "rows": int(rows),
        "psi": stability_index(reference, current),
        "js": jensen_shannon(reference, current),
        "ks": kolmogorov_smirnov(bins.reference[:-1], counts[:-1]) if bins.is_numeric else None,
        "missing": float(current[-1]),
        "missing_change": float(current[-1] - reference[-1]),
        "new_share": bins.new_share(period, int(rows)),
        "new_categories": sorted(new_texts, key=lambda name: (-new_texts[name], name))[:MAX_NAMED],
        "psi_previous": from_previous,
    }
