"""Single wild values of a history: found, replaced, and replaced only where forecasts gain by it.

A day with fifty times the usual turnover moves the level that exponential smoothing and the lags of
the global model start from. The history that is reported, and the truth that forecasts are measured
by, keep every value.
"""

from dataclasses import replace

import numpy as np
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model.forecasting.candidates import BASELINE
from glasshouse_ml.model.forecasting.evaluation import (
    CandidateResult,
    Origins,
    evaluate_candidates,
    validation_errors,
)
from glasshouse_ml.model.forecasting.panel import Panel
from scipy.ndimage import median_filter

# A remainder so many robust standard deviations from its median is wild, if it is also so many
# times as far as the usual large remainders.
_LIMIT, _TIMES, _USUAL_SHARE = 8.0, 3.0, 0.97
# The standard deviation of normal values by their median absolute deviation.
_NORMAL = 1.4826
# More periods in a row are an event or a new level.
_MAX_RUN = 2
# More wild values than this share are the nature of the series.
_MAX_SHARE = 0.01
# Fewer periods say too little about what is usual.
_MIN_PERIODS = 20
# The least window of the running median.
_MIN_WINDOW = 7


def fitting_panel(
    panel: Panel,
    results: list[CandidateResult],
    origins: Origins,
    unit: np.ndarray,
    squared: bool,
    seed: int,
) -> Panel:
    """The panel to fit on: without the wild values of those series that forecast no worse so.

    `results` are those of candidates on the panel; the forecasts of these series are replaced.
    Where wild values come after the validation, both are equal and the values are replaced. So they
    are where the global model is the only candidate.
    """
    cleaned = replace_outliers(panel.history, panel.seasons[0] if panel.seasons else 1)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((cleaned != panel.history).any(axis=1, where=np.isfinite(cleaned)))
    # The baseline is the plain rule on the values as they are.
    fitted = [r for r in results if r.forecasts is not None and r.name != BASELINE]
    if not len(rows):
        return panel
    if not fitted:
        return replace(panel, history=cleaned, targets=panel.history)
    part = panel.take(rows)
    names = [result.name for result in fitted]
    on_cleaned = evaluate_candidates(replace(part, history=cleaned[rows]), names, origins, seed)
    if any(result.forecasts is None for result in on_cleaned):
        return panel

    before = _least_errors(panel, fitted, origins, unit, squared)[rows]
    is_better = _least_errors(part, on_cleaned, origins, unit[rows], squared) <= before
    history = panel.history.copy()
    history[rows[is_better]] = cleaned[rows[is_better]]
    for result, other in zip(fitted, on_cleaned, strict=True):
        assert result.forecasts is not None and other.forecasts is not None
        result.forecasts[:, rows[is_better]] = other.forecasts[:, is_better]
        result.seconds = round(result.seconds + other.seconds, 3)
    return replace(panel, history=history, targets=panel.history)


def _least_errors(
    panel: Panel, results: list[CandidateResult], origins: Origins, unit: np.ndarray, squared: bool
) -> np.ndarray:
    """The error of the best candidate of each series."""
    errors = [validation_errors(panel, result, origins, unit, squared) for result in results]
    return np.min([np.nansum(of_one, axis=0) for of_one in errors], axis=0)


def replace_outliers(history: np.ndarray, season: int) -> np.ndarray:
    """The same with the usual value of the period in the place of each wild value."""
    result = history.copy()
    for row in range(len(history)):
        if not row % 100:
            check_interrupts()
        present = np.isfinite(history[row])
        result[row, present] = _without_outliers(history[row, present], season)
    return result


def _without_outliers(values: np.ndarray, season: int) -> np.ndarray:
    if len(values) < max(_MIN_PERIODS, 2 * season):
        return values
    # Seasons of a quantity that grows are usually proportional to it.
    is_positive = values.min() > 0
    scaled = np.log(values) if is_positive else values
    usual = _usual(scaled, season)
    remainder = scaled - usual
    centre = np.median(remainder)
    distance = np.abs(remainder - centre)
    spread = _NORMAL * np.median(distance)
    large = np.quantile(distance, _USUAL_SHARE, method="lower")
    is_wild = distance > max(_LIMIT * spread, _TIMES * large)
    if spread == 0 or is_wild.sum() > max(1.0, _MAX_SHARE * len(values)):
        return values
    is_wild &= ~_in_long_runs(is_wild)
    expected = usual + centre
    return np.where(is_wild, np.exp(expected) if is_positive else expected, values)


def _usual(values: np.ndarray, season: int) -> np.ndarray:
    """Running median, and the median distance from it of the same period of each season."""
    window = max(2 * season + 1, _MIN_WINDOW)
    level = median_filter(values, size=window, mode="mirror")
    if season == 1:
        return level
    places = np.arange(len(values)) % season
    pattern = np.array([np.median((values - level)[places == place]) for place in range(season)])
    return level + pattern[places]


def _in_long_runs(mask: np.ndarray) -> np.ndarray:
    """The true values of a mask that stand in runs of more than _MAX_RUN."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    result = np.zeros(len(mask), bool)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        result[start:end] = end - start > _MAX_RUN
    return result
