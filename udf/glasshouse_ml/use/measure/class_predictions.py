"""Classes and probabilities in the columns of a query, as the metrics take them."""

import json

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows, shown
from glasshouse_ml.core.table import Table, TextColumn
from glasshouse_ml.core.validation import is_number
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.tasks.classification import classes_of, positive_class_of

# Texts of probabilities that are read between two looks for interrupts.
_STEP = 1_000
# How far the probabilities of a row may be from a sum of 1: other tools round them.
_TOLERANCE = 0.01


def class_predictions(
    db: Database, table: Table, truth: str, prediction: str, score: str | None
) -> tuple[list[str], ClassificationScores]:
    """The names of the classes, and the rows as the metrics take them.

    score: a column of numbers with the probability of the positive class of two; one of jsonb
    with the probability of each class; None where there are only predicted classes.
    """
    names, actual, predicted = _classes(table, truth, prediction)
    never_true = sorted({*names} - {names[code] for code in np.unique(actual)})
    if never_true:
        db.notice(
            f"{truth!r} never holds {', '.join(map(repr, never_true[:5]))}, which {prediction!r} "
            "holds. Such rows count as wrong: see whether both write the classes in the same way."
        )
    if score is None:
        return names, _label_scores(names, actual, predicted)
    if score in table.texts:
        probabilities = _probabilities(table.texts[score], names, score)
        positive = positive_class_of(names, actual, None) or 0
        return names, ClassificationScores(actual, probabilities, positive, labels=predicted)
    values = table.numbers[score]
    _check_range(values, score)
    if len(names) > 2:
        db.notice(
            f"With {len(names)} classes one score says nothing about the others: there are no "
            "curves and rankings. Give a jsonb column with the probability of each class."
        )
        return names, _label_scores(names, actual, predicted)
    positive = _scored_class(names, actual, predicted, values)
    db.notice(f"The score is taken as the probability of {names[positive]!r}.")
    probabilities = np.column_stack([1 - values, values][:: 1 if positive else -1])
    return names, ClassificationScores(actual, probabilities, positive, labels=predicted)


def _classes(table: Table, truth: str, prediction: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The classes of truth and predictions, and the numbers of both for each row."""
    actual, predicted = table.texts[truth], table.texts[prediction]
    every_row = np.arange(table.rows)
    actual_names, _ = actual.value_counts(every_row)
    predicted_names, _ = predicted.value_counts(every_row)
    if len(actual_names) < 2:
        raise GlasshouseError(
            f"Column {truth!r} holds one class only: {actual_names[0]!r}.",
            "A classification is measured on rows of at least two classes.",
        )
    if not set(actual_names) & set(predicted_names):
        raise GlasshouseError(
            f"No value of {prediction!r} (such as {predicted_names[0]!r}) is a class of {truth!r} "
            f"(such as {actual_names[0]!r}).",
            "Write both in the same way; cast them in the query.",
        )
    names = sorted({*actual_names, *predicted_names})
    joined = TextColumn(_recode(actual, names), names)
    names, actual_codes = classes_of(Table(table.rows, {}, {truth: joined}), truth)
    return names, actual_codes, _recode(predicted, names)


def _recode(column: TextColumn, names: list[str]) -> np.ndarray:
    """The position of the text of each row among the names."""
    places = {name: place for place, name in enumerate(names)}
    return np.array([places.get(level, -1) for level in column.levels], np.int64)[column.codes]


def _label_scores(
    names: list[str], actual: np.ndarray, predicted: np.ndarray
) -> ClassificationScores:
    """The predicted classes alone."""
    positive = positive_class_of(names, actual, None) or 0
    return ClassificationScores(
        actual, np.eye(len(names))[predicted], positive, labels=predicted, has_scores=False
    )


def _check_range(values: np.ndarray, score: str) -> None:
    outside = (values < 0) | (values > 1)
    if outside.any():
        raise GlasshouseError(
            f"Column {score!r}, the score, is outside 0 to 1 in {count_rows(int(outside.sum()))}, "
            f"for example {float(values[outside][0])!r}.",
            "A score is a probability; turn others into one in the query.",
        )


def _scored_class(
    names: list[str], actual: np.ndarray, predicted: np.ndarray, values: np.ndarray
) -> int:
    """The class that rows with a high score are predicted as, where both are predicted."""
    if len(np.unique(predicted)) == 2:
        means = [values[predicted == place].mean() for place in (0, 1)]
        if means[0] != means[1]:
            return int(means[1] > means[0])
    return positive_class_of(names, actual, None) or 0


def _probabilities(texts: TextColumn, names: list[str], score: str) -> np.ndarray:
    """The probability of each class in each row, from JSON objects."""
    places = {name: place for place, name in enumerate(names)}
    levels = np.zeros((len(texts.levels), len(names)))
    for number, text in enumerate(texts.levels):
        if not number % _STEP:
            check_interrupts()
        entry = json.loads(text)
        if not isinstance(entry, dict) or not all(map(is_number, entry.values())):
            raise GlasshouseError(
                f"Column {score!r} holds {shown(entry)}, which gives no class a probability.",
                'A value is an object such as {"yes": 0.8, "no": 0.2}.',
            )
        unknown = [name for name in entry if name not in places and entry[name]]
        if unknown:
            raise GlasshouseError(
                f"Column {score!r} gives {unknown[0]!r} a probability, which is no class of truth "
                "and prediction.",
                "Leave that class out, or measure more rows.",
            )
        for name, value in entry.items():
            if name in places:
                levels[number, places[name]] = value
    _check_range(levels.ravel(), score)
    sums = levels.sum(axis=1)
    if (np.abs(sums - 1) > _TOLERANCE).any():
        worst = int(np.abs(sums - 1).argmax())
        raise GlasshouseError(
            f"Column {score!r} holds probabilities that add up to {sums[worst]:g}, not to 1.",
            "Give the probability of every class.",
        )
    return levels[texts.codes]
