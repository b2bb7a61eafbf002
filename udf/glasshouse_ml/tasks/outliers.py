"""The task outliers: which rows are unlike the others?

A detector learns from all training rows, never from labels. With labels it is measured against
them. Without labels its metric is the ROC AUC of rows against permuted rows, in which each column
is permuted by itself (unsupervised as supervised learning: Hastie, Tibshirani and Friedman, The
Elements of Statistical Learning, 2009, section 14.2.4).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.stats import rankdata, spearmanr
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.split import Splitter
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.task import AlgorithmEntry, Predictions, Task
from glasshouse_ml.data.documents import documents_of, with_documents
from glasshouse_ml.measure.classification_metrics import METRICS as CLASSIFICATION_METRICS
from glasshouse_ml.measure.classification_metrics import TINY, ClassificationScores
from glasshouse_ml.measure.curves import ranking_rows
from glasshouse_ml.measure.distributions import share_curve
from glasshouse_ml.measure.intervals import confusion_rows
from glasshouse_ml.model.prediction import in_batches
from glasshouse_ml.model.splitters import RandomSplitter, StratifiedSplitter
from glasshouse_ml.tasks.classification import classes_of, positive_class_of

NORMAL, OUTLIER = "normal", "outlier"
# Each row is compared with all training rows, which takes too long for more rows.
NEIGHBOURS_UP_TO = 10_000
# More permuted rows would not change the metric.
MAX_SHUFFLED = 10_000


@dataclass(frozen=True)
class OutlierScores:
    """The outlier score of each row: above 0 is an outlier, and larger is more unusual."""

    scores: np.ndarray
    permuted_scores: np.ndarray  # scores of permuted rows
    labelled: ClassificationScores | None = None

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics that can be computed on these rows."""
        return METRICS if self.labelled else UNLABELLED

    def take(self, rows: np.ndarray) -> "OutlierScores":
        """The same for some of the rows; the permuted rows stay."""
        labelled = self.labelled and self.labelled.take(rows)
        return OutlierScores(self.scores[rows], self.permuted_scores, labelled)

    def proportions(self) -> dict[str, tuple[int, int]]:
        """The proportions of rows, which only labels have."""
        return self.labelled.proportions() if self.labelled else {}

    @property
    def actual(self) -> np.ndarray:
        """Whether each row is an outlier."""
        return self.scores > 0

    @cached_property
    def normality(self) -> np.ndarray:
        """For each row the share of permuted rows that are more unusual."""
        permuted_scores = np.sort(self.permuted_scores)
        shifted_scores = len(permuted_scores) - np.searchsorted(
            permuted_scores, self.scores, side="right"
        )
        equal = (
            len(permuted_scores)
            - np.searchsorted(permuted_scores, self.scores, side="left")
            - shifted_scores
        )
        return (shifted_scores + equal / 2) / len(permuted_scores)


@dataclass(frozen=True)
class _ScoreRanks:
    """The ranks of rows by score before and after a feature was permuted."""

    actual: np.ndarray
    scores: np.ndarray


def _permutation_auc(rows: OutlierScores, weights: np.ndarray) -> np.ndarray:
    return weights @ rows.normality / weights.sum(axis=1)


def _same_order(rows: _ScoreRanks, weights: np.ndarray) -> np.ndarray:
    if (rows.actual == rows.actual[0]).all() or (rows.scores == rows.scores[0]).all():
        return np.full(len(weights), float(np.array_equal(rows.actual, rows.scores)))
    return np.full(len(weights), spearmanr(rows.actual, rows.scores).statistic)


def _against_labels(metric: Metric) -> Metric:
    def measure_labelled(rows: OutlierScores, weights: np.ndarray) -> np.ndarray:
        assert rows.labelled is not None
        return metric.measure(rows.labelled, weights)

    return replace(metric, measure=measure_labelled)


UNLABELLED = {"permutation_auc": Metric("permutation_auc", _permutation_auc)}
# Scores are no probabilities, so metrics of probabilities are left out.
LABELLED = {
    name: _against_labels(metric)
    for name, metric in CLASSIFICATION_METRICS.items()
    if name not in ("log_loss", "brier")
}
METRICS = {**LABELLED, **UNLABELLED}
SAME_ORDER = Metric("same_order", _same_order, supports_bootstrap=False)


class Outliers(Task):
    """Detects the rows that are unlike the others."""

    name = "outliers"
    metrics = METRICS
    target_metrics = frozenset(LABELLED)
    numeric_target = False
    needs_target = False
    uses_target_encoding = False

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """Two classes with labels; without labels finalise_target() assigns them."""
        if column is None:
            return Target(np.zeros(table.rows, np.int64))
        names, classes = classes_of(table, column)
        if len(names) != 2:
            raise GlasshouseError(
                f"Target column {column!r} holds {len(names)} different values.",
                "To measure outliers it must say yes or no; leave it out to do without labels.",
            )
        return Target(
            classes,
            names,
            positive_class_of(names, classes, options["positive_class"]),
            threshold=0.0,
        )

    def finalise_target(self, fitted: Pipeline, matrix: np.ndarray, target: Target) -> Target:
        """Without labels, the outliers that the model finds."""
        if target.names:
            return target
        is_outlier = (outlier_scores(fitted, matrix) > 0).astype(np.int64)
        return Target(is_outlier, (NORMAL, OUTLIER), 1, threshold=0.0)

    def splitter(self, target: Target) -> Splitter:
        """Stratified by label, or random without labels."""
        if target.names:
            return StratifiedSplitter(target.values, target.names)
        return RandomSplitter(len(target.values))

    def default_metric(self, target: Target) -> str:
        """average_precision suits rare outliers; without labels permutation_auc."""
        return "average_precision" if target.names else "permutation_auc"

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """Isolation forest, and for few rows the local outlier factor."""
        names = ["isolation_forest"]
        if rows <= NEIGHBOURS_UP_TO:
            names.append("local_outlier_factor")
        return [{"algorithm": name, "params": {}} for name in names]

    def baseline_params(self, metric: Metric) -> dict[str, Any]:
        """No row is more unusual than another, and none is flagged."""
        return {}

    def estimator_params(
        self,
        params: dict[str, Any],
        parameters: Collection[str],
        target: Target,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        """The expected share of outliers, by the name of the algorithm's parameter."""
        for name in ("contamination", "nu"):
            if name in parameters and name not in params:
                return {**params, name: options["contamination"]}
        return params

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> OutlierScores:
        """The outlier score of each row, beside its label where it has one."""
        rng = np.random.default_rng(0)
        permuted = with_documents(
            rng.permuted(np.asarray(matrix), axis=0)[:MAX_SHUFFLED], documents_of(matrix)
        )
        scores, labelled = outlier_scores(fitted, matrix), None
        if target.names:
            # As in scikit-learn a row on the border is none.
            shifted_scores = np.where(scores == 0, -TINY, scores)
            class_scores = (
                [-shifted_scores, shifted_scores]
                if target.positive == 1
                else [shifted_scores, -shifted_scores]
            )
            labelled = ClassificationScores(
                actual, np.column_stack(class_scores), int(target.positive or 0), 0.0
            )
        return OutlierScores(scores, outlier_scores(fitted, permuted), labelled)

    def permutation_score(
        self,
        fitted: Pipeline,
        matrix: np.ndarray,
        actual: np.ndarray,
        target: Target,
        metric: Metric,
    ) -> tuple[Metric, Callable[[np.ndarray], Any]]:
        """With labels the metric itself, else the rank correlation of the scores."""
        if metric.name in LABELLED:
            return metric, lambda rows: self.score(fitted, rows, actual, target)
        ranks_before = rankdata(outlier_scores(fitted, matrix))
        return SAME_ORDER, lambda rows: _ScoreRanks(
            ranks_before, rankdata(outlier_scores(fitted, rows))
        )

    def curves(self, rows: OutlierScores, target: Target) -> Records:
        """The distribution of the scores, and with labels ROC, precision-recall and gain curves."""
        group_of_row = rows.actual.astype(np.int64)
        names: tuple[str, ...] = (NORMAL, OUTLIER)
        records: Records = []
        if rows.labelled:
            labelled = rows.labelled
            group_of_row, names = labelled.actual, tuple(target.names)
            records = ranking_rows(labelled, labelled.positive, names[labelled.positive])
        return records + share_curve("outlier_score", rows.scores, group_of_row, names)

    def confusion(self, rows: OutlierScores, target: Target) -> Records:
        """Labels against predicted outliers; empty without labels."""
        if rows.labelled is None:
            return []
        return confusion_rows(rows.labelled, list(target.names))

    def baseline_scores(self, facts: dict[str, Any], target: Target) -> EvaluationInput:
        """Every row has the score 0."""
        count = len(target.values)
        zeros = np.zeros(count)
        labelled = None
        if target.names:
            # No row has a positive score, so none is flagged.
            no_outlier = np.full((count, 2), -1.0)
            labelled = ClassificationScores(
                target.values, no_outlier, int(target.positive or 0), 0.0
            )
        return OutlierScores(zeros, zeros, labelled)

    def explained_output(self, model: Model, matrix: np.ndarray) -> np.ndarray:
        """The outlier score."""
        return outlier_scores(model.pipeline, matrix)[:, None]

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """outlier or normal, the outlier score, and no probabilities."""
        scores = outlier_scores(model.pipeline, matrix)
        labels = [OUTLIER if score > 0 else NORMAL for score in scores]
        return labels, scores.tolist(), [None] * len(labels)


def outlier_scores(fitted: Pipeline, matrix: np.ndarray) -> np.ndarray:
    """The outlier score of each row; the threshold of the detector is 0."""
    if hasattr(fitted, "decision_function"):
        return -in_batches(fitted.decision_function, matrix)
    return np.asarray(fitted.predict(matrix), float)  # the baseline
