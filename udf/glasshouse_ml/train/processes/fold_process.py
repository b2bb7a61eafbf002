"""The fits of the folds of a candidate, in the session or in several processes.

Run as a program, the module is one of these processes.
"""

import json
from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import XY
from glasshouse_ml.data import threads
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.processes import SETTING, Work, allowed_processes, compute_each, serve
from glasshouse_ml.model.fitting import Fit
from glasshouse_ml.registry.artifacts import pack_pipeline, unpack_pipeline

# Seconds of processor time of the first folds of a candidate, after which processes fit the others.
ALONE_S = 2.0


class _FoldJob:
    """Fits folds."""

    def compute(self, fit: Fit) -> Pipeline:
        return fit.run()

    def work(self) -> Work:
        return Work(__name__, [])

    def message(self, fit: Fit) -> list[bytes]:
        rows = fit.rows
        arrays = [rows.matrix, rows.actual, *([] if rows.weights is None else [rows.weights])]
        facts = [fit.algorithm, [(array.dtype.str, array.shape) for array in arrays]]
        contents = (array.tobytes() for array in arrays)
        return [json.dumps(facts).encode(), pack_pipeline(fit.pipeline), *contents]

    def result(self, fit: Fit, reply: Sequence[bytes]) -> Pipeline:
        return unpack_pipeline(reply[0])


def fold_runner(
    db: Database, request: Request, features: Sequence[Feature]
) -> Callable[[Iterator[Fit]], Generator[Pipeline, None, None]]:
    """A function that runs the fits of some folds in their order."""
    count = allowed_processes(db)
    reason = _session_only(request, features)
    if count and reason:
        db.notice(f"{SETTING} does not apply to the folds: {reason}.")
        count = 0
    return lambda fits: compute_each(fits, _FoldJob(), count, check_interrupts, ALONE_S)


def _session_only(request: Request, features: Sequence[Feature]) -> str | None:
    """Why the session fits all folds; None where processes can."""
    if request.options["memory_mb"] is not None:
        return "each process holds the rows of a fold, and options.memory_mb limits the memory"
    if request.options.get("group_by"):
        return (
            "the models of groups are fitted when rows need them; ml.train_groups can divide them"
        )
    if any(feature.has_documents for feature in features):
        return "a feature is a free text or a list"
    return None


def _start(setup: Sequence[bytes]) -> Callable[[Sequence[bytes]], list[bytes]]:
    threads.set_thread_limit(1)
    return lambda message: [pack_pipeline(_fit(message).run())]


def _fit(message: Sequence[bytes]) -> Fit:
    facts, pipeline, *contents = message
    algorithm, shapes = json.loads(facts)
    # Writable, as the rows of a session.
    arrays: list[np.ndarray] = [
        np.ndarray(shape, kind, bytearray(content))
        for (kind, shape), content in zip(shapes, contents, strict=True)
    ]
    matrix, actual, *weights = arrays
    rows = XY(matrix, actual, weights=weights[0] if weights else None)
    return Fit(algorithm, unpack_pipeline(pipeline), rows)


if __name__ == "__main__":
    serve(_start)
