"""What a task defines. Training, registry and prediction work the same way for all tasks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.split import XY, ResamplingUnits, Splitter
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target

# An algorithm by name with its params, and what else the request says about it.
AlgorithmEntry = dict[str, Any]
# For each row the prediction as text, the score, and the probabilities as JSON text.
Predictions = tuple[Iterable[str | None], Iterable[float], Iterable[str | None]]


class Task(ABC):
    """One kind of learning problem."""

    name: ClassVar[str]
    metrics: ClassVar[dict[str, Metric]]
    # Metrics that compare predictions with a target, where the target is optional.
    target_metrics: ClassVar[Collection[str]] = ()
    # Whether the target is read as numbers or as texts.
    numeric_target: ClassVar[bool]
    needs_target: ClassVar[bool] = True
    takes_target: ClassVar[bool] = True
    # Whether ml.explain can attribute a prediction to the features.
    is_explainable: ClassVar[bool] = True
    # Whether a row has several labels, each of them 1 or 0: the target is a matrix.
    has_labels: ClassVar[bool] = False
    # Whether it answers for steps of time (ml.forecast) and not for rows (ml.predict).
    answers_by_step: ClassVar[bool] = False
    # Whether preprocessing may encode categories by the mean of the target.
    uses_target_encoding: ClassVar[bool] = True

    @property
    def deciding_metrics(self) -> Collection[str]:
        """The metrics by which candidates can be compared."""
        return self.metrics

    @abstractmethod
    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """The target of the labelled rows of a table; column is its name."""

    @abstractmethod
    def splitter(self, target: Target) -> Splitter:
        """The rule that assigns rows to the parts and folds."""

    @abstractmethod
    def default_metric(self, target: Target) -> str:
        """The metric that compares the candidates when the request names none."""

    @abstractmethod
    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """The algorithms that are compared when the request names none."""

    def expand_candidates(self, entries: list[AlgorithmEntry], rows: int) -> list[AlgorithmEntry]:
        """The candidates that follow from the entries of the request."""
        return entries

    def check_metric(self, metric: Metric, target: Target, column: str | None) -> None:
        """Refuse a metric that is undefined for the target of all rows; column is its name."""
        return

    def baseline_params(self, metric: Metric) -> dict[str, Any] | None:
        """Parameters of the dummy estimator that is best by this metric; None without a dummy."""
        return {}

    def estimator_params(
        self,
        params: dict[str, Any],
        parameters: Collection[str],
        target: Target,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        """The params as scikit-learn expects them, with those that follow from the options.

        `parameters` are the names that the algorithm accepts.
        """
        return params

    @abstractmethod
    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> Any:
        """The output of a fitted Pipeline beside the truth: the input of the metrics."""

    def score_fold(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> Any:
        """As score(), for the validation rows of a fold."""
        return self.score(fitted, matrix, actual, target)

    def calibrate_target(
        self, folds: Sequence[Any], target: Target, options: dict[str, Any]
    ) -> Target:
        """The target with what the validation rows of the folds decide.

        For a classification with costs that is the threshold, for a regression the interval.
        """
        return target

    def apply_threshold(self, scores: Any, target: Target) -> Any:
        """Scores that were computed before the threshold was chosen, at that threshold."""
        return scores

    def apply_interval(self, scores: Any, target: Target) -> Any:
        """The scores of the model with the bounds of its interval, where it has one."""
        return scores

    def extra_metrics(
        self,
        refit: Callable[[np.ndarray], Pipeline],
        fitted: Pipeline,
        training: XY,
        test: XY,
        seed: int,
    ) -> Records:
        """Rows of ml.metrics for which the chosen candidate is fitted again.

        refit() takes positions in the training part.
        """
        return []

    def segment_metrics(
        self,
        scores: Any,
        baseline: Any,
        target: Target,
        options: dict[str, Any],
        units: ResamplingUnits | None,
    ) -> Records:
        """Rows of ml.metrics for segments that the task has by itself, such as labels."""
        return []

    @abstractmethod
    def curves(self, scores: Any, target: Target) -> Records:
        """Rows of ml.curves from the scores of the test part."""

    def finalise_target(self, fitted: Pipeline, matrix: np.ndarray, target: Target) -> Target:
        """The target of all rows, for tasks in which only the trained model assigns it."""
        return target

    def permutation_score(
        self,
        fitted: Pipeline,
        matrix: np.ndarray,
        actual: np.ndarray,
        target: Target,
        metric: Metric,
    ) -> tuple[Metric, Callable[[np.ndarray], Any]]:
        """The metric of permutation importance, and the function that scores permuted rows."""
        return metric, lambda rows: self.score(fitted, rows, actual, target)

    def confusion(self, scores: Any, target: Target) -> Records:
        """Rows of ml.confusion: actual class against predicted class."""
        return []

    def class_counts(self, target: Target, train: np.ndarray, test: np.ndarray) -> Records:
        """The rows of each class in the training and in the test part."""
        if not target.names:
            return []
        counts = [target.rows_of_classes(target.values[part]) for part in (train, test)]
        return [
            {"class": name, "train": int(train), "test": int(test)}
            for name, train, test in zip(target.names, *counts, strict=True)
        ]

    def baseline_scores(self, facts: dict[str, Any], target: Target) -> EvaluationInput | None:
        """The scores of the baseline of a recorded version on other rows; None without one."""
        return None

    def univariate_auc(
        self, values: np.ndarray, training: np.ndarray, target: Target
    ) -> float | None:
        """How well the values of one feature rank the rows by the target, from 0 to 1."""
        return None

    def explained_output(self, model: Model, matrix: np.ndarray) -> np.ndarray:
        """The output that ml.explain attributes to the features: a column a class, or one.

        It is the score of ml.predict.
        """
        raise TypeError(f"{self.name} has no output that can be explained")

    @abstractmethod
    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """The columns of ml.predict for the rows of a matrix."""
