"""The record of a training: everything the registry stores of a version.

The test part is scored once, and all test metrics and curves are computed from these scores.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.checks.checking import check_rows
from glasshouse_ml.checks.facts import TrainingFacts
from glasshouse_ml.core.libraries import library_versions
from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.split import XY
from glasshouse_ml.core.table import LIST, TEXT
from glasshouse_ml.core.target import Target
from glasshouse_ml.data.documents import documents_of, with_documents
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.explain.permutation_importance import importance_rows, sample_rows
from glasshouse_ml.explain.text_score import text_score
from glasshouse_ml.explain.univariate_score import sample_training_rows, univariate_score
from glasshouse_ml.measure.distributions import describe_features
from glasshouse_ml.measure.intervals import metric_intervals, metric_rows
from glasshouse_ml.model.fitting import Candidate, with_weights
from glasshouse_ml.train import groups
from glasshouse_ml.train.diagnostics import diagnostic_rows, extra_curves, segment_metrics
from glasshouse_ml.train.result import TrainingResult

# The training rows that are scored: a share of so many rows is known to 0.3 percentage points.
MAX_TRAINING_ROWS_SCORED = 100_000


def initial_status(options: dict[str, Any]) -> str:
    """The status of a new version: a candidate where tests or the user promote it later."""
    is_candidate = options["promote"] == "never" or options["await_tests"]
    return "candidate" if is_candidate else "champion"


def version_payload(
    result: TrainingResult, spec_fingerprint: str
) -> tuple[dict[str, Any], Iterator[Records]]:
    """The argument of ml.record_version: a key for each table of the registry.

    Beside it the metrics of each group of options.group_by, which are computed when they are read.
    """
    options = result.request.options
    task = result.request.task
    check_interrupts()
    test = result.fitter.score(result.pipeline, result.test)
    test = task.apply_interval(test, result.target)
    units = result.split.test_units
    intervals = metric_intervals(test, options["bootstrap"], options["seed"], units)
    check_interrupts()
    metrics = metric_rows(test, "model", "test", intervals=intervals)
    baseline = None
    if result.baseline is not None:
        baseline = result.baseline.test
        baseline_intervals = metric_intervals(
            baseline, options["bootstrap"], options["seed"], units
        )
        metrics += metric_rows(baseline, "baseline", "test", intervals=baseline_intervals)
        check_interrupts()
    training = result.fitter.score(result.pipeline, _scored_training_rows(result))
    importances = _importances(result)
    features, distributions = _features(result)
    facts = _training_facts(result, features, training, test, baseline)
    payload = {
        "status": initial_status(options),
        "version": _version(result, spec_fingerprint, test, baseline, intervals)
        | {"features": features},
        "candidates": [
            *(_candidate(candidate, result) for candidate in result.candidates),
            *result.ordered_baselines,
        ],
        "metrics": [
            *metrics,
            *metric_rows(training, "model", "train"),
            *_fold_metrics(result),
            *segment_metrics(result, test, baseline),
            *task.segment_metrics(test, baseline, result.target, options, units),
            *(_extra_metrics(result) if options["bootstrap"] else []),
        ],
        "curves": [*task.curves(test, result.target), *extra_curves(result, test, training)],
        "confusion": task.confusion(test, result.target),
        "checks": check_rows(facts),
        "importances": importances,
        "distributions": distributions,
        **diagnostic_rows(result, test, importances),
    }
    return payload, groups.group_metrics(result, test, baseline)


def _training_facts(
    result: TrainingResult,
    features: Records,
    training: EvaluationInput,
    test: EvaluationInput,
    baseline: EvaluationInput | None,
) -> TrainingFacts:
    """The input of the checks."""
    data = result.data
    return TrainingFacts(
        request=result.request,
        columns=data.columns,
        features=features,
        excluded=result.excluded,
        table=data.table,
        unlabelled=data.unlabelled,
        target=result.target,
        split=result.split,
        algorithms=[c.algorithm for c in result.candidates if not c.is_baseline],
        metric=result.metric,
        training=training,
        test=test,
        baseline=baseline,
        check_interrupts=result.fitter.db.check_interrupts,
    )


def _scored_training_rows(result: TrainingResult) -> XY:
    """The training rows, or a sample of them; a clustering is measured on all rows."""
    training = result.training
    if not result.request.task.needs_target or len(training.actual) <= MAX_TRAINING_ROWS_SCORED:
        return training
    return training.take(_sampled_positions(result))


def _sampled_positions(result: TrainingResult) -> np.ndarray:
    """Positions of the training rows, or of a sample where there are more than needed."""
    rows = result.split.train
    if len(rows) <= MAX_TRAINING_ROWS_SCORED:
        return rows
    rng = np.random.default_rng(result.request.options["seed"])
    return np.sort(rng.choice(rows, MAX_TRAINING_ROWS_SCORED, replace=False))


def _fold_metrics(result: TrainingResult) -> Records:
    """The metrics of the validation rows of each fold."""
    records: Records = []
    task, target = result.request.task, result.fitter.target
    folds = [("model", result.best.folds)]
    if result.baseline is not None:
        folds.append(("baseline", result.baseline.folds))
    for series, scores_of_folds in folds:
        for fold, scores in enumerate(scores_of_folds, start=1):
            scores = task.apply_threshold(scores, target)
            records += metric_rows(scores, series, "validation", fold)
    return records


def _importances(result: TrainingResult) -> Records:
    repeats, seed = (result.request.options[name] for name in ("importance_repeats", "seed"))
    rows = sample_rows(len(result.split.test), len(result.features), repeats, seed)
    test = result.test.take(rows)
    metric, score = result.request.task.permutation_score(
        result.pipeline, test.matrix, test.actual, result.target, result.metric
    )
    return importance_rows(
        lambda matrix: with_weights(score(matrix), test.weights),
        test.matrix,
        [feature.name for feature in result.features],
        metric,
        repeats,
        seed,
    )


def _extra_metrics(result: TrainingResult) -> Records:
    best, training = result.best, result.training
    return result.request.task.extra_metrics(
        lambda rows: result.fitter.fit(best.algorithm, best.params, training.take(rows)),
        result.pipeline,
        training,
        result.test,
        result.request.options["seed"],
    )


def _candidate(candidate: Candidate, result: TrainingResult) -> dict[str, Any]:
    return {
        "candidate": candidate.number,
        "algorithm": candidate.algorithm,
        "params": candidate.params,
        "is_baseline": candidate.is_baseline,
        "chosen": candidate is result.best,
        "metric": result.metric.name,
        "score": json_number(candidate.score),
        "deviation": candidate.deviation,
        "fold_scores": candidate.scores,
        "seconds": candidate.seconds,
        "rows_share": json_number(candidate.share),
        "error": candidate.error and candidate.error.message,
    }


def _version(
    result: TrainingResult,
    spec_fingerprint: str,
    test: EvaluationInput,
    baseline: EvaluationInput | None,
    intervals: dict[str, tuple[float, float]],
) -> dict[str, Any]:
    request, data, split = result.request, result.data, result.split
    metric, target, setting = result.metric, result.target, result.fitter.db.setting
    lower, upper = intervals.get(metric.name, (None, None))
    return {
        "model": request.model,
        "task": request.task.name,
        "target": request.target,
        "key": request.key,
        "algorithm": result.best.algorithm,
        "params": result.best.params,
        "metric": metric.name,
        "score": json_number(metric.value(test)),
        "lower": json_number(lower),
        "upper": json_number(upper),
        "baseline": None if baseline is None else json_number(metric.value(baseline)),
        "classes": _classes(result),
        "positive_class": target.positive_class,
        "threshold": None if target.has_labels or len(target.names) != 2 else target.threshold,
        "baseline_answer": result.baseline and json_number(result.baseline.constant),
        "baseline_algorithm": result.baseline and result.baseline.name,
        "groups": groups.group_facts(result),
        "excluded": result.excluded,
        "rows_read": data.rows_read,
        "rows_train": result.rows_fitted,
        "fit_method": result.fit_method,
        "rows_test": len(split.test),
        "split": split.facts | {"rows_without_target": data.unlabelled.rows},
        "options": request.options,
        "query": request.query,
        "data_fingerprint": data.fingerprint,
        "spec_fingerprint": spec_fingerprint,
        "libraries": library_versions(result.best.algorithm),
        "git_commit": setting("glasshouse.git_commit"),
        "dbt_invocation": setting("glasshouse.dbt_invocation"),
    }


def _features(result: TrainingResult) -> tuple[Records, Records]:
    """The summary of each feature, and its distribution by class.

    A numeric target has no classes, and all rows are counted together.
    """
    task, target, table = result.request.task, result.target, result.data.table
    sampled = _sampled_positions(result)
    has_classes = target.names and not target.has_labels
    class_names: list[str | None] = [*target.names] if has_classes else [None]
    classes = target.values if has_classes else np.zeros(table.rows, np.int64)
    summaries: Records = []
    distributions: Records = []
    for summary, bins in describe_features(
        result.features,
        table,
        classes,
        class_names,
        lambda values: task.univariate_auc(values, sampled, target),
    ):
        check_interrupts()
        summaries.append(summary)
        distributions += bins
    if task.needs_target:
        rows = sample_training_rows(result.split.train, target, result.request.options["seed"])
        row_target = replace(target, values=target.values[rows])
        targets = [row_target]
        if target.has_labels:
            targets = [row_target.label(position) for position in range(len(target.names))]
        for summary in summaries:
            check_interrupts()
            name = summary["name"]
            if summary["kind"] in (TEXT, LIST):
                # A rule by whole texts would say nothing of their words.
                text_scores = [_text_score(result, name, rows, each) for each in targets]
                summary["text_score"] = _largest(text_scores)
                continue
            is_category = name in table.texts
            values = table.texts[name].codes if is_category else table.numbers[name]
            summary["univariate_score"] = _largest(
                [univariate_score(values[rows], each, is_category) for each in targets]
            )
    return summaries, distributions


def _largest(scores: list[float | None]) -> float | None:
    """Of several labels the one that a column tells best."""
    return max((score for score in scores if score is not None), default=None)


def _classes(result: TrainingResult) -> Records:
    """The rows of each class in both parts, and its weight in training where rows have weights."""
    split, weights = result.split, result.training.weights
    records = result.request.task.class_counts(result.target, split.train, split.test)
    if weights is not None and records:
        of_class = np.bincount(result.training.actual, weights, len(records))
        records = [
            {**record, "weight": float(weight)}
            for record, weight in zip(records, of_class, strict=True)
        ]
    return records


def _text_score(
    result: TrainingResult, name: str, rows: np.ndarray, target: Target
) -> float | None:
    """The score of a linear model of one column; `rows` are positions in the training part."""
    position = [feature.name for feature in result.features].index(name)
    feature = result.features[position]
    place = [f.name for f in result.features if f.has_documents].index(name)
    matrix = result.training.matrix
    column = with_documents(np.asarray(matrix[rows][:, [position]]), [documents_of(matrix)[place]])
    return text_score(feature, column, target, result.request.options["seed"])
