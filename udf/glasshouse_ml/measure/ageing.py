"""Recognises columns that only age: they grow with time for every unit, such as an account's age.

Compared with the past, such a column always differs, which says nothing about the model. What can
change is the speed at which it grows. So a column that ages is judged by its growth from one period
to the next: where elapsed time explains it, the column is no drift.

A column ages in one of two ways. Either the units of a sample (the values of the model's key) are
met again in the next period, and the value hardly ever falls; or all values of a period lie above
those of the period before, as a date of the rows does.
"""

from collections.abc import Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np

# A sample of this many units says enough of how a column grows.
MAX_UNITS = 2_000
# Fewer units that are met again say too little.
MIN_UNITS = 30
# The share of units whose value may fall all the same (corrections, returns), and the share whose
# value has to rise: a constant never falls either.
MAX_FALLING, MIN_RISING = 0.02, 0.05
# Growth beyond this multiple of the fastest step before is not explained by the elapsed time.
MAX_ACCELERATION = 3.0


class UnitSample:
    """The values of the numeric columns for a sample of units in each period.

    The units with the smallest hashes are kept, the same ones in every period.
    """

    def __init__(self) -> None:
        """Create an empty sample."""
        self._limit = 2**32
        self._values: dict[str, dict[int, np.ndarray]] = {}

    def add(self, periods: np.ndarray, units: Sequence[str], numbers: np.ndarray) -> None:
        """Add a batch: the period, the unit and the row of numbers of each row."""
        numbers = np.where(np.isfinite(numbers), numbers, np.nan)
        for row, unit in enumerate(units):
            if crc32(unit.encode()) < self._limit:
                self._values.setdefault(unit, {})[int(periods[row])] = numbers[row].copy()
        self._shrink()

    def state(self) -> tuple[int, list[tuple[str, int]], np.ndarray]:
        """The limit of the hashes, the unit and the period of each row, and the rows."""
        rows = [(unit, period) for unit, values in self._values.items() for period in values]
        matrix = [self._values[unit][period] for unit, period in rows]
        return self._limit, rows, np.array(matrix)

    def merge(self, limit: int, rows: Sequence[tuple[str, int]], numbers: np.ndarray) -> None:
        """Add the sample of other rows; the periods are numbered as here."""
        self._limit = min(self._limit, limit)
        for (unit, period), values in zip(rows, numbers, strict=True):
            self._values.setdefault(unit, {})[period] = values
        self._drop_units()
        self._shrink()

    def _shrink(self) -> None:
        if len(self._values) > MAX_UNITS:
            hashes = sorted(crc32(unit.encode()) for unit in self._values)
            self._limit = hashes[MAX_UNITS // 2]
            self._drop_units()

    def _drop_units(self) -> None:
        self._values = {
            unit: rows for unit, rows in self._values.items() if crc32(unit.encode()) < self._limit
        }

    def growth(self, before: int, after: int) -> np.ndarray:
        """How much each unit of both periods grew, of shape (units, columns)."""
        pairs = [
            rows[after] - rows[before]
            for rows in self._values.values()
            if before in rows and after in rows
        ]
        return np.array(pairs) if pairs else np.empty((0, 0))


class Extremes:
    """The smallest and the largest value of each numeric column in each period."""

    def __init__(self, columns: int) -> None:
        """Start without a period."""
        self.lowest, self.highest = np.empty((0, columns)), np.empty((0, columns))

    def add(self, periods: np.ndarray, numbers: np.ndarray, count: int) -> None:
        """Add a batch; `count` is the number of periods so far."""
        self._grow(count)
        for period in np.unique(periods):
            rows = numbers[periods == period]
            for extremes, extreme in ((self.lowest, np.fmin), (self.highest, np.fmax)):
                extremes[period] = extreme(extremes[period], extreme.reduce(rows, axis=0))

    def merge(
        self, periods: Sequence[int], lowest: np.ndarray, highest: np.ndarray, count: int
    ) -> None:
        """Add the extremes of other rows, whose periods have these numbers here."""
        self._grow(count)
        for place, period in enumerate(periods):
            self.lowest[period] = np.fmin(self.lowest[period], lowest[place])
            self.highest[period] = np.fmax(self.highest[period], highest[place])

    def _grow(self, count: int) -> None:
        missing = np.full((count - len(self.lowest), self.lowest.shape[1]), np.nan)
        self.lowest = np.concatenate([self.lowest, missing])
        self.highest = np.concatenate([self.highest, missing])


def ageing(
    order: Sequence[int], elapsed: Sequence[float], sample: UnitSample, extremes: Extremes
) -> np.ndarray:
    """In which period each numeric column ages, and whether the elapsed time explains it.

    Parameters
    ----------
    order : sequence of int
        The numbers of the periods in the order of time.
    elapsed : sequence of float
        The time between each period and the one before, one fewer than there are periods.
    sample, extremes
        The values of the periods.

    Returns
    -------
    ndarray of shape (periods, columns)
        1 where elapsed time explains the growth, -1 where the column ages in the other periods but
        did something else in this one, 0 where it does not age.
    """
    columns = extremes.lowest.shape[1]
    by_unit = [_unit_step(sample.growth(*pair), columns) for pair in pairwise(order)]
    by_range = [
        _range_step(extremes.lowest[after], extremes.highest[before], extremes.highest[after])
        for before, after in pairwise(order)
    ]
    result = np.zeros((len(order), columns), int)
    # One step says that the values of a period lie above the others, but not that they always do.
    for steps, min_steps in ((by_unit, 1), (by_range, 2)):
        grows = np.array([step[0] for step in steps]).reshape(-1, columns)
        rates = np.array([step[1] for step in steps]).reshape(-1, columns)
        rates = rates / np.array(elapsed, float)[:, None]
        for column in range(columns):
            has_rate = ~np.isnan(rates[:, column])
            if has_rate.sum() < min_steps or 2 * (grows & has_rate[:, None])[:, column].sum() <= (
                has_rate.sum()
            ):
                continue
            explained = _explained(grows[:, column], rates[:, column])
            result[:, column] = np.where(result[:, column] == 1, 1, explained)
    return result


def _explained(grows: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """As ageing() for one column; the first period, which has no step, counts as explained."""
    explained, fastest = [1], np.nan
    for step_grows, rate in zip(grows, rates, strict=True):
        is_explained = bool(step_grows) and not rate > MAX_ACCELERATION * fastest
        if is_explained:
            fastest = np.fmax(fastest, rate)
        explained.append(0 if np.isnan(rate) else 1 if is_explained else -1)
    return np.array(explained)


def _unit_step(growth: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """For each column whether the units grew, and by how much on average."""
    if not growth.size:
        return np.zeros(columns, bool), np.full(columns, np.nan)
    counts = (~np.isnan(growth)).sum(axis=0)
    # A value that differs by rounding has not fallen.
    falling = (growth < -1e-9).sum(axis=0) / np.maximum(counts, 1)
    rising = (growth > 1e-9).sum(axis=0) / np.maximum(counts, 1)
    mean = np.nansum(growth, axis=0) / np.maximum(counts, 1)
    enough = counts >= MIN_UNITS
    return (
        enough & (falling <= MAX_FALLING) & (rising >= MIN_RISING),
        np.where(enough, mean, np.nan),
    )


def _range_step(
    lowest: np.ndarray, highest_before: np.ndarray, highest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each column whether its values lie above those of the period before, and by how much."""
    # Infinite values have no growth.
    bounds = [
        np.where(np.isfinite(each), each, np.nan) for each in (lowest, highest_before, highest)
    ]
    lowest, highest_before, highest = bounds
    return (lowest >= highest_before) & (highest > highest_before), highest - highest_before
