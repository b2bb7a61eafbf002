"""Whether a clustering would be found again: it is fitted on rows drawn anew and compared.

Each time the training rows are drawn with replacement and the winner is fitted on them; then test
rows, which no fit has seen, are divided by it and by the finished model. The adjusted Rand index
says how far the two agree: 1 when every pair of rows is together or apart in both, 0 when no more
pairs are than by chance (Hubert and Arabie, 1985; as a measure of a clustering: Hennig,
Computational Statistics & Data Analysis 52, 2007).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.records import json_number

# The mean over so many fits no longer changes in what anyone reads.
FITS = 20
# More rows make the fits slower and the answer no other.
MAX_LEARNED = 10_000
MAX_COMPARED = 10_000


def stability_rows(
    fit: Callable[[np.ndarray], Pipeline],
    best: Pipeline,
    training_rows: int,
    rows: np.ndarray,
    seed: int,
) -> list[dict[str, Any]]:
    """A registry row: the mean over the fits, and as its ends the worst and the best of them.

    fit() learns from training rows, given by number, of which there are `learned`; `rows` is the
    matrix of the test part.
    """
    rng = np.random.default_rng(seed)
    compared_rows = rows[:MAX_COMPARED]
    clusters = best.predict(compared_rows)
    scores = [
        adjusted_rand_score(
            clusters,
            fit(rng.integers(0, training_rows, min(training_rows, MAX_LEARNED))).predict(
                compared_rows
            ),
        )
        for _ in range(FITS)
    ]
    return [
        {
            "series": "model",
            "split": "test",
            "fold": None,
            "segment": "all",
            "metric": "stability",
            "higher_is_better": True,
            "value": json_number(float(np.mean(scores))),
            "lower": json_number(min(scores)),
            "upper": json_number(max(scores)),
            "n": len(compared_rows),
        }
    ]
