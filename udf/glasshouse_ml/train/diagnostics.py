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
    trained: TrainingResult, test: EvaluationInput, importances: Records
) -> dict[str, Records]:
    """Rows for each table of the registry, by its name."""
    return {
        "coefficients": _coefficients(trained),
        "partial_dependence": _dependence(trained, importances),
        "correlations": _correlations(trained, importances),
        "residuals": _residuals(trained, test),
    }


def segment_metrics(
    trained: TrainingResult, test: EvaluationInput, baseline: EvaluationInput | None
) -> Records:
    """Metrics of the test rows of each segment; those of the model with intervals."""
    options, records = trained.request.options, []
    for column in options["segments"]:
        if column == options.get("group_by"):
            continue  # groups.group_metrics() covers it
        segments = _segments(trained, column)
        for position, name in enumerate(segments.names):
            check_interrupts()
            rows = segments.codes == position
            if not rows.any():
                continue
            segment_scores = test.take(rows)
            units = trained.split.test_units
            intervals = metric_intervals(
                segment_scores, options["bootstrap"], options["seed"], units and units.take(rows)
            )
            records += metric_rows(
                segment_scores, "model", "test", intervals=intervals, segment=name
            )
            if baseline is not None:
                records += metric_rows(baseline.take(rows), "baseline", "test", segment=name)
    return records


def _segments(trained: TrainingResult, column: str) -> Segments:
    """The segments of the test rows; the segments themselves are made from all rows."""
    kinds = {c.name: c.kind for c in trained.data.columns}
    split_column = trained.request.split["column"]
    kind = kinds.get(column, trained.data.split_column_kind if column == split_column else None)
    all_rows = segments_of(trained.data.table, column, kind)
    return Segments(all_rows.codes[trained.split.test], all_rows.names)


def extra_curves(
    trained: TrainingResult, test: EvaluationInput, training_scores: EvaluationInput
) -> Records:
    """Curves that need more than the scores of the test part."""
    records: Records = []
    scores = getattr(test, "scores", None)
    if scores is not None:
        # ml.drift compares the scores of new rows with these.
        records += share_curve("score_overall", scores, np.zeros(len(scores), np.int64), ["all"])
    if isinstance(test, ClassificationScores):
        records += threshold_rows(test)
    if trained.request.task.needs_target:
        records += learning_curve_rows(
            trained.fitter,
            trained.chosen,
            trained.training,
            trained.metric,
            trained.metric.value(training_scores),
            point_count(trained.request.options["learning_curve"], len(trained.split.train)),
        )
    return records


def _coefficients(trained: TrainingResult) -> Records:
    if not trained.request.task.needs_target:
        return []
    check_interrupts()
    fitted, target_values = unwrap(trained.best, trained.training.actual)
    return coefficient_rows(
        fitted,
        trained.features,
        trained.training.matrix,
        target_values,
        trained.target.names,
        trained.target.positive,
    )


def _by_importance(trained: TrainingResult, importances: Records) -> list[int]:
    """Positions of the features, the most important first; unranked ones in their own order."""
    ranks = {entry["feature"]: entry["rank"] for entry in importances}
    positions = range(len(trained.features))
    return sorted(positions, key=lambda position: ranks.get(trained.features[position].name, 0))


def _dependence(trained: TrainingResult, importances: Records) -> Records:
    feature_count = trained.request.options["dependence"]
    if not feature_count or not importances or not trained.request.task.needs_target:
        return []
    return dependence_rows(
        _prediction_function(trained),
        trained.test.matrix,
        trained.training.matrix,
        trained.features,
        _by_importance(trained, importances)[:feature_count],
        _classes(trained),
        trained.request.options["seed"],
    )


def _prediction_function(trained: TrainingResult) -> Callable[[np.ndarray], np.ndarray]:
    if trained.target.names:
        return trained.best.predict_proba
    return lambda matrix: predict_numbers(trained.best, matrix)


def _classes(trained: TrainingResult) -> list[tuple[str, int]]:
    """The classes of the partial dependence, each with its column in the predictions."""
    target = trained.target
    if not target.names:
        return [("", 0)]
    if target.positive is not None:
        return [(target.names[target.positive], target.positive)]
    counts = np.bincount(trained.training.actual, minlength=len(target.names))
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MAX_CLASSES])
    return [(target.names[position], int(position)) for position in frequent]


def _correlations(trained: TrainingResult, importances: Records) -> Records:
    paired = trained.request.options["correlations"]
    if not paired:
        return []
    check_interrupts()
    ranked = [trained.features[i] for i in _by_importance(trained, importances)]
    names = [feature.name for feature in ranked if not feature.has_documents]
    columns = {column.name: column for column in trained.data.columns}
    table = trained.data.table.take(trained.split.train)
    values = correlation_columns(table, [columns[name] for name in names])
    if trained.request.target:
        values.append(_target(trained, trained.request.target))
    return correlation_rows(values, trained.request.options["seed"], paired)


def _target(trained: TrainingResult, name: str) -> CorrelationColumn:
    """The target as a column; the positive of two classes is 1, which gives a sign."""
    target_values, target = trained.training.actual, trained.target
    if target.positive is not None:
        return CorrelationColumn(name, (target_values == target.positive).astype(float), False)
    return CorrelationColumn(name, target_values, bool(target.names))


def _residuals(trained: TrainingResult, test: EvaluationInput) -> Records:
    if not isinstance(test, RegressionScores):
        return []
    request, table = trained.request, trained.data.table.take(trained.split.test)
    moments = None
    if request.split["by"] == "time" and trained.data.split_column_kind == TIME:
        moments = table.numbers[request.split["column"]]
    segment = None
    if request.options["segments"]:
        segments = _segments(trained, request.options["segments"][0])
        segment = [segments.names[position] for position in segments.codes]
    return residual_rows(
        test,
        table.texts[request.key].values() if request.key else None,
        segment,
        moments,
        request.options["seed"],
    )
