"""The prediction interval of a regression: what is added to a predicted number."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PredictionInterval:
    """Offsets of the lower and the upper bound, by the size of the prediction.

    Attributes
    ----------
    level : float
        The share of the rows whose true number is meant to lie within the bounds.
    edges : tuple of float
        Predictions that divide the groups; a prediction on an edge belongs to the group above it.
    below, above : tuple of float
        For each group, one more than there are edges, what is added to the prediction.
    """

    level: float
    edges: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]

    def bounds(self, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper bound of each prediction."""
        groups = np.searchsorted(self.edges, predicted, side="right")
        return predicted + np.array(self.below)[groups], predicted + np.array(self.above)[groups]
