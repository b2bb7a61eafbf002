"""From a request to labelled examples: which columns are what, and which are left out."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names, rows
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import CATEGORY, NUMBER, TIME, Column, Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.data import memory
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.fingerprint import canonical
from glasshouse_ml.data.row_reader import Reader, expand_arrays, read_columns
from glasshouse_ml.measure.segments import check as check_segments

# A text column in which nearly every row has a value of its own names the row.
_KEY_LIKE = 0.95
# A number of its own for every row can be a measurement: the name must say that it is a key.
_WHOLE = ("smallint", "integer", "bigint")
_KEY_NAME = re.compile(r"(^|[_ ])(id|key|nr|no|number|pk)$|[a-z](Id|ID|Key|Number)$", re.ASCII)


@dataclass(frozen=True)
class TrainingData:
    """Labelled rows in canonical order."""

    table: Table
    columns: list[Column]
    target: Target
    excluded: list[dict[str, str]]
    rows_read: int
    fingerprint: str
    divider_kind: str | None = None  # what the column that decides the split holds


@dataclass(frozen=True)
class _Roles:
    """What the columns are there for."""

    target: Column | None
    key: Column | None
    divider: Column | None  # the column that decides the split
    features: list[Column]
    excluded: list[dict[str, str]]


def read_training_data(db: Database, request: Request) -> TrainingData:
    """Read the rows of a request."""
    columns = expand_arrays(db, request.query, read_columns(db, request.query))
    roles = _roles(request, columns)
    by_time = request.split["by"] == "time"
    numbers = [column for column in roles.features if column.numeric]
    texts = [column for column in roles.features if not column.numeric]
    numeric_target = request.task.numeric_target
    if roles.target:
        (numbers if numeric_target else texts).append(roles.target)
    if roles.key:
        texts.append(roles.key)
    if roles.divider and by_time:
        numbers.append(roles.divider)
    elif roles.divider and roles.divider != roles.key:
        texts.append(roles.divider)
    reader = Reader(db, request.query, numbers, texts)
    limit = request.options["memory_mb"]
    table, digest = canonical(reader.table(memory.room(limit)))
    rows_read = reader.read
    if not rows_read:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    excluded = [*roles.excluded, *_left_out(db, table.rows, rows_read, limit)]
    check_segments(table, request.options["segments"])
    if roles.target:
        table = _labelled(db, table, roles.target.name, numeric_target)
    if request.key and (table.texts[request.key].codes < 0).any():
        raise GlasshouseError(
            f"Key column {request.key!r} holds NULL.",
            f"Leave those rows out: where {request.key} is not null.",
        )
    target = request.task.encode_target(table, request.target, request.options)
    kind = roles.divider.kind if roles.divider else None
    return TrainingData(table, roles.features, target, excluded, rows_read, digest, kind)


def _left_out(db: Database, kept: int, read: int, limit: int | None) -> list[dict[str, str]]:
    """A word to the caller and to the registry where only a sample of the rows was kept."""
    if kept == read:
        return []
    if not kept:
        raise GlasshouseError(
            f"options.memory_mb is {limit}, which is too little for any of the {rows(read)}.",
            "Allow more.",
        )
    reason = (
        f"options.memory_mb = {limit} has room for {rows(kept)} of {read} ({kept / read:.1%}): "
        "a sample by what the rows hold."
    )
    db.notice(reason)
    return [{"name": "(rows)", "reason": reason}]


def _roles(request: Request, columns: list[Column]) -> _Roles:
    by_name = {column.name: column for column in columns}
    target = _named(by_name, request.target, "target") if request.target else None
    key = _named(by_name, request.key, "key") if request.key else None
    split = request.split
    divider = _named(by_name, split["column"], "column of the split") if split["column"] else None
    if target and target in (key, divider):
        other = "key" if target == key else "column of the split"
        raise GlasshouseError(
            f"Column {target.name!r} is both target and {other}.", f"Choose another {other}."
        )
    if target and request.task.numeric_target and target.kind != NUMBER:
        raise GlasshouseError(
            f"Target column {target.name!r} is of type {target.type}; a {request.task.name} "
            "predicts a number.",
            "Cast it in the query, or ask for task => 'classification'.",
        )
    if split["by"] == "time" and divider and divider.kind not in (TIME, NUMBER):
        raise GlasshouseError(
            f"Column {divider.name!r} is of type {divider.type}, which has no order in time.",
            "Split by a date, a timestamp or a number.",
        )
    features, excluded = [], []
    for column in columns:
        if column in (target, key):
            continue
        if column == divider:
            excluded.append({"name": column.name, "reason": "It decides the split."})
        elif column.kind is None:
            reason = f"No feature can be made of type {column.type}."
            if column.array:
                reason = "Its arrays are empty or NULL in every row."
            excluded.append({"name": column.name, "reason": reason})
        else:
            features.append(column)
    return _Roles(target, key, divider, features, excluded)


def _named(columns: dict[str, Column], name: str, role: str) -> Column:
    if name not in columns:
        raise GlasshouseError(
            f"The query returns no column {name!r}, which is named as {role}.",
            near_names(name, columns),
        )
    return columns[name]


def _labelled(db: Database, table: Table, target: str, numeric: bool) -> Table:
    """The rows whose answer is known; nothing can be learned from the others."""
    labelled = ~np.isnan(table.numbers[target]) if numeric else table.texts[target].codes >= 0
    dropped = int((~labelled).sum())
    if dropped == table.rows:
        raise GlasshouseError(
            f"Target column {target!r} is NULL in every row.", "Give rows whose answer is known."
        )
    if dropped:
        db.notice(f"Left out {rows(dropped)} without a target ({target} is NULL).")
        table = table.take(labelled)
    return table


def informative_columns(
    columns: list[Column], table: Table, training: np.ndarray
) -> tuple[list[Column], list[dict[str, Any]]]:
    """Columns worth learning from, judged by the training rows, and why the others are not."""
    kept, excluded = [], []
    for column in columns:
        reason = _exclusion_reason(column, table, training)
        if reason:
            excluded.append({"name": column.name, "reason": reason})
        else:
            kept.append(column)
    if not kept:
        raise GlasshouseError(
            "No column is left to learn from.",
            " ".join(f"{entry['name']}: {entry['reason']}" for entry in excluded[:5])
            or "Give at least one column besides the target and the key.",
        )
    return kept, excluded


def _exclusion_reason(column: Column, table: Table, training: np.ndarray) -> str | None:
    if column.kind == CATEGORY:
        codes = table.texts[column.name].codes[training]
        known = codes[codes >= 0]
        distinct = len(np.unique(known))
    else:
        values = table.numbers[column.name][training]
        known = values[~np.isnan(values)]
        distinct = int(len(known) > 0) + int(len(known) > 0 and bool((known != known[0]).any()))
    if not len(known):
        return "It is NULL in every training row."
    if distinct == 1 and len(known) == len(training):
        return "It has the same value in every training row."
    if column.kind == CATEGORY and len(known) > 2 and distinct >= _KEY_LIKE * len(known):
        return "Nearly every row has a text of its own, as a key has."
    named = column.type in _WHOLE and _KEY_NAME.search(column.name)
    if named and len(known) > 2 and len(np.unique(known)) == len(known):
        return "Every row has a number of its own, and the name says that it is a key."
    return None
