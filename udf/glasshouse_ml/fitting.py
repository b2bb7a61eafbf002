"""Fitting and cross-validating one candidate on the rows of the training part."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml import algorithms as catalogue
from glasshouse_ml.database import Database
from glasshouse_ml.encoding import Feature
from glasshouse_ml.errors import GlasshouseError, near_names
from glasshouse_ml.metrics import Metric, Scored
from glasshouse_ml.preprocessing import pipeline
from glasshouse_ml.splitting import Fold


@dataclass(frozen=True)
class Part:
    """The rows of one part: a matrix, and the number of the class of each row."""

    matrix: np.ndarray
    classes: np.ndarray

    def take(self, rows: np.ndarray) -> "Part":
        """Some of the rows."""
        return Part(self.matrix[rows], self.classes[rows])


@dataclass(frozen=True)
class Candidate:
    """An algorithm with its parameters, and how it did in each fold."""

    number: int
    algorithm: str
    params: dict[str, Any]
    folds: list[Scored]
    scores: list[float]
    seconds: float

    @property
    def is_baseline(self) -> bool:
        """The baseline comes first, whatever else was asked for."""
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
    classes: Sequence[str]
    positive: int | None
    seed: int

    def fit(self, algorithm: str, params: dict[str, Any], part: Part) -> Pipeline:
        """The fitted Pipeline of one algorithm."""
        self.db.checkpoint()
        try:
            found = catalogue.find(algorithm)
            known = self._by_position(params)
            return pipeline(found, known, self.features, self.seed).fit(part.matrix, part.classes)
        except (ValueError, TypeError, ArithmeticError) as error:
            # scikit-learn explains itself in the first paragraph; the rest is its documentation.
            reason = " ".join(str(error).split("\n\n")[0].split())
            raise GlasshouseError(
                f"{algorithm} could not be trained: {reason}", "Change its params or the data."
            ) from None

    def _by_position(self, params: dict[str, Any]) -> dict[str, Any]:
        """Weights are given by the name of a class; scikit-learn gets to see its number."""
        weights = params.get("class_weight")
        if not isinstance(weights, dict):
            return params
        for name in weights:
            if name not in self.classes:
                raise GlasshouseError(
                    f"class_weight names {name!r}, which is no class of the target.",
                    near_names(name, self.classes),
                )
        numbered = {self.classes.index(name): weight for name, weight in weights.items()}
        return params | {"class_weight": numbered}

    def score(self, fitted: Pipeline, part: Part) -> Scored:
        """The probabilities a fitted Pipeline gives, beside the truth."""
        found = fitted.predict_proba(part.matrix)
        if found.shape[1] < len(self.classes):
            # The rows of a fold need not have every class.
            whole = np.zeros((len(found), len(self.classes)))
            whole[:, fitted.classes_] = found
            found = whole
        return Scored(part.classes, found, self.positive or 0)

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
        scored = [
            self.score(self.fit(algorithm, params, training.take(fit)), training.take(validate))
            for fit, validate in folds
        ]
        scores = [metric.value(fold) for fold in scored]
        if not np.isfinite(scores).all():
            raise GlasshouseError(
                f"{metric.name} cannot be computed in every fold of the training part.",
                "Ask for fewer folds or another metric, or give more rows of each class.",
            )
        seconds = round(time.perf_counter() - began, 3)
        return Candidate(number, algorithm, params, scored, scores, seconds)
