"""options.rows = stream: the chosen candidate is fitted again, on all rows of the query.

What does not fit into memory_mb is a sample, on which everything is decided and measured. A second
reading of the query then hands every row outside the test part to the fit, a batch at a time.
"""

from collections.abc import Iterator

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.split import Split
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data.column_buffer import ColumnBuffer
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.data.fingerprint import row_hashes
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model.fitting import Fitter, one_line_errors
from glasshouse_ml.model.splitting import training_mask
from glasshouse_ml.model.streaming import batch_fit
from glasshouse_ml.train.training_data import STREAM, TrainingData

IN_MEMORY, SAMPLE = "in memory", "sample"


def fit_all_rows(
    fitter: Fitter, data: TrainingData, split: Split, fitted: Pipeline
) -> tuple[Pipeline, str, int]:
    """The Pipeline fitted on all training rows, how it was fitted, and on how many rows.

    `fitted` is its fit on the rows in memory, and the result where these are all rows, where
    options.rows does not ask for more, or where the algorithm cannot learn in batches.
    """
    request, target = fitter.request, fitter.target
    in_memory = len(split.train)
    if data.rows_sampled == data.rows_read:
        return fitted, IN_MEMORY, in_memory
    if request.options.get("rows") != STREAM:
        return fitted, SAMPLE, in_memory
    fit = batch_fit(fitted, len(target.names), request.options["seed"])
    if fit is None:
        fitter.db.notice(
            f"{type(fitted[-1]).__name__} cannot learn in batches, so it has learned from the "
            "sample alone. docs/training.md lists the algorithms that learn from all rows."
        )
        return fitted, SAMPLE, in_memory
    rows = 0
    for matrix, answers in _training_batches(fitter, data, split):
        with one_line_errors("The fit on all rows failed"):
            fit.add(matrix, answers)
        rows += len(answers)
    return fit.result(), fit.method, rows


def _training_batches(
    fitter: Fitter, data: TrainingData, split: Split
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    request = fitter.request
    test = data.table.take(split.test)
    reader = data.reader
    is_training = training_mask(request, split, test, row_hashes(test))
    for size, numbers, texts in reader.batches():
        check_interrupts()
        buffer = ColumnBuffer(reader.packing, None)
        buffer.add(size, numbers, texts)
        batch = buffer.table()
        chosen = is_training(batch, row_hashes(batch))
        if request.target:
            chosen &= _is_labelled(batch, request.target)
        batch = batch.take(chosen)
        if batch.rows:
            answers = _answers(batch, request.target, fitter.target)
            yield encode(fitter.features, batch), answers


def _is_labelled(batch: Table, column: str) -> np.ndarray:
    if column in batch.numbers:
        return ~np.isnan(batch.numbers[column])
    return batch.texts[column].codes >= 0


def _answers(batch: Table, column: str | None, target: Target) -> np.ndarray:
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
