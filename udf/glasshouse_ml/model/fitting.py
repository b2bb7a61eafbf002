"""Fits and cross-validates one candidate on the rows of the training part."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import LIBRARY_ERRORS, GlasshouseError, one_line
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.split import XY, Fold, Split
from glasshouse_ml.core.target import Target
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model.assembly import (
    CALIBRATION_FOLDS,
    build_pipeline,
    calibrate,
    weight_parameter,
    without_fold_indices,
)
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.model.search import subsample

_HINT = "Change its params or the data."


@contextmanager
def one_line_errors(message: str) -> Iterator[None]:
    """Turn an error of a library into one line after the message, without a traceback."""
    try:
        yield
    except LIBRARY_ERRORS as error:
        raise GlasshouseError(f"{message}: {one_line(error)}", _HINT) from None


@dataclass(frozen=True)
class Candidate:
    """An algorithm with its parameters, and its scores in each fold."""

    number: int  # 0 is the baseline
    algorithm: str
    params: dict[str, Any]
    folds: list[EvaluationInput]
    scores: list[float]
    seconds: float = 0.0
    share: float = 1.0  # of the rows of each fold on which it was fitted
    error: GlasshouseError | None = None  # why there are no scores

    @property
    def is_baseline(self) -> bool:
        """True for the dummy, which ignores every feature."""
        return self.number == 0

    @property
    def score(self) -> float:
        """Mean over the folds; NaN where it failed."""
        return float(np.mean(self.scores)) if self.scores else np.nan

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the folds."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else None


@dataclass(frozen=True)
class Fit:
    """A Pipeline that is not fitted yet, and the rows for it."""

    algorithm: str
    pipeline: Pipeline
    rows: XY

    def run(self) -> Pipeline:
        """The fitted Pipeline."""
        rows, parameters = self.rows, {}
        with one_line_errors(f"{self.algorithm} could not be trained"):
            if rows.weights is not None:
                parameters[weight_parameter(self.pipeline)] = rows.weights
            fitted = self.pipeline.fit(rows.matrix, rows.actual, **parameters)
            return without_fold_indices(fitted)


def _run_each(fits: Iterator[Fit]) -> Generator[Pipeline, None, None]:
    for fit in fits:
        fitted = fit.run()
        # Freed before the rows of the next fold are copied.
        del fit
        yield fitted
        del fitted


@dataclass(frozen=True)
class Fitter:
    """What all fits of a training share."""

    db: Database
    request: Request
    features: Sequence[Feature]
    target: Target
    split: Split
    # Runs the fits of the folds of a candidate, in their order.
    run_each: Callable[[Iterator[Fit]], Generator[Pipeline, None, None]] = _run_each

    def fit(
        self, algorithm: str, params: dict[str, Any], rows: XY, transient_groups: bool = False
    ) -> Pipeline:
        """The fitted Pipeline of one algorithm.

        With transient_groups the model of a group exists only while its rows are predicted.
        """
        return self._fit(algorithm, params, rows, transient_groups).run()

    def _fit(self, algorithm: str, params: dict[str, Any], rows: XY, transient_groups: bool) -> Fit:
        check_interrupts()
        task, options = self.request.task, self.request.options
        with one_line_errors(f"{algorithm} could not be trained"):
            entry = catalogue.find_algorithm(task.name, algorithm)
            entry.check_rows(len(rows.actual))
            params = task.estimator_params(params, entry.parameters, self.target, options)
            pipeline = build_pipeline(entry, params, self.features, options)
            if transient_groups and isinstance(pipeline[-1], Grouped):
                pipeline[-1].is_transient = True
            calibration = options.get("calibration")
            if calibration and not entry.is_baseline:
                folds = self._calibration_folds(rows)
                pipeline = calibrate(pipeline, calibration, folds, self.split.is_chronological)
            return Fit(algorithm, pipeline, rows)

    def _calibration_folds(self, rows: XY) -> list[Fold]:
        members = np.arange(len(rows.actual)) if rows.members is None else rows.members
        return self.split.folds_within(members, CALIBRATION_FOLDS)

    def score(self, fitted: Pipeline, rows: XY) -> EvaluationInput:
        """The output of a fitted Pipeline beside the truth."""
        scores = self.request.task.score(fitted, rows.matrix, rows.actual, self.target)
        return with_weights(scores, rows.weights)

    def training_share(self, training: XY, fold: Fold, share: float) -> XY:
        """The rows of a fold on which a candidate is fitted, or a stratified share of them."""
        fit, _ = fold
        if share < 1:
            is_stratified = self.target.names and not self.target.has_labels
            labels = training.actual[fit] if is_stratified else np.zeros(len(fit))
            fit = fit[subsample(labels, share, self.request.options["seed"])]
        return training.take(fit)

    def cross_validate(
        self,
        number: int,
        algorithm: str,
        params: dict[str, Any],
        training: XY,
        metric: Metric,
        share: float = 1.0,
        check_fold: Callable[[Sequence[float], float], None] | None = None,
    ) -> Candidate:
        """Cross-validate a candidate, which is fitted on a share of the rows of each fold.

        check_fold() may end it after each fold; it takes the scores so far and the seconds.
        """
        started = time.perf_counter()
        fold_scores: list[EvaluationInput] = []
        values: list[float] = []
        fits = (
            self._fit(algorithm, params, self.training_share(training, fold, share), True)
            for fold in self.split.folds
        )
        with closing(self.run_each(fits)) as fitted_folds:
            for fold in self.split.folds:
                fitted = next(fitted_folds)
                rows = training.take(fold[1])
                with one_line_errors(f"{algorithm} could not predict"):
                    scores = self.request.task.score_fold(
                        fitted, rows.matrix, rows.actual, self.target
                    )
                    scores = with_weights(scores, rows.weights)
                if not np.isfinite(getattr(scores, "scores", 0.0)).all():
                    raise GlasshouseError(f"{algorithm} predicts NaN or infinity.", _HINT)
                fold_scores.append(scores)
                # Freed before the rows of the next fold are copied.
                del fitted, rows
                values.append(metric.value(scores))
                if not np.isfinite(values[-1]):
                    raise metric.undefined_error(f"fold {len(values)} of the training part")
                if check_fold:
                    check_fold(values, time.perf_counter() - started)
        seconds = round(time.perf_counter() - started, 3)
        return Candidate(number, algorithm, params, fold_scores, values, seconds, share)


def with_weights(scores: Any, weights: np.ndarray | None) -> Any:
    """The same scores with the weights of their rows; themselves where there are none."""
    return scores if scores is None or weights is None else replace(scores, weights=weights)
