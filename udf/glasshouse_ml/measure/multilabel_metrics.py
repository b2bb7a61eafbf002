"""Measures of quality for several labels at once, each for many weightings of the same rows.

The shape of weights is that of classification_metrics.py: (samples, rows). What is undefined
follows scikit-learn: F1 is 0 where it divides by zero, and the mean over labels is one over all of
them. Only the ROC AUC of a label that has one answer in all rows is left out of its mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from glasshouse_ml.core.metric import Metric
from glasshouse_ml.measure.classification_metrics import (
    TINY,
    ClassificationScores,
    Ranking,
    area_under_curve,
    ratio,
    weighted_mean,
)


@dataclass(frozen=True)
class MultilabelScores:
    """Rows with their labels, 1 or 0, and the probability of each label: (rows, labels)."""

    actual: np.ndarray
    probabilities: np.ndarray

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of several labels."""
        return METRICS

    @property
    def scores(self) -> np.ndarray:
        """What ml.predict gives as the score: the probability of the most probable label."""
        return self.probabilities.max(axis=1)

    @cached_property
    def predicted(self) -> np.ndarray:
        """The labels that each row is given."""
        return predict_labels(self.probabilities)

    @cached_property
    def rankings(self) -> list[Ranking]:
        """A ranking of the rows for each label."""
        return [
            Ranking.of(self.actual[:, position] == 1, self.probabilities[:, position])
            for position in range(self.actual.shape[1])
        ]

    def take(self, rows: np.ndarray) -> "MultilabelScores":
        """Some of the rows."""
        return replace(self, actual=self.actual[rows], probabilities=self.probabilities[rows])

    def proportions(self) -> dict[str, tuple[int, int]]:
        """The rows whose labels are all right."""
        correct = (self.predicted == self.actual).all(axis=1)
        return {"subset_accuracy": (int(correct.sum()), len(correct))}

    def of_label(self, position: int) -> ClassificationScores:
        """The scores of one label, as of a classification with two classes."""
        probability = self.probabilities[:, position]
        return ClassificationScores(
            self.actual[:, position].astype(np.int64),
            np.column_stack([1.0 - probability, probability]),
        )


def predict_labels(probabilities: np.ndarray) -> np.ndarray:
    """1 for each label that is more probable than not, as scikit-learn predicts it."""
    return (probabilities > 0.5).astype(np.int8)


def _roc_auc(rows: MultilabelScores, weights: np.ndarray) -> np.ndarray:
    areas = np.array([area_under_curve(*ranking.steps(weights)) for ranking in rows.rankings])
    defined = np.isfinite(areas)
    return np.where(defined, areas, 0.0).sum(axis=0) / defined.sum(axis=0)


def _log_loss(rows: MultilabelScores, weights: np.ndarray) -> np.ndarray:
    of_actual = np.where(rows.actual == 1, rows.probabilities, 1.0 - rows.probabilities)
    return weighted_mean(-np.log(np.clip(of_actual, TINY, 1.0)).mean(axis=1), weights)


def _f1_macro(rows: MultilabelScores, weights: np.ndarray) -> np.ndarray:
    correct = weights @ (rows.predicted * rows.actual)
    marked = weights @ (rows.predicted.astype(float) + rows.actual)
    return ratio(2.0 * correct, marked).mean(axis=1)


def _f1_micro(rows: MultilabelScores, weights: np.ndarray) -> np.ndarray:
    correct = weights @ (rows.predicted * rows.actual).sum(axis=1)
    marked = weights @ (rows.predicted.sum(axis=1) + rows.actual.sum(axis=1))
    return ratio(2.0 * correct, marked)


def _subset_accuracy(rows: MultilabelScores, weights: np.ndarray) -> np.ndarray:
    return weighted_mean((rows.predicted == rows.actual).all(axis=1).astype(float), weights)


def _hamming_loss(rows: MultilabelScores, weights: np.ndarray) -> np.ndarray:
    return weighted_mean((rows.predicted != rows.actual).mean(axis=1), weights)


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "roc_auc",
            _roc_auc,
            undefined_where="no label has rows with and without it",
            alternatives="log_loss",
        ),
        Metric("log_loss", _log_loss, higher_is_better=False),
        Metric("f1_macro", _f1_macro),
        Metric("f1_micro", _f1_micro),
        Metric("subset_accuracy", _subset_accuracy),
        Metric("hamming_loss", _hamming_loss, higher_is_better=False),
    )
}
