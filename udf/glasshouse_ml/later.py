"""ml.evaluate: how good a version is on labelled rows that came after its training."""

from typing import Any

import numpy as np

from glasshouse_ml import registry
from glasshouse_ml.artifacts import Model
from glasshouse_ml.database import Database
from glasshouse_ml.encoding import encode
from glasshouse_ml.errors import GlasshouseError, near_names, rows
from glasshouse_ml.evaluation import intervals, number
from glasshouse_ml.fingerprint import canonical
from glasshouse_ml.metrics import METRICS, Scored
from glasshouse_ml.prediction import check_columns
from glasshouse_ml.rows import Reader, describe
from glasshouse_ml.table import CATEGORY, Table

Measured = tuple[str, float | None, float | None, float | None, float | None, int]


def evaluate(db: Database, model: str, query: str, version: int | None) -> list[Measured]:
    """Metric, value, lower, upper, baseline and rows, for every metric; nothing is recorded."""
    facts = registry.facts(db, model, version)
    stored = registry.load(db, model, facts["version"] if facts else version)
    assert facts is not None  # a version without facts has no artifact either
    table = _read(db, stored, query, facts["target"])
    classes = _classes(table, stored, facts["target"])
    positive = 0 if stored.positive_class is None else stored.classes.index(stored.positive_class)
    matrix = encode(stored.features, table)
    found = Scored(classes, stored.pipeline.predict_proba(matrix), positive)
    baseline = Scored(classes, _baseline(facts, len(classes)), positive)
    db.checkpoint()
    ranges = intervals(found, facts["options"]["bootstrap"], facts["options"]["seed"])
    measured = []
    for name, metric in METRICS.items():
        lower, upper = ranges.get(name, (None, None))
        values = (metric.value(found), lower, upper, metric.value(baseline))
        measured.append((name, *map(number, values), table.rows))
    return measured


def _read(db: Database, stored: Model, query: str, target: str) -> Table:
    query, columns = describe(db, query)
    by_name = {column.name: column for column in columns}
    check_columns(stored.features, by_name)
    if target not in by_name:
        raise GlasshouseError(
            f"The query returns no column {target!r}, which the model predicts.",
            near_names(target, by_name),
        )
    numbers = [by_name[feature.name] for feature in stored.features if feature.kind != CATEGORY]
    texts = [by_name[feature.name] for feature in stored.features if feature.kind == CATEGORY]
    # In canonical order, so that the same rows give the same interval.
    table, _ = canonical(Reader(db, query, numbers, [*texts, by_name[target]]).table())
    known = table.texts[target].codes >= 0
    if not known.any():
        found = f"{target} is NULL in every row." if table.rows else "The query returns no row."
        raise GlasshouseError(found, "Give rows whose answer is known by now.")
    left_out = int((~known).sum())
    if left_out:
        db.notice(f"Left out {rows(left_out)} without a target ({target} is NULL).")
    return table.take(known)


def _classes(table: Table, stored: Model, target: str) -> np.ndarray:
    texts = table.texts[target]
    present = [texts.levels[code] for code in np.unique(texts.codes)]
    for name in present:
        if name not in stored.classes:
            raise GlasshouseError(
                f"Column {target!r} holds {name!r}, a class the model has never met.",
                "Train the model again with such rows, or leave them out knowingly.",
            )
    numbers = [stored.classes.index(n) if n in stored.classes else -1 for n in texts.levels]
    return np.array(numbers)[texts.codes]


def _baseline(facts: dict[str, Any], count: int) -> np.ndarray:
    """The baseline of the training: the share of each class in the rows the model learned from."""
    learned = np.array([entry["train"] for entry in facts["classes"]], float)
    return np.tile(learned / learned.sum(), (count, 1))
