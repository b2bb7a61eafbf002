"""ml.performance: metrics of predictions as they were made, realised and estimated, by period."""

from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.table import Column, Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.fingerprint import sort_rows
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.query_text import clean_query
from glasshouse_ml.data.row_reader import Reader, columns_by_name, read_columns
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.measure.intervals import metric_intervals
from glasshouse_ml.measure.performance_estimation import (
    CalibrationCurve,
    Estimate,
    estimate_classification,
    estimate_regression,
)
from glasshouse_ml.measure.regression_metrics import RegressionScores
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS

SCORE, TRUTH, PERIOD, SEGMENT = "score", "truth", "period", "segment"
ALL = "all"

# Period, segment, metric, rows, labelled rows, value, lower, upper, baseline, estimate, its bounds.
PerformanceRow = tuple[Any, ...]


def performance(db: Database, model: str, query: str, version: int | None) -> list[PerformanceRow]:
    """A row for each period, segment and metric; nothing is recorded."""
    with interruptible(db.check_interrupts):
        facts = registry.facts(db, model, version)
        if facts is None:
            raise registry.not_found(db, model, version)
        is_numeric = TASKS[facts["task"]].numeric_target
        if not is_numeric and facts["positive_class"] is None:
            raise GlasshouseError(
                f"Model {model!r} is neither a regression nor a classification of two classes.",
                "For other models, call ml.evaluate on labelled rows.",
            )
        table = _read(db, query, is_numeric)
        rows: list[PerformanceRow] = []
        for period, segment, part in _parts(table):
            labelled, realised = _realised(part, facts)
            estimates = _estimates(db, part.numbers[SCORE], facts)
            for metric in {**estimates, **realised}:
                value = realised.get(metric, (None,) * 4)
                estimate = estimates.get(metric, (None,) * 3)
                numbers = map(json_number, (*value, *estimate))
                rows.append((period, segment, metric, part.rows, labelled, *numbers))
        return rows


def _read(db: Database, query: str, is_numeric: bool) -> Table:
    query = clean_query(query)
    columns = columns_by_name(read_columns(db, query), ())
    if SCORE not in columns or not columns[SCORE].numeric:
        raise GlasshouseError(
            "The query returns no numeric column 'score'.", near_names(SCORE, columns)
        )
    numbers: list[Column] = [columns[SCORE]]
    texts = [columns[name] for name in (PERIOD, SEGMENT) if name in columns]
    if TRUTH in columns:
        (numbers if is_numeric else texts).append(columns[TRUTH])
    table = Reader(db, query, numbers, texts).table()
    sort_rows(table)
    if not table.rows:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    if np.isnan(table.numbers[SCORE]).any():
        raise GlasshouseError("Column 'score' is NULL in a row.", "Leave such rows out.")
    if SEGMENT in table.texts and ALL in table.texts[SEGMENT].levels:
        raise GlasshouseError(
            f"A segment is named {ALL!r}, which stands for all rows.", "Give it another name."
        )
    return table


def _parts(table: Table) -> list[tuple[str | None, str, Table]]:
    """The rows of each period, and of each segment in it; NULL is no segment."""
    parts: list[tuple[str | None, str, Table]] = []
    for period, rows in _groups(table, PERIOD):
        parts.append((period, ALL, rows))
        if SEGMENT in table.texts:
            parts += [
                (period, name, part) for name, part in _groups(rows, SEGMENT) if name is not None
            ]
    return parts


def _groups(table: Table, name: str) -> list[tuple[str | None, Table]]:
    if name not in table.texts:
        return [(None, table)]
    column = table.texts[name]
    return [
        (column.levels[code] if code >= 0 else None, table.take(column.codes == code))
        for code in sorted(set(column.codes.tolist()), key=lambda code: (code < 0, code))
    ]


def _realised(
    table: Table, facts: dict[str, Any]
) -> tuple[int, dict[str, tuple[float | None, ...]]]:
    """The number of labelled rows; for each metric value, lower, upper and baseline."""
    task = TASKS[facts["task"]]
    if TRUTH not in table.numbers and TRUTH not in table.texts:
        return 0, {}
    scores: ClassificationScores | RegressionScores
    if task.numeric_target:
        table = table.take(~np.isnan(table.numbers[TRUTH]))
        target = Target(table.numbers[TRUTH])
        scores = RegressionScores(target.values, table.numbers[SCORE])
    else:
        table = table.take(table.texts[TRUTH].codes >= 0)
        truth = table.texts[TRUTH]
        names = [entry["class"] for entry in facts["classes"]]
        positive, threshold = names.index(facts["positive_class"]), facts["threshold"] or 0.5
        is_positive = np.array([level == names[positive] for level in truth.levels], bool)
        actual = is_positive[truth.codes] if table.rows else np.zeros(0, bool)
        shares = np.column_stack([1 - table.numbers[SCORE], table.numbers[SCORE]])
        if positive == 0:
            shares = shares[:, ::-1]
        values = np.where(actual, positive, 1 - positive)
        target = Target(values, names, positive, threshold)
        scores = ClassificationScores(values, shares, positive, threshold)
    if not table.rows:
        return 0, {}
    baseline = task.baseline_scores(facts, target)
    intervals = metric_intervals(scores, facts["options"]["bootstrap"], facts["options"]["seed"])
    return table.rows, {
        name: (
            metric.value(scores),
            *intervals.get(name, (None, None)),
            None if baseline is None else metric.value(baseline),
        )
        for name, metric in scores.metrics.items()
    }


def _estimates(db: Database, scores: np.ndarray, facts: dict[str, Any]) -> dict[str, Estimate]:
    model, version = facts["model"], facts["version"]
    if not TASKS[facts["task"]].numeric_target:
        points = registry.calibration(db, model, version, facts["positive_class"])
        curve = CalibrationCurve(*(np.array([p[k] for p in points], float) for k in "xyn"))
        return estimate_classification(scores, facts["threshold"] or 0.5, curve)
    residuals = registry.residuals(db, model, version)
    if not residuals:
        return {}
    predicted, actual = (
        np.array([row[name] for row in residuals], float) for name in ("predicted", "actual")
    )
    return estimate_regression(scores, predicted, actual)
