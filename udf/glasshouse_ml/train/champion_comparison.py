"""options.promote = if_better: champion and challenger on the same test rows.

The challenger wins when its metric is better there. Rows on which the champion was trained count in
its favour, so the comparison is conservative. The interval of the difference comes from a paired
bootstrap: both versions are measured on the same resampled rows.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import EvaluationInput, Metric
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import json_number
from glasshouse_ml.core.split import XY
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.train.result import TrainingResult

# Weights of some bootstrap samples at a time, as many as fit into the processor's cache.
_BLOCK_CELLS = 1_000_000


def compare_with_champion(db: Database, trained: TrainingResult, facts: dict[str, Any]) -> None:
    """Write the outcome of the comparison into the payload; a version that loses is rejected."""
    champion = registry.facts(db, trained.request.model)
    if champion is None:
        return
    outcome: dict[str, Any] = {"champion": champion["version"], "metric": trained.metric.name}
    facts["version"]["comparison"] = outcome
    try:
        champion_scores = _score_champion(db, trained, champion)
    except GlasshouseError as error:
        # The champion cannot predict these rows, so the new version counts as better.
        outcome |= {"better": True, "not_comparable": error.message}
        db.notice(f"The champion, version {champion['version']}, could not be compared. {error}")
        return
    scores = trained.fitter.score(trained.best, trained.test)
    samples, seed = trained.request.options["bootstrap"], trained.request.options["seed"]
    outcome |= compare_scores(trained.metric, scores, champion_scores, samples, seed)
    if not outcome["better"]:
        facts["status"] = "rejected"
        facts["version"]["rejection"] = {
            "test": "if_better",
            "subject": trained.metric.name,
            "value": outcome["score"],
            "limit": outcome["champion_score"],
        }
    db.notice(
        f"On the same {outcome['rows']} test rows {trained.metric.name} is "
        f"{outcome['score']:.4g} for the new version and {outcome['champion_score']:.4g} for the "
        f"champion, version {champion['version']}: the "
        f"{'new version is better' if outcome['better'] else 'champion stays'}."
    )


def _score_champion(
    db: Database, trained: TrainingResult, champion: dict[str, Any]
) -> EvaluationInput:
    """The champion's scores on the test rows, or an error that says why it has none."""
    required = {"task": trained.request.task.name, "target": trained.request.target}
    for name, value in required.items():
        if champion[name] != value:
            raise GlasshouseError(f"Its {name} is {champion[name]!r}, not {value!r}.")
    model = registry.load(db, trained.request.model, champion["version"])
    _check_compatible(model, trained)
    table = trained.data.table.take(trained.split.test)
    test = XY(encode(model.features, table), trained.test.actual)
    # Each version predicts by its own threshold.
    target = replace(trained.fitter.target, threshold=model.threshold)
    return replace(trained.fitter, target=target).score(model.pipeline, test)


def _check_compatible(model: Model, trained: TrainingResult) -> None:
    columns = {column.name: column for column in trained.data.columns}
    for feature in model.features:
        column = columns.get(feature.name)
        if column is None:
            raise GlasshouseError(f"Its column {feature.name!r} is missing.")
        if column.kind != feature.column_kind:
            raise GlasshouseError(f"Its column {feature.name!r} is of another type.")
        if feature.length not in (0, column.length):
            raise GlasshouseError(f"Its column {feature.of!r} holds arrays of another length.")
    classes = trained.data.target.names
    # Clusters are assigned by each model and may differ.
    if trained.request.task.needs_target and set(model.classes) != set(classes):
        raise GlasshouseError("The target holds other classes than in its training.")


def compare_scores(
    metric: Metric,
    scores: EvaluationInput,
    champion_scores: EvaluationInput,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """The metric of both versions, and the gain of the new one with its 95 % interval."""
    score, champion_score = metric.value(scores), metric.value(champion_scores)
    gain = metric.gain(score) - metric.gain(champion_score)
    lower, upper = _gain_interval(metric, scores, champion_scores, samples, seed)
    return {
        "rows": len(scores.actual),
        "score": json_number(score),
        "champion_score": json_number(champion_score),
        "gain": json_number(gain),
        "lower": json_number(lower),
        "upper": json_number(upper),
        # Equal is not better: the champion stays.
        "better": bool(gain > 0),
    }


def _gain_interval(
    metric: Metric,
    scores: EvaluationInput,
    champion_scores: EvaluationInput,
    samples: int,
    seed: int,
) -> tuple[float, float]:
    if not metric.supports_bootstrap:
        return np.nan, np.nan
    count, rng = len(scores.actual), np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // count)
    blocks = [np.empty(0)]
    for start in range(0, samples, block):
        size = min(block, samples - start)
        draws = rng.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
        weights = np.bincount(draws.ravel(), minlength=size * count).astype(float)
        weights = weights.reshape(size, count)
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = metric.measure(scores, weights) - metric.measure(champion_scores, weights)
        blocks.append(difference if metric.higher_is_better else -difference)
    gains = np.concatenate(blocks)
    gains = gains[np.isfinite(gains)]
    if not len(gains):
        return np.nan, np.nan
    lower, upper = np.quantile(gains, (0.025, 0.975))
    return float(lower), float(upper)
