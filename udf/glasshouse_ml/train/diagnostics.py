"""Diagnostics of a trained version: effects of features, and where it errs."""

from collections.abc import Callable

import numpy as np

from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.table import TIME
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.explain.coefficients import coefficient_rows
from glasshouse_ml.explain.learning_curve import learning_curve_rows, point_count
from glasshouse_ml.explain.partial_dependence import MAX_CLASSES, dependence_rows
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.measure.correlations import (
    CorrelationColumn,
    correlation_columns,
    correlation_rows,
)
from glasshouse_ml.measure.curves import threshold_rows
from glasshouse_ml.measure.distributions import share_curve
from glasshouse_ml.measure.intervals import metric_intervals, metric_rows
from glasshouse_ml.measure.regression_metrics import RegressionScores
from glasshouse_ml.measure.residuals import residual_rows
from glasshouse_ml.measure.segments import Segments, segments_of
from glasshouse_ml.model.assembly import unwrap
from glasshouse_ml.tasks.regression import predict_numbers
from glasshouse_ml.train.result import TrainingResult


def diagnostic_rows(
    result: TrainingResult, test: EvaluationInput, importances: Records
) -> dict[str, Records]:
    """Rows for each table of the registry, by its name."""
    return {
        "coefficients": _coefficients(result),
        "partial_dependence": _dependence(result, importances),
        "correlations": _correlations(result, importances),
        "residuals": _residuals(result, test),
    }


def segment_metrics(
    result: TrainingResult, test: EvaluationInput, baseline: EvaluationInput | None
) -> Records:
    """Metrics of the test rows of each segment; those of the model with intervals."""
    options, records = result.request.options, []
    for column in options["segments"]:
        if column == options.get("group_by"):
            continue  # groups.group_metrics() covers it
        segments = _segments(result, column)
        for position, name in enumerate(segments.names):
            check_interrupts()
            rows = segments.codes == position
            if not rows.any():
                continue
            segment_scores = test.take(rows)
            units = result.split.test_units
            intervals = metric_intervals(
                segment_scores, options["bootstrap"], options["seed"], units and units.take(rows)
            )
            records += metric_rows(
                segment_scores, "model", "test", intervals=intervals, segment=name
            )
            if baseline is not None:
                records += metric_rows(baseline.take(rows), "baseline", "test", segment=name)
    return records


def _segments(result: TrainingResult, column: str) -> Segments:
    """The segments of the test rows; the segments themselves are made from all rows."""
    data = result.data
    columns = [*data.columns, *([data.split_column] if data.split_column else [])]
    kind = {c.name: c.kind for c in columns}.get(column)
    all_rows = segments_of(data.table, column, kind)
    return Segments(all_rows.codes[result.split.test], all_rows.names)


def extra_curves(
    result: TrainingResult, test: EvaluationInput, training_scores: EvaluationInput
) -> Records:
    """Curves that need more than the scores of the test part."""
    records: Records = []
    scores = getattr(test, "scores", None)
    if scores is not None:
        # ml.drift compares the scores of new rows with these.
        records += share_curve("score_overall", scores, np.zeros(len(scores), np.int64), ["all"])
    if isinstance(test, ClassificationScores):
        records += threshold_rows(test)
    if result.request.task.needs_target:
        records += learning_curve_rows(
            result.fitter,
            result.best,
            result.training,
            result.metric,
            result.metric.value(training_scores),
            point_count(result.request.options["learning_curve"], len(result.split.train)),
        )
    return records


def _coefficients(result: TrainingResult) -> Records:
    if not result.request.task.needs_target:
        return []
    check_interrupts()
    fitted, target_values = unwrap(result.pipeline, result.training.actual)
    return coefficient_rows(
        fitted,
        result.features,
        result.training.matrix,
        target_values,
        result.target.names,
        result.target.positive,
    )


def _by_importance(result: TrainingResult, importances: Records) -> list[int]:
    """Positions of the features, the most important first; unranked ones in their own order."""
    ranks = {entry["feature"]: entry["rank"] for entry in importances}
    positions = range(len(result.features))
    return sorted(positions, key=lambda position: ranks.get(result.features[position].name, 0))


def _dependence(result: TrainingResult, importances: Records) -> Records:
    feature_count = result.request.options["dependence"]
    if not feature_count or not importances or not result.request.task.needs_target:
        return []
    return dependence_rows(
        _prediction_function(result),
        result.test.matrix,
        result.training.matrix,
        result.features,
        _by_importance(result, importances)[:feature_count],
        _classes(result),
        result.request.options["seed"],
    )


def _prediction_function(result: TrainingResult) -> Callable[[np.ndarray], np.ndarray]:
    if result.target.names:
        return result.pipeline.predict_proba
    return lambda matrix: predict_numbers(result.pipeline, matrix)


def _classes(result: TrainingResult) -> list[tuple[str, int]]:
    """The classes of the partial dependence, each with its column in the predictions."""
    target = result.target
    if not target.names:
        return [("", 0)]
    if target.positive is not None:
        return [(target.names[target.positive], target.positive)]
    counts = target.rows_of_classes(result.training.actual)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MAX_CLASSES])
    return [(target.names[position], int(position)) for position in frequent]


def _correlations(result: TrainingResult, importances: Records) -> Records:
    paired = result.request.options["correlations"]
    if not paired:
        return []
    check_interrupts()
    ranked = [result.features[i] for i in _by_importance(result, importances)]
    names = [feature.name for feature in ranked if not feature.has_documents]
    columns = {column.name: column for column in result.data.columns}
    table = result.data.table.take(result.split.train)
    values = correlation_columns(table, [columns[name] for name in names])
    if result.request.target and not result.target.has_labels:
        values.append(_target(result, result.request.target))
    return correlation_rows(values, result.request.options["seed"], paired)


def _target(result: TrainingResult, name: str) -> CorrelationColumn:
    """The target as a column; the positive of two classes is 1, which gives a sign."""
    target_values, target = result.training.actual, result.target
    if target.positive is not None:
        return CorrelationColumn(name, (target_values == target.positive).astype(float), False)
    return CorrelationColumn(name, target_values, bool(target.names))


def _residuals(result: TrainingResult, test: EvaluationInput) -> Records:
    if not isinstance(test, RegressionScores):
        return []
    request, table = result.request, result.data.table.take(result.split.test)
    split_column, moments = result.data.split_column, None
    if result.split.times is not None and split_column and split_column.kind == TIME:
        moments = result.split.times[result.split.test]
    segment = None
    if request.options["segments"]:
        segments = _segments(result, request.options["segments"][0])
        segment = [segments.names[position] for position in segments.codes]
    return residual_rows(
        test,
        table.texts[request.key].values() if request.key else None,
        segment,
        moments,
        request.options["seed"],
    )
