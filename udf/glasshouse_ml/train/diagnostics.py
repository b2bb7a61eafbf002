"""What the registry keeps of how a version comes to its answers and where it errs."""

from collections.abc import Callable

import numpy as np

from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.table import TIME
from glasshouse_ml.explain.coefficients import coefficient_rows
from glasshouse_ml.explain.learning_curve import learning_rows, points
from glasshouse_ml.explain.partial_dependence import MOST_CLASSES, dependence_rows
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.measure.correlations import Values, columns_of, correlation_rows
from glasshouse_ml.measure.curves import threshold_rows
from glasshouse_ml.measure.distributions import share_curve
from glasshouse_ml.measure.intervals import intervals, metric_rows
from glasshouse_ml.measure.regression_metrics import RegressionScores
from glasshouse_ml.measure.residuals import residual_rows
from glasshouse_ml.measure.segments import Segments, segments
from glasshouse_ml.model.assembly import unwrapped
from glasshouse_ml.tasks.regression import predicted
from glasshouse_ml.train.result import TrainingResult


def reason_rows(
    trained: TrainingResult, test: EvaluationInput, importances: Records
) -> dict[str, Records]:
    """A list of rows for each table of the registry."""
    return {
        "coefficients": _coefficients(trained),
        "partial_dependence": _dependence(trained, importances),
        "correlations": _correlations(trained, importances),
        "residuals": _residuals(trained, test),
    }


def segment_metrics(
    trained: TrainingResult, test: EvaluationInput, blind: EvaluationInput | None
) -> Records:
    """The measures on the test rows of each segment, of the model with intervals."""
    options, found = trained.request.options, []
    for column in options["segments"]:
        if column == options.get("group_by"):
            continue  # each group is measured anyway
        parts = _segments(trained, column)
        for place, name in enumerate(parts.names):
            trained.fitter.db.checkpoint()
            rows = parts.places == place
            if not rows.any():
                continue
            inside = test.take(rows)
            ranges = intervals(inside, options["bootstrap"], options["seed"])
            found += metric_rows(inside, "model", "test", ranges=ranges, segment=name)
            if blind is not None:
                found += metric_rows(blind.take(rows), "baseline", "test", segment=name)
    return found


def _segments(trained: TrainingResult, column: str) -> Segments:
    """The segments of the test rows; which there are is a matter of all rows."""
    kinds = {known.name: known.kind for known in trained.data.columns}
    divider = trained.request.split["column"]
    kind = kinds.get(column, trained.data.divider_kind if column == divider else None)
    found = segments(trained.data.table, column, kind)
    return Segments(found.places[trained.split.test], found.names)


def further_curves(
    trained: TrainingResult, test: EvaluationInput, learned: EvaluationInput
) -> Records:
    """The curves that need more than the look at the test part."""
    found: Records = []
    scores = getattr(test, "scores", None)
    if scores is not None:
        # What ml.drift compares later answers with.
        found += share_curve("score_overall", scores, np.zeros(len(scores), np.int64), ["all"])
    if isinstance(test, ClassificationScores):
        found += threshold_rows(test)
    if trained.request.task.needs_target:
        found += learning_rows(
            trained.fitter,
            trained.chosen,
            trained.training,
            trained.metric,
            trained.metric.value(learned),
            points(trained.request.options["learning_curve"], len(trained.split.train)),
        )
    return found


def _coefficients(trained: TrainingResult) -> Records:
    if not trained.request.task.needs_target:
        return []
    trained.fitter.db.checkpoint()
    fitted, answers = unwrapped(trained.best, trained.training.actual)
    return coefficient_rows(
        fitted,
        trained.features,
        trained.training.matrix,
        answers,
        trained.target.names,
        trained.target.positive,
    )


def _by_importance(trained: TrainingResult, importances: Records) -> list[int]:
    """Positions of the features, the most important first; as they came where nobody measured."""
    ranks = {entry["feature"]: entry["rank"] for entry in importances}
    positions = range(len(trained.features))
    return sorted(positions, key=lambda position: ranks.get(trained.features[position].name, 0))


def _dependence(trained: TrainingResult, importances: Records) -> Records:
    wanted = trained.request.options["dependence"]
    if not wanted or not importances or not trained.request.task.needs_target:
        return []
    return dependence_rows(
        _answer(trained),
        trained.test.matrix,
        trained.training.matrix,
        trained.features,
        _by_importance(trained, importances)[:wanted],
        _classes(trained),
        trained.request.options["seed"],
        trained.fitter.db.checkpoint,
    )


def _answer(trained: TrainingResult) -> Callable[[np.ndarray], np.ndarray]:
    if trained.target.names:
        return trained.best.predict_proba
    return lambda matrix: predicted(trained.best, matrix)


def _classes(trained: TrainingResult) -> list[tuple[str, int]]:
    """The classes that are shown, each with its column among the answers."""
    target = trained.target
    if not target.names:
        return [("", 0)]
    if target.positive is not None:
        return [(target.names[target.positive], target.positive)]
    counts = np.bincount(trained.training.actual, minlength=len(target.names))
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    return [(target.names[position], int(position)) for position in frequent]


def _correlations(trained: TrainingResult, importances: Records) -> Records:
    paired = trained.request.options["correlations"]
    if not paired:
        return []
    trained.fitter.db.checkpoint()
    names = [trained.features[i].name for i in _by_importance(trained, importances)]
    columns = {column.name: column for column in trained.data.columns}
    table = trained.data.table.take(trained.split.train)
    values = columns_of(table, [columns[name] for name in names])
    if trained.request.target:
        values.append(_target(trained, trained.request.target))
    return correlation_rows(values, trained.request.options["seed"], paired)


def _target(trained: TrainingResult, name: str) -> Values:
    """Two classes are a number: 1 for the positive one, so that a correlation has a sign."""
    answers, target = trained.training.actual, trained.target
    if target.positive is not None:
        return Values(name, (answers == target.positive).astype(float), False)
    return Values(name, answers, bool(target.names))


def _residuals(trained: TrainingResult, test: EvaluationInput) -> Records:
    if not isinstance(test, RegressionScores):
        return []
    request, table = trained.request, trained.data.table.take(trained.split.test)
    moments = None
    if request.split["by"] == "time" and trained.data.divider_kind == TIME:
        moments = table.numbers[request.split["column"]]
    segment = None
    if request.options["segments"]:
        parts = _segments(trained, request.options["segments"][0])
        segment = [parts.names[place] for place in parts.places]
    return residual_rows(
        test,
        table.texts[request.key].values() if request.key else None,
        segment,
        moments,
        request.options["seed"],
    )
