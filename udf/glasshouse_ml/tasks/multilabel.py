"""The task multilabel: several labels at once, and a probability for each of them.

One binary estimator per label (binary relevance), which is what scikit-learn's OneVsRestClassifier
fits to a matrix of labels. A label that all rows of a fold have, or none, is predicted as such.
"""

import json
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import ProbabilityMatrix
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.split import ResamplingUnits
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.task import AlgorithmEntry, Predictions, Task
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.data.labels import label_columns, read_label_columns, read_label_lists
from glasshouse_ml.measure.intervals import metric_intervals, metric_rows
from glasshouse_ml.measure.multilabel_metrics import METRICS, MultilabelScores, predict_labels
from glasshouse_ml.model.prediction import in_batches
from glasshouse_ml.model.splitters import RandomSplitter
from glasshouse_ml.tasks.classification import univariate_auc

# Of fewer rows with or without a label, training and test part would hold one or two.
MIN_LABEL_ROWS = 10
# The most frequent labels. Each costs a fit in each fold.
MAX_LABELS = 100
# How a label is named among the segments of ml.metrics.
SEGMENT = "label = {}"


class Multilabel(Task):
    """Predicts which of several labels a row has."""

    name = "multilabel"
    metrics = METRICS
    numeric_target = False
    has_labels = True
    is_explainable = False
    # Its encoder takes one target.
    uses_target_encoding = False

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """A row of 0 and 1 for each row of the table, with a column for each label."""
        target = str(column)
        is_list = target in table.texts
        if is_list:
            names, values = read_label_lists(table.texts[target])
        else:
            names = label_columns(target, ())
            values = read_label_columns(table, names)
        counts = values.sum(axis=0, dtype=np.int64)
        others = len(values) - counts
        used = np.minimum(counts, others) >= MIN_LABEL_ROWS
        excluded = [
            {
                "name": f"{target}: {name}" if is_list else name,
                "reason": f"{count_rows(int(counts[position]))} of {len(values)} have this label; "
                f"{MIN_LABEL_ROWS} with and {MIN_LABEL_ROWS} without it are the least.",
            }
            for position, name in enumerate(names)
            if not used[position]
        ]
        order = np.flatnonzero(used)
        if len(order) > MAX_LABELS:
            rarer = order[np.argsort(-counts[order], kind="stable")[MAX_LABELS:]]
            excluded += [
                {
                    "name": f"{target}: {names[position]}" if is_list else names[position],
                    "reason": f"Only the {MAX_LABELS} most frequent labels are predicted.",
                }
                for position in rarer
            ]
            order = np.setdiff1d(order, rarer)
        if len(order) < 2:
            raise GlasshouseError(
                f"The target {target!r} has {len(order)} labels that {MIN_LABEL_ROWS} rows have "
                f"and {MIN_LABEL_ROWS} lack; 2 are the least.",
                "Give more rows, or predict one label as a classification.",
            )
        return Target(values[:, order], [names[i] for i in order], excluded=excluded)

    def splitter(self, target: Target) -> RandomSplitter:
        """Random, without strata."""
        return RandomSplitter(len(target.values))

    def default_metric(self, target: Target) -> str:
        """log_loss: it is defined for a label that no validation row has."""
        return "log_loss"

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """Linear and boosting: both fit once for each label."""
        names = ("logistic_regression", "hist_gradient_boosting")
        return [{"algorithm": name, "params": {}} for name in names]

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> MultilabelScores:
        """The predicted probabilities beside the truth."""
        return MultilabelScores(actual, in_batches(fitted.predict_proba, matrix))

    def curves(self, rows: MultilabelScores, target: Target) -> Records:
        """None: those of one label would not stand for the others."""
        return []

    def segment_metrics(
        self,
        rows: MultilabelScores,
        baseline: MultilabelScores,
        target: Target,
        options: dict[str, Any],
        units: ResamplingUnits | None,
    ) -> Records:
        """The metrics of each label, as of a classification with two classes."""
        records: Records = []
        for position, name in enumerate(target.names):
            check_interrupts()
            scores, segment = rows.of_label(position), SEGMENT.format(name)
            intervals = metric_intervals(scores, options["bootstrap"], options["seed"], units)
            records += metric_rows(scores, "model", "test", intervals=intervals, segment=segment)
            of_baseline = baseline.of_label(position)
            records += metric_rows(of_baseline, "baseline", "test", segment=segment)
        return records

    def baseline_scores(self, facts: dict[str, Any], target: Target) -> MultilabelScores:
        """The share of each label among the training rows."""
        shares = np.array([entry["train"] for entry in facts["classes"]], float)
        shares /= facts["rows_train"]
        return MultilabelScores(target.values, np.tile(shares, (len(target.values), 1)))

    def univariate_auc(
        self, values: np.ndarray, training: np.ndarray, target: Target
    ) -> float | None:
        """The largest ROC AUC of the feature alone over the labels."""
        areas = [
            univariate_auc(values[training], labels[training].astype(np.int64), 2)
            for labels in target.values.T
        ]
        return max((area for area in areas if area is not None), default=None)

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """The labels as a JSON array, the probability of the most probable, and that of each."""
        probabilities = in_batches(model.pipeline.predict_proba, matrix)
        names = np.array(model.classes, object)
        labels = predict_labels(probabilities) == 1
        predicted = [json.dumps(names[row].tolist(), ensure_ascii=False) for row in labels]
        scores = probabilities.max(axis=1).tolist()
        return predicted, scores, ProbabilityMatrix(list(model.classes), probabilities)
