"""The predictions for a batch of rows, packed: what a session and its processes compute alike."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import NumericPredictions, ProbabilityMatrix
from glasshouse_ml.data.encoding import BatchEncoder
from glasshouse_ml.data.packing import Packing
from glasshouse_ml.tasks.registry import TASKS


@dataclass(frozen=True)
class BatchPredictions:
    """The predictions for some rows; texts and numbers are those of many rows in one."""

    texts: str | None  # None: they are the scores, or there are none
    scores_are_predictions: bool
    scores: bytes
    names: list[str] | None  # of the probabilities; None: there are none
    probabilities: bytes | None  # row by row


class BatchPredictor:
    """Predicts rows as they are read."""

    def __init__(self, stored: Model, packing: Packing) -> None:
        """Packing says what stands between texts and for NULL, and how numbers go back."""
        self.stored, self.packing = stored, packing
        self.encoder = BatchEncoder(stored.features, packing.missing)

    def predict(self, numbers: np.ndarray, texts: list[list[str]]) -> BatchPredictions:
        """The predictions for some rows, whose features come in the order of the model's."""
        matrix = self.encoder.encode(numbers, texts)
        predictions, scores, probabilities = TASKS[self.stored.task].predict(self.stored, matrix)
        are_numeric = isinstance(predictions, NumericPredictions)
        probability_matrix = probabilities if isinstance(probabilities, ProbabilityMatrix) else None
        pack_numbers = self.packing.pack_numbers
        return BatchPredictions(
            None if are_numeric else self._joined(predictions),
            are_numeric,
            pack_numbers(np.fromiter(scores, np.float64)),
            probability_matrix.names if probability_matrix else None,
            pack_numbers(probability_matrix.matrix) if probability_matrix else None,
        )

    def _joined(self, texts: Iterable[str | None]) -> str:
        missing = self.packing.missing
        return self.packing.separator.join(missing if text is None else text for text in texts)
