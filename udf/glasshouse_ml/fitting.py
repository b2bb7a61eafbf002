"""Fitting and cross-validating one candidate on the rows of the training part."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError
from sklearn.pipeline import Pipeline

from glasshouse_ml import algorithms as catalogue
from glasshouse_ml.database import Database
from glasshouse_ml.encoding import Feature
from glasshouse_ml.errors import GlasshouseError
from glasshouse_ml.metric import Measured, Metric
from glasshouse_ml.preprocessing import pipeline
from glasshouse_ml.splitting import Fold
from glasshouse_ml.task import Target, Task


@dataclass(frozen=True)
class Part:
    """The rows of one part: a matrix, and the answer of each row."""

    matrix: np.ndarray
    actual: np.ndarray

    def take(self, rows: np.ndarray) -> "Part":
        """Some of the rows."""
        return Part(self.matrix[rows], self.actual[rows])


@dataclass(frozen=True)
class Candidate:
    """An algorithm with its parameters, and how it did in each fold."""

    number: int  # the baseline is 0, whatever else was asked for
    algorithm: str
    params: dict[str, Any]
    folds: list[Measured]
    scores: list[float]
    seconds: float

    @property
    def is_baseline(self) -> bool:
        """True for the one that ignores every feature."""
        return self.number == 0

    @property
    def score(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.scores))

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the folds."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else None


@dataclass(frozen=True)
class Fitter:
    """What every fit of a training has in common."""

    db: Database
    features: Sequence[Feature]
    task: Task
    target: Target
    options: dict[str, Any]

    def fit(self, algorithm: str, params: dict[str, Any], part: Part) -> Pipeline:
        """The fitted Pipeline of one algorithm."""
        self.db.checkpoint()
        try:
            found = catalogue.find(self.task.name, algorithm)
            known = self.task.params(found, params, self.target, self.options)
            untrained = pipeline(found, known, self.features, self.options["seed"])
            return untrained.fit(part.matrix, part.actual)
        except (ValueError, TypeError, ArithmeticError, LinAlgError) as error:
            # scikit-learn explains itself in the first paragraph; the rest is its documentation.
            reason = " ".join(str(error).split("\n\n")[0].split())
            raise GlasshouseError(
                f"{algorithm} could not be trained: {reason}", "Change its params or the data."
            ) from None

    def score(self, fitted: Pipeline, part: Part) -> Measured:
        """What a fitted Pipeline answers, beside the truth."""
        return self.task.score(fitted, part.matrix, part.actual, self.target)

    def validate(
        self,
        number: int,
        algorithm: str,
        params: dict[str, Any],
        training: Part,
        folds: Sequence[Fold],
        metric: Metric,
    ) -> Candidate:
        """Cross-validate a candidate."""
        began = time.perf_counter()
        scored = []
        for fit, validate in folds:
            fitted, part = self.fit(algorithm, params, training.take(fit)), training.take(validate)
            scored.append(self.task.validate(fitted, part.matrix, part.actual, self.target))
        scores = [metric.value(fold) for fold in scored]
        if not np.isfinite(scores).all():
            raise GlasshouseError(
                f"{metric.name} cannot be computed in every fold of the training part.",
                "Ask for fewer folds or another metric, or give more rows.",
            )
        seconds = round(time.perf_counter() - began, 3)
        return Candidate(number, algorithm, params, scored, scores, seconds)
