"""What the registry records of the training of a forecast."""

from typing import Any

import numpy as np

from glasshouse_ml.core.libraries import library_versions
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import CATEGORY, TIME
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.measure.forecast_metrics import METRICS, resampling_units
from glasshouse_ml.measure.intervals import metric_intervals, metric_rows
from glasshouse_ml.measure.residual_curves import residual_curves
from glasshouse_ml.measure.segments import quoted, segment_name
from glasshouse_ml.model.forecasting.candidates import BASELINE, algorithm_params
from glasshouse_ml.train.forecast_importances import forecast_importances
from glasshouse_ml.train.forecast_records import (
    forecast_rows,
    history_parts,
    history_rows,
    residual_rows,
    series_rows,
)
from glasshouse_ml.train.forecasting import ForecastResult
from glasshouse_ml.train.payload import initial_status

# Series and steps that get a segment of their own in ml.metrics, the first by name and number.
MAX_SEGMENTS = 500
# Letters of the name of a series in a segment.
MAX_NAME = 150
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
        metric_bounds = metric_intervals(
            scores, samples, seed, resampling_units(scores, result.data.panel.season)
        )
        intervals[series] = metric_bounds
        metrics += metric_rows(scores, series, "test", intervals=metric_bounds)
    for series, folds in (
        ("model", result.validation),
        ("baseline", result.validation_baseline),
    ):
        for fold, scores in enumerate(folds, start=1):
            metrics += metric_rows(scores, series, "validation", fold)
    metrics += _segment_metrics(result)
    parts = history_parts(result)
    return {
        "status": initial_status(options),
        "version": _version(db, result, spec, intervals["model"]),
        "candidates": _candidates(result),
        "metrics": metrics,
        "curves": _curves(result),
        "importances": forecast_importances(result),
        "residuals": residual_rows(result),
        "forecast_series": series_rows(result, parts),
        "forecasts": forecast_rows(result),
        "forecast_history": history_rows(result, parts),
    }


def _segment_metrics(result: ForecastResult) -> Records:
    """The metrics of each series, where there are several, and of each step."""
    panel = result.data.panel
    column = "series"
    if len(result.request.options["series"]) == 1 and result.request.options["series"] != ["step"]:
        column = result.request.options["series"][0]
    names = panel.names if len(panel.names) > 1 else []
    records: Records = []
    for series, scores in (("model", result.test), ("baseline", result.baseline)):
        for position, name in enumerate(names[:MAX_SEGMENTS]):
            rows = scores.series == position
            if rows.any():
                check_interrupts()
                segment = segment_name(column, quoted(_short_name(name, position)))
                records += metric_rows(scores.take(rows), series, "test", segment=segment)
        steps = min(result.origins.horizon, MAX_SEGMENTS)
        for step in range(1, steps + 1):
            rows = scores.step == step
            if rows.any():
                segment = segment_name("step", str(step))
                records += metric_rows(scores.take(rows), series, "test", segment=segment)
    return records


def _short_name(name: str, position: int) -> str:
    """A name that fits into an index; that of another series differs."""
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}… ({position + 1})"


def _curves(result: ForecastResult) -> Records:
    """Error and interval by step, and what a regression shows of its test rows."""
    actual, forecast = result.test.actual, result.test.forecast
    records: Records = residual_curves(actual, forecast) if len(actual) else []
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
    results = sorted(result.results, key=lambda candidate: candidate.name != BASELINE)
    for number, candidate in enumerate(results):
        is_compared = candidate.name in selection.scores or candidate.error is not None
        if not is_compared and candidate.name != BASELINE:
            continue  # a rule that answers for some series
        scores = selection.origin_scores.get(candidate.name)
        finite = [] if scores is None else scores[np.isfinite(scores)].tolist()
        score = selection.scores.get(candidate.name)
        if result.metric == "rmse":  # the candidates are compared by squares
            finite = np.sqrt(finite).tolist()
            score = None if score is None else float(np.sqrt(score))
        records.append(
            {
                "candidate": number,
                "algorithm": candidate.name,
                "params": algorithm_params(candidate.name, panel),
                "is_baseline": candidate.name == BASELINE,
                "chosen": candidate.name == selection.best,
                "metric": result.metric,
                "score": json_number(score),
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
    positions = {column.name: position for position, column in enumerate(data.known_ahead)}
    past = data.panel.ahead[:, : data.panel.periods]
    records: Records = []
    for column in data.columns:
        if column.name == result.request.target:
            continue
        missing = 0
        if column.name in positions:
            values = past[:, :, positions[column.name]]
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
