"""options.promote = if_better: the old champion and the new version on the same test rows.

The new version wins when its metric is better there. Rows that the old champion learned from count
in its favour, so a new version that wins has deserved it. The interval of the difference comes from
a paired bootstrap: both are measured on the same draws of rows.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import Measured, Metric
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.measure.intervals import number
from glasshouse_ml.model.fitting import Part
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.registry.artifacts import Model
from glasshouse_ml.train.payload import Trained

# Weights of some samples at a time, as many as the processor's cache likes.
_BLOCK_CELLS = 1_000_000


def compare(db: Database, trained: Trained, facts: dict[str, Any]) -> None:
    """Write the outcome of the comparison into the payload; a version that loses is rejected."""
    # From here to the record nobody else may change the champion.
    registry.hold(db, trained.request.model)
    champion = registry.facts(db, trained.request.model)
    if champion is None:
        return
    outcome: dict[str, Any] = {"champion": champion["version"], "metric": trained.metric.name}
    facts["version"]["comparison"] = outcome
    try:
        old = _score(db, trained, champion)
    except GlasshouseError as error:
        # The champion cannot predict these rows either, so the new version counts as better.
        outcome |= {"better": True, "not_comparable": error.message}
        db.notice(f"The champion, version {champion['version']}, could not be compared. {error}")
        return
    new = trained.fitter.score(trained.best, trained.test)
    samples, seed = trained.request.options["bootstrap"], trained.request.options["seed"]
    outcome |= difference(trained.metric, new, old, samples, seed)
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


def _score(db: Database, trained: Trained, champion: dict[str, Any]) -> Measured:
    """The old champion on the new test rows, or an error that says why that cannot be."""
    asked = {"task": trained.request.task, "target": trained.request.target}
    for name, value in asked.items():
        if champion[name] != value:
            raise GlasshouseError(f"Its {name} is {champion[name]!r}, not {value!r}.")
    old = registry.load(db, trained.request.model, champion["version"])
    _check(old, trained)
    rows = trained.data.table.take(trained.split.test)
    part = Part(encode(old.features, rows), trained.test.actual)
    # Each decides by its own threshold.
    target = replace(trained.fitter.target, threshold=old.threshold)
    return replace(trained.fitter, target=target).score(old.pipeline, part)


def _check(old: Model, trained: Trained) -> None:
    columns = {column.name: column for column in trained.data.columns}
    for feature in old.features:
        column = columns.get(feature.name)
        if column is None:
            raise GlasshouseError(f"Its column {feature.name!r} is no longer there.")
        if column.kind != feature.kind:
            raise GlasshouseError(f"Its column {feature.name!r} is of another type.")
        if feature.length not in (0, column.length):
            raise GlasshouseError(f"Its column {feature.of!r} holds arrays of another length.")
    known = trained.data.target.names
    # Clusters are found and not given, so they may be others each time.
    if trained.fitter.task.needs_target and set(old.classes) != set(known):
        raise GlasshouseError("The target holds other classes than it knows.")


def difference(
    metric: Metric, new: Measured, old: Measured, samples: int, seed: int
) -> dict[str, Any]:
    """Both measures on the same rows, and the gain of the new one with its 95 % interval."""
    score, champion_score = metric.value(new), metric.value(old)
    gain = metric.gain(score) - metric.gain(champion_score)
    lower, upper = _interval(metric, new, old, samples, seed)
    return {
        "rows": len(new.actual),
        "score": number(score),
        "champion_score": number(champion_score),
        "gain": number(gain),
        "lower": number(lower),
        "upper": number(upper),
        # Equal is not better: without a reason the champion stays.
        "better": bool(gain > 0),
    }


def _interval(
    metric: Metric, new: Measured, old: Measured, samples: int, seed: int
) -> tuple[float, float]:
    if not metric.resampled:
        return np.nan, np.nan
    count, rng = len(new.actual), np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // count)
    gains = [np.empty(0)]
    for start in range(0, samples, block):
        size = min(block, samples - start)
        draws = rng.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
        weights = np.bincount(draws.ravel(), minlength=size * count).astype(float)
        weights = weights.reshape(size, count)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = metric.measure(new, weights) - metric.measure(old, weights)
        gains.append(gap if metric.higher_is_better else -gap)
    known = np.concatenate(gains)
    known = known[np.isfinite(known)]
    if not len(known):
        return np.nan, np.nan
    lower, upper = np.quantile(known, (0.025, 0.975))
    return float(lower), float(upper)
