"""Reads the rows of a query again, a batch at a time, without those of a test part."""

from collections.abc import Iterator

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.split import Split
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data.column_buffer import ColumnBuffer
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.data.fingerprint import row_hashes
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.model.fitting import Fitter
from glasshouse_ml.model.splitting import training_mask
from glasshouse_ml.train.training_data import TrainingData


def training_batches(
    fitter: Fitter, data: TrainingData, split: Split, reader: Reader
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The matrix and the target values of the rows outside the test part, a batch at a time."""
    request = fitter.request
    test = data.table.take(split.test)
    is_training = training_mask(request, split, test, row_hashes(test))
    for rows in reader.batches():
        check_interrupts()
        buffer = ColumnBuffer(reader.packing)
        buffer.add(*rows)
        batch = buffer.table()
        chosen = is_training(batch, row_hashes(batch))
        if request.target:
            chosen &= _is_labelled(batch, request.target)
        batch = batch.take(chosen)
        if batch.rows:
            target_values = _target_values(batch, request.target, fitter.target)
            yield encode(fitter.features, batch), target_values


def _is_labelled(batch: Table, column: str) -> np.ndarray:
    if column in batch.numbers:
        return ~np.isnan(batch.numbers[column])
    return batch.texts[column].codes >= 0


def _target_values(batch: Table, column: str | None, target: Target) -> np.ndarray:
    if column is None:
        return np.zeros(batch.rows)
    if column in batch.numbers:
        values = batch.numbers[column]
        too_large = int((np.abs(values) > MAX_ABSOLUTE_VALUE).sum())
        if too_large:
            raise GlasshouseError(
                f"Target column {column!r} holds infinite or too large values "
                f"(beyond {MAX_ABSOLUTE_VALUE:g}) in {count_rows(too_large)}.",
                "Leave those rows out, or limit them with least().",
            )
        return values
    texts = batch.texts[column]
    positions = {name: position for position, name in enumerate(target.names)}
    present = {texts.levels[code] for code in np.unique(texts.codes)}
    for name in sorted(present - positions.keys()):
        raise GlasshouseError(
            f"Class {name!r} of {column!r} is in no row of the sample.",
            "Allow more memory_mb, merge the class with another one, or leave its rows out.",
        )
    return np.array([positions.get(level, -1) for level in texts.levels])[texts.codes]
