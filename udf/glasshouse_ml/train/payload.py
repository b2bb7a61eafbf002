"""Everything the registry keeps of a training, computed from the one look at the test part."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.libraries import versions
from glasshouse_ml.core.metric import Measured, Metric
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.task import Target
from glasshouse_ml.data.encoding import Feature
from glasshouse_ml.explain.permutation_importance import importance_rows, sample
from glasshouse_ml.explain.univariate_score import alone, sampled
from glasshouse_ml.measure.distributions import look
from glasshouse_ml.measure.intervals import intervals, metric_rows, number
from glasshouse_ml.model import grouped as groups
from glasshouse_ml.model.fitting import Candidate, Fitter, Part
from glasshouse_ml.model.splitting import Split
from glasshouse_ml.train.diagnostics import further_curves, reason_rows, segment_metrics
from glasshouse_ml.train.training_data import Examples

Rows = list[dict[str, Any]]

# Training rows that are looked at again: a share of them is then known to 0.3 points.
MOST_LEARNED = 100_000


@dataclass(frozen=True)
class Trained:
    """The outcome of a training, before it is recorded."""

    request: Request
    data: Examples
    split: Split
    features: list[Feature]
    excluded: list[dict[str, str]]
    fitter: Fitter
    metric: Metric
    candidates: list[Candidate]
    chosen: Candidate
    best: Pipeline
    baseline: Pipeline | None
    target: Target
    training: Part
    test: Part


def initial_status(options: dict[str, Any]) -> str:
    """The status of a new version: a candidate where tests or the user promote it later."""
    is_candidate = options["promote"] == "never" or options["await_tests"]
    return "candidate" if is_candidate else "champion"


def payload(trained: Trained, spec: str) -> dict[str, Any]:
    """What ml.record_version takes; a key for each table of the registry."""
    options, db = trained.request.options, trained.fitter.db
    task = trained.fitter.task
    db.checkpoint()
    test = trained.fitter.score(trained.best, trained.test)
    ranges = intervals(test, options["bootstrap"], options["seed"])
    db.checkpoint()
    metrics = metric_rows(test, "model", "test", ranges=ranges)
    blind = None
    if trained.baseline is not None:
        blind = trained.fitter.score(trained.baseline, trained.test)
        blind_ranges = intervals(blind, options["bootstrap"], options["seed"])
        metrics += metric_rows(blind, "baseline", "test", ranges=blind_ranges)
        db.checkpoint()
    learned = trained.fitter.score(trained.best, _learned_from(trained))
    importances = _importances(trained)
    features, distributions = _features(trained)
    return {
        "status": initial_status(options),
        "version": _version(trained, spec, test, blind, ranges) | {"features": features},
        "candidates": [_candidate(entry, trained) for entry in trained.candidates],
        "metrics": [
            *metrics,
            *metric_rows(learned, "model", "train"),
            *_fold_rows(trained),
            *segment_metrics(trained, test, blind),
            *groups.group_metrics(trained, test, blind),
            *(task.further(trained) if options["bootstrap"] else []),
        ],
        "curves": [*task.curves(test, trained.target), *further_curves(trained, test, learned)],
        "confusion": task.confusion(test, trained.target),
        "importances": importances,
        "distributions": distributions,
        **reason_rows(trained, test, importances),
    }


def _learned_from(trained: Trained) -> Part:
    """The training rows, or a sample of them; which cluster a row is in is a matter of all."""
    part = trained.training
    if not trained.fitter.task.needs_target or len(part.actual) <= MOST_LEARNED:
        return part
    return part.take(_looked_at(trained))


def _looked_at(trained: Trained) -> np.ndarray:
    """Positions of training rows: all, or a sample where so many take longer than they tell."""
    rows = trained.split.train
    if len(rows) <= MOST_LEARNED:
        return rows
    draw = np.random.default_rng(trained.request.options["seed"])
    return np.sort(draw.choice(rows, MOST_LEARNED, replace=False))


def _fold_rows(trained: Trained) -> Rows:
    """The measures on the rows of each fold."""
    found: Rows = []
    task, target = trained.fitter.task, trained.fitter.target
    shown = [("model", trained.chosen)]
    shown += [("baseline", entry) for entry in trained.candidates if entry.is_baseline]
    for series, candidate in shown:
        for fold, scored in enumerate(candidate.folds, start=1):
            found += metric_rows(task.measured(scored, target), series, "validation", fold)
    return found


def _importances(trained: Trained) -> Rows:
    repeats, seed = (trained.request.options[name] for name in ("importance_repeats", "seed"))
    rows = sample(len(trained.split.test), len(trained.features), repeats, seed)
    part = trained.test.take(rows)
    metric, score = trained.fitter.task.shuffled(
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


def _candidate(candidate: Candidate, trained: Trained) -> dict[str, Any]:
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
        "rows_share": number(candidate.share),
    }


def _version(
    trained: Trained,
    spec: str,
    test: Measured,
    blind: Measured | None,
    ranges: dict[str, tuple[float, float]],
) -> dict[str, Any]:
    request, data, split = trained.request, trained.data, trained.split
    metric, setting = trained.metric, trained.fitter.db.setting
    lower, upper = ranges.get(metric.name, (None, None))
    return {
        "model": request.model,
        "task": request.task,
        "target": request.target,
        "key": request.key,
        "algorithm": trained.chosen.algorithm,
        "params": trained.chosen.params,
        "metric": metric.name,
        "score": number(metric.value(test)),
        "lower": number(lower),
        "upper": number(upper),
        "baseline": None if blind is None else number(metric.value(blind)),
        "classes": trained.fitter.task.classes(trained.target, split.train, split.test),
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
        "query": data.query,
        "data_fingerprint": data.fingerprint,
        "spec_fingerprint": spec,
        "libraries": versions(trained.chosen.algorithm),
        "git_commit": setting("glasshouse.git_commit"),
        "dbt_invocation": setting("glasshouse.dbt_invocation"),
    }


def _baseline_answer(blind: Any, trained: Trained) -> float | None:
    """The one number of a regression's baseline; that of classes follows from their shares."""
    numeric = trained.fitter.task.numeric_target
    return number(blind.predicted[0]) if numeric and blind is not None else None


def _features(trained: Trained) -> tuple[Rows, Rows]:
    """The facts about each feature, and its distribution.

    By class; a target of numbers has none, and all its rows are counted together.
    """
    task, target, training = trained.fitter.task, trained.target, trained.split.train
    table, looked_at = trained.data.table, _looked_at(trained)
    names: list[str | None] = [*target.names] or [None]
    groups = target.values if target.names else np.zeros(table.rows, np.int64)
    facts: Rows = []
    distributions: Rows = []
    for found, rows in look(
        trained.features,
        table,
        groups,
        names,
        lambda values: task.separation(values, looked_at, target),
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
