"""ml.evaluate: how good a version is on rows that came after its training."""

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names, rows
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.table import CATEGORY, NUMBER, Column, Table
from glasshouse_ml.core.target import Costs, Target
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import check_finite, encode
from glasshouse_ml.data.fingerprint import canonical
from glasshouse_ml.data.interrupts import attentive
from glasshouse_ml.data.row_reader import Reader, check_arrays, clean_query, read_columns
from glasshouse_ml.data.row_reader import by_name as named
from glasshouse_ml.measure.intervals import intervals
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.predict import check_columns

Line = tuple[str, float | None, float | None, float | None, float | None, int]


def evaluate(db: Database, model: str, query: str, version: int | None) -> list[Line]:
    """Metric, value, lower, upper, baseline and rows, for every metric; nothing is recorded."""
    with attentive(db.checkpoint):
        return _lines(db, model, query, version)


def _lines(db: Database, model: str, query: str, version: int | None) -> list[Line]:
    facts = registry.facts(db, model, version)
    stored = registry.load(db, model, facts["version"] if facts else version)
    assert facts is not None  # a version without facts has no artifact either
    table = _read(db, stored, query, facts["target"])
    task = TASKS[stored.task]
    target = _target(table, stored, facts["target"], facts["options"].get("costs"))
    matrix = encode(stored.features, table)
    found = task.score(stored.pipeline, matrix, target.values, target)
    baseline = task.baseline_scores(facts, target)
    ranges = intervals(found, facts["options"]["bootstrap"], facts["options"]["seed"])
    measured = []
    for name, metric in found.metrics.items():
        lower, upper = ranges.get(name, (None, None))
        blind = None if baseline is None else metric.value(baseline)
        values = (metric.value(found), lower, upper, blind)
        measured.append((name, *map(json_number, values), table.rows))
    return measured


def _read(db: Database, stored: Model, query: str, target: str | None) -> Table:
    query = clean_query(query)
    by_name = named(read_columns(db, query), stored.features)
    check_columns(stored.features, by_name)
    check_arrays(db, query, stored.features)
    numbers = [by_name[feature.name] for feature in stored.features if feature.kind != CATEGORY]
    texts = [by_name[feature.name] for feature in stored.features if feature.kind == CATEGORY]
    if target is not None:
        numeric = TASKS[stored.task].numeric_target
        (numbers if numeric else texts).append(_target_column(by_name, target, numeric))
    # In canonical order, so that the same rows give the same interval.
    table, _ = canonical(Reader(db, query, numbers, texts).table())
    if not table.rows:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    return table if target is None else _labelled(db, table, target)


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


def _labelled(db: Database, table: Table, target: str) -> Table:
    """The rows whose answer is known by now."""
    numbers = table.numbers.get(target)
    known = table.texts[target].codes >= 0 if numbers is None else ~np.isnan(numbers)
    if not known.any():
        raise GlasshouseError(
            f"{target} is NULL in every row.", "Give rows whose answer is known by now."
        )
    left_out = int((~known).sum())
    if left_out:
        db.notice(f"Left out {rows(left_out)} without a target ({target} is NULL).")
    return table.take(known)


def _target(
    table: Table, stored: Model, name: str | None, asked: dict[str, float] | None
) -> Target:
    """The answers of the rows, in the classes of the model."""
    if name is None:
        return Target(np.zeros(table.rows, np.int64))
    if TASKS[stored.task].numeric_target:
        check_finite([Feature(name, "", NUMBER)], table.numbers[name][:, None])
        return Target(table.numbers[name])
    names, texts = list(stored.classes), table.texts[name]
    for code in np.unique(texts.codes):
        if texts.levels[code] not in names:
            raise GlasshouseError(
                f"Column {name!r} holds {texts.levels[code]!r}, a class the model has never met.",
                "Train the model again with such rows, or leave them out knowingly.",
            )
    numbers = np.array([names.index(n) if n in names else -1 for n in texts.levels])
    costs = Costs(**asked) if asked else None
    positive = None if stored.positive_class is None else names.index(stored.positive_class)
    return Target(numbers[texts.codes], names, positive, stored.threshold, costs)
