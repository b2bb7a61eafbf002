"""One matrix of numbers from columns, encoded as learned from the training rows alone."""

from collections.abc import Mapping, Sequence

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import CATEGORY, LIST, TEXT, TIME, Column, Table, TextColumn
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data.calendar_parts import varying_parts
from glasshouse_ml.data.documents import (
    DocumentCounter,
    Documents,
    learn_vocabulary,
    with_documents,
)
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.item_lists import (
    ItemCounter,
    find_separator,
    frequent_items,
    frequent_separator,
)

# Histogram gradient boosting takes at most 255 categories; rarer ones share one code.
MAX_CATEGORIES = 250
# Categories that are encoded by the mean of the target may be more numerous.
MAX_TARGET_ENCODED = 10_000


def learn_features(
    columns: Sequence[Column],
    table: Table,
    training: np.ndarray,
    max_categories: int = MAX_CATEGORIES,
    uses_calendar: bool = False,
) -> list[Feature]:
    """Features from columns; `training` are the positions of the rows whose values count.

    uses_calendar says whether dates get calendar parts.
    """
    features = []
    for column in columns:
        check_interrupts()
        kind, array = column.kind or "", (column.of, column.place, column.length)
        if kind == TEXT:
            vocabulary = learn_vocabulary(*table.texts[column.name].value_counts(training))
            features.append(
                Feature(
                    column.name,
                    column.type,
                    kind,
                    has_rare=vocabulary.has_rare,
                    words=tuple(vocabulary.words),
                    ngrams=tuple(vocabulary.ngrams),
                )
            )
            continue
        if kind == LIST:
            values, rows = table.texts[column.name].value_counts(training)
            separator = find_separator(values, rows) or frequent_separator(values)
            items, has_rare = frequent_items(values, rows, separator)
            features.append(
                Feature(
                    column.name,
                    column.type,
                    kind,
                    has_rare=has_rare,
                    words=items,
                    separator=separator,
                )
            )
            continue
        parts: tuple[str, ...] = ()
        if kind == TIME and uses_calendar:
            parts = varying_parts(column.base_type, table.numbers[column.name][training])
        levels = _categories(table.texts[column.name], training) if kind == CATEGORY else []
        categories, has_rare = tuple(levels[:max_categories]), len(levels) > max_categories
        feature = Feature(
            column.name, column.type, kind, categories, has_rare, *array, calendar_parts=parts
        )
        features.append(feature)
    return features


def document_counter(feature: Feature) -> DocumentCounter | ItemCounter:
    """The counter of the terms of a text, or of the items of a list."""
    if feature.kind == LIST:
        return ItemCounter(feature.words, feature.separator)
    return DocumentCounter(feature.words, feature.ngrams)


def _categories(texts: TextColumn, training: np.ndarray) -> list[str]:
    """The values of the training rows by frequency, equal ones in alphabetical order."""
    levels, counts = texts.value_counts(training)
    return [levels[position] for position in np.argsort(-counts, kind="stable")]


def encode(features: Sequence[Feature], table: Table) -> np.ndarray:
    """The float64 matrix (rows, features): numbers unchanged, texts as codes, NaN for NULL.

    The code of a category is its position among the categories, and that of a free text or a list
    its position among the documents of the matrix. The numbers of the table become views of its
    columns, so that they are in memory once.
    """
    matrix = np.empty((table.rows, len(features)), order="F")
    documents: list[Documents] = []
    for position, feature in enumerate(features):
        check_interrupts()
        if feature.kind == CATEGORY:
            texts, codes = table.texts[feature.name], feature.codes()
            lookup = [codes.get(level, feature.other) for level in texts.levels]
            matrix[:, position] = np.array([*lookup, np.nan])[texts.codes]
        elif feature.has_documents:
            texts = table.texts[feature.name]
            used, codes_of_rows = np.unique(texts.codes, return_inverse=True)
            used_texts = [texts.levels[code] for code in used[used >= 0]]
            documents.append(document_counter(feature).count(used_texts))
            # NULL, whose code is -1, comes first among the sorted codes.
            codes_of_rows = codes_of_rows - int((used < 0).any())
            matrix[:, position] = np.where(texts.codes < 0, np.nan, codes_of_rows)
        else:
            matrix[:, position] = table.numbers[feature.name]
            table.numbers[feature.name] = matrix[:, position]
    check_finite(features, matrix)
    return with_documents(matrix, documents)


class BatchEncoder:
    """Encodes rows as they arrive, a batch at a time."""

    def __init__(self, features: Sequence[Feature], missing: str) -> None:
        """Numbers and texts come in the order of the features; `missing` is the text of NULL."""
        self.features = features
        self.missing = missing
        self.codes: list[Mapping[str, float]] = [
            {**feature.codes(), missing: np.nan} for feature in features
        ]
        self.counters = {
            position: document_counter(feature)
            for position, feature in enumerate(features)
            if feature.has_documents
        }

    def encode(self, numbers: np.ndarray, texts: list[list[str]]) -> np.ndarray:
        """The float64 matrix (rows, features) of a batch."""
        matrix = np.empty((len(numbers), len(self.features)))
        documents: list[Documents] = []
        next_number, next_text = iter(numbers.T), iter(texts)
        for position, feature in enumerate(self.features):
            if feature.kind == CATEGORY:
                code, other = self.codes[position].get, feature.other
                matrix[:, position] = [code(value, other) for value in next(next_text)]
            elif feature.has_documents:
                values = next(next_text)
                is_null = np.array([value == self.missing for value in values], bool)
                present = [value for value in values if value != self.missing]
                documents.append(self.counters[position].count(present))
                matrix[:, position] = np.where(is_null, np.nan, np.cumsum(~is_null) - 1)
            else:
                matrix[:, position] = next(next_number)
        check_finite(self.features, matrix)
        return with_documents(matrix, documents)


def check_finite(features: Sequence[Feature], matrix: np.ndarray) -> None:
    """Raise an error that names the first column with infinite or too large values."""
    if not len(matrix):
        return
    with np.errstate(invalid="ignore"):
        # NaN, which is NULL, is neither above nor below.
        ends = np.fmax.reduce(matrix, axis=0), -np.fmin.reduce(matrix, axis=0)
        too_large = np.fmax(*ends) > MAX_ABSOLUTE_VALUE
    if too_large.any():
        position = int(np.argmax(too_large))
        count = int((np.abs(matrix[:, position]) > MAX_ABSOLUTE_VALUE).sum())
        raise GlasshouseError(
            f"Column {features[position].name!r} holds infinite or too large values "
            f"(beyond {MAX_ABSOLUTE_VALUE:g}) in {count_rows(count)}.",
            "Turn them into NULL in the query, for example with nullif(), or limit them with "
            "least().",
        )
