"""What a kind of question has to say about itself; everything else is the same for all of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.metric import Measured, Metric
from glasshouse_ml.core.table import Table
from glasshouse_ml.measure.classification_metrics import Costs
from glasshouse_ml.model.splitters import Strata

if TYPE_CHECKING:
    from glasshouse_ml.core.request import Request
    from glasshouse_ml.model.algorithms import Algorithm
    from glasshouse_ml.registry.artifacts import Model
    from glasshouse_ml.train.payload import Trained

Rows = list[dict[str, Any]]
# What is predicted as text, the score, and the probabilities as JSON text, each for every row.
Answers = tuple[Iterable[str | None], Iterable[float], Iterable[str | None]]


@dataclass(frozen=True)
class Target:
    """The answers of the rows: numbers, or positions in the names of the classes."""

    values: np.ndarray
    names: Sequence[str] = ()
    positive: int | None = None
    threshold: float = 0.5  # the probability from which a row is predicted positive
    costs: Costs | None = None

    @property
    def positive_class(self) -> str | None:
        """Its name; None unless there are two classes."""
        return None if self.positive is None else self.names[self.positive]


class Task(ABC):
    """One kind of question."""

    name: ClassVar[str]
    metrics: ClassVar[dict[str, Metric]]
    # Whether the target travels as numbers or as texts.
    numeric_target: ClassVar[bool]
    needs_target: ClassVar[bool] = True
    takes_target: ClassVar[bool] = True
    # Whether ml.explain can say why a row got its answer.
    has_reasons: ClassVar[bool] = True
    # Whether the preprocessing may look at the answers, as an encoding by their mean does.
    learns_target: ClassVar[bool] = True

    @abstractmethod
    def target(self, table: Table, request: "Request") -> Target:
        """The answers of the labelled rows of a table."""

    @abstractmethod
    def strata(self, target: Target) -> Strata:
        """How rows are dealt out to the parts and folds."""

    @abstractmethod
    def default_metric(self, target: Target) -> str:
        """What candidates are compared by when the caller names nothing."""

    @abstractmethod
    def shortlist(self, rows: int) -> Rows:
        """What is tried when the caller names nothing."""

    def candidates(self, wanted: Rows, rows: int) -> Rows:
        """What is compared where this was wanted."""
        return wanted

    def baseline(self, metric: Metric) -> dict[str, Any] | None:
        """Parameters of the dummy that is the best by this metric; None where there is no dummy."""
        return {}

    def params(
        self,
        algorithm: "Algorithm",
        params: dict[str, Any],
        target: Target,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        """The caller's parameters as scikit-learn wants them, and what options add to them."""
        return params

    @abstractmethod
    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> Any:
        """What a fitted Pipeline answers, beside the truth: rows that metrics can measure."""

    def validate(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> Any:
        """The same for the rows of a fold of the cross-validation."""
        return self.score(fitted, matrix, actual, target)

    def decided(self, folds: Sequence[Any], target: Target) -> Target:
        """With the threshold that serves best on the validated rows of the folds."""
        return target

    def measured(self, rows: Any, target: Target) -> Any:
        """Rows that were scored before the threshold was known, at that threshold."""
        return rows

    def further(self, trained: "Trained") -> Rows:
        """Registry rows of measures for which the winner is fitted again."""
        return []

    @abstractmethod
    def curves(self, rows: Any, target: Target) -> Rows:
        """Registry rows of the curves drawn from the test rows."""

    def settle(self, fitted: Pipeline, matrix: np.ndarray, target: Target) -> Target:
        """The answers of all rows, where only the trained model knows them."""
        return target

    def shuffled(
        self,
        fitted: Pipeline,
        matrix: np.ndarray,
        actual: np.ndarray,
        target: Target,
        metric: Metric,
    ) -> tuple[Metric, Callable[[np.ndarray], Any]]:
        """How a feature's importance is measured: by which metric, on what the rows then get."""
        return metric, lambda rows: self.score(fitted, rows, actual, target)

    def confusion(self, rows: Any, target: Target) -> Rows:
        """Registry rows of actual against predicted class."""
        return []

    def classes(self, target: Target, train: np.ndarray, test: np.ndarray) -> Rows:
        """Each class with its rows in the train and in the test part."""
        if not target.names:
            return []
        counts = [
            np.bincount(target.values[part], minlength=len(target.names)) for part in (train, test)
        ]
        return [
            {"class": name, "train": int(train), "test": int(test)}
            for name, train, test in zip(target.names, *counts, strict=True)
        ]

    def blind(self, facts: dict[str, Any], target: Target) -> Measured | None:
        """What the baseline of a recorded version answers for other rows; None without one."""
        return None

    def separation(self, values: np.ndarray, training: np.ndarray, target: Target) -> float | None:
        """How much one feature alone says about the answer."""
        return None

    def explained(self, model: "Model", matrix: np.ndarray) -> np.ndarray:
        """What ml.explain takes apart: a column for each class, or one.

        It is what ml.predict gives as score.
        """
        raise TypeError(f"{self.name} predicts nothing that has reasons")

    @abstractmethod
    def answers(self, model: "Model", matrix: np.ndarray) -> Answers:
        """What ml.predict returns for the rows of a matrix."""
