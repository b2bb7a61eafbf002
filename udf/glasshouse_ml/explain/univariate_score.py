"""How well each feature alone predicts the target: what does so nearly perfectly has leaked.

The rule is the mean of the target in each bin of the feature. It is made on one half of the rows
and judged on the other, and the other way round, so that a text with many values gains nothing from
having a bin for nearly every row.
"""

import numpy as np

from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.target import Target
from glasshouse_ml.measure.classification_metrics import METRICS, ClassificationScores
from glasshouse_ml.measure.regression_metrics import METRICS as OF_NUMBERS
from glasshouse_ml.measure.regression_metrics import RegressionScores

# Near perfection shows on fewer rows too.
MAX_ROWS = 5_000
BINS = 50


def sample_training_rows(training: np.ndarray, seed: int) -> np.ndarray:
    """The rows that the rules are made and judged on, in an order by chance."""
    return np.random.default_rng(seed).permutation(training)[:MAX_ROWS]


def univariate_score(values: np.ndarray, target: Target, is_category: bool) -> float | None:
    """ROC AUC with classes, else R²; None where nothing varies. Values: codes, or NaN for NULL."""
    names = target.names
    truth = np.eye(len(names))[target.values] if names else target.values[:, None]
    bins = _bins(values, is_category)
    predicted = np.empty(truth.shape)
    even = np.arange(len(values)) % 2 == 0
    for fitting, scoring in ((even, ~even), (~even, even)):
        if not fitting.any() or not scoring.any():
            return None
        size = bins.max() + 1
        counts = np.bincount(bins[fitting], minlength=size)[:, None]
        sums = np.column_stack([np.bincount(bins[fitting], y, size) for y in truth[fitting].T])
        mean = truth[fitting].mean(axis=0)
        predicted[scoring] = np.where(counts > 0, sums / np.maximum(counts, 1), mean)[bins[scoring]]
    if names:
        positive = target.positive or 0
        return json_number(
            METRICS["roc_auc"].value(ClassificationScores(target.values, predicted, positive))
        )
    r2 = json_number(OF_NUMBERS["r2"].value(RegressionScores(target.values, predicted[:, 0])))
    return None if r2 is None else max(r2, 0.0)


def _bins(values: np.ndarray, is_category: bool) -> np.ndarray:
    if is_category:
        return values.astype(np.int64) + 1  # NULL is -1
    present = values[~np.isnan(values)]
    if not len(present):
        return np.zeros(len(values), np.int64)
    edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1]))
    bin_codes = np.searchsorted(edges, np.nan_to_num(values), side="right") + 1
    return np.where(np.isnan(values), 0, bin_codes)
