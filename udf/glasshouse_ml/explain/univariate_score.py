"""How well each feature alone predicts the target: what does so nearly perfectly has leaked.

The rule predicts the mean of the target in each bin of the feature. It is fitted on one half of the
rows and scored on the other, and the other way round, so that a text with many values gains nothing
from having a bin for nearly every row. The rows of a bin are dealt out to both halves, so that a
rare value is in each of them.
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


def sample_training_rows(training: np.ndarray, target: Target, seed: int) -> np.ndarray:
    """At most MAX_ROWS row numbers of the training part in random order.

    Half of them are dealt out to the classes in equal numbers, so that a rare class is in the
    sample with all its rows.
    """
    order = np.random.default_rng(seed).permutation(training)
    if len(order) <= MAX_ROWS or not target.names:
        return order[:MAX_ROWS]
    classes = target.values[order]
    is_first_of_class = _ranks_within(classes) < MAX_ROWS // (2 * len(target.names))
    others = np.flatnonzero(~is_first_of_class)
    is_first_of_class[others[: MAX_ROWS - is_first_of_class.sum()]] = True
    return order[is_first_of_class]


def univariate_score(values: np.ndarray, target: Target, is_category: bool) -> float | None:
    """How well the rule predicts the target of rows in random order.

    With two classes the ROC AUC; with more the largest one of a class against the rest, because a
    feature that tells one class has leaked; with numbers R², at least 0. None where nothing varies.
    `values` are codes of categories with -1 for NULL, or numbers with NaN for NULL.
    """
    names = target.names
    truth = np.eye(len(names))[target.values] if names else target.values[:, None]
    bins = _bins(values, is_category)
    predicted = np.empty(truth.shape)
    even = np.empty(len(values), bool)
    even[np.argsort(bins, kind="stable")] = np.arange(len(values)) % 2 == 0
    for fitting, scoring in ((even, ~even), (~even, even)):
        if not fitting.any() or not scoring.any():
            return None
        size = bins.max() + 1
        counts = np.bincount(bins[fitting], minlength=size)[:, None]
        sums = np.column_stack([np.bincount(bins[fitting], y, size) for y in truth[fitting].T])
        mean = truth[fitting].mean(axis=0)
        predicted[scoring] = np.where(counts > 0, sums / np.maximum(counts, 1), mean)[bins[scoring]]
    if names:
        areas = [
            METRICS["roc_auc"].value(
                ClassificationScores(
                    (target.values == position).astype(np.int64),
                    np.column_stack([1.0 - predicted[:, position], predicted[:, position]]),
                )
            )
            for position in (
                [target.positive] if target.positive is not None else range(len(names))
            )
        ]
        defined = [area for area in areas if np.isfinite(area)]
        return json_number(max(defined)) if defined else None
    r2 = json_number(OF_NUMBERS["r2"].value(RegressionScores(target.values, predicted[:, 0])))
    return None if r2 is None else max(r2, 0.0)


def _bins(values: np.ndarray, is_category: bool) -> np.ndarray:
    if is_category:
        return values.astype(np.int64) + 1  # NULL is -1
    present = values[~np.isnan(values)]
    if not len(present):
        return np.zeros(len(values), np.int64)
    edges = np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1])
    distinct, counts = np.unique(present, return_counts=True)
    if (counts > 1).sum() <= BINS:
        edges = np.append(edges, distinct[counts > 1])
    edges = np.unique(edges)
    # An edge is a bin of its own: it may be the value of most rows, or a rare one.
    known = np.nan_to_num(values)
    bin_codes = np.searchsorted(edges, known) + np.searchsorted(edges, known, side="right") + 1
    return np.where(np.isnan(values), 0, bin_codes)


def _ranks_within(groups: np.ndarray) -> np.ndarray:
    """For each row how many earlier rows are of its group."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(groups) else order
    sizes = np.diff(np.append(starts, len(groups)))
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return ranks
