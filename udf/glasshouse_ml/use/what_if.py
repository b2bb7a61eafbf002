"""ml.what_if: the predictions for rows as they are, and with other values in some columns."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.json_arguments import parse_json
from glasshouse_ml.core.table import Column
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import BatchEncoder
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.query_text import subquery
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.columns import check_key, feature_columns, model_columns
from glasshouse_ml.use.predict import BATCH

# The column of the changed query that holds the change of a row.
CHANGE = "glasshouse_change"

# Key, change, prediction and score.
WhatIfRow = tuple[str | None, str | None, str | None, float | None]


def what_if(db: Database, model: str, query: str, changes: str) -> Iterator[WhatIfRow]:
    """For each row of the query its prediction, and one for each of the changes.

    changes: a JSON object of columns and values, or an array of such objects. Each of them changes
    the row as the query returns it. A name that the model did not learn from is an error.
    """
    stored = registry.load(db, model, None)
    query, columns = model_columns(db, stored.features, query)
    check_key(columns, stored.key, model)
    alternatives = _parse_changes(changes, stored.features, model)
    changed = _changed_query(db, query, list(columns.values()), alternatives)
    _, columns = model_columns(db, stored.features, changed)
    numbers, texts = feature_columns(stored.features, columns)
    key = [columns[stored.key]] if stored.key else []
    reader = Reader(db, changed, numbers, [*texts, columns[CHANGE], *key])
    missing = reader.packing.missing
    encoder = BatchEncoder(stored.features, missing)
    for size, batch_numbers, batch_texts in reader.batches(BATCH):
        keys = batch_texts.pop() if key else [missing] * size
        descriptions = [text if text != "{}" else None for text in batch_texts.pop()]
        matrix = encoder.encode(batch_numbers, batch_texts)
        with interruptible(db.check_interrupts):
            predictions, scores, _ = TASKS[stored.task].predict(stored, matrix)
        nullable_keys = [None if text == missing else text for text in keys]
        yield from zip(nullable_keys, descriptions, predictions, map(float, scores), strict=True)


def _parse_changes(changes: str, features: Sequence[Feature], model: str) -> list[dict[str, Any]]:
    """The objects of the argument, of which each names at least one feature."""
    value = parse_json(changes, "changes")
    alternatives = value if isinstance(value, list) else [value]
    if not alternatives or not all(isinstance(each, dict) and each for each in alternatives):
        raise GlasshouseError(
            "changes holds no columns with their new values.",
            "Write changes => '{\"column\": value}', or an array of such objects.",
        )
    names = {feature.of or feature.name for feature in features}
    for name in (name for each in alternatives for name in each):
        if name not in names:
            raise GlasshouseError(
                f"changes names {name!r}, which is no feature of model {model!r}.",
                near_names(name, names),
            )
    return alternatives


def _changed_query(
    db: Database, query: str, columns: Sequence[Column], alternatives: Sequence[dict[str, Any]]
) -> str:
    """A SELECT of each row, first as it is and then with each of the alternatives.

    PostgreSQL reads the new values as the types of the columns.
    """
    names = list(dict.fromkeys(name for each in alternatives for name in each))
    types = {column.name: column.type for column in columns if not column.of}
    quoted = {name: db.quote_identifier(name) for name in types}
    selected = [
        f"case when changes.change ? {db.quote_literal(name)} then new.{quoted[name]}"
        f" else rows.{quoted[name]} end as {quoted[name]}"
        if name in names
        else f"rows.{quoted[name]}"
        for name in types
    ]
    values = ", ".join(
        f"({number}, {db.quote_literal(json.dumps(each))}::jsonb)"
        for number, each in enumerate([{}, *alternatives])
    )
    definitions = ", ".join(f"{quoted[name]} {types[name]}" for name in names)
    numbered = f"(select *, row_number() over () as glasshouse_row from {subquery(query)}) as rows"  # noqa: S608
    return (
        f"select {', '.join(selected)}, changes.change::text as {CHANGE}"  # noqa: S608
        f" from {numbered} cross join (values {values}) as changes (number, change)"
        f" cross join lateral jsonb_to_record(changes.change) as new ({definitions})"
        " order by rows.glasshouse_row, changes.number"
    )
