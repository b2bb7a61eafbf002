"""Trend, season, holidays and remainder of the history of series, and what stands out in it."""

from collections.abc import Sequence
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
_HOLIDAY_ROUNDS = 3


@dataclass(frozen=True)
class Components:
    """Of one series, an element a period; actual = trend + seasonal + holiday + remainder."""

    trend: np.ndarray
    seasonal: np.ndarray
    holiday: np.ndarray
    remainder: np.ndarray
    findings: list[str | None]

    def strength(self, part: np.ndarray) -> float:
        """How much trend or season explains, from 0 to 1.

        Wang, Smith and Hyndman, "Characteristic-based clustering for time series data" (2006).
        """
        total = float(np.var(part + self.remainder))
        return max(0.0, 1 - float(np.var(self.remainder)) / total) if total > 0 else 0.0


def series_components(
    values: np.ndarray, season: int, holidays: Sequence[str | None] = ()
) -> Components:
    """Take one series without gaps apart, as classical decomposition does.

    `holidays` names the holiday of each period.
    """
    check_interrupts()
    holiday = np.zeros(len(values))
    trend, seasonal = _trend_and_season(values, season)
    # The trend is a mean of days, of which a holiday is one, so their effects are found in turns.
    for _ in range(_HOLIDAY_ROUNDS if any(holidays) else 0):
        holiday = _holiday_effects(values - trend - seasonal, holidays)
        trend, seasonal = _trend_and_season(values - holiday, season)
    remainder = values - trend - seasonal - holiday
    window = _window(values, season)
    findings = _findings(values - seasonal - holiday, remainder, window)
    return Components(trend, seasonal, holiday, remainder, findings)


def _window(values: np.ndarray, season: int) -> int:
    """The periods whose mean is the trend."""
    return season if season > 1 else min(7, len(values))


def _trend_and_season(values: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    window = _window(values, season)
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
    return trend, seasonal


def _holiday_effects(distance: np.ndarray, holidays: Sequence[str | None]) -> np.ndarray:
    """The median distance of each holiday; that of all holidays for one that occurs once."""
    names = np.array([name or "" for name in holidays])
    begins = np.concatenate([[True], names[1:] != names[:-1]])  # a holiday may have several hours
    is_holiday = names != ""
    effects = np.zeros(len(distance))
    if (begins & is_holiday).sum() < 2:
        return effects
    effects[is_holiday] = np.median(distance[is_holiday])
    for name in set(names[is_holiday].tolist()):
        of_name = names == name
        if (begins & of_name).sum() > 1:
            effects[of_name] = np.median(distance[of_name])
    return effects


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
