"""Model selection: split the rows, compare the candidates, fit the best on the training part."""

from dataclasses import replace

import numpy as np

from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import XY, Split
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import MAX_CATEGORIES, MAX_TARGET_ENCODED, encode, learn_features
from glasshouse_ml.data.informative_columns import informative_columns
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model.assembly import check_monotonic
from glasshouse_ml.model.candidates import best_candidate, candidate_entries, compare
from glasshouse_ml.model.comparison_sample import with_comparison_sample
from glasshouse_ml.model.fitting import Fitter
from glasshouse_ml.model.splitting import split_rows
from glasshouse_ml.train import groups
from glasshouse_ml.train.all_rows import fit_all_rows, is_refitted
from glasshouse_ml.train.baselines import choose_baseline
from glasshouse_ml.train.processes.fold_process import fold_runner
from glasshouse_ml.train.result import TrainingResult
from glasshouse_ml.train.training_data import TrainingData


def select_model(db: Database, request: Request, data: TrainingData) -> TrainingResult:
    """The best candidate by cross-validation, fitted on the training part, and the baseline."""
    task, options = request.task, request.options
    data, split = _sort_by_part(data, split_rows(data.table, task.splitter(data.target), request))
    target = data.target
    split = with_comparison_sample(split, target, options.get("comparison_rows"), options["seed"])
    kinds = dict(options["columns"])
    if any((c.name, c.kind) == (options.get("group_by"), CATEGORY) for c in data.columns):
        # A group is a category, however many words its name has.
        kinds.setdefault(options["group_by"], CATEGORY)
    columns, uninformative = informative_columns(
        data.columns, data.table, split.train, kinds, options.get("reference_time")
    )
    max_categories = MAX_TARGET_ENCODED if task.uses_target_encoding else MAX_CATEGORIES
    features = learn_features(columns, data.table, split.train, max_categories, task.needs_target)
    if options.get("monotonic"):
        check_monotonic(features, options["monotonic"])
    excluded = [*data.excluded, *uninformative, *_comparison_entry(split)]
    if options.get("group_by"):
        groups.group_column(features, options["group_by"], excluded)
    matrix, train_rows = encode(features, data.table), len(split.train)
    # Both parts are views of one matrix: its rows lie in memory once.
    weights = data.table.numbers.get(options.get("weight") or "")
    rows = XY(matrix, target.values, np.arange(len(matrix)), weights)
    training, test = rows.take(slice(0, train_rows)), rows.take(slice(train_rows, None))
    run_each = fold_runner(db, request, features)
    fitter = Fitter(db, request, features, target, split, run_each)
    metric = task.metrics[request.metric or task.default_metric(target)]
    task.check_metric(metric, target, request.target)

    entries = candidate_entries(fitter, train_rows)
    baseline = task.baseline_params(metric)
    if baseline is not None:
        entries = [[{"algorithm": catalogue.BASELINE, "params": baseline}], *entries]
    candidates = compare(fitter, entries, training, metric, first=int(baseline is None))
    best = best_candidate(candidates, metric)
    fitter = replace(fitter, target=task.calibrate_target(best.folds, target, options))
    pipeline = fitter.fit(
        best.algorithm, best.params, training, transient_groups=is_refitted(request, data)
    )
    pipeline, fit_method, rows_fitted = fit_all_rows(fitter, data, split, pipeline)
    dummy = None if baseline is None else fitter.fit(catalogue.BASELINE, baseline, training)
    chosen_baseline, ordered_baselines = choose_baseline(
        fitter, dummy, candidates, test, metric, data.split_column, training.weights
    )
    return TrainingResult(
        request=request,
        data=data,
        split=split,
        features=features,
        excluded=excluded,
        fitter=fitter,
        metric=metric,
        candidates=candidates,
        best=best,
        pipeline=pipeline,
        fit_method=fit_method,
        rows_fitted=rows_fitted,
        baseline=chosen_baseline,
        ordered_baselines=ordered_baselines,
        target=task.finalise_target(pipeline, matrix, fitter.target),
        training=training,
        test=test,
    )


def _comparison_entry(split: Split) -> list[dict[str, str]]:
    """An entry of the excluded columns where candidates were compared on a sample."""
    if "comparison_rows" not in split.facts:
        return []
    reason = (
        f"Candidates were compared on {split.facts['comparison_rows']} of {len(split.train)} "
        "training rows (options.comparison_rows); the best one was fitted on all of them."
    )
    return [{"name": "(rows)", "reason": reason}]


def _sort_by_part(data: TrainingData, split: Split) -> tuple[TrainingData, Split]:
    """The same with the rows of the training part first and those of the test part after them.

    Rows of neither part, which lie in the gap of the split, are left out.
    """
    order = np.concatenate([split.train, split.test])
    data.table.reorder(order)
    target = replace(data.target, values=data.target.values[order])
    rows, train_rows = np.arange(len(order)), len(split.train)
    times = None if split.times is None else split.times[order]
    split = replace(split, train=rows[:train_rows], test=rows[train_rows:], times=times)
    return replace(data, table=replace(data.table, rows=len(order)), target=target), split
