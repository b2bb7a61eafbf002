"""ml.predict: rows in batches through the stored model."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import NumericPredictions, ProbabilityMatrix
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import BatchEncoder
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.columns import check_key, feature_columns, model_columns

# Large enough to spread the fixed cost of a call of scikit-learn, small enough for little memory.
BATCH = 20_000


@dataclass(frozen=True)
class Batch:
    """The predictions for some rows, as the SQL of ml.predict takes them apart."""

    separator: str  # between texts
    missing: str  # stands for NULL
    keys: str | None  # None: the model has no key
    predictions: str | None  # None: they are the scores, or there are none
    scores_are_predictions: bool
    scores: bytes
    names: list[str] | None  # of the probabilities; None: there are none
    probabilities: bytes | None  # row by row
    raw: bool  # whether ml.numbers() can take the bytes of numbers unchanged


def predict_batches(db: Database, model: str, query: str, version: int | None) -> Iterator[Batch]:
    """Key, prediction, score and the probability of each class, for each row of the query."""
    stored = registry.load(db, model, version)
    query, columns = model_columns(db, stored.features, query)
    check_key(columns, stored.key, model)
    numbers, texts = feature_columns(stored.features, columns)
    if stored.key:
        texts.append(columns[stored.key])
    return _batches(db, stored, Reader(db, query, numbers, texts))


def _batches(db: Database, stored: Model, reader: Reader) -> Iterator[Batch]:
    packing, task = reader.packing, TASKS[stored.task]
    encoder = BatchEncoder(stored.features, packing.missing)
    for _, numbers, texts in reader.batches(BATCH):
        keys = packing.separator.join(texts.pop()) if stored.key else None
        matrix = encoder.encode(numbers, texts)
        with interruptible(db.check_interrupts):
            predictions, scores, probabilities = task.predict(stored, matrix)
        are_numeric = isinstance(predictions, NumericPredictions)
        probability_matrix = probabilities if isinstance(probabilities, ProbabilityMatrix) else None
        yield Batch(
            packing.separator,
            packing.missing,
            keys,
            None if are_numeric else _joined(predictions, packing.separator, packing.missing),
            are_numeric,
            packing.pack_numbers(np.fromiter(scores, np.float64)),
            probability_matrix.names if probability_matrix else None,
            packing.pack_numbers(probability_matrix.matrix) if probability_matrix else None,
            packing.raw,
        )


def _joined(texts: Iterable[str | None], separator: str, missing: str) -> str:
    return separator.join(missing if text is None else text for text in texts)
