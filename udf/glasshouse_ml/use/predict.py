"""ml.predict: rows in batches through the stored model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from glasshouse_ml.core.model import Model
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.packing import Packing
from glasshouse_ml.data.processes import SETTING, Work, allowed_processes, compute_each
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use import prediction_process
from glasshouse_ml.use.batch_predictor import BatchPredictions, BatchPredictor
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
    # The key is the last of the texts, and no feature.
    batches = (
        _RowBatch(count, numbers, texts, texts.pop() if stored.key else None)
        for count, numbers, texts in reader.batches(BATCH)
    )
    job = _PredictionJob(db, stored, reader.packing)
    yield from compute_each(batches, job, _allowed_processes(db, stored), db.check_interrupts)


def _allowed_processes(db: Database, stored: Model) -> int:
    processes = allowed_processes(db)
    if processes and isinstance(stored.pipeline[-1], Grouped):
        db.notice(
            f"{SETTING} has no effect: the model has a model for each group, which the session "
            "loads when rows need it."
        )
        return 0
    return processes


class _RowBatch(NamedTuple):
    """Some rows of the query."""

    rows: int
    numbers: np.ndarray
    texts: list[list[str]]
    keys: list[str] | None


class _PredictionJob:
    """Predicts batches of rows."""

    def __init__(self, db: Database, stored: Model, packing: Packing) -> None:
        self.db, self.stored, self.packing = db, stored, packing
        self.predictor = BatchPredictor(stored, packing)

    def compute(self, rows: _RowBatch) -> Batch:
        with interruptible(self.db.check_interrupts):
            return self._batch(rows, self.predictor.predict(rows.numbers, rows.texts))

    def work(self) -> Work:
        return prediction_process.work(self.stored, self.packing)

    def message(self, rows: _RowBatch) -> list[bytes]:
        return prediction_process.message(
            self.packing.separator, rows.rows, rows.numbers, rows.texts
        )

    def result(self, rows: _RowBatch, reply: Sequence[bytes]) -> Batch:
        return self._batch(rows, prediction_process.predictions(reply))

    def _batch(self, rows: _RowBatch, predictions: BatchPredictions) -> Batch:
        separator = self.packing.separator
        return Batch(
            separator,
            self.packing.missing,
            None if rows.keys is None else separator.join(rows.keys),
            predictions.texts,
            predictions.scores_are_predictions,
            predictions.scores,
            predictions.names,
            predictions.probabilities,
            self.packing.raw,
        )
