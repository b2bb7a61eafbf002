"""The candidates of a forecast: fitted before one origin, they forecast from any later one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model.forecasting import simple_rules
from glasshouse_ml.model.forecasting.exponential_smoothing import fit_smoothing, smoothing_forecasts
from glasshouse_ml.model.forecasting.global_model import GlobalModel, fit_global_model
from glasshouse_ml.model.forecasting.panel import Panel
from glasshouse_ml.model.forecasting.theta import theta

# (panel, origins, horizon) -> forecasts of shape (origins, series, horizon).
Forecaster = Callable[[Panel, np.ndarray, int], np.ndarray]

BASELINE, COMBINATION, GLOBAL = "seasonal_naive", "median", "global_boosting"
# Seasons in the mean of the last seasons.
SEASONS = 4
# Smoothing looks back over so many periods, or so many of the longest season.
_MAX_PERIODS, _MAX_SEASONS = 1_500, 6
# A season of more periods has too many states for exponential smoothing; the next shorter is taken.
_MAX_STATES = 60


@dataclass(frozen=True)
class Fitted:
    """A candidate that was fitted; the global model is kept for the artifact."""

    forecasts: Forecaster
    global_model: GlobalModel | None = None


def _rule(rule: Callable[[np.ndarray, Panel, int], np.ndarray]) -> Callable[..., Fitted]:
    """A candidate that has nothing to fit."""

    def forecasts(panel: Panel, origins: np.ndarray, horizon: int) -> np.ndarray:
        forecasts = []
        for origin in origins:
            check_interrupts()
            forecasts.append(rule(panel.history[:, :origin], panel, horizon))
        return np.stack(forecasts)

    return lambda panel, end, horizon, seed: Fitted(forecasts)


def _smoothing(panel: Panel, end: int, horizon: int, seed: int) -> Fitted:
    season = smoothing_season(panel.seasons)
    begin = max(0, end - max(_MAX_PERIODS, _MAX_SEASONS * season))
    parameters = fit_smoothing(panel.history[:, begin:end], season, seed)

    def forecasts(panel: Panel, origins: np.ndarray, horizon: int) -> np.ndarray:
        return smoothing_forecasts(
            panel.history[:, begin:], season, parameters, origins - begin, horizon
        )

    return Fitted(forecasts)


def _global(panel: Panel, end: int, horizon: int, seed: int) -> Fitted:
    model = fit_global_model(panel, end, horizon, seed)
    return Fitted(model.forecasts, model)


def smoothing_season(seasons: tuple[int, ...]) -> int:
    """The longest season that exponential smoothing takes; 1 for none."""
    return max((season for season in seasons if season <= _MAX_STATES), default=1)


# Rules that answer for some series only, and are compared for none.
RULES_ONLY = ("zero",)

CANDIDATES: dict[str, Callable[[Panel, int, int, int], Fitted]] = {
    "last_value": _rule(lambda history, panel, horizon: simple_rules.last_value(history, horizon)),
    BASELINE: _rule(
        lambda history, panel, horizon: simple_rules.seasonal_naive(history, panel.season, horizon)
    ),
    "seasonal_mean": _rule(
        lambda history, panel, horizon: simple_rules.seasonal_mean(
            history, panel.season, SEASONS, horizon
        )
    ),
    "ets": _smoothing,
    "theta": _rule(
        lambda history, panel, horizon: theta(
            history, panel.seasons[0] if panel.seasons else 1, horizon
        )
    ),
    "zero": _rule(lambda history, panel, horizon: np.zeros((len(history), horizon))),
    "tsb": _rule(lambda history, panel, horizon: simple_rules.intermittent(history, horizon)),
    GLOBAL: _global,
}


def algorithm_params(name: str, panel: Panel) -> dict[str, Any]:
    """What the registry says of a candidate."""
    if name in (BASELINE, "seasonal_mean"):
        params = {"season": panel.season}
        return params | {"seasons": SEASONS} if name == "seasonal_mean" else params
    if name == "ets":
        return {"season": smoothing_season(panel.seasons)}
    return {}
