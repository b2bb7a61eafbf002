"""Partial dependence: what the model answers when one feature is set to a value and all else stays.

The mean over the rows is the partial dependence (Friedman, Annals of Statistics 29, 2001), the
quantiles over the rows are those of the individual conditional expectation curves (Goldstein and
others, Journal of Computational and Graphical Statistics 24, 2015). Values that do not go together
with a row's other values are answered all the same: strongly correlated features mislead here.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import BOOLEAN, CATEGORY
from glasshouse_ml.data.interrupts import check_interrupts

MAX_POINTS = 20
MAX_CATEGORIES = 12
# Enough for the tenths of the single rows; each costs a prediction for every point.
MAX_ROWS = 200
MAX_CLASSES = 10
_QUANTILES = (0.1, 0.5, 0.9)


def dependence_rows(
    predict: Callable[[np.ndarray], np.ndarray],
    matrix: np.ndarray,
    training: np.ndarray,
    features: Sequence[Feature],
    positions: Sequence[int],
    classes: Sequence[tuple[str, int]],
    seed: int,
) -> Records:
    """Registry rows for the features at these positions.

    predict() returns a matrix with a column for each class, or one; `classes` names the columns
    that are reported. The values are those of the training rows, the rows are a sample of `matrix`.
    """
    rng = np.random.default_rng(seed)
    rows = matrix
    if len(matrix) > MAX_ROWS:
        rows = matrix[np.sort(rng.choice(len(matrix), MAX_ROWS, replace=False))]
    records: Records = []
    for position in positions:
        check_interrupts()
        points = list(grid_points(features[position], training[:, position]))
        if len(points) < 2:
            continue
        repeated = np.tile(rows, (len(points), 1))
        repeated[:, position] = np.repeat([value for value, _ in points], len(rows))
        predictions = predict(repeated).reshape(len(points), len(rows), -1)
        for name, column in classes:
            means = predictions[:, :, column].mean(axis=1)
            quantiles = np.quantile(predictions[:, :, column], _QUANTILES, axis=1)
            for place, (_, facts) in enumerate(points):
                lower, median, upper = (json_number(value) for value in quantiles[:, place])
                records.append(
                    {
                        "feature": features[position].name,
                        "class": name,
                        "position": place + 1,
                        **facts,
                        "mean": json_number(means[place]),
                        "lower": lower,
                        "median": median,
                        "upper": upper,
                        "n": len(rows),
                    }
                )
    return records


def grid_points(
    feature: Feature,
    values: np.ndarray,
    max_points: int = MAX_POINTS,
    max_categories: int = MAX_CATEGORIES,
) -> Iterator[tuple[float, dict[str, Any]]]:
    """The values a feature is set to, each as the matrix holds it and as a reader knows it."""
    present = values[~np.isnan(values)]
    if feature.kind == CATEGORY:
        # Their codes go by frequency, the most frequent first.
        for code, category in enumerate(feature.categories[:max_categories]):
            yield float(code), {"kind": "category", "category": category}
    elif feature.has_documents:
        return  # no text stands for others
    elif feature.kind == BOOLEAN:
        for value in np.unique(present):
            yield value, {"kind": "category", "category": str(bool(value)).lower()}
    elif len(present):
        # Values that occur, so that no whole number is asked about as 2.5. Without the outermost
        # hundredth, where hardly any row supports the answer.
        probabilities = np.linspace(0.01, 0.99, max_points)
        for value in np.unique(np.quantile(present, probabilities, method="inverted_cdf")):
            yield value, {"kind": "number", "x": json_number(value)}
