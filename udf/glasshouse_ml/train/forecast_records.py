"""Rows of the registry about the series of a forecast: facts, forecasts as made, and history."""

from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.explain.series_components import Components, series_components
from glasshouse_ml.measure.forecast_metrics import METRICS
from glasshouse_ml.model.forecasting.calendar_features import holiday_names
from glasshouse_ml.model.forecasting.forecast_model import ForecastModel
from glasshouse_ml.model.forecasting.preparation import series_records
from glasshouse_ml.train.forecasting import ForecastResult

# Rows of ml.forecast_history: periods of a series, and series.
MAX_PERIODS, MAX_SERIES = 1_000, 200
# A season shows its pattern in so many cycles.
_MIN_CYCLES = 3
# Rows of ml.residuals.
MAX_RESIDUALS = 2_000


@dataclass(frozen=True)
class HistoryParts:
    """The end of the history of a series, taken apart.

    Attributes
    ----------
    columns : ndarray
        The columns of the panel.
    holidays : list
        The public holiday of each period, or None.
    """

    columns: np.ndarray
    components: Components
    holidays: list[str | None]


def residual_rows(result: ForecastResult) -> Records:
    """Actual and forecast in the test steps, of as many rows as a chart shows."""
    scores, data = result.test, result.data
    rows = np.arange(len(scores.actual))
    if len(rows) > MAX_RESIDUALS:
        rng = np.random.default_rng(result.request.options["seed"])
        rows = np.sort(rng.choice(rows, MAX_RESIDUALS, replace=False))
    times = _instants(result, scores.series[rows], result.origins.test - 1 + scores.step[rows])
    order = np.argsort(times, kind="stable")
    return [
        {
            "position": position,
            "key": data.panel.names[scores.series[row]],
            "at": times[place],
            "actual": json_number(scores.actual[row]),
            "predicted": json_number(scores.forecast[row]),
        }
        for position, (place, row) in enumerate(zip(order, rows[order], strict=True), start=1)
    ]


def _instants(result: ForecastResult, series: np.ndarray, columns: np.ndarray) -> list[str]:
    """The instants of cells of the panel."""
    panel, calendar = result.data.panel, result.data.calendar
    return calendar.instants(panel.ends[series] - (panel.periods - 1) + columns)


def series_rows(result: ForecastResult, parts: list[HistoryParts]) -> Records:
    data, records = result.data, []
    rows = np.arange(len(data.panel.names))
    last = np.full(len(rows), data.panel.periods - 1)
    ends = _instants(result, rows, last)
    begins = _instants(result, rows, last - data.panel.lengths + 1)
    facts = series_records(data.panel.names, data.grid, result.reasons)
    of_test = [np.flatnonzero(result.test.series == row) for row in rows]
    for row, fact in enumerate(facts):
        check_interrupts()
        test, baseline = result.test.take(of_test[row]), result.baseline
        baseline = baseline.take(np.flatnonzero(baseline.series == row))
        metrics = {}
        if len(test.actual):
            for name in ("mase", "wape"):
                metrics[name] = json_number(METRICS[name].value(test))
            metrics["coverage"] = json_number(METRICS["interval_coverage"].value(test))
            for name in ("mase", "wape"):
                metrics[f"baseline_{name}"] = json_number(METRICS[name].value(baseline))
        if row < len(parts):
            components = parts[row].components
            metrics["trend_strength"] = components.strength(components.trend)
            metrics["seasonal_strength"] = components.strength(components.seasonal)
        records.append(
            {
                "position": row + 1,
                **fact,
                "algorithm": result.by_series[row],
                "first_at": begins[row],
                "last_at": ends[row],
                **metrics,
            }
        )
    return records


def forecast_rows(result: ForecastResult) -> Records:
    names = result.data.panel.names
    records: Records = []
    scores, baseline = result.test, result.baseline
    times = _instants(result, scores.series, result.origins.test - 1 + scores.step)
    naive = {
        (series, step): value
        for series, step, value in zip(
            baseline.series.tolist(), baseline.step.tolist(), baseline.forecast, strict=True
        )
    }
    for row, at in enumerate(times):
        series, step = int(scores.series[row]), int(scores.step[row])
        records.append(
            {
                "position": series + 1,
                "series": names[series],
                "part": "test",
                "step": step,
                "at": at,
                "forecast": json_number(scores.forecast[row]),
                "lower": json_number(scores.lower[row]),
                "upper": json_number(scores.upper[row]),
                "baseline": json_number(naive.get((series, step))),
                "actual": json_number(scores.actual[row]),
            }
        )
    model: ForecastModel = result.model
    if model.facts["needs_known"]:
        return records  # without the columns known ahead there is no future yet
    for series, predictions in enumerate(model.predictions()):
        check_interrupts()
        for step, at, forecast, lower, upper, rule in predictions:
            records.append(
                {
                    "position": series + 1,
                    "series": names[series],
                    "part": "future",
                    "step": step,
                    "at": at,
                    "forecast": json_number(forecast),
                    "lower": json_number(lower),
                    "upper": json_number(upper),
                    "baseline": json_number(rule),
                }
            )
    return records


def history_parts(result: ForecastResult) -> list[HistoryParts]:
    """The parts of each of the first series."""
    panel, calendar = result.data.panel, result.data.calendar
    country = result.request.options["holidays"]
    parts = []
    for row in range(min(len(panel.names), MAX_SERIES)):
        length = int(min(panel.lengths[row], MAX_PERIODS))
        columns = panel.periods - length + np.arange(length)
        numbers = panel.ends[row] - (panel.periods - 1) + columns
        holidays = holiday_names(calendar, numbers, country)
        # The longest season says all, where its pattern shows often enough.
        seasons = [season for season in panel.seasons if _MIN_CYCLES * season <= length]
        season = max(seasons, default=panel.seasons[0] if panel.seasons else 1)
        components = series_components(panel.history[row, columns], season, holidays)
        parts.append(HistoryParts(columns, components, holidays))
    return parts


def history_rows(result: ForecastResult, parts: list[HistoryParts]) -> Records:
    """The history and its parts; an hour that the clock leaves out has no instant and no row."""
    panel, calendar, records = result.data.panel, result.data.calendar, []
    for row, part in enumerate(parts):
        components = part.components
        times = _instants(result, np.full(len(part.columns), row), part.columns)
        numbers = panel.ends[row] - (panel.periods - 1) + part.columns
        left_out = np.isin(numbers, calendar.nonexistent(int(numbers[0]), int(numbers[-1])))
        for place, (at, column) in enumerate(zip(times, part.columns.tolist(), strict=True)):
            if left_out[place]:
                continue
            records.append(
                {
                    "position": row + 1,
                    "series": panel.names[row],
                    "at": at,
                    "actual": json_number(panel.history[row, column]),
                    "is_filled": not bool(panel.observed[row, column]),
                    "trend": json_number(components.trend[place]),
                    "seasonal": json_number(components.seasonal[place]),
                    "holiday": part.holidays[place],
                    "holiday_effect": json_number(components.holiday[place]),
                    "remainder": json_number(components.remainder[place]),
                    "finding": components.findings[place],
                }
            )
    return records
