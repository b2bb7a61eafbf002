"""How well each feature alone predicts the target: what does so nearly perfectly has leaked.

The rule predicts the mean of the target in each bin of the feature. It is fitted on one half of the
rows and scored on the other, and the other way round, so that a text with many values gains nothing
from having a bin for nearly every row. The rows of a bin are dealt out to both halves, so that a
rare value is in each of them.
"""

from collections.abc import Iterator

import numpy as np

from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.target import Target
from glasshouse_ml.measure.classification_metrics import METRICS, ClassificationScores
from glasshouse_ml.measure.regression_metrics import METRICS as OF_NUMBERS
from glasshouse_ml.measure.regression_metrics import RegressionScores

# Near perfection shows on fewer rows too.
MAX_ROWS = 5_000
BINS, MIN_ROWS_PER_BIN = 50, 8
# Up to so many values are few: flags, codes and states.
MAX_FEW_VALUES = 10


def sample_training_rows(training: np.ndarray, target: Target, seed: int) -> np.ndarray:
    """At most MAX_ROWS row numbers of the training part in random order.

    Half of them are dealt out to the classes in equal numbers, so that a rare class is in the
    sample with all its rows.
    """
    order = np.random.default_rng(seed).permutation(training)
    if len(order) <= MAX_ROWS or not target.names or target.has_labels:
        return order[:MAX_ROWS]
    classes = target.values[order]
    is_first_of_class = _ranks_within(classes) < MAX_ROWS // (2 * len(target.names))
    others = np.flatnonzero(~is_first_of_class)
    is_first_of_class[others[: MAX_ROWS - is_first_of_class.sum()]] = True
    return order[is_first_of_class]


def univariate_score(values: np.ndarray, target: Target, is_category: bool) -> float | None:
    """How well the rule predicts the target of rows in random order.

    ROC AUC with classes, see over_classes(); R² with numbers, at least 0; None if nothing varies.
    With more than two classes, it is also tried whether a value is NULL, or the one that most rows
    have: a column that is filled for one class only has leaked. `values` are codes of categories
    with -1 for NULL, or numbers with NaN for NULL.
    """
    scores = [_score(values, target, is_category)]
    if len(target.names) > 2:
        numbers = np.where(values < 0, np.nan, values) if is_category else values
        scores += [_score(indicator, target, False) for indicator in _indicators(numbers)]
    return max((score for score in scores if score is not None), default=None)


def over_classes(areas: np.ndarray, values: np.ndarray) -> float:
    """One number for the ROC AUC of each class against the rest.

    Of a feature with few values it is the largest: such a value that stands for one class has
    leaked. Of other features it is the mean, because a measurement may well tell one class from all
    others.
    """
    distinct = len(np.unique(values[~np.isnan(values)]))
    return float(areas.max() if distinct <= MAX_FEW_VALUES else areas.mean())


def _score(values: np.ndarray, target: Target, is_category: bool) -> float | None:
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
    return prediction_quality(predicted, target, values)


def prediction_quality(predicted: np.ndarray, target: Target, values: np.ndarray) -> float | None:
    """ROC AUC or R² of predictions that were made from one feature with these values.

    `predicted` has a column for each class, or one for a number.
    """
    names = target.names
    if not names:
        r2 = json_number(OF_NUMBERS["r2"].value(RegressionScores(target.values, predicted[:, 0])))
        return None if r2 is None else max(r2, 0.0)
    classes = range(len(names)) if target.positive is None else [target.positive]
    areas = np.array([_area(target.values == c, predicted[:, c]) for c in classes])
    areas = areas[np.isfinite(areas)]
    return json_number(over_classes(areas, values)) if len(areas) else None


def _area(hits: np.ndarray, predicted: np.ndarray) -> float:
    probabilities = np.column_stack([1.0 - predicted, predicted])
    return METRICS["roc_auc"].value(ClassificationScores(hits.astype(np.int64), probabilities))


def _indicators(values: np.ndarray) -> Iterator[np.ndarray]:
    """Whether a value is NULL, and whether it is the one that most rows have, as 0 and 1."""
    missing = np.isnan(values)
    if missing.any() and not missing.all():
        yield missing.astype(float)
    distinct, counts = np.unique(values[~missing], return_counts=True)
    if len(distinct) > 1 and counts.max() > (~missing).sum() / 2:
        yield (values == distinct[counts.argmax()]).astype(float)


def _bins(values: np.ndarray, is_category: bool) -> np.ndarray:
    if is_category:
        return values.astype(np.int64) + 1  # NULL is -1
    present = values[~np.isnan(values)]
    if not len(present):
        return np.zeros(len(values), np.int64)
    count = int(np.clip(len(present) // MIN_ROWS_PER_BIN, 2, BINS))
    edges = np.quantile(present, np.linspace(0, 1, count + 1)[1:-1])
    distinct, counts = np.unique(present, return_counts=True)
    repeated = distinct[counts > 1]
    if len(repeated) > BINS:
        repeated = np.intersect1d(repeated, edges)
    # A value that repeats is a bin of its own: it may be that of most rows, or a rare one.
    numbers, edges = np.nan_to_num(values), np.union1d(edges, repeated)
    bin_codes = 2 * np.searchsorted(edges, numbers, side="right") + 2 - np.isin(numbers, repeated)
    return np.where(np.isnan(values), 0, bin_codes)


def _ranks_within(groups: np.ndarray) -> np.ndarray:
    """For each row how many earlier rows are of its group."""
    order = np.argsort(groups, kind="stable")
    codes = groups[order]
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])) if len(groups) else order
    sizes = np.diff(np.append(starts, len(groups)))
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return ranks
