"""Reads the training data: the role of each column, and which columns are left out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows, near_names
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import (
    BOOLEAN,
    CATEGORY,
    NUMBER,
    TIME,
    Column,
    Table,
)
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.task import Task
from glasshouse_ml.data import memory
from glasshouse_ml.data.calendar_parts import is_date
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.fingerprint import fingerprint as digest
from glasshouse_ml.data.fingerprint import sort_rows
from glasshouse_ml.data.labels import label_columns
from glasshouse_ml.data.row_reader import Reader, read_columns
from glasshouse_ml.data.shard_sample import read_sample
from glasshouse_ml.data.shards import ShardQuery, shard_query

WEIGHT_REASON = "It holds the weights of the rows."
# The value of options.rows with which all rows are read again.
STREAM = "stream"


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """Labelled rows in canonical order."""

    table: Table
    columns: list[Column]
    excluded: list[dict[str, str]]
    rows_read: int
    fingerprint: str
    unlabelled: Table  # the rows without a target; the column of the split alone
    reader: Reader  # of the same columns, to read all rows again
    rows_sampled: int  # of those that were read; equal where nothing was left out
    split_column: Column | None
    shards: ShardQuery | None = None  # to read all rows again on the workers of a cluster


@dataclass(frozen=True, kw_only=True)
class TrainingData(LabelledRows):
    """Labelled rows in canonical order, and their target."""

    target: Target


@dataclass(frozen=True)
class _Roles:
    """The role of each column of the query."""

    target: Column | None
    labels: list[Column]  # where several columns are the target
    key: Column | None
    weight: Column | None
    split_column: Column | None
    features: list[Column]
    excluded: list[dict[str, str]]


def read_training_data(db: Database, request: Request) -> TrainingData:
    """Read the rows of a request and encode their target."""
    rows = read_labelled_rows(db, request)
    target = request.task.encode_target(rows.table, request.target, request.options)
    if target.excluded:
        first = target.excluded[0]
        db.notice(
            f"Labels left out: {len(target.excluded)}, such as {first['name']!r}. {first['reason']}"
        )
        rows.excluded.extend(target.excluded)
    return TrainingData(target=target, **vars(rows))


def read_labelled_rows(db: Database, request: Request) -> LabelledRows:
    """Read the rows of a request."""
    memory_mb, numeric_target = request.options["memory_mb"], request.task.numeric_target
    roles = _roles(request, read_columns(db, request.query, expand_arrays=True))
    numbers = [column for column in roles.features if column.numeric]
    texts = [column for column in roles.features if not column.numeric]
    if roles.weight:
        numbers.append(roles.weight)
    if roles.target:
        (numbers if numeric_target else texts).append(roles.target)
    numbers += roles.labels
    if roles.key:
        texts.append(roles.key)
    if roles.split_column in roles.features:
        pass  # the reference time, which is read already
    elif roles.split_column and request.split["by"] == "time":
        numbers.append(roles.split_column)
    elif roles.split_column and roles.split_column != roles.key:
        texts.append(roles.split_column)
    _check_segments(request.options["segments"], [*numbers, *texts])
    max_bytes = memory.available_bytes(memory_mb)
    reader = Reader(db, request.query, numbers, texts)
    shards = None if max_bytes is None else shard_query(db, request.query)
    table = read_sample(reader, shards, max_bytes)
    rows_sampled, rows_read = table.rows, reader.rows_read
    fingerprint = sort_rows(table)
    if request.options.get("rows") == STREAM and rows_sampled < rows_read:
        fingerprint = digest([fingerprint, rows_read, reader.hash_sum])
    if not rows_read:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    excluded = [*roles.excluded, *_sample_entry(rows_sampled, rows_read, request.options)]
    unlabelled = Table(0)
    if roles.target or roles.labels:
        table, unlabelled = _labelled(table, str(request.target), roles.labels, roles.split_column)
    if request.key and (table.texts[request.key].codes < 0).any():
        raise GlasshouseError(
            f"Key column {request.key!r} holds NULL.",
            f"Leave those rows out: where {request.key} is not null.",
        )
    if roles.weight:
        table, entry = _weighted(table, roles.weight.name)
        excluded.append(entry)
    return LabelledRows(
        table=table,
        columns=roles.features,
        excluded=excluded,
        rows_read=rows_read,
        fingerprint=fingerprint,
        unlabelled=unlabelled,
        reader=reader,
        rows_sampled=rows_sampled,
        split_column=roles.split_column,
        shards=shards,
    )


def _sample_entry(sampled: int, read: int, options: dict[str, Any]) -> list[dict[str, str]]:
    """An entry of the excluded columns where only a sample of the rows is used."""
    if sampled == read:
        return []
    memory_mb = options["memory_mb"]
    if not sampled:
        raise GlasshouseError(
            f"options.memory_mb is {memory_mb}, which is too little for any of the "
            f"{count_rows(read)}.",
            "Allow more.",
        )
    reason = (
        f"options.memory_mb = {memory_mb} has room for {count_rows(sampled)} of {read} "
        f"({sampled / read:.1%}): a sample by the values of the rows."
    )
    if options.get("rows") == STREAM:
        reason += " The last fit reads all rows, if fit_method says so."
    return [{"name": "(rows)", "reason": reason}]


def _roles(request: Request, columns: list[Column]) -> _Roles:
    by_name = {column.name: column for column in columns}
    split, role_columns = request.split, dict[str, Column]()
    labels = _label_columns(request, by_name)
    names = {
        "target": None if labels else request.target,
        "key": request.key,
        "column of the split": split["column"],
        "weight": request.options.get("weight"),
        "reference time": request.options.get("reference_time"),
    }
    for role, name in names.items():
        if not name:
            continue
        if name not in by_name:
            raise GlasshouseError(
                f"The query returns no column {name!r}, which is named as {role}.",
                near_names(name, by_name),
            )
        role_columns[role] = by_name[name]
    target, key, split_column, weight, reference = map(role_columns.get, names)
    if target and request.task.has_labels and target.is_text_array:
        # Joined, a name that holds the separator would become two labels.
        target = replace(target, is_text_array=False, is_json=True)
    _check_labels(target, labels, (key, split_column, reference), request.task)
    _check_weight(weight, (target, key, split_column))
    _check_reference_time(reference, (target, key, weight))
    if target and target in (key, split_column):
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
    if split["by"] == "time" and split_column and split_column.kind not in (TIME, NUMBER):
        raise GlasshouseError(
            f"Column {split_column.name!r} is of type {split_column.type}, which has no order "
            "in time.",
            "Split by a date, a timestamp or a number.",
        )
    gap = split.get("gap")
    if split_column and gap and isinstance(gap, str) != (split_column.kind == TIME):
        raise GlasshouseError(
            f"The gap is {gap}, and column {split_column.name!r} is of type {split_column.type}.",
            'Write a time as {"gap": "7 days"} for a date or timestamp, else a number.',
        )
    features, excluded = [], []
    for column in columns:
        if column.name == request.target or column in (key, weight, *labels):
            continue
        if column == split_column and column != reference:
            excluded.append({"name": column.name, "reason": "It decides the split."})
        elif column.kind is None:
            reason = f"No feature can be made of type {column.type}."
            if column.array:
                reason = "Its arrays are empty or NULL in every row."
            excluded.append({"name": column.name, "reason": reason})
        else:
            features.append(column)
    return _Roles(target, labels, key, weight, split_column, features, excluded)


def _label_columns(request: Request, by_name: Mapping[str, Column]) -> list[Column]:
    """The columns that are the target together; none where it is one column."""
    if not request.task.has_labels or not request.target:
        return []
    names = label_columns(request.target, by_name)
    for name in names:
        if name not in by_name:
            raise GlasshouseError(
                f"The query returns no column {name!r}, which is named as a label.",
                near_names(name, by_name),
            )
    return [by_name[name] for name in names]


def _check_labels(
    target: Column | None,
    labels: Collection[Column],
    others: Collection[Column | None],
    task: Task,
) -> None:
    if target and task.has_labels and target.kind != CATEGORY:
        raise GlasshouseError(
            f"Target column {target.name!r} is of type {target.type}, which holds no lists.",
            "Name several columns, a column of texts or text[], or ask for task => "
            "'classification'.",
        )
    for label in labels:
        if label.kind not in (NUMBER, BOOLEAN):
            raise GlasshouseError(
                f"Label column {label.name!r} is of type {label.type}; a label is a boolean, or 0 "
                "or 1.",
                "Write a condition in the query, or name one column of lists as the target.",
            )
        if label in others:
            raise GlasshouseError(
                f"Column {label.name!r} is a label and has another role.", "Name another column."
            )


def _check_weight(weight: Column | None, others: Collection[Column | None]) -> None:
    if weight and weight.kind != NUMBER:
        raise GlasshouseError(
            f"Column {weight.name!r}, which options.weight names, is of type {weight.type}.",
            "Weigh rows by a number.",
        )
    if weight and weight in others:
        raise GlasshouseError(
            f"options.weight names {weight.name!r}, which is the target, the key or the column of "
            "the split.",
            "Name another column.",
        )


def _check_reference_time(reference: Column | None, others: Collection[Column | None]) -> None:
    if reference and not is_date(reference.type):
        raise GlasshouseError(
            f"Column {reference.name!r}, which options.reference_time names, is of type "
            f"{reference.type}.",
            "Name a date or a timestamp.",
        )
    if reference and reference in others:
        raise GlasshouseError(
            f"options.reference_time names {reference.name!r}, which has another role.",
            "Name another column.",
        )


def _check_segments(segments: Collection[str], columns: Collection[Column]) -> None:
    """Refuse a name in options.segments that is none of the columns."""
    names = [column.name for column in columns]
    for name in segments:
        if name not in names:
            raise GlasshouseError(
                f"There is no column {name!r} to make segments of; options.segments names it.",
                near_names(name, names),
            )


def _labelled(
    table: Table, target: str, labels: Sequence[Column], split_column: Column | None
) -> tuple[Table, Table]:
    """The rows with a target, and of the others the column of the split.

    Where several columns are the target, a row that lacks one of them has none.
    """
    labelled = np.ones(table.rows, bool)
    for name in [column.name for column in labels] or [target]:
        is_number = name in table.numbers
        labelled &= ~np.isnan(table.numbers[name]) if is_number else table.texts[name].codes >= 0
    dropped = int((~labelled).sum())
    if dropped == table.rows:
        raise GlasshouseError(
            f"Target column {target!r} is NULL in every row.", "Give rows whose answer is known."
        )
    if not dropped:
        return table, Table(0)
    split_name = split_column.name if split_column else None
    numbers = {name: values for name, values in table.numbers.items() if name == split_name}
    texts = {name: values for name, values in table.texts.items() if name == split_name}
    return table.take(labelled), Table(table.rows, numbers, texts).take(~labelled)


def _weighted(table: Table, weight: str) -> tuple[Table, dict[str, str]]:
    """The rows with a weight, and the entry of its column among the excluded ones."""
    values = table.numbers[weight]
    negative = int((values < 0).sum())
    if negative or np.isinf(values).any():
        problem = f"is negative in {count_rows(negative)}" if negative else "holds infinity"
        raise GlasshouseError(
            f"Column {weight!r}, which holds the weights of the rows, {problem}.",
            "Give weights above 0; rows with a weight of 0 or NULL are left out.",
        )
    is_weighted = values > 0
    dropped = int((~is_weighted).sum())
    if dropped == table.rows:
        raise GlasshouseError(
            f"Column {weight!r}, which holds the weights of the rows, is 0 or NULL in every row.",
            "Give weights above 0.",
        )
    entry = {"name": weight, "reason": WEIGHT_REASON}
    if not dropped:
        return table, entry
    entry["reason"] += f" {count_rows(dropped)} with a weight of 0 or NULL were left out."
    return table.take(is_weighted), entry
