"""options.promote = if_better: champion and challenger on the same test rows.

The challenger wins when its metric is better there. Rows on which the champion was trained count in
its favour, so the comparison is conservative. The interval of the difference comes from a paired
bootstrap: both versions are measured on the same resampled rows. The comparison does not lock the
model: it costs a prediction of at most MAX_ROWS rows by each version, and the bootstrap.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.split import XY, ResamplingUnits
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.measure.bootstrap import paired_gains, percentile_interval
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.train.result import TrainingResult

# The test rows that are compared: a difference of this many rows is known to three digits.
MAX_ROWS = 50_000


def compare_with_champion(
    db: Database, result: TrainingResult, champion: dict[str, Any]
) -> dict[str, Any]:
    """The outcome of the comparison for ml.model_versions.comparison."""
    outcome: dict[str, Any] = {"champion": champion["version"], "metric": result.metric.name}
    rows = _compared_rows(result)
    try:
        champion_scores = _score_champion(db, result, champion, rows)
    except GlasshouseError as error:
        # The champion cannot predict these rows, so the new version counts as better.
        return outcome | {"better": True, "not_comparable": error.message}
    scores = result.fitter.score(result.pipeline, result.test.take(rows))
    samples, seed = result.request.options["bootstrap"], result.request.options["seed"]
    units = result.split.test_units and result.split.test_units.take(rows)
    return outcome | compare_scores(result.metric, scores, champion_scores, samples, seed, units)


def apply_outcome(db: Database, outcome: dict[str, Any], payload: dict[str, Any]) -> None:
    """Write the outcome into the payload and report it; a version that loses is rejected."""
    payload["version"]["comparison"] = outcome
    champion = outcome["champion"]
    if "not_comparable" in outcome:
        reason = outcome["not_comparable"]
        db.notice(f"The champion, version {champion}, could not be compared. {reason}")
        return
    metric = outcome["metric"]
    if not outcome["better"]:
        payload["status"] = "rejected"
        payload["version"]["rejection"] = {
            "test": "if_better",
            "subject": metric,
            "value": outcome["score"],
            "limit": outcome["champion_score"],
        }
    db.notice(
        f"On the same {outcome['rows']} test rows {metric} is "
        f"{_number_text(outcome['score'])} for the new version and "
        f"{_number_text(outcome['champion_score'])} for the champion, version {champion}: the "
        f"{'new version is better' if outcome['better'] else 'champion stays'}. "
        f"{_interval_text(outcome)}"
    )


def _number_text(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"


def _interval_text(outcome: dict[str, Any]) -> str:
    if outcome["lower"] is None:
        reason = "options.bootstrap is 0" if outcome["samples"] == 0 else "the metric has none"
        return f"There is no interval of the gain: {reason}."
    return (
        f"The 95 % interval of the gain of {outcome['gain']:.4g} goes from {outcome['lower']:.4g} "
        f"to {outcome['upper']:.4g}."
    )


def _compared_rows(result: TrainingResult) -> np.ndarray:
    """Positions in the test part: all of them, or a random sample."""
    count = len(result.split.test)
    if count <= MAX_ROWS:
        return np.arange(count)
    rng = np.random.default_rng(result.request.options["seed"])
    return np.sort(rng.choice(count, MAX_ROWS, replace=False))


def _score_champion(
    db: Database, result: TrainingResult, champion: dict[str, Any], rows: np.ndarray
) -> EvaluationInput:
    """The champion's scores on the test rows, or an error that says why it has none."""
    required = {"task": result.request.task.name, "target": result.request.target}
    for name, value in required.items():
        if champion[name] != value:
            raise GlasshouseError(f"Its {name} is {champion[name]!r}, not {value!r}.")
    model = registry.load(db, result.request.model, champion["version"])
    _check_compatible(model, result)
    table = result.data.table.take(result.split.test[rows])
    weights = result.test.weights
    test = XY(
        encode(model.features, table),
        result.test.actual[rows],
        weights=None if weights is None else weights[rows],
    )
    # Each version predicts by its own threshold.
    target = replace(result.fitter.target, threshold=model.threshold)
    return replace(result.fitter, target=target).score(model.pipeline, test)


def _check_compatible(model: Model, result: TrainingResult) -> None:
    columns = {column.name: column for column in result.data.columns}
    for feature in model.features:
        column = columns.get(feature.name)
        if column is None:
            raise GlasshouseError(f"Its column {feature.name!r} is missing.")
        if column.kind != feature.column_kind:
            raise GlasshouseError(f"Its column {feature.name!r} is of another type.")
        if feature.length not in (0, column.length):
            raise GlasshouseError(f"Its column {feature.of!r} holds arrays of another length.")
    classes = result.data.target.names
    # Clusters are assigned by each model and may differ.
    if result.request.task.needs_target and set(model.classes) != set(classes):
        raise GlasshouseError("The target holds other classes than in its training.")


def compare_scores(
    metric: Metric,
    scores: EvaluationInput,
    champion_scores: EvaluationInput,
    samples: int,
    seed: int,
    units: ResamplingUnits | None = None,
) -> dict[str, Any]:
    """The metric of both versions, and the gain of the new one with its 95 % interval."""
    score, champion_score = metric.value(scores), metric.value(champion_scores)
    gain = metric.gain(score) - metric.gain(champion_score)
    lower, upper = _gain_interval(metric, scores, champion_scores, samples, seed, units)
    return {
        "rows": len(scores.actual),
        "score": json_number(score),
        "champion_score": json_number(champion_score),
        "gain": json_number(gain),
        "lower": json_number(lower),
        "upper": json_number(upper),
        "samples": samples,
        # Equal is not better: the champion stays.
        "better": bool(gain > 0),
    }


def _gain_interval(
    metric: Metric,
    scores: EvaluationInput,
    champion_scores: EvaluationInput,
    samples: int,
    seed: int,
    units: ResamplingUnits | None,
) -> tuple[float, float]:
    if not metric.supports_bootstrap:
        return np.nan, np.nan
    gains = paired_gains(metric, scores, champion_scores, samples, seed, units)
    return percentile_interval(gains, units.independent if units else len(scores.actual))
