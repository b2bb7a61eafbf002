"""The task outliers: which rows are unlike the others?

A detector learns from all training rows, never from labels. Where the rows have labels, it is
measured against them. Where they have none, it is measured by what it can be: whether it tells rows
from rows put together by chance, each column drawn from another row (unsupervised learning as
supervised learning: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 14.2.4).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
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
from glasshouse_ml.measure.classification_metrics import METRICS as OF_CLASSES
from glasshouse_ml.measure.classification_metrics import TINY, ClassificationScores
from glasshouse_ml.measure.curves import ranking_rows
from glasshouse_ml.measure.distributions import share_curve
from glasshouse_ml.measure.intervals import confusion_rows
from glasshouse_ml.model.splitters import RandomSplitter, StratifiedSplitter
from glasshouse_ml.tasks.classification import classes_of, positive_class_of

NORMAL, OUTLIER = "normal", "outlier"
# Every row is compared with all training rows: beyond this many that takes too long.
NEIGHBOURS_UP_TO = 10_000
# Rows put together by chance; more of them would not change what they say.
MAX_SHUFFLED = 10_000


@dataclass(frozen=True)
class OutlierScores:
    """Rows with their scores: above 0 is an outlier, and more is more unusual."""

    scores: np.ndarray
    chance: np.ndarray  # scores of rows put together by chance
    labelled: ClassificationScores | None = None

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The measures that these rows have."""
        return METRICS if self.labelled else UNLABELLED

    def take(self, rows: np.ndarray) -> "OutlierScores":
        """Some of the rows; chance is the same for all."""
        labelled = self.labelled and self.labelled.take(rows)
        return OutlierScores(self.scores[rows], self.chance, labelled)

    def proportions(self) -> dict[str, tuple[int, int]]:
        """The metrics that count rows: only labels can be counted."""
        return self.labelled.proportions() if self.labelled else {}

    @property
    def actual(self) -> np.ndarray:
        """Whether each row is flagged."""
        return self.scores > 0

    @cached_property
    def below_chance(self) -> np.ndarray:
        """For each row the share of rows put together by chance that are more unusual."""
        chance = np.sort(self.chance)
        above = len(chance) - np.searchsorted(chance, self.scores, side="right")
        equal = len(chance) - np.searchsorted(chance, self.scores, side="left") - above
        return (above + equal / 2) / len(chance)


@dataclass(frozen=True)
class _Moved:
    """The order of rows by score before and after a feature was shuffled."""

    actual: np.ndarray
    scores: np.ndarray


def _told_from_chance(rows: OutlierScores, weights: np.ndarray) -> np.ndarray:
    return weights @ rows.below_chance / weights.sum(axis=1)


def _same_order(rows: _Moved, weights: np.ndarray) -> np.ndarray:
    if (rows.actual == rows.actual[0]).all() or (rows.scores == rows.scores[0]).all():
        return np.full(len(weights), float(np.array_equal(rows.actual, rows.scores)))
    return np.full(len(weights), spearmanr(rows.actual, rows.scores).statistic)


def _against_labels(metric: Metric) -> Metric:
    def measured(rows: OutlierScores, weights: np.ndarray) -> np.ndarray:
        assert rows.labelled is not None
        return metric.measure(rows.labelled, weights)

    return Metric(metric.name, measured, metric.higher_is_better)


UNLABELLED = {"told_from_chance": Metric("told_from_chance", _told_from_chance)}
# Scores are no probabilities, so what measures probabilities is left out.
LABELLED = {
    name: _against_labels(metric)
    for name, metric in OF_CLASSES.items()
    if name not in ("log_loss", "brier")
}
METRICS = {**LABELLED, **UNLABELLED}
SAME_ORDER = Metric("same_order", _same_order, supports_bootstrap=False)


class Outliers(Task):
    """Which rows are unlike the others?"""

    name = "outliers"
    metrics = METRICS
    target_metrics = frozenset(LABELLED)
    numeric_target = False
    needs_target = False
    uses_target_encoding = False

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """Two classes where the rows have labels, else none before outliers are found."""
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
        """Without labels, what the model flags."""
        if target.names:
            return target
        flagged = (outlier_scores(fitted, matrix) > 0).astype(np.int64)
        return Target(flagged, (NORMAL, OUTLIER), 1, threshold=0.0)

    def splitter(self, target: Target) -> Splitter:
        """Every part and fold gets its share of the labelled outliers."""
        if target.names:
            return StratifiedSplitter(target.values, target.names)
        return RandomSplitter(len(target.values))

    def default_metric(self, target: Target) -> str:
        """Outliers are rare, and precision is what suffers."""
        return "average_precision" if target.names else "told_from_chance"

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """Random cuts that set rows apart, and the density around each row."""
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
        """The share of outliers to expect, by the name the algorithm gives it."""
        for name in ("contamination", "nu"):
            if name in parameters and name not in params:
                return {**params, name: options["contamination"]}
        return params

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> OutlierScores:
        """How unusual each row is, beside its label where it has one."""
        rng = np.random.default_rng(0)
        mixed = rng.permuted(matrix, axis=0)[:MAX_SHUFFLED]
        scores, labelled = outlier_scores(fitted, matrix), None
        if target.names:
            # As in scikit-learn a row on the border is none.
            above = np.where(scores == 0, -TINY, scores)
            sides = [-above, above] if target.positive == 1 else [above, -above]
            labelled = ClassificationScores(
                actual, np.column_stack(sides), int(target.positive or 0), 0.0
            )
        return OutlierScores(scores, outlier_scores(fitted, mixed), labelled)

    def permutation_score(
        self,
        fitted: Pipeline,
        matrix: np.ndarray,
        actual: np.ndarray,
        target: Target,
        metric: Metric,
    ) -> tuple[Metric, Callable[[np.ndarray], Any]]:
        """With labels by the metric, else by how much the order of the rows changes."""
        if metric.name in LABELLED:
            return metric, lambda rows: self.score(fitted, rows, actual, target)
        before = rankdata(outlier_scores(fitted, matrix))
        return SAME_ORDER, lambda rows: _Moved(before, rankdata(outlier_scores(fitted, rows)))

    def curves(self, rows: OutlierScores, target: Target) -> Records:
        """How the scores are spread, and with labels the ROC curve and its relatives."""
        groups, names = rows.actual.astype(np.int64), (NORMAL, OUTLIER)
        found: Records = []
        if rows.labelled:
            labelled = rows.labelled
            groups, names = labelled.actual, tuple(target.names)
            found = ranking_rows(labelled, labelled.positive, names[labelled.positive])
        return found + share_curve("outlier_score", rows.scores, groups, names)

    def confusion(self, rows: OutlierScores, target: Target) -> Records:
        """Labels against flags; nothing without labels."""
        if rows.labelled is None:
            return []
        return confusion_rows(rows.labelled, list(target.names))

    def baseline_scores(self, facts: dict[str, Any], target: Target) -> EvaluationInput:
        """No row is more unusual than another."""
        count = len(target.values)
        zeros = np.zeros(count)
        labelled = None
        if target.names:
            # No row has a positive score, so none is flagged.
            nothing = np.full((count, 2), -1.0)
            labelled = ClassificationScores(target.values, nothing, int(target.positive or 0), 0.0)
        return OutlierScores(zeros, zeros, labelled)

    def explained_output(self, model: Model, matrix: np.ndarray) -> np.ndarray:
        """How unusual the row is."""
        return outlier_scores(model.pipeline, matrix)[:, None]

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """The word, how unusual the row is (above 0: an outlier), and no probabilities."""
        scores = outlier_scores(model.pipeline, matrix)
        words = [OUTLIER if score > 0 else NORMAL for score in scores]
        return words, scores.tolist(), [None] * len(words)


def outlier_scores(fitted: Pipeline, matrix: np.ndarray) -> np.ndarray:
    """How unusual each row is: 0 is the threshold of the detector, above it are outliers."""
    if hasattr(fitted, "decision_function"):
        return -fitted.decision_function(matrix)
    return np.asarray(fitted.predict(matrix), float)  # the baseline
