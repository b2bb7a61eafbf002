"""The model of one group that is trained again, from the rows of the group alone."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Costs, Target
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.measure.intervals import metric_rows
from glasshouse_ml.measure.segments import group_name, segment_name
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model.assembly import build_pipeline
from glasshouse_ml.model.grouped import Grouped, GroupFit
from glasshouse_ml.model.splitting import split_rows
from glasshouse_ml.registry.artifacts import pack_group
from glasshouse_ml.registry.groups import TrainedGroup
from glasshouse_ml.tasks.registry import TASKS


@dataclass(frozen=True)
class GroupedVersion:
    """A version with groups, and the column of its groups."""

    facts: dict[str, Any]
    stored: Model
    feature: Feature


def group_request(facts: dict[str, Any], query: str) -> Request:
    """The request of the version, for a query that returns the rows of groups."""
    split = {name: facts["split"].get(name) for name in ("by", "column", "test")}
    if "gap" in facts["split"]:
        split["gap"] = facts["split"]["gap"]
    # They are about all classes, and a group may lack one.
    options = facts["options"] | {"positive_class": None, "costs": None, "memory_mb": None}
    return Request(
        model=facts["model"],
        query=query,
        task=TASKS[facts["task"]],
        target=facts["target"],
        key=facts["key"],
        algorithms=None,
        metric=facts["metric"],
        split=split,
        options=options,
        has_explicit_folds=False,
    )


def train_or_pool(
    grouped: GroupedVersion, request: Request, value: float, table: Table
) -> TrainedGroup:
    """As train_group_model(); where the rows cannot be split or used, the pooled model answers."""
    check_interrupts()
    try:
        return train_group_model(grouped, request, value, table)
    except GlasshouseError as error:
        check_interrupts()
        fit = GroupFit(value, table.rows, error.message)
        return _trained_group(grouped, fit, None, 0, [])


def train_group_model(
    grouped: GroupedVersion, request: Request, value: float, table: Table
) -> TrainedGroup:
    """Split the rows of one group, fit its model and test it."""
    facts, stored, task = grouped.facts, grouped.stored, request.task
    target = task.encode_target(table, request.target, request.options)
    split = split_rows(table, task.splitter(target), request)
    target = _target(stored, target, facts)
    matrix = encode(stored.features, table)
    fit, member = _fit(
        request, facts, stored, target, value, matrix[split.train], target.values[split.train]
    )
    scores = task.score(
        _as_pipeline(stored, value, member), matrix[split.test], target.values[split.test], target
    )
    scores = task.apply_interval(task.apply_threshold(scores, target), target)
    segment = segment_name(grouped.feature.name, group_name(grouped.feature, value))
    metrics = metric_rows(scores, "model", "test", segment=segment)
    baseline = task.baseline_scores(facts, replace(target, values=scores.actual))
    if baseline is not None:
        metrics += metric_rows(baseline, "baseline", "test", segment=segment)
    return _trained_group(grouped, fit, member, len(split.test), metrics)


def _trained_group(
    grouped: GroupedVersion,
    fit: GroupFit,
    member: Pipeline | None,
    test_rows: int,
    metrics: list[dict[str, Any]],
) -> TrainedGroup:
    name = group_name(grouped.feature, fit.value)
    facts = {
        "group": name,
        "train": fit.rows,
        "test": test_rows,
        "own": member is not None,
        "why_not": fit.pooling_reason,
        "seconds": round(fit.seconds, 4),
    }
    content = None if member is None else pack_group(name, member)
    return TrainedGroup(name, segment_name(grouped.feature.name, name), content, facts, metrics)


def _target(stored: Model, target: Target, facts: dict[str, Any]) -> Target:
    """The target of the group's rows by the classes of the whole model."""
    if not stored.classes:
        return replace(target, interval=stored.interval)
    positions = {name: position for position, name in enumerate(stored.classes)}
    for name in target.names:
        if name not in positions:
            raise GlasshouseError(
                f"Class {name!r} is none of the classes of the version.",
                f"Train the whole model again: ml.train({facts['model']!r}, …).",
            )
    positive = None if stored.positive_class is None else positions[stored.positive_class]
    costs = facts["options"].get("costs")
    codes = np.array([positions[name] for name in target.names])[target.values]
    return replace(
        target,
        values=codes,
        names=stored.classes,
        positive=positive,
        threshold=stored.threshold,
        costs=Costs(**costs) if costs else None,
    )


def _fit(
    request: Request,
    facts: dict[str, Any],
    stored: Model,
    target: Target,
    value: float,
    matrix: np.ndarray,
    target_values: np.ndarray,
) -> tuple[GroupFit, Pipeline | None]:
    entry = catalogue.find_algorithm(request.task.name, facts["algorithm"])
    entry.check_rows(len(target_values))
    params = request.task.estimator_params(
        facts["params"], entry.parameters, target, request.options
    )
    grouped: Grouped = build_pipeline(entry, params, stored.features, request.options)[-1]
    if stored.classes:
        grouped.classes_ = np.arange(len(stored.classes))
    return grouped.fit_group(value, np.delete(matrix, grouped.column, axis=1), target_values)


def _as_pipeline(stored: Model, value: float, member: Pipeline | None) -> Pipeline:
    """A model of the one group, in the form of a model of all groups; the pooled one without it."""
    pooled: Grouped = stored.pipeline[-1]
    grouped = Grouped(pooled.template, pooled.column)
    grouped.pooled_ = pooled.pooled_
    members = [] if member is None else [member]
    grouped.values_, grouped.members_ = np.array([value][: len(members)]), members
    if hasattr(pooled, "classes_"):
        grouped.classes_ = pooled.classes_
    return Pipeline([("estimate", grouped)])
