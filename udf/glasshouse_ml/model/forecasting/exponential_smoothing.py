"""Exponential smoothing of many series at once: level, damped trend and season, additive errors.

The recursions are those of Hyndman et al., "Forecasting with Exponential Smoothing" (2008), chapter
3, in error-correction form. All series, and all settings that are tried for each, advance through
time together: a step costs a few operations on long vectors, where one series after the other would
cost a Python call a step. On positive series the same models are also fitted to logarithms, where
their parts are multiplicative.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from glasshouse_ml.data.interrupts import check_interrupts

# Settings that are tried for all series: weights of level, trend and season, damping.
_LEVEL = (0.02, 0.1, 0.3, 0.6, 0.9)
_TREND = (0.005, 0.05, 0.2)
_SEASON = (0.01, 0.1, 0.3)
_DAMPING = (0.85, 0.95, 0.98)
# Rounds of settings near the best one, settings a round, and how far they are from it.
_ROUNDS, _NEARBY, _FIRST_DISTANCE = 4, 12, 0.5
# The least and the most of each parameter.
_LIMITS = np.array([[1e-3, 0.995], [1e-4, 0.5], [1e-4, 0.9], [0.8, 0.98]])
# Numbers that are updated together; larger vectors leave the processor's cache.
_MAX_VECTOR = 40_000
# Trend, season and logarithms, or without: the forms that are compared. A series that is long
# enough always gets a damped trend, which forecasts better than the criterion's choice.
_FORMS = [(trend, season, log) for trend in (0, 1) for season in (0, 1) for log in (0, 1)]
_MIN_TREND = 24


@dataclass(frozen=True)
class SmoothingParameters:
    """The parameters of each series.

    Attributes
    ----------
    values : ndarray of shape (series, 4)
        Weights of level, trend and season, and the damping of the trend.
    log : ndarray of shape (series,)
        Whether the logarithms of a series are smoothed.
    """

    values: np.ndarray
    log: np.ndarray


def fit_smoothing(history: np.ndarray, season: int, seed: int = 0) -> SmoothingParameters:
    """The form and parameters that fit each series best, by the corrected Akaike criterion.

    Parameters
    ----------
    history : ndarray of shape (series, periods)
        Right-aligned; NaN before the first value of a series and nowhere else.
    season : int
        Periods of a season; 1 for none.
    """
    rng = np.random.default_rng(seed)
    count = len(history)
    best = np.full(count, np.inf)
    values, log = np.zeros((count, 4)), np.zeros(count, bool)
    has_season = _lengths(history) >= 2 * season + 3 if season > 1 else np.zeros(count, bool)
    is_positive = np.nanmin(history, axis=1) > 0
    has_trend = _lengths(history) >= _MIN_TREND
    for trend, seasonal, logarithm in _FORMS:
        eligible = has_trend if trend else ~has_trend
        if seasonal:
            eligible = eligible & has_season
        if logarithm:
            eligible = eligible & is_positive
        for rows in _chunks(np.flatnonzero(eligible)):
            part = np.log(history[rows]) if logarithm else history[rows]
            fitted, criterion = _fit_form(part, season if seasonal else 1, bool(trend), rng)
            if logarithm:
                # The density of y is that of log(y) divided by y.
                criterion += 2 * np.nansum(part, axis=1)
            better = criterion < best[rows]
            chosen = rows[better]
            best[chosen], values[chosen] = criterion[better], fitted[better]
            log[chosen] = bool(logarithm)
    return SmoothingParameters(values, log)


def smoothing_forecasts(
    history: np.ndarray,
    season: int,
    parameters: SmoothingParameters,
    origins: np.ndarray,
    horizon: int,
) -> np.ndarray:
    """Forecasts of shape (origins, series, horizon); an origin is a number of periods before it."""
    transformed = history.copy()
    transformed[parameters.log] = np.log(transformed[parameters.log])
    smoother = _Smoother(transformed, season)
    forecasts = np.empty((len(origins), len(history), horizon))
    state = smoother.start(parameters.values[:, None, :])
    at = 0
    for position in np.argsort(origins, kind="stable"):
        smoother.run(state, at, int(origins[position]))
        at = int(origins[position])
        forecasts[position] = smoother.forecast(state, at, horizon)[:, 0]
    log = parameters.log
    forecasts[:, log] = np.exp(np.minimum(forecasts[:, log], 700))
    return forecasts


def _fit_form(
    history: np.ndarray, season: int, trend: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The parameters of one form for each series, and the criterion that they reach."""
    count = len(history)
    smoother = _Smoother(history, season)
    grid = np.array(
        [
            (level, slope, seasonal, damping)
            for level in _LEVEL
            for slope in (_TREND if trend else (0.0,))
            for seasonal in (_SEASON if season > 1 else (0.0,))
            for damping in (_DAMPING if trend else (0.0,))
        ]
    )
    is_free = np.array([True, trend, season > 1, trend])
    tried = np.broadcast_to(grid, (count, *grid.shape))
    values, errors = _best(smoother, tried)
    distance = _FIRST_DISTANCE
    for _ in range(_ROUNDS):
        steps = rng.normal(size=(count, _NEARBY, 4)) * distance * is_free
        tried = _from_logit(_to_logit(values)[:, None, :] + steps)
        tried[:, :, ~is_free] = 0.0
        nearby, nearby_errors = _best(smoother, tried)
        better = nearby_errors < errors
        values = np.where(better[:, None], nearby, values)
        errors = np.where(better, nearby_errors, errors)
        distance *= 0.6
    observations = np.maximum(_lengths(history) - smoother.warm_up, 1)
    # The initial states count as parameters; the season's add up to none.
    parameters = is_free.sum() + 1 + trend + (season - 1)
    corrected = parameters * observations / np.maximum(observations - parameters - 2, 0.1)
    variance = np.maximum(errors / observations, 1e-12)
    return values, observations * np.log(variance) + 2 * corrected


def _best(smoother: "_Smoother", tried: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the settings (series, settings, 4) the best of each series, and its squared error."""
    check_interrupts()
    state = smoother.start(tried)
    errors = smoother.run(state, 0, smoother.periods)
    chosen = np.argmin(errors, axis=1)
    rows = np.arange(len(tried))
    return tried[rows, chosen], errors[rows, chosen]


@dataclass
class _State:
    """States of shape (series, settings); the season's is (season, series, settings)."""

    parameters: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    seasonal: np.ndarray


class _Smoother:
    """The recursion over the periods of some series."""

    def __init__(self, history: np.ndarray, season: int) -> None:
        self.season, self.periods = season, history.shape[1]
        self.present = np.isfinite(history).T
        self.is_full = self.present.all(axis=1)
        self.values = np.where(self.present, history.T, 0.0)
        lengths = self.present.sum(axis=0)
        self.first = self.periods - lengths
        # The first errors tell of the initial states more than of the parameters.
        self.warm_up = season if season > 1 else 2
        self.counts = np.arange(self.periods)[:, None] >= (self.first + self.warm_up)[None, :]
        self.initial = self._initial_states(history)

    def _initial_states(self, history: np.ndarray) -> tuple[np.ndarray, ...]:
        season = self.season
        cycles = 4 if season > 1 else 1
        width = season * cycles if season > 1 else 10
        columns = np.minimum(self.first[:, None] + np.arange(width), self.periods - 1)
        inside = self.first[:, None] + np.arange(width) < self.periods
        window = np.where(inside, history[np.arange(len(history))[:, None], columns], np.nan)
        if season == 1:
            level = np.nanmean(window[:, :5], axis=1)
            last = np.nanmean(window[:, 5:], axis=1) if width > 5 else level
            slope = np.where(np.isfinite(last), (last - level) / 5, 0.0)
            return level, slope, np.zeros((1, len(history)))
        by_cycle = window.reshape(len(history), cycles, season)
        complete = np.isfinite(by_cycle).all(axis=2)
        means = np.where(complete, by_cycle.mean(axis=2), np.nan)
        level = means[:, 0]
        number = np.maximum(complete.sum(axis=1), 1)
        last = means[np.arange(len(history)), number - 1]
        slope = np.where(number > 1, (last - level) / (season * np.maximum(number - 1, 1)), 0.0)
        inside_cycle = (np.arange(season) - (season - 1) / 2) * slope[:, None]
        pattern = by_cycle - means[:, :, None] - inside_cycle[:, None, :]
        pattern = np.nanmean(np.where(complete[:, :, None], pattern, np.nan), axis=1)
        # Of the first value's place in the season to places by the number of the period.
        places = (self.first[:, None] + np.arange(season)) % season
        seasonal = np.zeros((season, len(history)))
        seasonal[places.T, np.arange(len(history))] = np.nan_to_num(pattern).T
        return level - slope * (season + 1) / 2, slope, seasonal

    def start(self, parameters: np.ndarray) -> _State:
        """The states before the first period, for settings of shape (series, settings, 4)."""
        level, slope, seasonal = self.initial
        shape = parameters.shape[:2]
        damped = parameters[:, :, 3] > 0
        has_season = parameters[:, :, 2] > 0
        return _State(
            parameters,
            np.where(damped, level[:, None], np.broadcast_to(level[:, None], shape)),
            np.where(damped, slope[:, None], 0.0),
            np.where(has_season, seasonal[:, :, None], 0.0),
        )

    def run(self, state: _State, begin: int, end: int) -> np.ndarray:
        """Advance the states through some periods; the sum of the squared errors."""
        alpha, beta, gamma, phi = np.moveaxis(state.parameters, -1, 0)
        total = np.zeros(state.level.shape)
        for period in range(begin, end):
            present = self.present[period]
            if not present.any():
                continue
            if not period % 64:
                check_interrupts()
            place = period % self.season
            seasonal = state.seasonal[place]
            damped = phi * state.slope
            level = state.level + damped
            error = self.values[period][:, None] - level - seasonal
            if not self.is_full[period]:
                error[~present] = 0.0
                level[~present] = state.level[~present]
                damped[~present] = state.slope[~present]
            total += error * error * self.counts[period][:, None]
            state.level = level + alpha * error
            state.slope = damped + beta * error
            state.seasonal[place] = seasonal + gamma * error
        return total

    def forecast(self, state: _State, at: int, horizon: int) -> np.ndarray:
        """Forecasts of shape (series, settings, horizon) from the states after period `at` - 1."""
        phi = state.parameters[:, :, 3]
        damping = np.cumsum(phi[:, :, None] ** np.arange(1, horizon + 1), axis=2)
        places = (at + np.arange(horizon)) % self.season
        seasonal = np.moveaxis(state.seasonal[places], 0, 2)
        return state.level[:, :, None] + damping * state.slope[:, :, None] + seasonal


def _lengths(history: np.ndarray) -> np.ndarray:
    return np.isfinite(history).sum(axis=1)


def _chunks(rows: np.ndarray) -> Iterator[np.ndarray]:
    size = max(1, _MAX_VECTOR // 135)
    for begin in range(0, len(rows), size):
        yield rows[begin : begin + size]


def _to_logit(values: np.ndarray) -> np.ndarray:
    low, high = _LIMITS.T
    share = np.clip((values - low) / (high - low), 1e-6, 1 - 1e-6)
    return np.log(share / (1 - share))


def _from_logit(values: np.ndarray) -> np.ndarray:
    low, high = _LIMITS.T
    return low + (high - low) / (1 + np.exp(-values))
