"""options.rows = stream: the chosen candidate is fitted again, on all rows of the query.

What does not fit into memory_mb is a sample, on which everything is decided and measured. A second
reading of the query then hands every row outside the test part to the fit, a batch at a time.
"""

from sklearn.pipeline import Pipeline

from glasshouse_ml.core.split import Split
from glasshouse_ml.data.memory import has_room
from glasshouse_ml.model.fitting import Fitter, one_line_errors
from glasshouse_ml.model.streaming import batch_fit
from glasshouse_ml.train.group_stream import fit_groups
from glasshouse_ml.train.row_batches import training_batches
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
    if request.options.get("group_by"):
        return fit_groups(fitter, data, split, fitted)
    fit = batch_fit(fitted, len(target.names), request.options["seed"])
    if fit is None:
        fitter.db.notice(
            f"{type(fitted[-1]).__name__} cannot learn in batches, so it has learned from the "
            "sample alone. docs/training.md lists the algorithms that learn from all rows."
        )
        return fitted, SAMPLE, in_memory
    rows = 0
    for matrix, target_values in training_batches(fitter, data, split, data.reader):
        with one_line_errors("The fit on all rows failed"):
            fit.add(matrix, target_values)
        rows += len(target_values)
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
