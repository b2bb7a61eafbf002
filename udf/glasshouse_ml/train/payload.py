"""The record of a training: everything the registry stores of a version.

The test part is scored once, and all test metrics and curves are computed from these scores.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.checks.checking import check_rows
from glasshouse_ml.checks.facts import TrainingFacts
from glasshouse_ml.core.libraries import library_versions
from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.split import XY
from glasshouse_ml.core.table import TEXT
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.explain.permutation_importance import importance_rows, sample_rows
from glasshouse_ml.explain.univariate_score import sample_training_rows, univariate_score
from glasshouse_ml.measure.distributions import describe_features
from glasshouse_ml.measure.intervals import metric_intervals, metric_rows
from glasshouse_ml.model.fitting import Candidate
from glasshouse_ml.train import groups
from glasshouse_ml.train.diagnostics import diagnostic_rows, extra_curves, segment_metrics
from glasshouse_ml.train.result import TrainingResult

# The training rows that are scored: a share of so many rows is known to 0.3 percentage points.
MAX_TRAINING_ROWS_SCORED = 100_000


def initial_status(options: dict[str, Any]) -> str:
    """The status of a new version: a candidate where tests or the user promote it later."""
    is_candidate = options["promote"] == "never" or options["await_tests"]
    return "candidate" if is_candidate else "champion"


def payload(trained: TrainingResult, spec: str) -> dict[str, Any]:
    """The argument of ml.record_version: a key for each table of the registry."""
    options = trained.request.options
    task = trained.request.task
    check_interrupts()
    test = trained.fitter.score(trained.best, trained.test)
    test = task.apply_interval(test, trained.target)
    units = trained.split.test_units
    intervals = metric_intervals(test, options["bootstrap"], options["seed"], units)
    check_interrupts()
    metrics = metric_rows(test, "model", "test", intervals=intervals)
    baseline = None
    if trained.baseline is not None:
        baseline = trained.baseline.test
        baseline_intervals = metric_intervals(
            baseline, options["bootstrap"], options["seed"], units
        )
        metrics += metric_rows(baseline, "baseline", "test", intervals=baseline_intervals)
        check_interrupts()
    training = trained.fitter.score(trained.best, _scored_training_rows(trained))
    importances = _importances(trained)
    features, distributions = _features(trained)
    facts = _training_facts(trained, features, training, test, baseline)
    return {
        "status": initial_status(options),
        "version": _version(trained, spec, test, baseline, intervals) | {"features": features},
        "candidates": [
            *(_candidate(candidate, trained) for candidate in trained.candidates),
            *trained.ordered_baselines,
        ],
        "metrics": [
            *metrics,
            *metric_rows(training, "model", "train"),
            *_fold_metrics(trained),
            *segment_metrics(trained, test, baseline),
            *groups.group_metrics(trained, test, baseline),
            *(_extra_metrics(trained) if options["bootstrap"] else []),
        ],
        "curves": [*task.curves(test, trained.target), *extra_curves(trained, test, training)],
        "confusion": task.confusion(test, trained.target),
        "checks": check_rows(facts),
        "importances": importances,
        "distributions": distributions,
        **diagnostic_rows(trained, test, importances),
    }


def _training_facts(
    trained: TrainingResult,
    features: Records,
    training: EvaluationInput,
    test: EvaluationInput,
    baseline: EvaluationInput | None,
) -> TrainingFacts:
    """The input of the checks."""
    data = trained.data
    return TrainingFacts(
        request=trained.request,
        columns=data.columns,
        features=features,
        excluded=trained.excluded,
        table=data.table,
        unlabelled=data.unlabelled,
        target=trained.target,
        split=trained.split,
        algorithms=[c.algorithm for c in trained.candidates if not c.is_baseline],
        metric=trained.metric,
        training=training,
        test=test,
        baseline=baseline,
        check_interrupts=trained.fitter.db.check_interrupts,
    )


def _scored_training_rows(trained: TrainingResult) -> XY:
    """The training rows, or a sample of them; a clustering is measured on all rows."""
    training = trained.training
    if not trained.request.task.needs_target or len(training.actual) <= MAX_TRAINING_ROWS_SCORED:
        return training
    return training.take(_sampled_positions(trained))


def _sampled_positions(trained: TrainingResult) -> np.ndarray:
    """Positions of the training rows, or of a sample where there are more than needed."""
    rows = trained.split.train
    if len(rows) <= MAX_TRAINING_ROWS_SCORED:
        return rows
    rng = np.random.default_rng(trained.request.options["seed"])
    return np.sort(rng.choice(rows, MAX_TRAINING_ROWS_SCORED, replace=False))


def _fold_metrics(trained: TrainingResult) -> Records:
    """The metrics of the validation rows of each fold."""
    records: Records = []
    task, target = trained.request.task, trained.fitter.target
    folds = [("model", trained.chosen.folds)]
    if trained.baseline is not None:
        folds.append(("baseline", trained.baseline.folds))
    for series, scores_of_folds in folds:
        for fold, scores in enumerate(scores_of_folds, start=1):
            scores = task.apply_threshold(scores, target)
            records += metric_rows(scores, series, "validation", fold)
    return records


def _importances(trained: TrainingResult) -> Records:
    repeats, seed = (trained.request.options[name] for name in ("importance_repeats", "seed"))
    rows = sample_rows(len(trained.split.test), len(trained.features), repeats, seed)
    test = trained.test.take(rows)
    metric, score = trained.request.task.permutation_score(
        trained.best, test.matrix, test.actual, trained.target, trained.metric
    )
    return importance_rows(
        score,
        test.matrix,
        [feature.name for feature in trained.features],
        metric,
        repeats,
        seed,
    )


def _extra_metrics(trained: TrainingResult) -> Records:
    chosen, training = trained.chosen, trained.training
    return trained.request.task.extra_metrics(
        lambda rows: trained.fitter.fit(chosen.algorithm, chosen.params, training.take(rows)),
        trained.best,
        training,
        trained.test,
        trained.request.options["seed"],
    )


def _candidate(candidate: Candidate, trained: TrainingResult) -> dict[str, Any]:
    return {
        "candidate": candidate.number,
        "algorithm": candidate.algorithm,
        "params": candidate.params,
        "is_baseline": candidate.is_baseline,
        "chosen": candidate is trained.chosen,
        "metric": trained.metric.name,
        "score": json_number(candidate.score),
        "deviation": candidate.deviation,
        "fold_scores": candidate.scores,
        "seconds": candidate.seconds,
        "rows_share": json_number(candidate.share),
        "error": candidate.error and candidate.error.message,
    }


def _version(
    trained: TrainingResult,
    spec: str,
    test: EvaluationInput,
    baseline: EvaluationInput | None,
    intervals: dict[str, tuple[float, float]],
) -> dict[str, Any]:
    request, data, split = trained.request, trained.data, trained.split
    metric, target, setting = trained.metric, trained.target, trained.fitter.db.setting
    lower, upper = intervals.get(metric.name, (None, None))
    return {
        "model": request.model,
        "task": request.task.name,
        "target": request.target,
        "key": request.key,
        "algorithm": trained.chosen.algorithm,
        "params": trained.chosen.params,
        "metric": metric.name,
        "score": json_number(metric.value(test)),
        "lower": json_number(lower),
        "upper": json_number(upper),
        "baseline": None if baseline is None else json_number(metric.value(baseline)),
        "classes": request.task.class_counts(target, split.train, split.test),
        "positive_class": target.positive_class,
        "threshold": target.threshold if len(target.names) == 2 else None,
        "baseline_answer": trained.baseline and json_number(trained.baseline.constant),
        "baseline_algorithm": trained.baseline and trained.baseline.name,
        "groups": groups.group_facts(trained),
        "excluded": trained.excluded,
        "rows_read": data.rows_read,
        "rows_train": len(split.train),
        "rows_test": len(split.test),
        "split": split.facts | {"rows_without_target": data.rows_read - data.table.rows},
        "options": request.options,
        "query": request.query,
        "data_fingerprint": data.fingerprint,
        "spec_fingerprint": spec,
        "libraries": library_versions(trained.chosen.algorithm),
        "git_commit": setting("glasshouse.git_commit"),
        "dbt_invocation": setting("glasshouse.dbt_invocation"),
    }


def _features(trained: TrainingResult) -> tuple[Records, Records]:
    """The summary of each feature, and its distribution by class.

    A numeric target has no classes, and all rows are counted together.
    """
    task, target, table = trained.request.task, trained.target, trained.data.table
    sampled = _sampled_positions(trained)
    class_names: list[str | None] = [*target.names] or [None]
    classes = target.values if target.names else np.zeros(table.rows, np.int64)
    summaries: Records = []
    distributions: Records = []
    for summary, bins in describe_features(
        trained.features,
        table,
        classes,
        class_names,
        lambda values: task.univariate_auc(values, sampled, target),
    ):
        check_interrupts()
        summaries.append(summary)
        distributions += bins
    if task.needs_target:
        rows = sample_training_rows(trained.split.train, target, trained.request.options["seed"])
        row_target = replace(target, values=target.values[rows])
        for summary in summaries:
            check_interrupts()
            name = summary["name"]
            if summary["kind"] == TEXT:
                continue  # a rule by whole texts would say nothing of their words
            is_category = name in table.texts
            values = table.texts[name].codes if is_category else table.numbers[name]
            summary["univariate_score"] = univariate_score(values[rows], row_target, is_category)
    return summaries, distributions
