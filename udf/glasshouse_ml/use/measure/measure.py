"""ml.measure: metrics and curves of predictions that any tool made, as ml.train computes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import NUMBER, Column, Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import check_finite
from glasshouse_ml.data.fingerprint import sort_rows
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.query_text import clean_query
from glasshouse_ml.data.row_reader import Reader, read_columns
from glasshouse_ml.measure.curves import curve_rows, threshold_rows
from glasshouse_ml.measure.intervals import confusion_rows, metric_intervals
from glasshouse_ml.measure.regression_metrics import RegressionScores
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.tasks.regression import Regression
from glasshouse_ml.train.options import DEFAULTS
from glasshouse_ml.use.measure.class_predictions import class_predictions

CLASSIFICATION, REGRESSION, FORECAST = "classification", "regression", "forecast"
# A forecast is measured as a regression: its rows say nothing about the history before it.
MEASURED_TASKS = (CLASSIFICATION, REGRESSION, FORECAST)
# The columns of a row; those of ml.evaluate come first.
COLUMNS: tuple[str, ...] = ("metric", "value", "lower", "upper", "baseline", "rows")
COLUMNS += ("kind", "series", "predicted", "point", "x", "threshold")

MeasureRow = tuple[Any, ...]


def measure(
    db: Database, query: str, task: str, truth: str, prediction: str, score: str | None
) -> list[MeasureRow]:
    """A row for each metric, point of a curve and cell of the confusion matrix."""
    with interruptible(db.check_interrupts):
        table = _read(db, query, task, truth, prediction, score)
        if task == CLASSIFICATION:
            records = _classification_records(db, table, truth, prediction, score)
        else:
            records = _regression_records(table, truth, prediction)
    return [tuple(record.get(name) for name in COLUMNS) for record in records]


def _read(
    db: Database, query: str, task: str, truth: str, prediction: str, score: str | None
) -> Table:
    """The columns of the rows that have all of them, sorted by value."""
    if task not in MEASURED_TASKS:
        is_task = task in TASKS
        raise GlasshouseError(
            f"ml.measure does not measure a {task}." if is_task else f"There is no task {task!r}.",
            near_names(str(task), MEASURED_TASKS),
        )
    if task != CLASSIFICATION and score is not None:
        raise GlasshouseError(
            f"A {task} has no score beside the prediction.", "Leave the score out."
        )
    query = clean_query(query)
    columns = {column.name: column for column in read_columns(db, query)}
    numbers: list[Column] = []
    texts: list[Column] = []
    places = [("truth", truth), ("prediction", prediction)]
    places += [("score", score)] if score is not None else []
    for place, name in places:
        column = _column(columns, name, place)
        is_text = task == CLASSIFICATION and (place != "score" or column.base_type == "jsonb")
        if not is_text and column.kind != NUMBER:
            raise GlasshouseError(
                f"Column {name!r} is of type {column.type}; the {place} is a number.",
                "Cast it in the query.",
            )
        (texts if is_text else numbers).append(column)
    if len({name for _, name in places}) < len(places):
        raise GlasshouseError(
            "Truth, prediction and score name one column twice.", "Each has a column of its own."
        )
    table = Reader(db, query, numbers, texts).table()
    sort_rows(table)  # so that the same rows give the same interval
    if not table.rows:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    check_finite([Feature(c.name, "", NUMBER) for c in numbers], _matrix(table, numbers))
    return _complete_rows(
        db, table, (("truth", truth), ("prediction", prediction), ("score", score))
    )


def _column(columns: dict[str, Column], name: str | None, place: str) -> Column:
    if name is None or name not in columns:
        raise GlasshouseError(
            f"The query returns no column {name!r}, which is named as {place}.",
            near_names(str(name), columns),
        )
    return columns[name]


def _matrix(table: Table, columns: Sequence[Column]) -> np.ndarray:
    values = [table.numbers[column.name] for column in columns]
    return np.column_stack(values) if values else np.empty((table.rows, 0))


def _complete_rows(db: Database, table: Table, places: Sequence[tuple[str, str | None]]) -> Table:
    """Leave out the rows in which a column is NULL, and say how many."""
    for place, name in places:
        if name is None:
            continue
        numbers = table.numbers.get(name)
        present = table.texts[name].codes >= 0 if numbers is None else ~np.isnan(numbers)
        if not present.any():
            raise GlasshouseError(f"{name}, the {place}, is NULL in every row.", "Check the query.")
        missing = int((~present).sum())
        if missing:
            db.notice(f"Left out {count_rows(missing)} without a {place} ({name} is NULL or NaN).")
            table = table.take(present)
    return table


def _classification_records(
    db: Database, table: Table, truth: str, prediction: str, score: str | None
) -> Records:
    names, scores = class_predictions(db, table, truth, prediction, score)
    shares = np.bincount(scores.actual, minlength=len(names)) / table.rows
    baseline = type(scores)(
        scores.actual,
        np.tile(shares, (table.rows, 1)),
        scores.positive,
        has_scores=scores.has_scores,
    )
    records = _metric_records(scores, baseline, table.rows)
    curves = curve_rows(scores, names) + threshold_rows(scores) if scores.has_scores else []
    return [
        *records,
        *_curve_records(curves, table.rows),
        *(
            {
                "metric": "confusion",
                "value": float(cell["n"]),
                "rows": table.rows,
                "kind": "confusion",
                "series": cell["actual"],
                "predicted": cell["predicted"],
            }
            for cell in confusion_rows(scores, names)
        ),
    ]


def _regression_records(table: Table, truth: str, prediction: str) -> Records:
    actual = table.numbers[truth]
    scores = RegressionScores(actual, table.numbers[prediction])
    baseline = RegressionScores(actual, np.full(table.rows, actual.mean()))
    curves = Regression().curves(scores, Target(actual))
    return _metric_records(scores, baseline, table.rows) + _curve_records(curves, table.rows)


def _metric_records(scores: EvaluationInput, baseline: EvaluationInput, rows: int) -> Records:
    intervals = metric_intervals(scores, DEFAULTS["bootstrap"], DEFAULTS["seed"])
    records = []
    for name, metric in scores.metrics.items():
        lower, upper = intervals.get(name, (None, None))
        records.append(
            {
                "metric": name,
                "value": json_number(metric.value(scores)),
                "lower": json_number(lower),
                "upper": json_number(upper),
                "baseline": json_number(metric.value(baseline)),
                "rows": rows,
                "kind": "metric",
            }
        )
    return records


def _curve_records(curves: Records, rows: int) -> Records:
    return [
        {
            **point,
            "metric": point["curve"],
            "point": point["position"],
            "value": point["y"],
            "rows": point.get("n", rows),
            "kind": "curve",
        }
        for point in curves
    ]
