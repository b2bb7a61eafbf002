"""What the registry records of the training of a forecast."""

from typing import Any

import numpy as np

from glasshouse_ml.core.libraries import library_versions
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.split import ResamplingUnits
from glasshouse_ml.core.table import CATEGORY, TIME
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.explain.series_components import series_components
from glasshouse_ml.measure.forecast_metrics import METRICS, ForecastScores
from glasshouse_ml.measure.intervals import metric_intervals, metric_rows
from glasshouse_ml.measure.segments import quoted, segment_name
from glasshouse_ml.model.forecasting.candidates import BASELINE, algorithm_params
from glasshouse_ml.model.forecasting.forecast_model import ForecastModel
from glasshouse_ml.model.forecasting.preparation import series_records
from glasshouse_ml.train.forecasting import ForecastResult
from glasshouse_ml.train.payload import initial_status

# Series and steps that get a segment of their own in ml.metrics, the first by name and number.
MAX_SEGMENTS = 500
# Rows of ml.forecast_history: periods of a series, and series.
MAX_PERIODS, MAX_SERIES = 1_000, 200
# Curves by step, one point each.
_CURVES = {
    "error_by_step": "mase",
    "coverage_by_step": "interval_coverage",
    "width_by_step": "relative_interval_width",
}


def forecast_payload(db: Database, result: ForecastResult, spec: str) -> dict[str, Any]:
    """The argument of ml.record_version: a key for each table of the registry."""
    options = result.request.options
    samples, seed = options["bootstrap"], options["seed"]
    metrics: Records = []
    intervals = {}
    for series, scores in (("model", result.test), ("baseline", result.baseline)):
        check_interrupts()
        found = metric_intervals(scores, samples, seed, _units(scores, result))
        intervals[series] = found
        metrics += metric_rows(scores, series, "test", intervals=found)
    for series, folds in (
        ("model", result.validation),
        ("baseline", result.validation_baseline),
    ):
        for fold, scores in enumerate(folds, start=1):
            metrics += metric_rows(scores, series, "validation", fold)
    metrics += _segment_metrics(result)
    return {
        "status": initial_status(options),
        "version": _version(db, result, spec, intervals["model"]),
        "candidates": _candidates(result),
        "metrics": metrics,
        "curves": _curves(result),
        "residuals": _residuals(result),
        "forecast_series": _series(result),
        "forecasts": _forecasts(result),
        "forecast_history": _history(result),
    }


def _units(scores: ForecastScores, result: ForecastResult) -> ResamplingUnits:
    """Series are drawn whole; of a single one, blocks of steps."""
    series, codes = np.unique(scores.series, return_inverse=True)
    if len(series) > 1:
        return ResamplingUnits(codes)
    steps = np.unique(scores.step, return_inverse=True)[1]
    return ResamplingUnits(steps, max(1, min(result.data.panel.season, len(steps) // 2)))


def _segment_metrics(result: ForecastResult) -> Records:
    """The metrics of each series, where there are several, and of each step."""
    panel = result.data.panel
    column = "series"
    if len(result.request.options["series"]) == 1:
        column = result.request.options["series"][0]
    names = panel.names if len(panel.names) > 1 else []
    records: Records = []
    for series, scores in (("model", result.test), ("baseline", result.baseline)):
        for position, name in enumerate(names[:MAX_SEGMENTS]):
            rows = scores.series == position
            if rows.any():
                check_interrupts()
                segment = segment_name(column, quoted(name[:100]))
                records += metric_rows(scores.take(rows), series, "test", segment=segment)
        steps = min(result.origins.horizon, MAX_SEGMENTS)
        for step in range(1, steps + 1):
            rows = scores.step == step
            if rows.any():
                segment = segment_name("step", str(step))
                records += metric_rows(scores.take(rows), series, "test", segment=segment)
    return records


def _curves(result: ForecastResult) -> Records:
    records: Records = []
    for series, scores in (("model", result.test), ("baseline", result.baseline)):
        for step in range(1, result.origins.horizon + 1):
            of_step = scores.take(scores.step == step)
            if not len(of_step.actual):
                continue
            for curve, metric in _CURVES.items():
                value = json_number(METRICS[metric].value(of_step))
                records.append(
                    {
                        "curve": curve,
                        "series": series,
                        "position": step,
                        "x": float(step),
                        "y": value,
                        "n": len(of_step.actual),
                    }
                )
    return records


def _candidates(result: ForecastResult) -> Records:
    panel, selection = result.data.panel, result.selection
    records: Records = []
    ordered = sorted(result.results, key=lambda candidate: candidate.name != BASELINE)
    for number, candidate in enumerate(ordered):
        is_compared = candidate.name in selection.scores or candidate.error is not None
        if not is_compared and candidate.name != BASELINE:
            continue  # a rule that answers for some series
        scores = selection.origin_scores.get(candidate.name)
        finite = [] if scores is None else scores[np.isfinite(scores)].tolist()
        records.append(
            {
                "candidate": number,
                "algorithm": candidate.name,
                "params": algorithm_params(candidate.name, panel),
                "is_baseline": candidate.name == BASELINE,
                "chosen": candidate.name == selection.best,
                "metric": result.metric,
                "score": json_number(selection.scores.get(candidate.name)),
                "deviation": json_number(float(np.std(finite))) if finite else None,
                "fold_scores": [json_number(score) for score in finite] or None,
                "seconds": candidate.seconds,
                "error": candidate.error,
            }
        )
    return records


def _version(
    db: Database,
    result: ForecastResult,
    spec: str,
    intervals: dict[str, tuple[float, float]],
) -> dict[str, Any]:
    request, data, origins = result.request, result.data, result.origins
    metric = METRICS[result.metric]
    lower, upper = intervals.get(metric.name, (None, None))
    observed = data.panel.observed
    rows_test = int(observed[:, origins.test :].sum())
    calendar = data.calendar
    return {
        "model": request.model,
        "task": request.task.name,
        "target": request.target,
        "key": None,
        "algorithm": result.selection.best,
        "params": algorithm_params(result.selection.best, data.panel)
        | {"choice": "per series" if result.selection.is_per_series else "one for all series"},
        "metric": metric.name,
        "score": json_number(metric.value(result.test)),
        "lower": json_number(lower),
        "upper": json_number(upper),
        "baseline": json_number(metric.value(result.baseline)),
        "classes": [],
        "positive_class": None,
        "baseline_algorithm": BASELINE,
        "features": _features(result),
        "excluded": data.excluded,
        "rows_read": data.rows_read,
        "rows_train": max(1, int(observed[:, : origins.test].sum())),
        "rows_test": rows_test,
        "split": {
            "by": "time",
            "column": request.options["time"],
            "test": origins.horizon,
            "horizon": request.options["horizon"],
            "origins": len(origins.validation),
            "frequency": calendar.name,
            "time_zone": calendar.time_zone,
            "weekdays": list(calendar.weekdays),
            "seasons": list(data.panel.seasons),
            "series": len(data.panel.names),
            "periods_filled": int(data.grid.filled.sum()),
            "rows_without_target": data.without_target,
        },
        "options": request.options,
        "query": request.query,
        "data_fingerprint": data.fingerprint,
        "spec_fingerprint": spec,
        "libraries": library_versions(),
        "git_commit": db.setting("glasshouse.git_commit"),
        "dbt_invocation": db.setting("glasshouse.dbt_invocation"),
    }


def _features(result: ForecastResult) -> Records:
    """The columns with a role, except the target."""
    data = result.data
    known = {column.name: position for position, column in enumerate(data.known)}
    past = data.panel.ahead[:, : data.panel.periods]
    records: Records = []
    for column in data.columns:
        if column.name == result.request.target:
            continue
        missing = 0
        if column.name in known:
            values = past[:, :, known[column.name]]
            missing = int((np.isnan(values) & data.panel.observed).sum())
        kind = CATEGORY if column.name in result.request.options["series"] else column.kind
        if column.name == result.request.options["time"]:
            kind = TIME
        records.append(
            {
                "name": column.name,
                "type": column.type,
                "kind": kind,
                "rows": int(data.panel.observed.sum()),
                "missing": missing,
            }
        )
    return records


def _residuals(result: ForecastResult) -> Records:
    """Actual and forecast in the test steps, of as many rows as a chart shows."""
    scores, data = result.test, result.data
    rows = np.arange(len(scores.actual))
    if len(rows) > 2_000:
        rng = np.random.default_rng(result.request.options["seed"])
        rows = np.sort(rng.choice(rows, 2_000, replace=False))
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


def _series(result: ForecastResult) -> Records:
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
        measured = {}
        if len(test.actual):
            for name in ("mase", "wape", "interval_coverage"):
                measured[name] = json_number(METRICS[name].value(test))
            for name in ("mase", "wape"):
                measured[f"baseline_{name}"] = json_number(METRICS[name].value(baseline))
        records.append(
            {
                "position": row + 1,
                **fact,
                "algorithm": result.by_series[row],
                "first_at": begins[row],
                "last_at": ends[row],
                **measured,
            }
        )
    return records


def _forecasts(result: ForecastResult) -> Records:
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
    for series, answers in enumerate(model.answers()):
        check_interrupts()
        for step, at, forecast, lower, upper, rule in answers:
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


def _history(result: ForecastResult) -> Records:
    panel, records = result.data.panel, []
    season = panel.seasons[0] if panel.seasons else 1
    for row in range(min(len(panel.names), MAX_SERIES)):
        length = int(min(panel.lengths[row], MAX_PERIODS))
        values = panel.history[row, panel.periods - length :]
        parts = series_components(values, season)
        columns = panel.periods - length + np.arange(length)
        for place, at in enumerate(_instants(result, np.full(length, row), columns)):
            records.append(
                {
                    "position": row + 1,
                    "series": panel.names[row],
                    "at": at,
                    "actual": json_number(values[place]),
                    "is_filled": not bool(panel.observed[row, columns[place]]),
                    "trend": json_number(parts.trend[place]),
                    "seasonal": json_number(parts.seasonal[place]),
                    "remainder": json_number(parts.remainder[place]),
                    "finding": parts.findings[place],
                }
            )
    return records
