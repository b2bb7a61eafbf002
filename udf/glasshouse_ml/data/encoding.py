"""From columns to one matrix of numbers, by what was learned from the training rows alone."""

from collections.abc import Mapping, Sequence

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, rows
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import CATEGORY, Column, Table, Texts
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE

# Histogram gradient boosting takes at most 255 categories; rarer ones share one code.
MOST_CATEGORIES = 250
# Where each category is encoded by the mean of its answers there may be many more.
MOST_MEANS = 10_000
RARE = float(MOST_CATEGORIES)


def learn(
    columns: Sequence[Column], table: Table, training: np.ndarray, most: int = MOST_CATEGORIES
) -> list[Feature]:
    """Make features of columns: the categories are those of the training rows, up to so many."""
    features = []
    for column in columns:
        met = _categories(table.texts[column.name], training) if column.kind == CATEGORY else []
        kept, has_rare = tuple(met[:most]), len(met) > most
        kind, array = column.kind or "", (column.of, column.place, column.length)
        features.append(Feature(column.name, column.type, kind, kept, has_rare, *array))
    return features


def _categories(texts: Texts, training: np.ndarray) -> list[str]:
    """The values of the training rows, most frequent first, then by the alphabet."""
    codes = texts.codes[training]
    counts = np.bincount(codes[codes >= 0], minlength=len(texts.levels))
    order = np.argsort(-counts, kind="stable")
    return [texts.levels[position] for position in order if counts[position]]


def encode(features: Sequence[Feature], table: Table) -> np.ndarray:
    """One float64 row per example: numbers as they are, texts as codes, NaN for NULL.

    From then on the table's numbers are columns of the matrix: they lie in memory once.
    """
    matrix = np.empty((table.rows, len(features)), order="F")
    for position, feature in enumerate(features):
        if feature.kind == CATEGORY:
            texts, codes = table.texts[feature.name], feature.codes()
            lookup = [codes.get(level, feature.other) for level in texts.levels]
            matrix[:, position] = np.array([*lookup, np.nan])[texts.codes]
        else:
            matrix[:, position] = table.numbers[feature.name]
            table.numbers[feature.name] = matrix[:, position]
    check_finite(features, matrix)
    return matrix


class BatchEncoder:
    """The same for rows as they arrive, a batch at a time."""

    def __init__(self, features: Sequence[Feature], missing: str) -> None:
        """Numbers and texts will come in the order of the features; missing stands for NULL."""
        self.features = features
        self.codes: list[Mapping[str, float]] = [
            {**feature.codes(), missing: np.nan} for feature in features
        ]

    def encode(self, numbers: np.ndarray, texts: list[list[str]]) -> np.ndarray:
        """One float64 row per example."""
        matrix = np.empty((len(numbers), len(self.features)))
        next_number, next_text = iter(numbers.T), iter(texts)
        for position, feature in enumerate(self.features):
            if feature.kind == CATEGORY:
                code, other = self.codes[position].get, feature.other
                matrix[:, position] = [code(value, other) for value in next(next_text)]
            else:
                matrix[:, position] = next(next_number)
        check_finite(self.features, matrix)
        return matrix


def check_finite(features: Sequence[Feature], matrix: np.ndarray) -> None:
    """No arithmetic survives infinity: name the column instead."""
    if not len(matrix):
        return
    with np.errstate(invalid="ignore"):
        # NaN, which is NULL, is neither above nor below.
        ends = np.fmax.reduce(matrix, axis=0), -np.fmin.reduce(matrix, axis=0)
        wrong = np.fmax(*ends) > MAX_ABSOLUTE_VALUE
    if wrong.any():
        position = int(np.argmax(wrong))
        count = int((np.abs(matrix[:, position]) > MAX_ABSOLUTE_VALUE).sum())
        raise GlasshouseError(
            f"Column {features[position].name!r} holds infinite or too large values "
            f"(beyond {MAX_ABSOLUTE_VALUE:g}) in {rows(count)}.",
            "Turn them into NULL in the query, for example with nullif(), or limit them with "
            "least().",
        )
