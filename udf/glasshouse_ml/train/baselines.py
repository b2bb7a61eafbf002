"""The baseline of a training: the dummy estimator, or a rule for rows in order of time.

Of rows that are split by time, a constant is too easy to beat: the number of yesterday, or of the
same day last week, is what people use without a model. Two rules are compared with the dummy in the
folds, which go forward in time, and the best of the three is the baseline:

- last_value: the mean target of the last moment of the training rows;
- seasonal_value: the mean target of the last moment of the training rows in the same phase of the
  season, such as the same weekday (the seasonal naive method: Hyndman and Athanasopoulos,
  Forecasting: Principles and Practice, 2021, section 5.2).

Both know the training rows alone, as the model does. A classification keeps the class shares: its
metrics compare probabilities, and the class of the last moment has none other than 0 and 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.records import Records, json_number
from glasshouse_ml.core.split import XY
from glasshouse_ml.core.table import TIME, Column
from glasshouse_ml.measure.regression_metrics import RegressionScores
from glasshouse_ml.model.algorithms import BASELINE
from glasshouse_ml.model.fitting import Candidate, Fitter, with_weights

LAST_VALUE, SEASONAL_VALUE = "last_value", "seasonal_value"
_MINUTES_PER_DAY = 1_440
Rule = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Baseline:
    """What a model has to beat, with its scores in the folds and on the test part.

    `constant` is what the dummy of a regression always predicts, None for classes.
    """

    name: str
    folds: list[EvaluationInput]
    test: EvaluationInput
    constant: float | None


def choose_baseline(
    fitter: Fitter,
    dummy: Pipeline | None,
    candidates: list[Candidate],
    test: XY,
    metric: Metric,
    split_column: Column | None,
    weights: np.ndarray | None = None,
) -> tuple[Baseline | None, Records]:
    """The baseline, and rows of ml.candidates for the rules that were compared with the dummy.

    `weights` are those of the training rows.
    """
    if dummy is None:
        return None, []
    scores = fitter.score(dummy, test)
    constant = scores.predicted[0] if isinstance(scores, RegressionScores) else None
    entry = next(candidate for candidate in candidates if candidate.is_baseline)
    best = Baseline(BASELINE, entry.folds, scores, constant)
    split, times = fitter.split, fitter.split.times
    if times is None or split_column is None or not isinstance(scores, RegressionScores):
        return best, []
    records: Records = []
    gain = metric.gain(entry.score) if entry.error is None else -np.inf
    values, times, test_times = (
        fitter.target.values[split.train],
        times[split.train],
        times[split.test],
    )
    rules = {LAST_VALUE: _last_value, SEASONAL_VALUE: _seasonal_rule(times, split_column.kind)}
    for name, rule in rules.items():
        if rule is None:
            continue
        folds = [
            with_weights(
                RegressionScores(values[part], rule(times[fit], values[fit], times[part])),
                None if weights is None else weights[part],
            )
            for fit, part in split.folds
        ]
        fold_scores = [metric.value(fold) for fold in folds]
        if not np.isfinite(fold_scores).all():
            continue
        records.append(_record(name, len(candidates) + len(records) + 1, metric, fold_scores))
        if metric.gain(float(np.mean(fold_scores))) > gain:
            gain = metric.gain(float(np.mean(fold_scores)))
            predicted = rule(times, values, test_times)
            constant = predicted[0] if name == LAST_VALUE else scores.predicted[0]
            test_scores = with_weights(RegressionScores(test.actual, predicted), test.weights)
            best = Baseline(name, [*folds], test_scores, constant)
    return best, records


def _record(name: str, number: int, metric: Metric, scores: list[float]) -> dict[str, object]:
    deviation = float(np.std(scores, ddof=1)) if len(scores) > 1 else None
    return {
        "candidate": number,
        "algorithm": name,
        "params": {},
        "is_baseline": True,
        "chosen": False,
        "metric": metric.name,
        "score": json_number(float(np.mean(scores))),
        "deviation": json_number(deviation),
        "fold_scores": scores,
        "seconds": 0.0,
        "rows_share": 1.0,
        "error": None,
    }


def _last_value(times: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The mean target of the last training moment, for every row."""
    return np.full(len(at), values[times == times.max()].mean())


def _seasonal_rule(times: np.ndarray, kind: str | None) -> Rule | None:
    """The rule for the season that fits the distance of the moments; None where none does."""
    moments = np.unique(times)
    if kind != TIME or len(moments) < 3:
        return None
    phase = _phase_of(float(np.median(np.diff(moments))))
    if phase is None:
        return None

    def seasonal_value(times: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
        predicted = _last_value(times, values, at)
        phases, phases_at = phase(times), phase(at)
        for part in np.unique(phases_at):
            rows = phases == part
            if rows.any():
                predicted[phases_at == part] = _last_value(times[rows], values[rows], np.empty(1))[
                    0
                ]
        return predicted

    return seasonal_value


def _phase_of(gap: float) -> Callable[[np.ndarray], np.ndarray] | None:
    """The phase of the season by the distance of moments in days: of the day, week or year."""

    def minute_of_day(days: np.ndarray) -> np.ndarray:
        return np.round((days % 1.0) * _MINUTES_PER_DAY)

    if gap < 0.9:
        return minute_of_day
    if gap < 5:
        return lambda days: np.floor(days) % 7 * _MINUTES_PER_DAY + minute_of_day(days)
    if gap < 20:
        return lambda days: _day_of_year(days) // 7
    if gap < 200:
        return lambda days: _dates(days).astype("datetime64[M]").astype(np.int64) % 12
    return None


def _dates(days: np.ndarray) -> np.ndarray:
    return np.floor(days).astype(np.int64).astype("datetime64[D]")


def _day_of_year(days: np.ndarray) -> np.ndarray:
    dates = _dates(days)
    return (dates - dates.astype("datetime64[Y]")).astype(np.int64)
