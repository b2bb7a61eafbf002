"""Measures of quality for classification, each for many weightings of the same rows at once.

A bootstrap sample is a weighting: how often each row was drawn. So one pass over sorted rows gives
a measure and, with a thousand weightings, its interval. Weights have the shape (samples, rows).

What is undefined follows scikit-learn: precision, recall, F1 and the correlation are 0 where they
divide by zero, and a mean over classes is one over the classes that occur in the truth or in the
predictions (balanced accuracy: in the truth). Rankings (ROC AUC, average precision) are NaN where
there is one class only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.target import Costs

# Probabilities of 0 and 1 would make a single wrong row cost infinitely much.
TINY = np.finfo(float).eps


def predict_classes(probabilities: np.ndarray, positive: int, threshold: float) -> np.ndarray:
    """The class of each row: with two classes the positive one from the threshold on.

    At 0.5 it is the more probable class; a tie goes to the first, as in scikit-learn.
    """
    if threshold == 0.5 or probabilities.shape[1] != 2:
        return probabilities.argmax(axis=1)
    return np.where(probabilities[:, positive] >= threshold, positive, 1 - positive)


@dataclass(frozen=True)
class ClassificationScores:
    """Rows with the number of their class and the probability of each class."""

    actual: np.ndarray
    probabilities: np.ndarray
    positive: int = 1  # matters with two classes only
    threshold: float = 0.5  # so does the probability from which a row is predicted positive
    costs: Costs | None = None
    # The predicted class of each row, where it does not follow from probabilities and threshold.
    labels: np.ndarray | None = None
    has_scores: bool = True  # False: the probabilities are 1 for the predicted class and else 0
    weights: np.ndarray | None = None

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The measures of a classification; what it costs where that is known."""
        if not self.has_scores:
            return {name: METRICS[name] for name in LABEL_METRICS}
        return {**METRICS, COST.name: COST} if self.costs else METRICS

    @property
    def scores(self) -> np.ndarray:
        """What ml.predict gives as the score: the positive class's probability, or the largest."""
        return self.probabilities[:, self.positive] if self.binary else self.probabilities.max(1)

    def take(self, rows: np.ndarray) -> "ClassificationScores":
        """Some of the rows."""
        labels = None if self.labels is None else self.labels[rows]
        weights = None if self.weights is None else self.weights[rows]
        return replace(
            self,
            actual=self.actual[rows],
            probabilities=self.probabilities[rows],
            labels=labels,
            weights=weights,
        )

    def proportions(self) -> dict[str, tuple[int, int]]:
        """The metrics that count rows: how many are right, of how many; none with weights."""
        if self.weights is not None:
            return {}
        correct = self.predicted == self.actual
        counts = {"accuracy": (int(correct.sum()), len(correct))}
        if self.binary:
            for name, classes_of_row in (("precision", self.predicted), ("recall", self.actual)):
                selected = classes_of_row == self.positive
                counts[name] = (int(correct[selected].sum()), int(selected.sum()))
        return counts

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.probabilities.shape[1]

    @property
    def binary(self) -> bool:
        """True with two classes."""
        return self.classes == 2

    @cached_property
    def predicted(self) -> np.ndarray:
        """The class that each row is given."""
        if self.labels is not None:
            return self.labels
        return predict_classes(self.probabilities, self.positive, self.threshold)

    @cached_property
    def rankings(self) -> dict[int, "Ranking"]:
        """A ranking for the positive class, or for each class against the rest."""
        return {
            position: Ranking.of(self.actual == position, self.probabilities[:, position])
            for position in ([self.positive] if self.binary else range(self.classes))
        }

    def confusion(self, weights: np.ndarray) -> np.ndarray:
        """Weighted counts of actual against predicted: (samples, classes, classes)."""
        count = self.classes
        cells, cell_of_row = np.unique(self.actual * count + self.predicted, return_inverse=True)
        one_hot = np.zeros((len(cell_of_row), len(cells)))
        one_hot[np.arange(len(cell_of_row)), cell_of_row] = 1.0
        table = np.zeros((len(weights), count * count))
        table[:, cells] = weights @ one_hot
        return table.reshape(-1, count, count)


@dataclass(frozen=True)
class Ranking:
    """Rows from the highest score to the lowest; rows of equal score count as one step."""

    order: np.ndarray
    hits: np.ndarray
    ends: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, hits: np.ndarray, scores: np.ndarray) -> "Ranking":
        """Rank rows by score."""
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        return cls(order, hits[order].astype(float), ends, ranked[ends])

    def steps(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hits and misses at or above each distinct score: (samples, steps) each."""
        ranked = weights[:, self.order]
        total = np.cumsum(ranked, axis=1)[:, self.ends]
        ranked *= self.hits
        hits = np.cumsum(ranked, axis=1)[:, self.ends]
        return hits, total - hits


def _roc_auc(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    return _over_rankings(rows, weights, area_under_curve)


def _average_precision(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    return _over_rankings(rows, weights, _precision_area)


def _over_rankings(
    rows: ClassificationScores, weights: np.ndarray, measure: Callable
) -> np.ndarray:
    """One ranking with two classes, else the plain mean over each class against the rest.

    A class that a sample holds no row of has no ranking and does not count.
    """
    values = np.array([measure(*ranking.steps(weights)) for ranking in rows.rankings.values()])
    defined = np.isfinite(values)
    return np.where(defined, values, 0.0).sum(axis=0) / defined.sum(axis=0)


def area_under_curve(hits: np.ndarray, misses: np.ndarray) -> np.ndarray:
    """The ROC AUC of each sample from the steps of a ranking; NaN where there is one class only."""
    widths = np.diff(misses, axis=1, prepend=0.0)
    heights = hits.copy()
    heights[:, 1:] += hits[:, :-1]
    return np.einsum("ij,ij->i", widths, heights) / (2.0 * hits[:, -1] * misses[:, -1])


def _precision_area(hits: np.ndarray, misses: np.ndarray) -> np.ndarray:
    precision = hits / np.maximum(hits + misses, TINY)
    return np.einsum("ij,ij->i", np.diff(hits, axis=1, prepend=0.0), precision) / hits[:, -1]


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean over the rows in each sample."""
    return weights @ values / weights.sum(axis=1)


def _log_loss(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    probability = rows.probabilities[np.arange(len(rows.actual)), rows.actual]
    return weighted_mean(-np.log(np.clip(probability, TINY, 1.0)), weights)


def _brier(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    if rows.binary:
        hits = rows.actual == rows.positive
        return weighted_mean((rows.probabilities[:, rows.positive] - hits) ** 2, weights)
    truth = np.eye(rows.classes)[rows.actual]
    return weighted_mean(((rows.probabilities - truth) ** 2).sum(axis=1), weights)


def _accuracy(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    return weighted_mean((rows.predicted == rows.actual).astype(float), weights)


def ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Top by bottom, and 0 where there is nothing to divide by, as in scikit-learn."""
    return np.divide(top, bottom, out=np.zeros_like(top, dtype=float), where=bottom > 0)


def _balanced_accuracy(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    table = rows.confusion(weights)
    actual = table.sum(axis=2)
    values = ratio(np.einsum("sii->si", table), actual)
    # A class that a sample holds no row of says nothing about it.
    return values.sum(axis=1) / (actual > 0).sum(axis=1)


def _per_class(
    rows: ClassificationScores, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = rows.confusion(weights)
    return np.einsum("sii->si", table), table.sum(axis=1), table.sum(axis=2)


def _positive_or_mean(
    rows: ClassificationScores, values: np.ndarray, occurs: np.ndarray
) -> np.ndarray:
    """The value of the positive class, or the mean over the classes that occur in each sample."""
    if rows.binary:
        return values[:, rows.positive]
    return (values * occurs).sum(axis=1) / occurs.sum(axis=1)


def _precision(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    correct, predicted, actual = _per_class(rows, weights)
    return _positive_or_mean(rows, ratio(correct, predicted), predicted + actual > 0)


def _recall(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    correct, predicted, actual = _per_class(rows, weights)
    return _positive_or_mean(rows, ratio(correct, actual), predicted + actual > 0)


def _f1(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    correct, predicted, actual = _per_class(rows, weights)
    values = ratio(2 * correct, predicted + actual)
    return _positive_or_mean(rows, values, predicted + actual > 0)


def _mcc(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    correct, predicted, actual = _per_class(rows, weights)
    total = weights.sum(axis=1)
    covariance = correct.sum(axis=1) * total - (predicted * actual).sum(axis=1)
    scale = (total**2 - (predicted**2).sum(axis=1)) * (total**2 - (actual**2).sum(axis=1))
    return ratio(covariance, np.sqrt(np.maximum(scale, 0.0)))


def _cost(rows: ClassificationScores, weights: np.ndarray) -> np.ndarray:
    assert rows.costs is not None
    predicted_positive, actual_positive = (
        rows.predicted == rows.positive,
        rows.actual == rows.positive,
    )
    cost = rows.costs.false_positive * (
        predicted_positive & ~actual_positive
    ) + rows.costs.false_negative * (~predicted_positive & actual_positive)
    return weighted_mean(cost, weights)


_ONE_CLASS: dict[str, Any] = {
    "undefined_where": "all rows are of one class",
    "alternatives": "accuracy",
}
METRICS = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", _roc_auc, **_ONE_CLASS),
        Metric("average_precision", _average_precision, **_ONE_CLASS),
        Metric("log_loss", _log_loss, higher_is_better=False),
        Metric("brier", _brier, higher_is_better=False),
        Metric("accuracy", _accuracy),
        Metric("balanced_accuracy", _balanced_accuracy),
        Metric("precision", _precision),
        Metric("recall", _recall),
        Metric("f1", _f1),
        Metric("mcc", _mcc),
    )
}
# Those that need no more than the predicted class.
LABEL_METRICS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc")
# Of use only where the caller says what mistakes cost: the mean over the rows.
COST = Metric("cost", _cost, higher_is_better=False)
