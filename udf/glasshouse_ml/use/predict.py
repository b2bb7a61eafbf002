"""ml.predict: rows in batches through the stored model."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import NumericPredictions, ProbabilityMatrix
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, NUMBER, TIME, Column
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import BatchEncoder
from glasshouse_ml.data.interrupts import attentive
from glasshouse_ml.data.row_reader import Reader, check_arrays, clean_query, read_columns
from glasshouse_ml.data.row_reader import by_name as named
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS

# Large enough to spread the fixed cost of a call of scikit-learn, small enough for little memory.
BATCH = 20_000
# Fewer rows are answered before anybody could want to stop it.
FEW = 1_000
_WORDS = {NUMBER: "a number", BOOLEAN: "a boolean", TIME: "a date or time", CATEGORY: "a text"}


@dataclass(frozen=True)
class Batch:
    """The answers for some rows, as the SQL of ml.predict takes them apart."""

    separator: str  # between texts
    missing: str  # in the place of NULL
    keys: str | None  # None: the model has no key
    predictions: str | None  # None: they are the scores, or there are none
    spelled: bool  # whether the scores are the predictions
    scores: bytes
    names: list[str] | None  # of the probabilities; None: there are none
    shares: bytes | None  # row by row
    raw: bool  # whether ml.numbers() can take bytes as they are


def predict_batches(db: Database, model: str, query: str, version: int | None) -> Iterator[Batch]:
    """Key, prediction, score and the probability of each class, for each row of the query."""
    stored = registry.load(db, model, version)
    query, by_name = matching(db, stored, model, query)
    check_arrays(db, query, stored.features)
    numbers = [by_name[f.name] for f in stored.features if f.kind != CATEGORY]
    texts = [by_name[f.name] for f in stored.features if f.kind == CATEGORY]
    if stored.key:
        texts.append(by_name[stored.key])
    reader = Reader(db, query, numbers, texts)
    encoder = BatchEncoder(stored.features, reader.packing.missing)
    found = _batches(db, stored, reader, encoder)
    # The first batch is read here and not by whoever asks for the first row: Postgres shows an
    # error at this point in plain words, and later ones as a detail of "error fetching next item".
    first = list(islice(found, 1))
    return chain(first, found)


def matching(db: Database, stored: Model, model: str, query: str) -> tuple[str, dict[str, Column]]:
    """The query and its columns by name, once they are known to fit the model."""
    query = clean_query(query)
    by_name = named(read_columns(db, query), stored.features)
    check_columns(stored.features, by_name)
    if stored.key and stored.key not in by_name:
        raise GlasshouseError(
            f"The query returns no column {stored.key!r}, the key of model {model!r}.",
            near_names(stored.key, by_name),
        )
    return query, by_name


def _batches(db: Database, stored: Model, reader: Reader, encoder: BatchEncoder) -> Iterator[Batch]:
    packing, task = reader.packing, TASKS[stored.task]
    for _, values, words in reader.batches(BATCH):
        keys = packing.separator.join(words.pop()) if stored.key else None
        matrix = encoder.encode(values, words)
        with attentive(db.checkpoint) if len(matrix) > FEW else nullcontext():
            predicted, scores, shares = task.predict(stored, matrix)
        spelled = isinstance(predicted, NumericPredictions)
        told = [] if spelled else [packing.missing if p is None else p for p in predicted]
        named = isinstance(shares, ProbabilityMatrix)
        yield Batch(
            packing.separator,
            packing.missing,
            keys,
            None if spelled else packing.separator.join(told),
            spelled,
            packing.pack_numbers(np.fromiter(scores, np.float64)),
            shares.names if named else None,
            packing.pack_numbers(shares.matrix) if named else None,
            packing.raw,
        )


def check_columns(features: Iterable[Feature], columns: dict[str, Column]) -> None:
    """Each feature must be there and be of the kind it was in training."""
    for feature in features:
        column = columns.get(feature.name)
        if column is None:
            raise GlasshouseError(
                f"The query returns no column {feature.name!r}, which the model learned from.",
                near_names(feature.name, columns),
            )
        if column.kind != feature.kind:
            raise GlasshouseError(
                f"Column {feature.name!r} is of type {column.type}; the model learned from "
                f"{_WORDS[feature.kind]} ({feature.type}).",
                f"Cast it in the query to {feature.type}.",
            )
