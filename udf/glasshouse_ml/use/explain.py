"""ml.explain: what each column of a row adds to the prediction for that row.

Linear models are decomposed exactly, and free text word by word, in the space in which they add
(log-odds, or the predicted number itself), and so are trees: boosted ones in that space too,
LightGBM's and XGBoost's by their own TreeSHAP, forests in probability, of which they take the mean.
Any other model is explained by sampled Shapley values of its score (probability, number, or outlier
score). Generalised linear models are explained that way too, because their prediction is not the
sum itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, TEXT
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import BatchEncoder
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.explain.shapley import sampled_shapley
from glasshouse_ml.explain.treeshap import (
    BOOSTED,
    columns_seen,
    seen_by,
    shapley_of_trees,
    trees_of,
)
from glasshouse_ml.explain.word_contributions import WordContributions, word_contributions
from glasshouse_ml.model.boosting import Boosted
from glasshouse_ml.model.linear import extract_linear_model, source_features
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.columns import check_key, feature_columns, model_columns

BATCH = 2_000
# Sampling multiplies each row by about two thousand.
SAMPLED_BATCH = 200
BASELINE, OTHERS = "(baseline)", "(others)"

# Key, rank, feature, value and contribution.
ExplanationRow = tuple[str | None, int, str, str | None, float]
# The baseline of each row, and a contribution for each column: (rows,) and (rows, columns).
Contributions = tuple[np.ndarray, np.ndarray]


def explain(db: Database, model: str, query: str, top: int | None) -> Iterator[ExplanationRow]:
    """For each row of the query the baseline, the `top` largest contributions and the others."""
    if top is not None and top < 1:
        raise GlasshouseError(f"top is {top}.", "Ask for 1 or more, or for null: all of them.")
    facts = registry.facts(db, model)
    stored = registry.load(db, model, facts["version"] if facts else None)
    if not TASKS[stored.task].is_explainable:
        raise GlasshouseError(
            f"Model {model!r} is of task {stored.task}, whose predictions cannot be explained.",
            "The table ml.importances says which columns matter to it.",
        )
    query, columns = model_columns(db, stored.features, query)
    check_key(columns, stored.key, model)
    numbers, texts = feature_columns(stored.features, columns)
    key = [columns[stored.key]] if stored.key else []
    # Numbers are read a second time as texts: a value is shown as Postgres shows it.
    reader = Reader(db, query, numbers, [*texts, *key, *numbers])
    baseline_row = _baseline_row(stored.features, facts["features"] if facts else [])
    return chain.from_iterable(_batches(db, stored, reader, baseline_row, top))


def _batches(
    db: Database, stored: Model, reader: Reader, baseline_row: np.ndarray, top: int | None
) -> Iterator[Iterator[ExplanationRow]]:
    missing = reader.packing.missing
    encoder = BatchEncoder(stored.features, missing)
    text_count = sum(feature.is_textual for feature in stored.features)
    free_texts = [p for p, feature in enumerate(stored.features) if feature.kind == TEXT]
    explained_as_a_whole: set[str] = set()
    for size, numbers, texts in reader.batches(BATCH):
        values = [[None if text == missing else text for text in column] for column in texts]
        keys = values[text_count] if stored.key else [None] * size
        of_texts = iter(values[:text_count])
        of_numbers = iter(values[len(values) - numbers.shape[1] :])
        columns = [
            next(of_texts if feature.is_textual else of_numbers) for feature in stored.features
        ]
        matrix = encoder.encode(numbers, texts[:text_count])
        with interruptible(db.check_interrupts):
            parts = contributions(stored, matrix, baseline_row)
            free_text = {p: [value or "" for value in columns[p]] for p in free_texts}
            words = _word_contributions(stored, matrix, free_text, parts) if free_texts else {}
        explained_as_a_whole |= {stored.features[p].name for p in free_texts if p not in words}
        yield _rows([f.name for f in stored.features], keys, columns, parts, words, top)
    for name in sorted(explained_as_a_whole):
        db.notice(
            f"Column {name!r} is explained as a whole: only the sums of a linear model have a part "
            "for each word."
        )


def _rows(
    names: Sequence[str],
    keys: Iterable[str | None],
    columns: Sequence[Sequence[str | None]],
    parts: Contributions,
    words: dict[int, WordContributions],
    top: int | None,
) -> Iterator[ExplanationRow]:
    """The baseline, the largest contributions, and the sum of the others: the prediction.

    A free text whose words have contributions is replaced by them.
    """
    whole = [position for position in range(len(names)) if position not in words]
    for row, (key, baseline, added) in enumerate(zip(keys, *parts, strict=True)):
        yield key, 0, BASELINE, None, float(baseline)
        summands = [(p, columns[p][row], float(added[p])) for p in whole]
        summands += [(p, word, x) for p in words for word, x in words[p][row]]
        summands.sort(key=lambda summand: -abs(summand[2]))
        for rank, (position, value, contribution) in enumerate(summands[:top], start=1):
            yield key, rank, names[position], value, contribution
        if top is not None and top < len(summands):
            yield key, top + 1, OTHERS, None, float(sum(x for _, _, x in summands[top:]))


def contributions(stored: Model, matrix: np.ndarray, baseline_row: np.ndarray) -> Contributions:
    """The contributions to the positive class, or to the predicted one of more than two classes."""
    task = TASKS[stored.task]
    predictions = task.explained_output(stored, matrix)
    outputs = _explained_outputs(stored, predictions)
    parts = _linear_contributions(stored, matrix, outputs) if task.needs_target else None
    if parts is None:
        parts = _external_boosting(stored, matrix, outputs, predictions)
    if parts is None:
        parts = _tree_shapley(stored, matrix, baseline_row, outputs, predictions)
    if parts is None:
        parts = _sampled_contributions(stored, matrix, baseline_row, outputs)
    return parts


def _explained_outputs(stored: Model, predictions: np.ndarray) -> np.ndarray:
    """For each row the positive class, or the predicted one of more than two classes."""
    if predictions.shape[1] > 1 and stored.positive_class is not None:
        return np.full(len(predictions), list(stored.classes).index(stored.positive_class))
    return predictions.argmax(axis=1)


def _word_contributions(
    stored: Model, matrix: np.ndarray, texts: dict[int, list[str]], parts: Contributions
) -> dict[int, WordContributions]:
    """What the words of free texts add; none unless they add up to the parts of their columns."""
    if not TASKS[stored.task].needs_target:
        return {}
    outputs = _explained_outputs(stored, TASKS[stored.task].explained_output(stored, matrix))
    words = word_contributions(
        stored.pipeline, stored.features, matrix, texts, outputs, len(stored.classes) == 2
    )
    for position, rows in words.items():
        totals = [sum(added for _, added in row) for row in rows]
        if not np.allclose(totals, parts[1][:, position], rtol=1e-9, atol=1e-9):
            return {}
    return words


def _sampled_contributions(
    stored: Model, matrix: np.ndarray, baseline_row: np.ndarray, outputs: np.ndarray
) -> Contributions:
    def sampled(rows: np.ndarray, outputs: np.ndarray) -> Contributions:
        def predict(mixtures: np.ndarray, row_of_mixture: np.ndarray) -> np.ndarray:
            values = TASKS[stored.task].explained_output(stored, mixtures)
            return values[np.arange(len(mixtures)), outputs[row_of_mixture]]

        return sampled_shapley(predict, rows, baseline_row)

    starts = range(0, len(matrix), SAMPLED_BATCH)
    slices = [slice(start, start + SAMPLED_BATCH) for start in starts]
    parts = [sampled(matrix[rows_slice], outputs[rows_slice]) for rows_slice in slices]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _linear_contributions(
    stored: Model, matrix: np.ndarray, outputs: np.ndarray
) -> Contributions | None:
    """Coefficient times value, summed over the columns made of one feature.

    None for other models: the contributions must add up to the prediction.
    """
    linear = extract_linear_model(stored.pipeline, stored.features)
    if linear is None:
        return None
    weights, intercepts = linear.weights, linear.intercepts
    origins = [term.feature for term in linear.terms]
    totals = (
        stored.pipeline.decision_function(matrix)
        if stored.classes
        else TASKS[stored.task].explained_output(stored, matrix)
    )
    if len(stored.classes) == 2:
        # With two classes there is one sum, for the second of them.
        weights, intercepts = np.vstack([-weights, weights]), np.append(-intercepts, intercepts)
        totals = np.column_stack([-totals, totals])
    prepared = stored.pipeline[:-1].transform(matrix)
    added = np.empty(matrix.shape)
    for position in np.unique(outputs):
        spread = np.zeros((len(origins), matrix.shape[1]))
        spread[np.arange(len(origins)), origins] = weights[position]
        rows = outputs == position
        added[rows] = prepared[rows] @ spread
    baselines = intercepts[outputs]
    expected = totals[np.arange(len(outputs)), outputs]
    if not np.allclose(baselines + added.sum(axis=1), expected, rtol=1e-9, atol=1e-9):
        return None
    return baselines, added


def _tree_shapley(
    stored: Model,
    matrix: np.ndarray,
    baseline_row: np.ndarray,
    outputs: np.ndarray,
    predictions: np.ndarray,
) -> Contributions | None:
    """Exact Shapley values of scikit-learn's trees beside the baseline row.

    None for other models, and where a link function lies between the sum and a number.
    """
    estimator = stored.pipeline[-1]
    trees = trees_of(estimator)
    if trees is None:
        return None
    rows, row_numbers = np.vstack([matrix, baseline_row]), np.arange(len(matrix))
    prepared = rows if len(stored.pipeline) == 1 else stored.pipeline[:-1].transform(rows)
    compared = seen_by(estimator, prepared)
    feature_of_column = source_features(stored.pipeline, stored.features)[
        columns_seen(estimator, compared.shape[1])
    ]
    sign = np.ones(len(matrix))
    if isinstance(estimator, BOOSTED) and stored.classes:
        totals = np.asarray(estimator.decision_function(prepared)).reshape(len(rows), -1)
        if len(stored.classes) == 2:
            # With two classes there is one sum, for the second of them.
            sign, outputs = np.where(outputs == 1, 1.0, -1.0), np.zeros_like(outputs)
    else:
        totals = np.vstack([predictions, TASKS[stored.task].explained_output(stored, rows[-1:])])
    added = np.zeros(matrix.shape)
    values = shapley_of_trees(trees, compared[:-1], compared[-1], feature_of_column, outputs)
    added[:, : values.shape[1]] = values
    baselines, expected = totals[-1][outputs], totals[row_numbers, outputs]
    if not np.allclose(baselines + added.sum(axis=1), expected, rtol=1e-9, atol=1e-9):
        return None
    return sign * baselines, sign[:, None] * added


def _external_boosting(
    stored: Model, matrix: np.ndarray, outputs: np.ndarray, predictions: np.ndarray
) -> Contributions | None:
    """The TreeSHAP values of LightGBM or XGBoost, summed over the columns made of one feature.

    None for other models, and where a link function lies between the sum and a number.
    """
    estimator = stored.pipeline[-1]
    if not isinstance(estimator, Boosted):
        return None
    prepared = matrix if len(stored.pipeline) == 1 else stored.pipeline[:-1].transform(matrix)
    parts, totals = estimator.shap_values(prepared), estimator.raw_scores(prepared)
    if len(stored.classes) == 2:
        # With two classes there is one sum, for the second of them.
        parts, totals = np.hstack([-parts, parts]), np.hstack([-totals, totals])
    elif not stored.classes and not np.allclose(totals, predictions, rtol=1e-6, atol=1e-6):
        return None
    rows = np.arange(len(matrix))
    added = np.zeros(matrix.shape)
    np.add.at(
        added.T, source_features(stored.pipeline, stored.features), parts[rows, outputs, :-1].T
    )
    # The baseline absorbs the rounding of XGBoost, so that the sum is exact.
    return totals[rows, outputs] - added.sum(axis=1), added


def _baseline_row(features: Sequence[Feature], facts: list[dict[str, Any]]) -> np.ndarray:
    """The baseline row: median of a number or time, most frequent category, no free text."""
    medians = {fact["name"]: fact.get("median") for fact in facts}
    row = np.empty(len(features))
    for position, feature in enumerate(features):
        if feature.kind == CATEGORY:
            row[position] = 0.0  # the code of the most frequent one
        elif feature.has_documents:
            row[position] = np.nan  # no text, no item
        else:
            median = medians.get(feature.name)
            value = np.nan if median is None else float(median)
            # The median of a boolean may be 0.5, which no row has.
            row[position] = np.floor(value) if feature.kind == BOOLEAN else value
    return row
