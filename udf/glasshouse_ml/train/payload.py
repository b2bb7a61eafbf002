"""Everything the registry keeps of a training, computed from the one look at the test part."""

from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.core.libraries import versions
from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.split import XY
from glasshouse_ml.explain.permutation_importance import importance_rows, sample
from glasshouse_ml.explain.univariate_score import alone, sampled
from glasshouse_ml.measure.distributions import look
from glasshouse_ml.measure.intervals import intervals, metric_rows
from glasshouse_ml.model.fitting import Candidate
from glasshouse_ml.train import groups
from glasshouse_ml.train.diagnostics import further_curves, reason_rows, segment_metrics
from glasshouse_ml.train.result import TrainingResult

# Training rows that are looked at again: a share of them is then known to 0.3 points.
MOST_LEARNED = 100_000


def payload(trained: TrainingResult, spec: str) -> dict[str, Any]:
    """What ml.record_version takes; a key for each table of the registry."""
    options, db = trained.request.options, trained.fitter.db
    task = trained.request.task
    db.checkpoint()
    test = trained.fitter.score(trained.best, trained.test)
    ranges = intervals(test, options["bootstrap"], options["seed"])
    db.checkpoint()
    metrics = metric_rows(test, "model", "test", ranges=ranges)
    blind = None
    if trained.baseline is not None:
        blind = trained.fitter.score(trained.baseline, trained.test)
        baseline_intervals = intervals(blind, options["bootstrap"], options["seed"])
        metrics += metric_rows(blind, "baseline", "test", ranges=baseline_intervals)
        db.checkpoint()
    learned = trained.fitter.score(trained.best, _learned_from(trained))
    importances = _importances(trained)
    features, distributions = _features(trained)
    return {
        "promote": options["promote"],
        "version": _version(trained, spec, test, blind, ranges) | {"features": features},
        "candidates": [_candidate(entry, trained) for entry in trained.candidates],
        "metrics": [
            *metrics,
            *metric_rows(learned, "model", "train"),
            *_fold_rows(trained),
            *segment_metrics(trained, test, blind),
            *groups.group_metrics(trained, test, blind),
            *(_extra_metrics(trained) if options["bootstrap"] else []),
        ],
        "curves": [*task.curves(test, trained.target), *further_curves(trained, test, learned)],
        "confusion": task.confusion(test, trained.target),
        "importances": importances,
        "distributions": distributions,
        **reason_rows(trained, test, importances),
    }


def _learned_from(trained: TrainingResult) -> XY:
    """The training rows, or a sample of them; which cluster a row is in is a matter of all."""
    part = trained.training
    if not trained.request.task.needs_target or len(part.actual) <= MOST_LEARNED:
        return part
    return part.take(_looked_at(trained))


def _looked_at(trained: TrainingResult) -> np.ndarray:
    """Positions of training rows: all, or a sample where so many take longer than they tell."""
    rows = trained.split.train
    if len(rows) <= MOST_LEARNED:
        return rows
    draw = np.random.default_rng(trained.request.options["seed"])
    return np.sort(draw.choice(rows, MOST_LEARNED, replace=False))


def _fold_rows(trained: TrainingResult) -> Records:
    """The measures on the rows of each fold."""
    found: Records = []
    task, target = trained.request.task, trained.fitter.target
    shown = [("model", trained.chosen)]
    shown += [("baseline", entry) for entry in trained.candidates if entry.is_baseline]
    for series, candidate in shown:
        for fold, scored in enumerate(candidate.folds, start=1):
            found += metric_rows(task.apply_threshold(scored, target), series, "validation", fold)
    return found


def _importances(trained: TrainingResult) -> Records:
    repeats, seed = (trained.request.options[name] for name in ("importance_repeats", "seed"))
    rows = sample(len(trained.split.test), len(trained.features), repeats, seed)
    part = trained.test.take(rows)
    metric, score = trained.request.task.permutation_score(
        trained.best, part.matrix, part.actual, trained.target, trained.metric
    )
    return importance_rows(
        score,
        part.matrix,
        [feature.name for feature in trained.features],
        metric,
        repeats,
        seed,
        trained.fitter.db.checkpoint,
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
        "score": candidate.score,
        "deviation": candidate.deviation,
        "fold_scores": candidate.scores,
        "seconds": candidate.seconds,
        "rows_share": json_number(candidate.share),
    }


def _version(
    trained: TrainingResult,
    spec: str,
    test: EvaluationInput,
    blind: EvaluationInput | None,
    ranges: dict[str, tuple[float, float]],
) -> dict[str, Any]:
    request, data, split = trained.request, trained.data, trained.split
    metric, setting = trained.metric, trained.fitter.db.setting
    lower, upper = ranges.get(metric.name, (None, None))
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
        "baseline": None if blind is None else json_number(metric.value(blind)),
        "classes": trained.request.task.class_counts(trained.target, split.train, split.test),
        "positive_class": trained.target.positive_class,
        "threshold": trained.target.threshold if len(trained.target.names) == 2 else None,
        "baseline_answer": _baseline_answer(blind, trained),
        "groups": groups.facts(trained),
        "excluded": trained.excluded,
        "rows_read": data.rows_read,
        "rows_train": len(split.train),
        "rows_test": len(split.test),
        "split": split.facts | {"rows_without_target": data.rows_read - data.table.rows},
        "options": request.options,
        "query": request.query,
        "data_fingerprint": data.fingerprint,
        "spec_fingerprint": spec,
        "libraries": versions(trained.chosen.algorithm),
        "git_commit": setting("glasshouse.git_commit"),
        "dbt_invocation": setting("glasshouse.dbt_invocation"),
    }


def _baseline_answer(blind: Any, trained: TrainingResult) -> float | None:
    """The one number of a regression's baseline; that of classes follows from their shares."""
    numeric = trained.request.task.numeric_target
    return json_number(blind.predicted[0]) if numeric and blind is not None else None


def _features(trained: TrainingResult) -> tuple[Records, Records]:
    """The facts about each feature, and its distribution.

    By class; a target of numbers has none, and all its rows are counted together.
    """
    task, target, training = trained.request.task, trained.target, trained.split.train
    table, looked_at = trained.data.table, _looked_at(trained)
    names: list[str | None] = [*target.names] or [None]
    groups = target.values if target.names else np.zeros(table.rows, np.int64)
    facts: Records = []
    distributions: Records = []
    for found, rows in look(
        trained.features,
        table,
        groups,
        names,
        lambda values: task.univariate_auc(values, looked_at, target),
    ):
        facts.append(found)
        distributions += rows
    if task.needs_target:
        some = sampled(training, trained.request.options["seed"])
        answers = replace(target, values=target.values[some])
        for found in facts:
            name = found["name"]
            is_category = name in table.texts
            values = table.texts[name].codes if is_category else table.numbers[name]
            found["alone"] = alone(values[some], answers, is_category)
    return facts, distributions
