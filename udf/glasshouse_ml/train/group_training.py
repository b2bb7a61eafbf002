"""ml.train_group: trains the model of one group again, in a version that exists."""

import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, Table
from glasshouse_ml.core.target import Costs, Target
from glasshouse_ml.data import threads
from glasshouse_ml.data.canonical_text import canonical_text
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.data.query_text import clean_query, subquery
from glasshouse_ml.measure.intervals import metric_rows
from glasshouse_ml.measure.segments import group_name, segment_name
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model.assembly import build_pipeline
from glasshouse_ml.model.fitting import one_line_errors
from glasshouse_ml.model.grouped import Grouped, pooling_reason
from glasshouse_ml.model.splitting import split_rows
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.registry.groups import record_group
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.train.training_data import read_training_data


def train_group(
    db: Database, model: str, group: str, query: str | None, version: int | None
) -> dict[str, Any]:
    """Replace the model of one group of a version; the columns of ml.training_result by name.

    Algorithm, parameters, features and options are those of the version. The rows are those of the
    group in the query, by default that of the version; they are split again in the same way.
    """
    started = time.perf_counter()
    threads.limit_threads(db)
    facts = registry.facts(db, model, version)
    if facts is None:
        raise registry.not_found(db, model, version)
    group_by = facts["options"].get("group_by")
    if not group_by:
        raise GlasshouseError(
            f"Version {facts['version']} of model {model!r} has no groups.",
            'Train it with options => \'{"group_by": "column"}\'.',
        )
    stored = registry.load(db, model, facts["version"])
    position = [feature.name for feature in stored.features].index(group_by)
    feature = stored.features[position]
    value = _group_value(feature, group)
    with warnings.catch_warnings(), interruptible(db.check_interrupts):
        warnings.simplefilter("ignore")
        rows = clean_query(query or facts["query"])
        request = _request(facts, rows, _condition(db, rows, feature, value))
        data = read_training_data(db, request)
        _check_columns(stored, data.table)
        split = split_rows(data.table, request.task.splitter(data.target), request)
        target = _target(stored, data.target, facts)
        matrix = encode(stored.features, data.table)
        fitted_at = time.perf_counter()
        member = _fit(
            request, facts, stored, target, matrix[split.train], target.values[split.train]
        )
        seconds = time.perf_counter() - fitted_at
        scores = request.task.score(
            _as_pipeline(stored, value, member),
            matrix[split.test],
            target.values[split.test],
            target,
        )
    scores = request.task.apply_interval(request.task.apply_threshold(scores, target), target)
    name = group_name(feature, value)
    metrics = metric_rows(scores, "model", "test", segment=segment_name(group_by, name))
    baseline = request.task.baseline_scores(facts, replace(target, values=scores.actual))
    if baseline is not None:
        metrics += metric_rows(baseline, "baseline", "test", segment=segment_name(group_by, name))
    entry = {
        "train": len(split.train),
        "test": len(split.test),
        "own": True,
        "why_not": None,
        "seconds": round(seconds, 4),
    }
    record_group(db, model, facts["version"], name, member, entry, metrics)
    values = {row["series"]: row["value"] for row in metrics if row["metric"] == facts["metric"]}
    return {
        "model": model,
        "version": facts["version"],
        "algorithm": facts["algorithm"],
        "metric": facts["metric"],
        "score": values.get("model"),
        "baseline": values.get("baseline"),
        "champion": facts["status"] == "champion",
        "seconds": round(time.perf_counter() - started, 3),
    }


def _group_value(feature: Feature, group: str) -> float:
    """The value of a group in the matrix, by the name that ml.model_versions.groups has for it."""
    if feature.kind == CATEGORY:
        values = {group_name(feature, code): code for code in feature.codes().values()}
    elif feature.kind == BOOLEAN:
        values = {group_name(feature, code): code for code in (0.0, 1.0)}
    else:
        try:
            return float(group)
        except ValueError:
            values = {}
    if group not in values:
        raise GlasshouseError(
            f"The training of the version met no group {group!r} of {feature.name!r}.",
            near_names(group, values) if values else "Give a number.",
        )
    return values[group]


def _condition(db: Database, query: str, feature: Feature, value: float) -> str:
    column = f"rows.{db.quote_identifier(feature.name)}"
    if feature.kind == CATEGORY:
        columns = {entry.name: entry for entry in db.columns(query)}
        if feature.name not in columns:
            raise GlasshouseError(
                f"The query returns no column {feature.name!r}, which options.group_by names.",
                near_names(feature.name, columns),
            )
        text = canonical_text(columns[feature.name], column, db.changed_settings(), SCHEMA)
        return f"{text} = {db.quote_literal(feature.categories[int(value)])}"
    if feature.kind == BOOLEAN:
        return column if value else f"not {column}"
    return f"{column}::float8 = {value!r}"


def _request(facts: dict[str, Any], query: str, condition: str) -> Request:
    """The request of the version, for the rows of one group."""
    split = {name: facts["split"].get(name) for name in ("by", "column", "test")}
    if "gap" in facts["split"]:
        split["gap"] = facts["split"]["gap"]
    # They are about all classes, and a group may lack one.
    options = facts["options"] | {"positive_class": None, "costs": None, "memory_mb": None}
    return Request(
        model=facts["model"],
        query=f"select * from {subquery(query)} where {condition}",  # noqa: S608 (quoted values)
        task=TASKS[facts["task"]],
        target=facts["target"],
        key=facts["key"],
        algorithms=None,
        metric=facts["metric"],
        split=split,
        options=options,
        has_explicit_folds=False,
    )


def _check_columns(stored: Model, table: Table) -> None:
    for feature in stored.features:
        if feature.name not in (table.texts if feature.is_textual else table.numbers):
            raise GlasshouseError(
                f"The query returns no column {feature.name!r} of the type it had in the training.",
                "Give the columns of the training.",
            )


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
    matrix: np.ndarray,
    target_values: np.ndarray,
) -> Pipeline:
    reason = pooling_reason(target_values, bool(stored.classes))
    if reason is not None:
        raise GlasshouseError(f"The group gets no model of its own. {reason}", "Give more rows.")
    entry = catalogue.find_algorithm(request.task.name, facts["algorithm"])
    entry.check_rows(len(target_values))
    params = request.task.estimator_params(
        facts["params"], entry.parameters, target, request.options
    )
    grouped: Grouped = build_pipeline(entry, params, stored.features, request.options)[-1]
    with one_line_errors(f"{facts['algorithm']} could not be trained"):
        return grouped.fit_member(np.delete(matrix, grouped.column, axis=1), target_values)


def _as_pipeline(stored: Model, value: float, member: Pipeline) -> Pipeline:
    """A model of the one group, in the form of a model of all groups."""
    pooled: Grouped = stored.pipeline[-1]
    grouped = Grouped(pooled.template, pooled.column)
    grouped.pooled_ = pooled.pooled_
    grouped.values_, grouped.members_ = np.array([value]), [member]
    if hasattr(pooled, "classes_"):
        grouped.classes_ = pooled.classes_
    return Pipeline([("estimate", grouped)])
