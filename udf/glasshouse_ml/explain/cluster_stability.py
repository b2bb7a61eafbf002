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

from glasshouse_ml.measure.intervals import number

# The mean over so many fits no longer changes in what anyone reads.
FITS = 20
# More rows make the fits slower and the answer no other.
MOST_LEARNED = 10_000
MOST_COMPARED = 10_000


def stability(
    fit: Callable[[np.ndarray], Pipeline],
    best: Pipeline,
    learned: int,
    rows: np.ndarray,
    seed: int,
) -> list[dict[str, Any]]:
    """A registry row: the mean over the fits, and as its ends the worst and the best of them.

    fit() learns from training rows, given by number, of which there are `learned`; `rows` is the
    matrix of the test part.
    """
    rng = np.random.default_rng(seed)
    compared = rows[:MOST_COMPARED]
    clusters = best.predict(compared)
    found = [
        adjusted_rand_score(
            clusters, fit(rng.integers(0, learned, min(learned, MOST_LEARNED))).predict(compared)
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
            "value": number(float(np.mean(found))),
            "lower": number(min(found)),
            "upper": number(max(found)),
            "n": len(compared),
        }
    ]
