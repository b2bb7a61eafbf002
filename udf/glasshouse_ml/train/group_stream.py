"""options.rows = stream with options.group_by: each group is fitted on all its rows.

The query is read again in the order of the groups, so that the rows of one group are in memory at a
time. The pooled model is that of the sample.
"""

import copy
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.split import Split
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.data.query_text import subquery
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.model.fitting import Fitter
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.model.streaming import STREAMING
from glasshouse_ml.registry.artifacts import pack_group, unpack_group
from glasshouse_ml.train.row_batches import training_rows
from glasshouse_ml.train.training_data import TrainingData

Rows = tuple[np.ndarray, np.ndarray]


class PackedMembers:
    """The models of groups in a temporary file, so that they take no memory."""

    def __init__(self) -> None:
        """Empty at first. No other process can open the file: it has no name."""
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as this)
        self.parts: dict[float, tuple[int, int]] = {}  # where each model begins, and its bytes

    def add(self, value: float, member: Pipeline) -> None:
        """Store the model of a group."""
        content = pack_group(repr(value), member)
        self.parts[value] = self.file.seek(0, os.SEEK_END), len(content)
        self.file.write(content)

    def __call__(self, values: Sequence[float]) -> dict[float, Pipeline]:
        """The models of those groups that have one."""
        return {value: self._read(value) for value in values if value in self.parts}

    def _read(self, value: float) -> Pipeline:
        start, size = self.parts[value]
        self.file.seek(start)
        return unpack_group(self.file.read(size), repr(value))


def fit_groups(
    fitter: Fitter, data: TrainingData, split: Split, fitted: Pipeline
) -> tuple[Pipeline, str, int]:
    """The model with each group fitted on all its training rows, how, and on how many rows."""
    grouped: Grouped = copy.copy(fitted[-1])
    members = PackedMembers()
    grouped.fits = []
    for value, matrix, target_values in _groups(fitter, data, split, grouped.column):
        fit, member = grouped.fit_group(value, matrix, target_values)
        grouped.fits.append(fit)
        if member is not None:
            members.add(value, member)
    grouped.values_ = np.array(list(members.parts), float)
    grouped.members_, grouped.load_members = None, members
    rows = sum(fit.rows for fit in grouped.fits)
    return Pipeline([("estimate", grouped)]), STREAMING, rows


def _groups(
    fitter: Fitter, data: TrainingData, split: Split, column: int
) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """Each group with its features and target values; texts that are no category have no group."""
    feature = fitter.features[column]
    group_by = fitter.db.quote_identifier(feature.name)
    query = f"select * from {subquery(fitter.request.query)} order by rows.{group_by}"  # noqa: S608
    reader = Reader(fitter.db, query, data.reader.packing.numbers, data.reader.packing.texts)
    batches = training_rows(fitter, data, split).batches(fitter.features, reader)
    for value, parts in _runs(batches, column):
        if _is_group(feature, value):
            matrix = np.concatenate([matrix for matrix, _ in parts])
            target_values = np.concatenate([target_values for _, target_values in parts])
            yield value, np.delete(matrix, column, axis=1), target_values


def _runs(batches: Iterable[Rows], column: int) -> Iterator[tuple[float, list[Rows]]]:
    """Rows of one value that follow one another, in parts of one batch each."""
    current, parts = np.nan, list[Rows]()
    for matrix, target_values in batches:
        values = matrix[:, column]
        starts = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)
        for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
            if values[start] != current and parts:
                yield current, parts
                parts = []
            current = float(values[start])
            parts.append((matrix[start:end], target_values[start:end]))
    if parts:
        yield current, parts


def _is_group(feature: Feature, value: float) -> bool:
    if feature.kind == CATEGORY:
        return 0 <= value < len(feature.categories)
    return not np.isnan(value)
