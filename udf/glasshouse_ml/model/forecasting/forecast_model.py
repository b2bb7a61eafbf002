"""A trained forecast as the artifact holds it: arrays, JSON, and the global model if it is used."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from glasshouse_ml.model.forecasting.calendar import from_facts
from glasshouse_ml.model.forecasting.candidates import COMBINATION
from glasshouse_ml.model.forecasting.hierarchy import Hierarchy
from glasshouse_ml.model.interruptible.ensemble import HistGradientBoostingRegressor


@dataclass(frozen=True)
class ForecastModel:
    """What ml.forecast needs, without another fit.

    Attributes
    ----------
    facts : dict
        JSON: names and reasons of the series, calendar, horizon, level, columns known ahead.
    members : dict
        The forecasts of each candidate that is used, of shape (series, periods).
    lower, upper : ndarray of shape (series, periods)
        What to add for the ends of the interval.
    baseline : ndarray of shape (series, periods)
    ends : ndarray of shape (series,)
        The number of the last period of each series.
    tail : ndarray of shape (series, periods)
        The end of the history, which the global model looks back on; empty where it is not asked.
    future_values : ndarray of shape (series, periods, columns)
        The columns known ahead, as the training had them; NaN where it had none.
    regressor : HistGradientBoostingRegressor or None
        Needed where columns known ahead change its forecasts.
    membership, weights : ndarray
        Those of a Hierarchy whose totals come first; empty without one.
    """

    facts: dict[str, Any]
    members: dict[str, np.ndarray]
    lower: np.ndarray
    upper: np.ndarray
    baseline: np.ndarray
    ends: np.ndarray
    tail: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    future_values: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0)))
    regressor: HistGradientBoostingRegressor | None = None
    membership: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    weights: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def hierarchy(self) -> Hierarchy | None:
        """The totals among the series."""
        totals = self.facts["names"][: len(self.membership)]
        return Hierarchy(totals, self.membership, self.weights) if totals else None

    def intervals(
        self, members: dict[str, np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Forecast, lower and upper end of each period, of shape (series, periods).

        `members` take the place of stored forecasts of the candidates.
        """
        facts = self.facts
        forecast = chosen_forecasts(
            self.members | (members or {}), facts["by_series"], facts["combined"]
        )
        if self.hierarchy:
            forecast = self.hierarchy.reconcile(forecast)
        is_non_negative = np.array(facts["is_non_negative"], bool)
        is_whole = np.array(facts["is_whole"], bool)
        lower, upper = forecast + self.lower, forecast + self.upper
        return bounded(forecast, lower, upper, is_non_negative, is_whole, self.hierarchy)

    def predictions(
        self, members: dict[str, np.ndarray] | None = None
    ) -> Iterator[list[tuple[int, str, float, float, float, float]]]:
        """For each series its steps: number, instant, forecast, lower, upper, baseline."""
        forecast, lower, upper = self.intervals(members)
        calendar = from_facts(self.facts["calendar"])
        for row, end in enumerate(self.ends.tolist()):
            steps = calendar.steps_after(int(end), self.horizon)
            # Versions from before `horizon` lack the period of a last step.
            steps = [(min(period, self.periods), instant) for period, instant in steps]
            yield [
                (
                    step,
                    instant,
                    float(forecast[row, period - 1]),
                    float(lower[row, period - 1]),
                    float(upper[row, period - 1]),
                    float(self.baseline[row, period - 1]),
                )
                for step, (period, instant) in enumerate(steps, start=1)
            ]

    @property
    def horizon(self) -> int:
        """The steps that it can answer."""
        return int(self.facts.get("horizon", self.periods))

    @property
    def periods(self) -> int:
        """The periods after the history that it has forecasts of; see Calendar.is_step()."""
        return self.baseline.shape[1]


def chosen_forecasts(
    members: dict[str, np.ndarray], by_series: list[str], combined: list[str]
) -> np.ndarray:
    """The forecast of each series by its candidate; `combined` are the members of the median."""
    result = np.full_like(next(iter(members.values())), np.nan)
    names = np.array(by_series)
    for name in sorted(set(by_series)):
        rows = names == name
        if name == COMBINATION:
            result[rows] = np.median(np.stack([members[n][rows] for n in combined]), axis=0)
        else:
            result[rows] = members[name][rows]
    return result


def bounded(
    forecast: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    is_non_negative: np.ndarray,
    is_whole: np.ndarray,
    hierarchy: Hierarchy | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecast and interval within what the target can be, with lower <= forecast <= upper.

    Never below 0 where the history never is, and rounded where `is_whole`. The forecasts of a
    hierarchy still add up.
    """
    floor = np.where(is_non_negative, 0.0, -np.inf)[:, None]

    def within(values: np.ndarray) -> np.ndarray:
        return np.where(is_whole[:, None], np.rint(np.maximum(values, floor)), values.clip(floor))

    forecast = within(forecast)
    if hierarchy:
        forecast = hierarchy.add_up(forecast[len(hierarchy.names) :])
    return forecast, np.minimum(within(lower), forecast), np.maximum(within(upper), forecast)
