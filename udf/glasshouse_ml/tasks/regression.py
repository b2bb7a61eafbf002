"""The task regression: a number for each row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError, count_rows
from glasshouse_ml.core.libraries import is_installed
from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.predictions import NumericPredictions, ProbabilityMatrix
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.task import AlgorithmEntry, Predictions, Task
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.measure.ranks import average_ranks
from glasshouse_ml.measure.regression_metrics import METRICS, PINBALLS, RegressionScores
from glasshouse_ml.measure.residual_curves import residual_curves
from glasshouse_ml.model.conformal import conformal_interval
from glasshouse_ml.model.prediction import in_batches
from glasshouse_ml.model.splitters import RandomSplitter
from glasshouse_ml.tasks.classification import FOREST_UP_TO


class Regression(Task):
    """Predicts a number."""

    name = "regression"
    metrics = METRICS
    numeric_target = True

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """The numbers of the column."""
        values = table.numbers[str(column)]
        if (np.abs(values) > MAX_ABSOLUTE_VALUE).any():
            raise GlasshouseError(
                f"Target column {column!r} holds infinite or too large values "
                f"(beyond {MAX_ABSOLUTE_VALUE:g}).",
                "Leave those rows out, or limit them with least().",
            )
        if (values == values[0]).all():
            raise GlasshouseError(
                f"Target column {column!r} holds one value only: {values[0]:g}.",
                "A regression needs rows that differ.",
            )
        if options["target_transform"] and (values < 0).any():
            raise GlasshouseError(
                f"Target column {column!r} holds numbers below 0; log1p is of no use.",
                "Leave target_transform out.",
            )
        return Target(values)

    def splitter(self, target: Target) -> RandomSplitter:
        """Random, without strata."""
        return RandomSplitter(len(target.values))

    def default_metric(self, target: Target) -> str:
        """rmse: large errors count most, in the unit of the target."""
        return "rmse"

    def check_metric(self, metric: Metric, target: Target, column: str | None) -> None:
        """mape has no value for a target of 0, rmsle none for a target below 0."""
        undefined = {"mape": ("0", target.values == 0), "rmsle": ("below 0", target.values < 0)}
        words, rows = undefined.get(metric.name, ("", np.zeros(1, bool)))
        if rows.any():
            raise GlasshouseError(
                f"{metric.name} is undefined where the target is {words}, which column {column!r} "
                f"is in {count_rows(int(rows.sum()))}.",
                f"Take {metric.alternatives} instead, or leave these rows out.",
            )

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """Linear, boosting, and for few rows a forest; LightGBM where it is installed."""
        names = ["ridge", "hist_gradient_boosting"]
        if rows <= FOREST_UP_TO:
            names.append("random_forest")
        if is_installed("lightgbm"):
            names.append("lightgbm")
        return [{"algorithm": name, "params": {}} for name in names]

    def baseline_params(self, metric: Metric) -> dict[str, Any]:
        """The constant that is best by this metric: mean, median or another quantile."""
        if metric.name in PINBALLS:
            return {"strategy": "quantile", "quantile": PINBALLS[metric.name]}
        return {"strategy": "mean" if metric.name in ("rmse", "r2") else "median"}

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> RegressionScores:
        """The predicted numbers beside the truth."""
        return RegressionScores(actual, predict_numbers(fitted, matrix))

    def calibrate_target(
        self, folds: Sequence[RegressionScores], target: Target, options: dict[str, Any]
    ) -> Target:
        """With options.interval the bounds around a prediction."""
        level = options.get("interval")
        if level is None:
            return target
        interval = conformal_interval(
            [fold.actual for fold in folds], [fold.predicted for fold in folds], level
        )
        return replace(target, interval=interval)

    def apply_interval(self, rows: RegressionScores, target: Target) -> RegressionScores:
        """The same predictions with their bounds."""
        if target.interval is None:
            return rows
        lower, upper = target.interval.bounds(rows.predicted)
        return replace(rows, lower=lower, upper=upper)

    def curves(self, rows: RegressionScores, target: Target) -> Records:
        """Predicted against actual, and the distribution of the residuals (actual - predicted)."""
        return residual_curves(rows.actual, rows.predicted)

    def baseline_scores(self, facts: dict[str, Any], target: Target) -> RegressionScores | None:
        """The constant of the baseline; old versions did not record it."""
        constant = facts.get("baseline_answer")
        if constant is None:
            return None
        return RegressionScores(target.values, np.full(len(target.values), float(constant)))

    def univariate_auc(
        self, values: np.ndarray, training: np.ndarray, target: Target
    ) -> float | None:
        """|Spearman| of feature and target: the rank correlation from 0 to 1."""
        present = training[~np.isnan(values[training])]
        if len(present) < 2 or len(np.unique(values[present])) < 2:
            return None
        ranks = average_ranks(values[present]), average_ranks(target.values[present])
        with np.errstate(invalid="ignore"):  # where all these rows have one target
            return json_number(abs(np.corrcoef(*ranks)[0, 1]))

    def explained_output(self, model: Model, matrix: np.ndarray) -> np.ndarray:
        """The predicted number."""
        return predict_numbers(model.pipeline, matrix)[:, None]

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """The number as text and as score, and in place of probabilities the bounds, if any."""
        values = predict_numbers(model.pipeline, matrix)
        numbers = values.tolist()
        if model.interval is None:
            return NumericPredictions(numbers), numbers, [None] * len(numbers)
        bounds = np.column_stack(model.interval.bounds(values))
        return NumericPredictions(numbers), numbers, ProbabilityMatrix(["lower", "upper"], bounds)


def predict_numbers(fitted: Pipeline, matrix: np.ndarray) -> np.ndarray:
    """One number a row, also from estimators that return a column."""
    return np.asarray(in_batches(fitted.predict, matrix), float).reshape(len(matrix))
