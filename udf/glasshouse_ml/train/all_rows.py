"""options.rows = stream: the chosen candidate is fitted again, on all rows of the query.

What does not fit into memory_mb is a sample, on which everything is decided and measured. A second
reading of the query then hands every row outside the test part to the fit, a batch at a time. On a
Citus cluster the workers read their own rows, where what they learn can be merged.
"""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.model import Model
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import Split
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.memory import has_room
from glasshouse_ml.data.shard_sample import reader_parameters, shard_reader
from glasshouse_ml.data.shards import SignedArtifact
from glasshouse_ml.model.fitting import Fitter, one_line_errors
from glasshouse_ml.model.streaming import BatchFit, MergeableFit, batch_fit, mergeable_fit
from glasshouse_ml.registry.artifacts import pack
from glasshouse_ml.registry.signatures import sign
from glasshouse_ml.train.group_stream import fit_groups
from glasshouse_ml.train.row_batches import TrainingRows, training_rows
from glasshouse_ml.train.training_data import STREAM, TrainingData

IN_MEMORY, SAMPLE = "in memory", "sample"
# The measure of ml.read_shard, and the number under which a model is signed that is no version.
SUMS, UNRECORDED = "sums", 0


def is_refitted(request: Request, data: TrainingData) -> bool:
    """Whether options.rows asks for a fit on rows that are not in memory."""
    return data.rows_sampled < data.rows_read and request.options.get("rows") == STREAM


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
    if not is_refitted(request, data):
        return fitted, SAMPLE, in_memory
    if request.options.get("group_by"):
        return fit_groups(fitter, data, split, fitted)
    fit = batch_fit(fitted, len(target.names), request.options["seed"])
    if fit is None:
        fitter.db.notice(
            f"{type(fitted[-1]).__name__} cannot learn in batches, so it has learned from the "
            "sample alone. docs/training.md lists the algorithms that learn from all rows."
        )
        return fitted, SAMPLE, in_memory
    selected = training_rows(fitter, data, split)
    mergeable = mergeable_fit(fit)
    if data.shards and mergeable:
        rows = _merge_shards(mergeable, fitter, data, fitted, selected)
    else:
        rows = add_rows(fit, selected.batches(fitter.features, data.reader))
    memory_mb = request.options["memory_mb"]
    if not has_room(fit.bytes_needed(), memory_mb):
        fitter.db.notice(
            f"All {rows} rows need {fit.bytes_needed() / 2**20:.0f} MiB, for which "
            f"options.memory_mb = {memory_mb} has no room, so {type(fitted[-1]).__name__} has "
            "learned from the sample alone."
        )
        return fitted, SAMPLE, in_memory
    with one_line_errors("The fit on all rows failed"):
        return fit.result(), fit.method, rows


def add_rows(fit: BatchFit, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> int:
    """Have a fit learn from batches of rows; the number of rows."""
    rows = 0
    for matrix, target_values in batches:
        with one_line_errors("The fit on all rows failed"):
            fit.add(matrix, target_values)
        rows += len(target_values)
    return rows


def _merge_shards(
    fit: MergeableFit,
    fitter: Fitter,
    data: TrainingData,
    fitted: Pipeline,
    selected: TrainingRows,
) -> int:
    """Have the workers of a cluster learn from their shards, and merge; the number of rows."""
    assert data.shards is not None
    task, classes = fitter.request.task.name, fitter.target.names
    artifact = pack(Model(fitted, fitter.features, classes, None, None, task))
    parameters = {
        **reader_parameters(data.reader),
        **asdict(selected),
        "seed": fitter.request.options["seed"],
    }
    rows, name = 0, fitter.request.model
    signature = sign(name, UNRECORDED, artifact)
    signed = SignedArtifact(name, UNRECORDED, artifact, signature)
    for state in data.shards.states(SUMS, parameters, signed):
        rows += int(state.pop("rows_learned"))
        fit.merge(state)
    return rows


def fit_shard(
    db: Database, source: str, parameters: dict[str, Any], stored: Model
) -> dict[str, np.ndarray]:
    """What a fit learns from the rows of a shard; its arguments are those of _merge_shards()."""
    fit = batch_fit(stored.pipeline, len(stored.classes), parameters["seed"])
    mergeable = mergeable_fit(fit) if fit else None
    assert mergeable is not None
    selected = TrainingRows(*(parameters[field.name] for field in fields(TrainingRows)))
    reader = shard_reader(db, source, parameters)
    rows = add_rows(mergeable, selected.batches(stored.features, reader))
    return {**mergeable.state(), "rows_learned": np.array(rows)}
