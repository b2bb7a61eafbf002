"""Rows of series and times become a panel: order, gaps, and series that no candidate can learn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.records import Records

# Values of a panel: eight bytes each, a few times over.
MAX_CELLS = 50_000_000
# Above this share of periods without a row, a target that is never negative counts as 0 there.
_SPARSE = 0.1
ZERO, INTERPOLATE, AUTO = "zero", "interpolate", "auto"
GAPS = (AUTO, ZERO, INTERPOLATE)
# Reasons why a rule answers for a series, and the rule.
SHORT, CONSTANT, MOSTLY_ZERO, ENDED, STOPPED = (
    "short",
    "constant",
    "mostly zero",
    "ended",
    "zero at the end",
)
RULES = {
    SHORT: "seasonal_naive",
    CONSTANT: "last_value",
    MOSTLY_ZERO: "tsb",
    ENDED: "seasonal_naive",
    STOPPED: "zero",
}
_MOSTLY = 0.8


@dataclass(frozen=True)
class Grid:
    """The history of each series, a column a period.

    Attributes
    ----------
    history, observed : ndarray of shape (series, periods)
        As in a Panel: right-aligned, gaps filled.
    ends : ndarray of shape (series,)
        The number of the last period of each series.
    filled : ndarray of shape (series,)
        How many periods without a row were filled, without the hours that the clock leaves out.
    fill : list of str
        How: zero or interpolate.
    """

    history: np.ndarray
    observed: np.ndarray
    ends: np.ndarray
    filled: np.ndarray
    fill: list[str]


def check_duplicates(
    series: np.ndarray,
    numbers: np.ndarray,
    names: Sequence[str],
    label: str,
    period: str,
    instants: Callable[[np.ndarray], list[str]],
) -> None:
    """Refuse two rows of one series and period.

    `label` says what the rows of a series share; `instants` gives the times of periods.
    """
    order = np.lexsort((numbers, series))
    same = (np.diff(series[order]) == 0) & (np.diff(numbers[order]) == 0)
    if not same.any():
        return
    row = order[int(same.argmax())]
    of_series = f" of series {names[series[row]]!r}" if label else ""
    raise GlasshouseError(
        f"{int(same.sum())} rows share their {label + ' and ' if label else ''}{period} with "
        f"another row; the first{of_series} is that of {instants(numbers[[row]])[0]}.",
        "Give one row for each, with sum() or avg() and GROUP BY, or name every column that tells "
        "series apart in options.series.",
    )


def build_grid(
    series: np.ndarray,
    numbers: np.ndarray,
    values: np.ndarray,
    count: int,
    gaps: str,
    nonexistent: np.ndarray,
) -> Grid:
    """The grid of rows with a target; `series` are codes from 0 to `count` - 1.

    `nonexistent` are periods that no row can have, because the clock leaves them out.
    """
    first = np.full(count, np.iinfo(np.int64).max)
    ends = np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, series, numbers)
    np.maximum.at(ends, series, numbers)
    periods = int((ends - first).max()) + 1
    if periods * count > MAX_CELLS:
        raise GlasshouseError(
            f"{count} series of up to {periods} periods are {periods * count:,} values; "
            f"{MAX_CELLS:,} are the most.",
            "Give a coarser frequency, fewer series, or a later beginning.",
        )
    history = np.full((count, periods), np.nan)
    history[series, periods - 1 - (ends[series] - numbers)] = values
    observed = np.isfinite(history)
    begins = periods - 1 - (ends - first)
    missing = ~observed & (np.arange(periods) >= begins[:, None])
    filled = np.zeros(count, np.int64)
    fill = []
    for row in range(count):
        of_row = history[row, begins[row] :]
        how = _fill_rule(of_row, gaps)
        fill.append(how)
        gap = missing[row, begins[row] :].copy()
        if not gap.any():
            continue
        skipped = gap & np.isin(ends[row] + 1 - np.arange(len(gap), 0, -1), nonexistent)
        gap &= ~skipped
        filled[row] = gap.sum()
        if how == ZERO:
            of_row[gap] = 0.0
            observed[row, begins[row] :] = ~skipped
        places = np.flatnonzero(np.isnan(of_row))
        present = np.flatnonzero(np.isfinite(of_row))
        of_row[places] = np.interp(places, present, of_row[present])
    return Grid(history, observed, ends, filled, fill)


def _fill_rule(values: np.ndarray, gaps: str) -> str:
    """How to fill the gaps of a series: no row means 0 where the rows are rare or hold zeros."""
    if gaps != AUTO:
        return gaps
    present = values[np.isfinite(values)]
    if (present < 0).any():
        return INTERPOLATE
    is_sparse = 1 - len(present) / len(values) > _SPARSE
    return ZERO if is_sparse or (present == 0).any() else INTERPOLATE


def diagnose(grid: Grid, season: int, horizon: int, last: int) -> list[str | None]:
    """Why a rule answers for a series; None where the candidates do.

    Parameters
    ----------
    horizon : int
        Steps of the evaluation.
    last : int
        The number of the last period of all series.
    """
    reasons: list[str | None] = []
    allowed_delay = max(season, horizon)
    for row in range(len(grid.history)):
        values = grid.history[row]
        values = values[np.isfinite(values)]
        reasons.append(_reason(values, season, horizon, int(last - grid.ends[row]), allowed_delay))
    return reasons


def _reason(
    values: np.ndarray, season: int, horizon: int, delay: int, allowed_delay: int
) -> str | None:
    if delay > allowed_delay:
        return ENDED
    if (values == values[0]).all():
        return CONSTANT
    zeros = values == 0
    trailing = len(zeros) - 1 - int(np.flatnonzero(~zeros)[-1])
    if trailing > max(2 * season, horizon, 4 * _longest_run(zeros[: len(zeros) - trailing])):
        return STOPPED
    if zeros.mean() > _MOSTLY:
        return MOSTLY_ZERO
    if len(values) < max(2 * season, 8) + horizon:
        return SHORT
    return None


def _longest_run(mask: np.ndarray) -> int:
    """The length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def series_records(names: Sequence[str], grid: Grid, reasons: Sequence[str | None]) -> Records:
    """The facts about each series that do not depend on the candidates."""
    records: Records = []
    for row, name in enumerate(names):
        values = grid.history[row]
        values = values[np.isfinite(values)]
        records.append(
            {
                "series": name,
                "periods": len(values),
                "filled": int(grid.filled[row]),
                "fill": grid.fill[row] if grid.filled[row] else None,
                "zeros": round(float((values == 0).mean()), 4),
                "reason": reasons[row],
            }
        )
    return records
