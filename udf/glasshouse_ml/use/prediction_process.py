"""A process that predicts batches of rows for ml.predict, and the messages that it exchanges."""

import json
from collections.abc import Callable, Sequence

import numpy as np

from glasshouse_ml.core.model import Model
from glasshouse_ml.data import threads
from glasshouse_ml.data.packing import Packing
from glasshouse_ml.data.processes import Work, serve
from glasshouse_ml.registry.artifacts import pack, unpack
from glasshouse_ml.use.batch_predictor import BatchPredictions, BatchPredictor


def work(stored: Model, packing: Packing) -> Work:
    """The work of predicting with a model."""
    facts = json.dumps([packing.separator, packing.missing, packing.raw])
    return Work(__name__, [pack(stored), facts.encode()])


def message(
    separator: str, rows: int, numbers: np.ndarray, texts: Sequence[Sequence[str]]
) -> list[bytes]:
    """Some rows on their way to the process."""
    joined = [separator.join(column).encode() for column in texts]
    shape = json.dumps([rows, numbers.shape[1]]).encode()
    return [shape, np.ascontiguousarray(numbers).tobytes(), *joined]


def predictions(reply: Sequence[bytes]) -> BatchPredictions:
    """The predictions in the reply."""
    facts, texts, scores, probabilities = reply
    has_texts, scores_are_predictions, names = json.loads(facts)
    return BatchPredictions(
        texts.decode() if has_texts else None,
        scores_are_predictions,
        scores,
        names,
        None if names is None else probabilities,
    )


def _start(setup: Sequence[bytes]) -> Callable[[Sequence[bytes]], list[bytes]]:
    content, facts = setup
    separator, missing, raw = json.loads(facts)
    # The session has verified the signature of the model, and packed it again.
    stored = unpack(content)
    assert isinstance(stored, Model)
    threads.set_thread_limit(1)
    threads.limit_estimator_threads(stored.pipeline)
    predictor = BatchPredictor(stored, Packing((), (), separator, missing, raw))

    def reply_to(message: Sequence[bytes]) -> list[bytes]:
        shape, content, *joined = message
        numbers: np.ndarray = np.ndarray(json.loads(shape), np.float64, content)
        texts = [column.decode().split(separator) for column in joined]
        return _reply(predictor.predict(numbers, texts))

    return reply_to


def _reply(predicted: BatchPredictions) -> list[bytes]:
    facts = predicted.texts is not None, predicted.scores_are_predictions, predicted.names
    return [
        json.dumps(facts).encode(),
        (predicted.texts or "").encode(),
        predicted.scores,
        predicted.probabilities or b"",
    ]


if __name__ == "__main__":
    serve(_start)
