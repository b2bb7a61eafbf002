"""options.group_by: the column of the groups, and what the registry records of each group."""

from collections.abc import Iterator

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.metric import EvaluationInput
from glasshouse_ml.core.records import Records
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, NUMBER
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.measure.intervals import metric_rows
from glasshouse_ml.measure.segments import group_name, segment_name
from glasshouse_ml.model.grouped import LOADED_GROUPS, GroupFit, pooling_reason, rows_by_group
from glasshouse_ml.train.result import TrainingResult


def group_column(features: list[Feature], name: str, excluded: Records) -> int:
    """The place of the column that groups rows, or an error that says why there is none."""
    for position, feature in enumerate(features):
        if feature.name == name:
            if feature.kind not in (CATEGORY, NUMBER, BOOLEAN):
                raise GlasshouseError(
                    f"options.group_by names {name!r}, which is of type {feature.type}.",
                    "Group by a text, a number or a boolean.",
                )
            return position
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


def group_facts(result: TrainingResult) -> Records | None:
    """Each group with its rows, whether it has a model of its own, and the seconds of its fit.

    None without groups.
    """
    name = result.request.options.get("group_by")
    if name is None:
        return None
    position = _group_position(result)
    fits = {fit.value: fit for fit in result.pipeline[-1].fits}
    test_rows = {value: len(rows) for value, rows in rows_by_group(result.test.matrix[:, position])}
    # The training part has no row of some groups.
    absent = {value: GroupFit(value, 0, pooling_reason(np.empty(0), False)) for value in test_rows}
    return [
        {
            "group": group_name(result.features[position], value),
            "train": fit.rows,
            "test": test_rows.get(value, 0),
            "own": fit.pooling_reason is None,
            "why_not": fit.pooling_reason,
            "seconds": round(fit.seconds, 4),
        }
        for value, fit in sorted((absent | fits).items())
    ]


def group_models(result: TrainingResult) -> Iterator[tuple[str, Pipeline]]:
    """The name and the model of each group that has one; nothing without groups."""
    if result.request.options.get("group_by") is None:
        return
    feature, grouped = result.features[_group_position(result)], result.pipeline[-1]
    values = grouped.values_.tolist()
    for start in range(0, len(values), LOADED_GROUPS):
        members = grouped.members_of(values[start : start + LOADED_GROUPS])
        for value, member in members.items():
            yield group_name(feature, value), member


def group_metrics(
    result: TrainingResult, test: EvaluationInput, baseline: EvaluationInput | None
) -> Iterator[Records]:
    """The measures on the test rows of each group, without intervals: there may be thousands."""
    name = result.request.options.get("group_by")
    if name is None:
        return
    position = _group_position(result)
    for value, rows in rows_by_group(result.test.matrix[:, position]):
        check_interrupts()
        segment = segment_name(name, group_name(result.features[position], value))
        records = metric_rows(test.take(rows), "model", "test", segment=segment)
        if baseline is not None:
            records += metric_rows(baseline.take(rows), "baseline", "test", segment=segment)
        yield records


def report(result: TrainingResult, facts: Records | None) -> None:
    """Tell the caller which groups have no model of their own."""
    small = [entry["group"] for entry in facts or () if not entry["own"]]
    if small:
        examples = ", ".join(small[:5]) + (", …" if len(small) > 5 else "")
        result.fitter.db.notice(
            f"{len(small)} of {len(facts or ())} groups have no model of their own and are "
            f"answered by the pooled one: {examples}. ml.model_versions.groups says why."
        )


def _group_position(result: TrainingResult) -> int:
    names = [feature.name for feature in result.features]
    return names.index(result.request.options["group_by"])
