"""ml.predict: rows in batches through the stored model."""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from glasshouse_ml import registry
from glasshouse_ml.artifacts import Model
from glasshouse_ml.database import Database
from glasshouse_ml.encoding import BatchEncoder, Feature
from glasshouse_ml.errors import GlasshouseError, near_names
from glasshouse_ml.rows import Reader, describe
from glasshouse_ml.rows import by_name as named
from glasshouse_ml.table import BOOLEAN, CATEGORY, NUMBER, TIME, Column
from glasshouse_ml.tasks import TASKS

# Large enough to spread the fixed cost of a call of scikit-learn, small enough for little memory.
BATCH = 20_000
_WORDS = {NUMBER: "a number", BOOLEAN: "a boolean", TIME: "a date or time", CATEGORY: "a text"}

Prediction = tuple[str | None, str, float, str | None]


def predict(db: Database, model: str, query: str, version: int | None) -> Iterator[Prediction]:
    """Key, class, score and the probability of each class, for each row of the query."""
    stored = registry.load(db, model, version)
    query, by_name = matching(db, stored, model, query)
    numbers = [by_name[f.name] for f in stored.features if f.kind != CATEGORY]
    texts = [by_name[f.name] for f in stored.features if f.kind == CATEGORY]
    if stored.key:
        texts.append(by_name[stored.key])
    reader = Reader(db, query, numbers, texts)
    encoder = BatchEncoder(stored.features, reader.packing.missing)
    found = _batches(stored, reader, encoder)
    # The first batch is read here and not by whoever asks for the first row: Postgres shows an
    # error at this point in plain words, and later ones as a detail of "error fetching next item".
    first = next(found, iter(()))
    return chain(first, chain.from_iterable(found))


def matching(db: Database, stored: Model, model: str, query: str) -> tuple[str, dict[str, Column]]:
    """The query and its columns by name, once they are known to fit the model."""
    query, columns = describe(db, query)
    by_name = named(columns, stored.features)
    check_columns(stored.features, by_name)
    if stored.key and stored.key not in by_name:
        raise GlasshouseError(
            f"The query returns no column {stored.key!r}, the key of model {model!r}.",
            near_names(stored.key, by_name),
        )
    return query, by_name


def _batches(
    stored: Model, reader: Reader, encoder: BatchEncoder
) -> Iterator[Iterator[Prediction]]:
    for size, values, words in reader.batches(BATCH):
        keys: Iterable[str | None] = [None] * size
        if stored.key:
            keys = [None if key == reader.packing.missing else key for key in words.pop()]
        yield answers(stored, keys, encoder.encode(values, words))


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


def answers(stored: Model, keys: Iterable[str | None], matrix: np.ndarray) -> Iterator[Prediction]:
    """The answer for each row of a matrix."""
    return zip(keys, *TASKS[stored.task].answers(stored, matrix), strict=True)
