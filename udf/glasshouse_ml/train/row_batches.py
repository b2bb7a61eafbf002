"""Reads the rows of a query again, a batch at a time, without those of a test part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.split import Split
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data.column_buffer import ColumnBuffer
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.data.fingerprint import row_hashes
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.model.fitting import Fitter
from glasshouse_ml.model.splitting import training_mask, training_rule
from glasshouse_ml.train.training_data import TrainingData


@dataclass(frozen=True)
class TrainingRows:
    """Which rows of a query are learned from, and what their target is."""

    rule: dict[str, Any]  # see splitting.training_rule()
    target: str | None
    classes: Sequence[str]

    def batches(
        self, features: Sequence[Feature], reader: Reader
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The matrix and the target values of these rows, a batch at a time."""
        is_training = training_mask(self.rule)
        for rows in reader.batches():
            check_interrupts()
            buffer = ColumnBuffer(reader.packing)
            buffer.add(*rows)
            batch = buffer.table()
            chosen = is_training(batch, row_hashes(batch))
            if self.target:
                chosen &= _is_labelled(batch, self.target)
            batch = batch.take(chosen)
            if batch.rows:
                target_values = _target_values(batch, self.target, self.classes)
                yield encode(features, batch), target_values


def training_rows(fitter: Fitter, data: TrainingData, split: Split) -> TrainingRows:
    """The rows outside the test part."""
    request = fitter.request
    test = data.table.take(split.test)
    rule = training_rule(request, split, test, row_hashes(test))
    return TrainingRows(rule, request.target, fitter.target.names)


def _is_labelled(batch: Table, column: str) -> np.ndarray:
    if column in batch.numbers:
        return ~np.isnan(batch.numbers[column])
    return batch.texts[column].codes >= 0


def _target_values(batch: Table, column: str | None, classes: Sequence[str]) -> np.ndarray:
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
    positions = {name: position for position, name in enumerate(classes)}
    present = {texts.levels[code] for code in np.unique(texts.codes)}
    for name in sorted(present - positions.keys()):
        raise GlasshouseError(
            f"Class {name!r} of {column!r} is in no row of the sample.",
            "Allow more memory_mb, merge the class with another one, or leave its rows out.",
        )
    return np.array([positions.get(level, -1) for level in texts.levels])[texts.codes]
