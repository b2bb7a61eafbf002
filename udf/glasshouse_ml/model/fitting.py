"""Fitting and cross-validating one candidate on the rows of the training part."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import XY, Fold, Split
from glasshouse_ml.core.target import Target
from glasshouse_ml.data.database import Database
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model.assembly import CALIBRATION_FOLDS, assemble, calibrated, settled
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.model.search import fewer

_CHANGE = "Change its params or the data."
# What a library stumbles over when a parameter is of a kind that it does not check.
_FAULTS = (
    ArithmeticError, AttributeError, LookupError, NameError, RuntimeError, StopIteration, TypeError,
    ValueError,
)  # fmt: skip


@contextmanager
def _plainly(what: str) -> Iterator[None]:
    """An error of a library in one line, without the way through it."""
    try:
        yield
    except _FAULTS as error:
        # scikit-learn explains itself in the first paragraph; the rest is its documentation.
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise GlasshouseError(f"{what}: {reason or type(error).__name__}", _CHANGE) from None


@dataclass(frozen=True)
class Candidate:
    """An algorithm with its parameters, and how it did in each fold."""

    number: int  # the baseline is 0, whatever else was asked for
    algorithm: str
    params: dict[str, Any]
    folds: list[EvaluationInput]
    scores: list[float]
    seconds: float
    share: float = 1.0  # of the rows of each fold that it learned from

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
    request: Request
    features: Sequence[Feature]
    target: Target
    split: Split

    def fit(self, algorithm: str, params: dict[str, Any], part: XY) -> Pipeline:
        """The fitted Pipeline of one algorithm."""
        self.db.checkpoint()
        with _plainly(f"{algorithm} could not be trained"):
            found = catalogue.find(self.request.task.name, algorithm)
            known = self.request.task.estimator_params(
                params, found.parameters, self.target, self.request.options
            )
            made = assemble(found, known, self.features, self.request.options)
            method = self.request.options.get("calibration")
            if method and not found.blind:
                made = calibrated(made, method, self._inside(part), self.split.ordered)
            told = {}
            if isinstance(made[-1], Grouped):
                told = {"estimate__checkpoint": self.db.checkpoint}
            return settled(made.fit(part.matrix, part.actual, **told))

    def _learned(
        self, algorithm: str, params: dict[str, Any], training: XY, fit: np.ndarray, share: float
    ) -> Pipeline:
        """Fitted on a share of the rows of a fold."""
        if share < 1:
            labels = training.actual[fit] if self.target.names else np.zeros(len(fit))
            fit = fit[fewer(labels, share, self.request.options["seed"])]
        return self.fit(algorithm, params, training.take(fit))

    def _inside(self, part: XY) -> list[Fold]:
        members = np.arange(len(part.actual)) if part.members is None else part.members
        return self.split.within(members, CALIBRATION_FOLDS)

    def score(self, fitted: Pipeline, part: XY) -> EvaluationInput:
        """What a fitted Pipeline answers, beside the truth."""
        return self.request.task.score(fitted, part.matrix, part.actual, self.target)

    def validate(
        self,
        number: int,
        algorithm: str,
        params: dict[str, Any],
        training: XY,
        metric: Metric,
        share: float = 1.0,
    ) -> Candidate:
        """Cross-validate a candidate, which learns from a share of the rows of each fold."""
        began = time.perf_counter()
        scored = []
        for fit, validate in self.split.folds:
            fitted = self._learned(algorithm, params, training, fit, share)
            part = training.take(validate)
            with _plainly(f"{algorithm} could not be asked"):
                found = self.request.task.score_fold(fitted, part.matrix, part.actual, self.target)
            if not np.isfinite(getattr(found, "scores", 0.0)).all():
                raise GlasshouseError(f"{algorithm} answers with what is no number.", _CHANGE)
            scored.append(found)
            # Gone before the rows of the next fold are copied.
            del fitted, part
        scores = [metric.value(fold) for fold in scored]
        if not np.isfinite(scores).all():
            raise GlasshouseError(
                f"{metric.name} cannot be computed in every fold of the training part.",
                "Ask for fewer folds or another metric, or give more rows.",
            )
        seconds = round(time.perf_counter() - began, 3)
        return Candidate(number, algorithm, params, scored, scores, seconds, share)
