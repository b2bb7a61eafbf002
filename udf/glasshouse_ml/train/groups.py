"""options.group_by: the column of the groups, and what the registry records of each group."""

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, NUMBER
from glasshouse_ml.measure.intervals import metric_rows
from glasshouse_ml.model.grouped import too_small
from glasshouse_ml.train.result import TrainingResult


def group_column(features: list[Feature], name: str, excluded: Records) -> int:
    """The place of the column that groups rows, or an error that says why there is none."""
    for place, feature in enumerate(features):
        if feature.name == name:
            if feature.kind not in (CATEGORY, NUMBER, BOOLEAN):
                raise GlasshouseError(
                    f"options.group_by names {name!r}, which is of type {feature.type}.",
                    "Group by a text, a number or a boolean.",
                )
            return place
    for entry in excluded:
        if entry["name"] == name:
            raise GlasshouseError(
                f"options.group_by names {name!r}, which is no feature. {entry['reason']}",
                "Group by another column.",
            )
    raise GlasshouseError(
        f"The query returns no column {name!r}, which options.group_by names.",
        near_names(name, [feature.name for feature in features]),
    )


def facts(trained: TrainingResult) -> Records | None:
    """Each group with its rows, and whether it has a model of its own; None without groups."""
    name = trained.request.options.get("group_by")
    if name is None:
        return None
    place, by_class = _place(trained), bool(trained.target.names)
    feature = trained.features[place]
    learned, tested = trained.training.matrix[:, place], trained.test.matrix[:, place]
    found = []
    for value in np.unique(np.concatenate([learned, tested])):
        rows = learned == value
        why = too_small(trained.training.actual[rows], by_class)
        if not np.isnan(value):
            counts = {"train": int(rows.sum()), "test": int((tested == value).sum())}
            word = _word(feature, value)
            found.append({"group": word, **counts, "own": why is None, "why_not": why})
    return found


def group_metrics(
    trained: TrainingResult, test: EvaluationInput, blind: EvaluationInput | None
) -> Records:
    """The measures on the test rows of each group, without intervals: there may be thousands."""
    name = trained.request.options.get("group_by")
    if name is None:
        return []
    found, place = [], _place(trained)
    values = trained.test.matrix[:, place]
    for value in np.unique(values[~np.isnan(values)]):
        trained.fitter.db.checkpoint()
        rows = values == value
        segment = f"{name} = {_word(trained.features[place], value)}"
        found += metric_rows(test.take(rows), "model", "test", segment=segment)
        if blind is not None:
            found += metric_rows(blind.take(rows), "baseline", "test", segment=segment)
    return found


def report(trained: TrainingResult, facts: Records | None) -> None:
    """Tell the caller which groups have no model of their own."""
    small = [entry["group"] for entry in facts or () if not entry["own"]]
    if small:
        named = ", ".join(small[:5]) + (", …" if len(small) > 5 else "")
        trained.fitter.db.notice(
            f"{len(small)} of {len(facts or ())} groups have no model of their own and are "
            f"answered by the pooled one: {named}. ml.model_versions.groups says why."
        )


def _place(trained: TrainingResult) -> int:
    names = [feature.name for feature in trained.features]
    return names.index(trained.request.options["group_by"])


def _word(feature: Feature, value: float) -> str:
    if feature.kind == CATEGORY:
        place = int(value)
        return feature.categories[place] if 0 <= place < len(feature.categories) else "other"
    if feature.kind == BOOLEAN:
        return "true" if value else "false"
    return f"{value:.15g}"
