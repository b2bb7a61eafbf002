"""The labels of rows: from several columns of 0 and 1, or from one column of lists."""

import json
from collections.abc import Collection, Sequence

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, shown
from glasshouse_ml.core.table import Table, TextColumn
from glasshouse_ml.data.item_lists import (
    SEPARATORS,
    find_separator,
    frequent_separator,
    split_items,
)


def label_columns(target: str, columns: Collection[str]) -> list[str]:
    """The columns that a target names, each a label; none where it is the name of one column.

    "drama, comedy", or a JSON array of names where a name holds a comma.
    """
    if target in columns:
        return []
    names = [name.strip() for name in target.split(",")]
    if target.lstrip().startswith("["):
        try:
            names = json.loads(target)
        except ValueError:
            names = []
        if not names or not all(isinstance(name, str) for name in names):
            raise GlasshouseError(
                f"The target {shown(target)} is no JSON array of names.",
                'Write for example \'["drama", "comedy"]\'.',
            )
    if len(set(names)) < len(names):
        raise GlasshouseError(
            f"The target {shown(target)} names a column twice.", "Name each column once."
        )
    return names


def read_label_columns(table: Table, names: Sequence[str]) -> np.ndarray:
    """The labels of rows in which no column is NULL: 1 or 0, of shape (rows, columns)."""
    values = np.column_stack([table.numbers[name] for name in names])
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise GlasshouseError(
            f"Label column {names[column]!r} holds {values[row, column]:g}; a label is a boolean, "
            "or 0 or 1.",
            f"Write a condition in the query, for example {names[column]} > 0 as {names[column]}.",
        )
    return values.astype(np.int8)


def read_label_lists(
    texts: TextColumn, names: Sequence[str] | None = None
) -> tuple[list[str], np.ndarray]:
    """The labels in a column of lists without NULL: their names, and a (rows, labels) matrix.

    A cell is a JSON array, or items between separators. With `names` these are the labels, and all
    other items are ignored; otherwise every item is a label, in alphabetical order.
    """
    values, rows = texts.value_counts(np.arange(len(texts.codes)))
    lists = _json_lists(values) or _split_lists(values, rows, names)
    items = sorted({item for cell in lists for item in cell}) if names is None else list(names)
    places = {item: place for place, item in enumerate(items)}
    marks = np.zeros((len(texts.levels), len(items)), np.int8)
    level_of_value = {level: place for place, level in enumerate(texts.levels)}
    for value, cell in zip(values, lists, strict=True):
        marks[level_of_value[value], [places[item] for item in cell if item in places]] = 1
    return items, marks[texts.codes]


def _json_lists(values: Sequence[str]) -> list[list[str]]:
    """The items of cells that are all JSON arrays; none where one is not. NULL is no item."""
    lists = []
    for value in values:
        try:
            cell = json.loads(value) if value.startswith("[") else None
        except ValueError:
            return []
        if not isinstance(cell, list):
            return []
        lists.append(
            [
                item if isinstance(item, str) else json.dumps(item)
                for item in cell
                if item is not None
            ]
        )
    return lists


def _split_lists(
    values: Sequence[str], rows: np.ndarray, names: Sequence[str] | None
) -> list[list[str]]:
    if names is None:
        separator = find_separator(values, rows) or frequent_separator(values)
        return [split_items(value, separator) for value in values]
    # The separator under which most items are labels of the training.
    splits = [[split_items(value, separator) for value in values] for separator in SEPARATORS]
    labels = set(names)
    return max(splits, key=lambda lists: sum(item in labels for cell in lists for item in cell))
