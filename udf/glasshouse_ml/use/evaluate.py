"""ml.evaluate: the metrics of a version on labelled rows that arrived after its training."""

import re
from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.split import ResamplingUnits
from glasshouse_ml.core.table import NUMBER, Column, Table
from glasshouse_ml.core.target import Costs, Target
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import check_finite, encode
from glasshouse_ml.data.fingerprint import sort_rows
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.labels import label_columns, read_label_columns, read_label_lists
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.measure.forecast_metrics import resampling_units as forecast_units
from glasshouse_ml.measure.intervals import metric_intervals
from glasshouse_ml.model.fitting import with_weights
from glasshouse_ml.model.splitting import resampling_units
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.columns import feature_columns, model_columns
from glasshouse_ml.use.forecast_evaluation import FORECAST, score_forecast

# Metric, value, lower, upper, baseline, rows.
EvaluationRow = tuple[str, float | None, float | None, float | None, float | None, int]


def evaluate(db: Database, model: str, query: str, version: int | None) -> list[EvaluationRow]:
    """A row for every metric; nothing is recorded."""
    with interruptible(db.check_interrupts):
        return _evaluate(db, model, query, version)


def _evaluate(db: Database, model: str, query: str, version: int | None) -> list[EvaluationRow]:
    facts = registry.facts(db, model, version)
    if facts is not None and facts["task"] == FORECAST:
        return _evaluate_forecast(db, model, query, facts)
    stored = registry.load(db, model, facts["version"] if facts else version)
    assert facts is not None  # a version without facts has no artifact either
    table = _read_labelled_rows(db, stored, query, facts)
    task = TASKS[stored.task]
    target = _target(table, stored, facts["target"], facts["options"].get("costs"))
    matrix = encode(stored.features, table)
    scores = task.score(stored.pipeline, matrix, target.values, target)
    weights = _row_weights(db, table, facts)
    scores = with_weights(task.apply_interval(scores, target), weights)
    baseline_scores = with_weights(task.baseline_scores(facts, target), weights)
    bootstrap, seed = facts["options"]["bootstrap"], facts["options"]["seed"]
    intervals = metric_intervals(scores, bootstrap, seed, _resampling_units(table, facts))
    return _rows(scores, baseline_scores, intervals)


def _evaluate_forecast(
    db: Database, model: str, query: str, facts: dict[str, Any]
) -> list[EvaluationRow]:
    stored = registry.load_forecast(db, model, facts["version"])
    scores, baseline = score_forecast(db, stored, query, facts["target"], model)
    bootstrap, seed = facts["options"]["bootstrap"], facts["options"]["seed"]
    season = max(stored.facts["seasons"], default=1)
    intervals = metric_intervals(scores, bootstrap, seed, forecast_units(scores, season))
    return _rows(scores, baseline, intervals)


def _rows(
    scores: EvaluationInput,
    baseline_scores: EvaluationInput | None,
    intervals: dict[str, tuple[float, float]],
) -> list[EvaluationRow]:
    rows: list[EvaluationRow] = []
    for name, metric in scores.metrics.items():
        lower, upper = intervals.get(name, (None, None))
        baseline = None
        if baseline_scores is not None and name in baseline_scores.metrics:
            baseline = metric.value(baseline_scores)
        value, lower, upper, baseline = map(
            json_number, (metric.value(scores), lower, upper, baseline)
        )
        rows.append((name, value, lower, upper, baseline, len(scores.actual)))
    return rows


def _read_labelled_rows(db: Database, stored: Model, query: str, facts: dict[str, Any]) -> Table:
    query, columns = model_columns(db, stored.features, query)
    numbers, texts = feature_columns(stored.features, columns)
    target, unit = facts["target"], _unit_column(facts)
    labels = label_columns(target, columns) if TASKS[stored.task].has_labels else []
    if unit in columns and unit not in {column.name for column in (*numbers, *texts)}:
        (numbers if facts["split"]["by"] == "time" else texts).append(columns[unit])
    numbers += [_target_column(columns, label, numeric=True) for label in labels]
    if target is not None and not labels:
        numeric = TASKS[stored.task].numeric_target
        column = _target_column(columns, target, numeric)
        if TASKS[stored.task].has_labels and column.is_text_array:
            column = replace(column, is_text_array=False, is_json=True)
        (numbers if numeric else texts).append(column)
    weight = facts["options"].get("weight")
    if weight in columns and columns[weight].numeric:
        numbers.append(columns[weight])
    table = Reader(db, query, numbers, texts).table()
    sort_rows(table)  # so that the same rows give the same interval
    if not table.rows:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    return table if target is None else _labelled(db, table, labels or [target])


def _row_weights(db: Database, table: Table, facts: dict[str, Any]) -> np.ndarray | None:
    """The weights of the rows, where the model was trained with such; NULL counts as 0."""
    name = facts["options"].get("weight")
    if name is None:
        return None
    if name not in table.numbers:
        db.notice(f"Each row counts once: the query returns no column {name!r} with weights.")
        return None
    weights = np.nan_to_num(table.numbers[name])
    if (weights < 0).any() or not weights.any() or np.isinf(weights).any():
        raise GlasshouseError(
            f"Column {name!r}, which holds the weights of the rows, is negative, infinite or 0 in "
            "every row.",
            "Give weights above 0.",
        )
    return weights


def _unit_column(facts: dict[str, Any]) -> str | None:
    """The column whose values say which rows belong together, by the split of the training."""
    split = facts["split"]
    if "kept_together" in split or split["by"] == "key":
        return facts["key"]
    return split["column"] if split["by"] in ("group", "time") else None


def _resampling_units(table: Table, facts: dict[str, Any]) -> ResamplingUnits | None:
    """The rows that belong together; None where the query does not return the column."""
    unit = _unit_column(facts)
    numbers = table.numbers.get(unit) if unit else None
    if facts["split"]["by"] == "time":
        return resampling_units(numbers, None, None)
    texts = table.texts.get(unit) if unit else None
    return resampling_units(None, numbers if texts is None else texts.codes, None)


def _target_column(columns: dict[str, Column], name: str, numeric: bool) -> Column:
    if name not in columns:
        raise GlasshouseError(
            f"The query returns no column {name!r}, which the model predicts.",
            near_names(name, columns),
        )
    if numeric and not columns[name].numeric:
        raise GlasshouseError(
            f"Column {name!r} is of type {columns[name].type}; the model predicts a number.",
            "Cast it in the query.",
        )
    return columns[name]


def _labelled(db: Database, table: Table, columns: list[str]) -> Table:
    """The rows with a target, which several columns may be."""
    is_labelled = np.ones(table.rows, bool)
    for name in columns:
        is_number = name in table.numbers
        is_labelled &= ~np.isnan(table.numbers[name]) if is_number else table.texts[name].codes >= 0
    target = ", ".join(columns)
    if not is_labelled.any():
        raise GlasshouseError(
            f"{target} is NULL in every row.", "Give rows whose target is known by now."
        )
    dropped = int((~is_labelled).sum())
    if dropped:
        db.notice(f"Left out {count_rows(dropped)} without a target ({target} is NULL).")
    return table.take(is_labelled)


def _target(
    table: Table, stored: Model, name: str | None, costs: dict[str, float] | None
) -> Target:
    """The target of the rows, in the classes of the model."""
    if name is None:
        return Target(np.zeros(table.rows, np.int64))
    if TASKS[stored.task].numeric_target:
        check_finite([Feature(name, "", NUMBER)], table.numbers[name][:, None])
        return Target(table.numbers[name], interval=stored.interval)
    if TASKS[stored.task].has_labels:
        return _label_target(table, stored, name)
    classes, texts = list(stored.classes), table.texts[name]
    # Models of earlier versions name classes of type numeric with their trailing zeros.
    positions = {_without_zeros(name): position for position, name in enumerate(classes)}
    positions |= {name: position for position, name in enumerate(classes)}
    for code in np.unique(texts.codes):
        if texts.levels[code] not in positions:
            raise GlasshouseError(
                f"Column {name!r} holds {texts.levels[code]!r}, a class that was not in training.",
                "Train the model again with such rows, or leave them out.",
            )
    class_of_level = np.array([positions.get(level, -1) for level in texts.levels])
    positive = None if stored.positive_class is None else classes.index(stored.positive_class)
    return Target(
        class_of_level[texts.codes],
        classes,
        positive,
        stored.threshold,
        Costs(**costs) if costs else None,
    )


def _label_target(table: Table, stored: Model, target: str) -> Target:
    """The labels of the rows; those that the model does not know are ignored."""
    names = list(stored.classes)
    if target in table.texts:
        return Target(read_label_lists(table.texts[target], names)[1], names)
    # A label that the training left out is read, and not measured.
    columns = label_columns(target, ())
    values = read_label_columns(table, columns)
    return Target(values[:, [columns.index(name) for name in names]], names)


def _without_zeros(number: str) -> str:
    """A number without trailing zeros after the point; any other text as it is."""
    is_decimal = re.fullmatch(r"-?\d+\.\d+", number)
    return number.rstrip("0").rstrip(".") if is_decimal else number
