"""The task classification: two or more classes, and a probability for each."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.libraries import is_installed
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import ProbabilityMatrix
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Costs, Target
from glasshouse_ml.core.task import AlgorithmEntry, Predictions, Task
from glasshouse_ml.explain.univariate_score import over_classes
from glasshouse_ml.measure.classification_metrics import (
    METRICS,
    ClassificationScores,
    predict_classes,
)
from glasshouse_ml.measure.curves import curve_rows
from glasshouse_ml.measure.intervals import confusion_rows
from glasshouse_ml.measure.ranks import average_ranks
from glasshouse_ml.measure.thresholds import least_cost_threshold
from glasshouse_ml.model.prediction import in_batches
from glasshouse_ml.model.splitters import StratifiedSplitter

MAX_CLASSES = 100
_POSITIVE_NAMES = ("1", "true", "t", "yes", "y", "positive")
# With more rows a forest costs more time than it is worth.
FOREST_UP_TO = 10_000


class Classification(Task):
    """Predicts a class."""

    name = "classification"
    metrics = METRICS
    numeric_target = False

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """The position of each row's class among the class names."""
        names, classes = classes_of(table, str(column))
        costs = options["costs"]
        if costs and len(names) != 2:
            raise GlasshouseError(
                f"options.costs is about two classes; {column!r} has {len(names)}.",
                "Leave it out, or predict one class against the rest.",
            )
        positive = positive_class_of(names, classes, options["positive_class"])
        return Target(classes, names, positive, costs=Costs(**costs) if costs else None)

    def splitter(self, target: Target) -> StratifiedSplitter:
        """Stratified by class."""
        return StratifiedSplitter(target.values, target.names)

    def default_metric(self, target: Target) -> str:
        """roc_auc for two classes, log_loss for more."""
        return "roc_auc" if len(target.names) == 2 else "log_loss"

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """Linear, boosting, and for few rows a forest; LightGBM where it is installed."""
        names = ["logistic_regression", "hist_gradient_boosting"]
        if rows <= FOREST_UP_TO:
            names.append("random_forest")
        if is_installed("lightgbm"):
            names.append("lightgbm")
        return [{"algorithm": name, "params": {}} for name in names]

    def estimator_params(
        self,
        params: dict[str, Any],
        parameters: Collection[str],
        target: Target,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        """class_weight by position instead of by name."""
        if "class_weight" in parameters and options["class_weight"] is not None:
            params = {"class_weight": options["class_weight"], **params}
        weights = params.get("class_weight")
        if not isinstance(weights, dict):
            return params
        for name in weights:
            if name not in target.names:
                raise GlasshouseError(
                    f"class_weight names {name!r}, which is no class of the target.",
                    near_names(name, target.names),
                )
        by_position = {target.names.index(name): weight for name, weight in weights.items()}
        return params | {"class_weight": by_position}

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> ClassificationScores:
        """The predicted probabilities beside the truth."""
        probabilities_found = in_batches(fitted.predict_proba, matrix)
        if probabilities_found.shape[1] < len(target.names):
            # A fold may lack a class.
            all_classes = np.zeros((len(probabilities_found), len(target.names)))
            all_classes[:, fitted.classes_] = probabilities_found
            probabilities_found = all_classes
        return ClassificationScores(
            actual, probabilities_found, target.positive or 0, target.threshold, target.costs
        )

    def calibrate_target(
        self, folds: Sequence[ClassificationScores], target: Target, options: dict[str, Any]
    ) -> Target:
        """With options.costs the threshold of least cost."""
        if target.costs is None:
            return target
        return replace(target, threshold=least_cost_threshold(folds, target.costs))

    def apply_threshold(self, rows: ClassificationScores, target: Target) -> ClassificationScores:
        """The same probabilities with the threshold of the target."""
        return replace(rows, threshold=target.threshold)

    def curves(self, rows: ClassificationScores, target: Target) -> Records:
        """ROC, precision-recall, gain and calibration curves, and score distributions."""
        return curve_rows(rows, list(target.names))

    def confusion(self, rows: ClassificationScores, target: Target) -> Records:
        """A row for every pair of classes."""
        return confusion_rows(rows, list(target.names))

    def baseline_scores(self, facts: dict[str, Any], target: Target) -> ClassificationScores:
        """The class frequencies of the training rows, or their weights."""
        class_rows = np.array([e.get("weight", e["train"]) for e in facts["classes"]], float)
        class_shares = np.tile(class_rows / class_rows.sum(), (len(target.values), 1))
        positive = target.positive or 0
        return ClassificationScores(
            target.values, class_shares, positive, target.threshold, target.costs
        )

    def univariate_auc(
        self, values: np.ndarray, training: np.ndarray, target: Target
    ) -> float | None:
        """The ROC AUC of the feature alone, of each class against the rest."""
        return univariate_auc(values[training], target.values[training], len(target.names))

    def explained_output(self, model: Model, matrix: np.ndarray) -> np.ndarray:
        """The probability of each class."""
        return in_batches(model.pipeline.predict_proba, matrix)

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """The class, the probability of the positive or predicted class, and all probabilities."""
        probabilities = in_batches(model.pipeline.predict_proba, matrix)
        names, positive = list(model.classes), 0
        if model.positive_class is not None:
            positive = names.index(model.positive_class)
            scores = probabilities[:, positive]
        else:
            scores = probabilities.max(axis=1)
        probabilities_found = predict_classes(probabilities, positive, model.threshold)
        predicted = map(names.__getitem__, probabilities_found.tolist())
        return predicted, scores.tolist(), ProbabilityMatrix(names, probabilities)


def univariate_auc(values: np.ndarray, classes: np.ndarray, count: int) -> float | None:
    """The area under the ROC curve of one feature, from 0.5 to 1; over_classes() joins the classes.

    Each class is compared with all other rows, in either direction. The area is the share of pairs
    in which the row of the class has the larger value; equal values count half. It follows from the
    sum of the ranks (Mann and Whitney, Annals of Mathematical Statistics 18, 1947). None where no
    class has rows on both sides.
    """
    present = ~np.isnan(values)
    ranks, classes = average_ranks(values[present]), classes[present]
    rows = np.bincount(classes, minlength=count)
    pairs = rows * (len(classes) - rows)
    above = np.bincount(classes, ranks, minlength=count) - rows * (rows + 1) / 2
    areas = above[pairs > 0] / pairs[pairs > 0]
    areas = np.maximum(areas, 1.0 - areas)
    return json_number(over_classes(areas, values)) if len(areas) else None


def classes_of(table: Table, target: str) -> tuple[list[str], np.ndarray]:
    """The names of the classes, and for each row the position of its class among them."""
    texts = table.texts[target]
    names, classes = texts.levels, texts.codes
    if len(names) < 2:
        raise GlasshouseError(
            f"Target column {target!r} holds one value only: {names[0]!r}.",
            "A classification needs rows of at least two classes.",
        )
    if len(names) > MAX_CLASSES:
        raise GlasshouseError(
            f"Target column {target!r} holds {len(names)} different values; "
            f"{MAX_CLASSES} classes are the most.",
            "Is it the right column? Group rare values, or ranges of numbers, in the query.",
        )
    try:
        order = sorted(range(len(names)), key=lambda position: float(names[position]))
    except ValueError:
        return names, classes
    # Classes 1, 2, 10 in this order, not in that of the alphabet.
    new = np.empty(len(names), np.int64)
    new[order] = np.arange(len(names))
    return [names[position] for position in order], new[classes]


def positive_class_of(names: list[str], classes: np.ndarray, requested: str | None) -> int | None:
    """The position of the positive class: as requested, else a word for yes, else the rarer."""
    if requested is not None and requested not in names:
        raise GlasshouseError(
            f"No row has the positive class {requested!r}.", near_names(requested, names)
        )
    if len(names) != 2:
        return None
    if requested is not None:
        return names.index(requested)
    yes_positions = [
        position for position, name in enumerate(names) if name.lower() in _POSITIVE_NAMES
    ]
    if len(yes_positions) == 1:
        return yes_positions[0]
    counts = np.bincount(classes, minlength=2)
    return 0 if counts[0] < counts[1] else 1
