"""Trend, season and remainder of the history of series, and what stands out in the remainder."""

from dataclasses import dataclass

import numpy as np

from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model.forecasting.theta import centred_mean

ANOMALY, LEVEL_SHIFT = "anomaly", "level shift"
# A remainder, or a difference of levels, so many robust standard deviations away stands out.
_LIMIT = 4.0
# The standard deviation of normal values by their median absolute deviation.
_NORMAL = 1.4826
# Periods before and after a shift of the level that are compared, at least.
_MIN_WINDOW = 6


@dataclass(frozen=True)
class Components:
    """Of one series, an element a period; actual = trend + seasonal + remainder."""

    trend: np.ndarray
    seasonal: np.ndarray
    remainder: np.ndarray
    findings: list[str | None]


def series_components(values: np.ndarray, season: int) -> Components:
    """Take one series without gaps apart, as classical decomposition does."""
    check_interrupts()
    window = season if season > 1 else min(7, len(values))
    trend = centred_mean(values[None, :], window)[0] if len(values) > window else None
    if trend is None or not np.isfinite(trend).any():
        trend = np.full(len(values), values.mean())
    positions = np.flatnonzero(np.isfinite(trend))
    # The ends, where half a window is missing, take the nearest mean.
    trend = trend[np.clip(np.arange(len(values)), positions[0], positions[-1])]
    seasonal = np.zeros(len(values))
    if season > 1 and len(values) >= 2 * season:
        places = np.arange(len(values)) % season
        inside = np.zeros(len(values), bool)
        inside[positions] = True
        distance = values - trend
        pattern = np.array(
            [
                np.median(distance[places == place][inside[places == place]])
                if inside[places == place].any()
                else 0.0
                for place in range(season)
            ]
        )
        seasonal = (pattern - pattern.mean())[places]
    remainder = values - trend - seasonal
    return Components(trend, seasonal, remainder, _findings(values - seasonal, remainder, window))


def _findings(adjusted: np.ndarray, remainder: np.ndarray, window: int) -> list[str | None]:
    findings: list[str | None] = [None] * len(adjusted)
    spread = _spread(remainder)
    if spread > 0:
        away = np.abs(remainder - np.median(remainder)) > _LIMIT * spread
        for place in np.flatnonzero(away):
            findings[place] = ANOMALY
    shift = _level_shift(adjusted, max(window, _MIN_WINDOW))
    if shift is not None:
        findings[shift] = LEVEL_SHIFT
    return findings


def _level_shift(adjusted: np.ndarray, window: int) -> int | None:
    """The period with the largest jump between the levels before and after it, if it stands out."""
    if len(adjusted) < 4 * window:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(adjusted, window)
    medians = np.median(windows, axis=1)
    jumps = medians[window:] - medians[:-window]
    # Medians tell a shift from an outlier, and means in which of its neighbours it is.
    means = windows.mean(axis=1)
    is_near = np.abs(jumps) >= 0.8 * np.abs(jumps).max()
    place = int(np.where(is_near, np.abs(means[window:] - means[:-window]), -1.0).argmax())
    noise = _spread(np.diff(adjusted)) / np.sqrt(2)
    # Of the jumps, most come from the trend; a shift is far from them and from the noise.
    usual = _spread(jumps)
    is_shift = abs(jumps[place] - np.median(jumps)) > _LIMIT * max(noise, usual)
    return place + window if is_shift and noise > 0 else None


def _spread(values: np.ndarray) -> float:
    return float(_NORMAL * np.median(np.abs(values - np.median(values))))
