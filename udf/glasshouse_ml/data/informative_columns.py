"""Which columns can inform a model, by their values in the training rows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.table import CATEGORY, LIST, TEXT, Column, Table, TextColumn, is_key_name
from glasshouse_ml.data.documents import MIN_ROWS, ngrams, tokenise
from glasshouse_ml.data.free_text import UNSPACED, is_free_text
from glasshouse_ml.data.item_lists import find_separator, frequent_items, frequent_separator

# A text column with at least this share of distinct values identifies rows.
_KEY_SHARE = 0.95
# Distinct whole numbers can be measurements, so the name must say that they are a key.
_INTEGER_TYPES = ("smallint", "integer", "bigint")
# The kind in options.columns that leaves a column out.
IGNORE = "ignore"


def informative_columns(
    columns: list[Column],
    table: Table,
    training: np.ndarray,
    kinds: Mapping[str, str],
    reference_time: str | None = None,
) -> tuple[list[Column], list[dict[str, Any]]]:
    """The columns that can inform a model, by the training rows, and the others with the reason.

    `kinds` are those that options.columns gives by name. A text column gets the kind that its
    values have. The reference time stays, because later rows have other values.
    """
    check_column_kinds(columns, kinds)
    informative, excluded = [], []
    for column in columns:
        kind = kinds.get(column.name)
        if column.name == reference_time:
            informative.append(column)
            continue
        if kind == IGNORE:
            excluded.append({"name": column.name, "reason": "options.columns leaves it out."})
            continue
        if column.kind == CATEGORY and kind != CATEGORY:
            values, rows = table.texts[column.name].value_counts(training)
            column = replace(column, kind=kind or _text_kind(values, rows))
        reason = _exclusion_reason(column, table, training, is_forced=kind is not None)
        if reason:
            excluded.append({"name": column.name, "reason": reason})
        else:
            informative.append(column)
    if not informative:
        raise GlasshouseError(
            "No column is left to learn from.",
            " ".join(f"{entry['name']}: {entry['reason']}" for entry in excluded[:5])
            or "Give at least one column besides the target and the key.",
        )
    return informative, excluded


def _text_kind(values: list[str], rows: np.ndarray) -> str:
    """Whether distinct values, each of so many rows, are lists, free text or categories."""
    if find_separator(values, rows):
        return LIST
    return TEXT if is_free_text(values, int(rows.sum())) else CATEGORY


def check_column_kinds(columns: list[Column], kinds: Mapping[str, str]) -> None:
    """Refuse names in options.columns that are no features, and kinds that do not fit."""
    by_name = {column.name: column for column in columns}
    for name, kind in kinds.items():
        if name not in by_name:
            raise GlasshouseError(
                f"options.columns names {name!r}, which is no feature.", near_names(name, by_name)
            )
        if kind != IGNORE and by_name[name].kind != CATEGORY:
            raise GlasshouseError(
                f"options.columns gives {name!r} the kind {kind}; it is of type "
                f"{by_name[name].type}.",
                f"Cast it in the query: {name}::text.",
            )


def _exclusion_reason(
    column: Column, table: Table, training: np.ndarray, is_forced: bool
) -> str | None:
    if column.kind in (CATEGORY, TEXT, LIST):
        codes = table.texts[column.name].codes[training]
        present = codes[codes >= 0]
        distinct = len(np.unique(present))
    else:
        values = table.numbers[column.name][training]
        present = values[~np.isnan(values)]
        distinct = int(len(present) > 0)
        distinct += int(len(present) > 0 and bool((present != present[0]).any()))
    if not len(present):
        return "It is NULL in every training row."
    if distinct == 1 and len(present) == len(training):
        return "It has the same value in every training row."
    if column.kind == TEXT and not _has_recurring_token(table.texts[column.name], training):
        return f"No word of its texts is in {MIN_ROWS} training rows."
    if column.kind == LIST and not frequent_items(*_lists(table.texts[column.name], training))[0]:
        return f"No item of its lists is in {MIN_ROWS} training rows."
    is_distinct = len(present) > 2 and distinct >= _KEY_SHARE * len(present)
    if column.kind == CATEGORY and is_distinct and not is_forced:
        return "Nearly every row has a text of its own, as a key has."
    is_named_key = column.type in _INTEGER_TYPES and is_key_name(column.name)
    if is_named_key and len(present) > 2 and len(np.unique(present)) == len(present):
        return "Every row has a number of its own, and the name says that it is a key."
    return None


def _lists(texts: TextColumn, training: np.ndarray) -> tuple[list[str], np.ndarray, str]:
    values, rows = texts.value_counts(training)
    return values, rows, find_separator(values, rows) or frequent_separator(values)


def _has_recurring_token(texts: TextColumn, training: np.ndarray) -> bool:
    """Whether a token is in the texts of at least two training rows.

    Where words are written without spaces a token is a whole sentence, so its n-grams count.
    """
    earlier_tokens: set[str] = set()
    for text, rows in zip(*texts.value_counts(training), strict=True):
        tokens = set(tokenise(text))
        tokens.update(*(ngrams(token) for token in tokens if UNSPACED.search(token)))
        if tokens and (rows >= MIN_ROWS or not tokens.isdisjoint(earlier_tokens)):
            return True
        earlier_tokens |= tokens
    return False
