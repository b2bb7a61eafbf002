"""ml.explain: what each column of a row adds to the answer for that row.

Linear models are taken apart exactly, in the space in which they add (log-odds, or the predicted
number itself), and so are trees: boosted ones in that space too, LightGBM's and XGBoost's by their
own TreeSHAP, forests in probability, where they take the mean. Any other model is explained by
sampled Shapley values, in the space of its score (probability, number, or how unusual a row is). So
are generalised linear models, whose sum is not what they answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import BOOLEAN, CATEGORY
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import BatchEncoder
from glasshouse_ml.data.interrupts import attentive
from glasshouse_ml.data.row_reader import Reader, check_arrays
from glasshouse_ml.explain.shapley import shapley
from glasshouse_ml.explain.treeshap import (
    BOOSTED,
    columns_seen,
    seen_by,
    shapley_of_trees,
    trees_of,
)
from glasshouse_ml.model.boosting import Boosted
from glasshouse_ml.model.linear import origins, take_apart
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.predict import matching

BATCH = 2_000
# Sampling multiplies each row by about two thousand.
SAMPLED_BATCH = 200
BASELINE, OTHERS = "(baseline)", "(others)"

Explained = tuple[str | None, int, str, str | None, float]
Parts = tuple[np.ndarray, np.ndarray]  # the baseline of each row, and a contribution per column


def explain(db: Database, model: str, query: str, top: int | None) -> Iterator[Explained]:
    """Key, rank, feature, value and contribution, some rows of it for each row of the query."""
    if top is not None and top < 1:
        raise GlasshouseError(f"top is {top}.", "Ask for 1 or more, or for null: all of them.")
    facts = registry.facts(db, model)
    stored = registry.load(db, model, facts["version"] if facts else None)
    if not TASKS[stored.task].is_explainable:
        raise GlasshouseError(
            f"Model {model!r} is of task {stored.task}, which predicts nothing that has reasons.",
            "The table ml.importances says which columns matter to it.",
        )
    query, by_name = matching(db, stored, model, query)
    check_arrays(db, query, stored.features)
    features = stored.features
    numbers = [by_name[feature.name] for feature in features if feature.kind != CATEGORY]
    texts = [by_name[feature.name] for feature in features if feature.kind == CATEGORY]
    key = [by_name[stored.key]] if stored.key else []
    # Numbers a second time as texts: a value is shown as Postgres shows it.
    reader = Reader(db, query, numbers, [*texts, *key, *numbers])
    typical = _typical(features, facts["features"] if facts else [])
    found = _batches(db, stored, reader, typical, top)
    # As in ml.predict: an error in the first batch is shown in plain words.
    first = next(found, iter(()))
    return chain(first, chain.from_iterable(found))


def _batches(
    db: Database, stored: Model, reader: Reader, typical: np.ndarray, top: int | None
) -> Iterator[Iterator[Explained]]:
    encoder = BatchEncoder(stored.features, reader.packing.missing)
    categories = sum(feature.kind == CATEGORY for feature in stored.features)
    for size, values, words in reader.batches(BATCH):
        shown = [[None if w == reader.packing.missing else w for w in column] for column in words]
        keys = shown[categories] if stored.key else [None] * size
        as_text = iter(shown[:categories]), iter(shown[len(shown) - values.shape[1] :])
        columns = [next(as_text[feature.kind != CATEGORY]) for feature in stored.features]
        matrix = encoder.encode(values, words[:categories])
        with attentive(db.checkpoint):
            parts = contributions(stored, matrix, typical)
        yield _rows([feature.name for feature in stored.features], keys, columns, parts, top)


def _rows(
    names: Sequence[str],
    keys: Iterable[str | None],
    columns: Sequence[Sequence[str | None]],
    parts: Parts,
    top: int | None,
) -> Iterator[Explained]:
    """The baseline, the largest contributions, and what is left: together they are the answer."""
    for row, (key, start, added) in enumerate(zip(keys, *parts, strict=True)):
        yield key, 0, BASELINE, None, float(start)
        order = np.argsort(-np.abs(added), kind="stable")
        for rank, position in enumerate(order[:top], start=1):
            value = columns[position][row]
            yield key, rank, names[position], value, float(added[position])
        if top is not None and top < len(order):
            yield key, top + 1, OTHERS, None, float(added[order[top:]].sum())


def contributions(stored: Model, matrix: np.ndarray, typical: np.ndarray) -> Parts:
    """About the positive class, or with more than two classes about the predicted one."""
    task = TASKS[stored.task]
    answers = task.explained_output(stored, matrix)
    about = answers.argmax(axis=1)
    if answers.shape[1] > 1 and stored.positive_class is not None:
        about = np.full(len(matrix), list(stored.classes).index(stored.positive_class))
    parts = _linear(stored, matrix, about) if task.needs_target else None
    if parts is None:
        parts = _boosters(stored, matrix, about, answers)
    if parts is None:
        parts = _trees(stored, matrix, typical, about, answers)
    if parts is None:
        parts = _sampled(stored, matrix, typical, about)
    return parts


def _sampled(stored: Model, matrix: np.ndarray, typical: np.ndarray, about: np.ndarray) -> Parts:
    def explained(rows: np.ndarray, about: np.ndarray) -> Parts:
        def answer(mixed: np.ndarray, made_of: np.ndarray) -> np.ndarray:
            found = TASKS[stored.task].explained_output(stored, mixed)
            return found[np.arange(len(mixed)), about[made_of]]

        return shapley(answer, rows, typical)

    starts = range(0, len(matrix), SAMPLED_BATCH)
    pieces = [slice(start, start + SAMPLED_BATCH) for start in starts]
    parts = [explained(matrix[piece], about[piece]) for piece in pieces]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _linear(stored: Model, matrix: np.ndarray, about: np.ndarray) -> Parts | None:
    """Coefficient times value, summed over the columns that were made of one column.

    None where the model is no such sum: what the parts add up to must be what it answers.
    """
    linear = take_apart(stored.pipeline, stored.features)
    if linear is None:
        return None
    weights, intercepts = linear.weights, linear.intercepts
    origins = [term.origin for term in linear.terms]
    whole = (
        stored.pipeline.decision_function(matrix)
        if stored.classes
        else TASKS[stored.task].explained_output(stored, matrix)
    )
    if len(stored.classes) == 2:
        # With two classes there is one sum, for the second of them.
        weights, intercepts = np.vstack([-weights, weights]), np.append(-intercepts, intercepts)
        whole = np.column_stack([-whole, whole])
    prepared = stored.pipeline[:-1].transform(matrix)
    added = np.empty(matrix.shape)
    for position in np.unique(about):
        spread = np.zeros((len(origins), matrix.shape[1]))
        spread[np.arange(len(origins)), origins] = weights[position]
        rows = about == position
        added[rows] = prepared[rows] @ spread
    starts = intercepts[about]
    expected = whole[np.arange(len(about)), about]
    if not np.allclose(starts + added.sum(axis=1), expected, rtol=1e-9, atol=1e-9):
        return None
    return starts, added


def _trees(
    stored: Model,
    matrix: np.ndarray,
    typical: np.ndarray,
    about: np.ndarray,
    answers: np.ndarray,
) -> Parts | None:
    """Exact Shapley values of scikit-learn's trees, from the typical row on.

    None where it is no such model, or where a link lies between the sum and a number.
    """
    estimator = stored.pipeline[-1]
    trees = trees_of(estimator)
    if trees is None:
        return None
    rows, everyone = np.vstack([matrix, typical]), np.arange(len(matrix))
    prepared = rows if len(stored.pipeline) == 1 else stored.pipeline[:-1].transform(rows)
    seen = seen_by(estimator, prepared)
    made_of = origins(stored.pipeline, stored.features)[columns_seen(estimator, seen.shape[1])]
    sign = np.ones(len(matrix))
    if isinstance(estimator, BOOSTED) and stored.classes:
        whole = np.asarray(estimator.decision_function(prepared)).reshape(len(rows), -1)
        if len(stored.classes) == 2:
            # With two classes there is one sum, for the second of them.
            sign, about = np.where(about == 1, 1.0, -1.0), np.zeros_like(about)
    else:
        whole = np.vstack([answers, TASKS[stored.task].explained_output(stored, typical[None])])
    added = np.zeros(matrix.shape)
    found = shapley_of_trees(trees, seen[:-1], seen[-1], made_of, about)
    added[:, : found.shape[1]] = found
    starts, ends = whole[-1][about], whole[everyone, about]
    if not np.allclose(starts + added.sum(axis=1), ends, rtol=1e-9, atol=1e-9):
        return None
    return sign * starts, sign[:, None] * added


def _boosters(
    stored: Model, matrix: np.ndarray, about: np.ndarray, answers: np.ndarray
) -> Parts | None:
    """What the library says itself, summed over the columns that were made of one column.

    None where it is no such library, or where a link lies between the sum and a number.
    """
    estimator = stored.pipeline[-1]
    if not isinstance(estimator, Boosted):
        return None
    prepared = matrix if len(stored.pipeline) == 1 else stored.pipeline[:-1].transform(matrix)
    parts, whole = estimator.parts(prepared), estimator.raw(prepared)
    if len(stored.classes) == 2:
        # With two classes there is one sum, for the second of them.
        parts, whole = np.hstack([-parts, parts]), np.hstack([-whole, whole])
    elif not stored.classes and not np.allclose(whole, answers, rtol=1e-6, atol=1e-6):
        return None
    rows = np.arange(len(matrix))
    added = np.zeros(matrix.shape)
    np.add.at(added.T, origins(stored.pipeline, stored.features), parts[rows, about, :-1].T)
    # The start is what is left, so that XGBoost's single precision costs no sum its last digits.
    return whole[rows, about] - added.sum(axis=1), added


def _typical(features: Sequence[Feature], facts: list[dict[str, Any]]) -> np.ndarray:
    """The baseline row: the median of each number and time, the most frequent category."""
    medians = {fact["name"]: fact.get("median") for fact in facts}
    row = np.empty(len(features))
    for position, feature in enumerate(features):
        if feature.kind == CATEGORY:
            row[position] = 0.0  # the code of the most frequent one
        else:
            median = medians.get(feature.name)
            value = np.nan if median is None else float(median)
            # Between no and yes lies nothing.
            row[position] = np.floor(value) if feature.kind == BOOLEAN else value
    return row
