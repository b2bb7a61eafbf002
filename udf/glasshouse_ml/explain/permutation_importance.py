"""Permutation importance: shuffle one feature on the test rows and see what is lost."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.data.interrupts import check_interrupts

# A shuffle costs a prediction of every row; beyond this many, a sample of the rows tells as much.
_MAX_PREDICTIONS = 500_000
_MIN_ROWS = 1_000


def importance_rows(
    score: Callable[[np.ndarray], EvaluationInput],
    matrix: np.ndarray,
    features: list[str],
    metric: Metric,
    repeats: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Mean and deviation of the loss for each feature; score() predicts the rows of a matrix."""
    if not repeats:
        return []
    rng = np.random.default_rng(seed)
    score_unpermuted = metric.gain(metric.value(score(matrix)))
    losses = np.zeros((len(features), repeats))
    for position in range(len(features)):
        original = matrix[:, position].copy()
        for repeat in range(repeats):
            check_interrupts()
            matrix[:, position] = rng.permutation(original)
            losses[position, repeat] = score_unpermuted - metric.gain(metric.value(score(matrix)))
        matrix[:, position] = original
    losses = np.nan_to_num(losses)
    means, deviations = losses.mean(axis=1), losses.std(axis=1)
    records = []
    for rank, position in enumerate(np.argsort(-means, kind="stable"), start=1):
        records.append(
            {
                "feature": features[position],
                "method": "permutation",
                "metric": metric.name,
                "mean": float(means[position]),
                "deviation": float(deviations[position]),
                "repeats": repeats,
                "rank": rank,
            }
        )
    return records


def sample_rows(rows: int, features: int, repeats: int, seed: int) -> np.ndarray:
    """The test rows the importance is measured on: all of them, or as many as time allows."""
    most = max(_MIN_ROWS, _MAX_PREDICTIONS // max(1, features * repeats))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
