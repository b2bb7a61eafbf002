"""ml.train_group and ml.train_groups: train groups again, in a version that exists.

ml.train_groups takes one of several parts of the groups, so that sessions can share them. On a
Citus cluster each worker trains the groups whose rows it stores.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names, shown
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import BOOLEAN, CATEGORY, Table
from glasshouse_ml.core.validation import is_whole_number
from glasshouse_ml.data import threads
from glasshouse_ml.data.canonical_text import canonical_text
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.data.interrupts import check_interrupts, interruptible
from glasshouse_ml.data.packing import SCHEMA
from glasshouse_ml.data.processes import allowed_processes, compute_each
from glasshouse_ml.data.query_text import clean_query, subquery
from glasshouse_ml.data.shards import State, shard_query
from glasshouse_ml.measure.segments import group_name
from glasshouse_ml.model.grouped import rows_by_group
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.registry.groups import (
    TrainedGroup,
    pack_trained_groups,
    replace_groups,
    unpack_trained_groups,
)
from glasshouse_ml.train.processes.group_model import (
    GroupedVersion,
    group_request,
    train_group_model,
)
from glasshouse_ml.train.processes.group_process import GroupJob, GroupRows
from glasshouse_ml.train.training_data import read_labelled_rows

# The measure of ml.read_shard.
GROUPS = "groups"


def train_group(
    db: Database, model: str, group: str, query: str | None, version: int | None
) -> dict[str, Any]:
    """Replace the model of one group of a version; the columns of ml.training_result by name.

    Algorithm, parameters, features and options are those of the version. The rows are those of the
    group in the query, by default that of the version; they are split again in the same way.
    """
    started = time.perf_counter()
    grouped = _grouped_version(db, model, version)
    value = _group_value(grouped.feature, group)
    with _stoppable(db):
        request = _request(db, grouped, clean_query(query or grouped.facts["query"]), [value])
        table = _labelled_rows(db, grouped, request)
        trained = train_group_model(grouped, request, value, table)
    if trained.content is None:
        raise GlasshouseError(
            f"The group gets no model of its own. {trained.facts['why_not']}", "Give more rows."
        )
    facts = grouped.facts
    replace_groups(db, model, facts["version"], [trained])
    return {
        "model": model,
        "version": facts["version"],
        "algorithm": facts["algorithm"],
        "metric": facts["metric"],
        "score": trained.value("model", facts["metric"]),
        "baseline": trained.value("baseline", facts["metric"]),
        "champion": facts["status"] == "champion",
        "seconds": round(time.perf_counter() - started, 3),
    }


def train_groups(
    db: Database, model: str, part: int, parts: int, query: str | None, version: int | None
) -> list[dict[str, Any]]:
    """Replace the models of every parts-th group of a version; a row for each, by column name.

    The part decides which groups these are: the places part, part + parts, … of
    ml.model_versions.groups. Each group is trained as by train_group(). The pooled model answers
    for a group that cannot be trained. Groups without rows in the query stay as they are.
    """
    for name, number in (("part", part), ("parts", parts)):
        if not is_whole_number(number) or number < 1:
            raise GlasshouseError(f"{name} is {shown(number)}.", "Give a whole number from 1.")
    if part > parts:
        raise GlasshouseError(f"There is no part {part} of {parts}.", f"Give 1 to {parts}.")
    grouped = _grouped_version(db, model, version)
    facts = grouped.facts
    values = _group_values(grouped, [each["group"] for each in facts["groups"]][part - 1 :: parts])
    if not values:
        return []
    with _stoppable(db):
        trained = _train_values(db, grouped, clean_query(query or facts["query"]), values)
    replace_groups(db, model, facts["version"], trained)
    return [
        {
            "group_name": group.name,
            "rows_train": group.facts["train"],
            "rows_test": group.facts["test"],
            "own_model": group.facts["own"],
            "reason": group.facts["why_not"],
            "score": group.value("model", facts["metric"]),
            "baseline": group.value("baseline", facts["metric"]),
            "seconds": group.facts["seconds"],
        }
        for group in trained
    ]


def _train_values(
    db: Database, grouped: GroupedVersion, query: str, values: Sequence[float]
) -> list[TrainedGroup]:
    """Train the groups of these values, each on the worker that stores its rows, if one does."""
    facts, shards = grouped.facts, shard_query(db, query)
    model, version = facts["model"], facts["version"]
    if shards is None or shards.column != grouped.feature.name:
        return _train_rows(db, grouped, _request(db, grouped, query, values))
    parameters = {"facts": {**facts, "groups": None}, "values": values}
    states = shards.states(GROUPS, parameters, registry.artifact(db, model, version))
    return [group for state in states for group in unpack_trained_groups(model, version, state)]


def train_shard(db: Database, source: str, parameters: dict[str, Any], stored: Model) -> State:
    """The trained groups of the rows of a shard; the parameters are those of _train_values()."""
    facts = parameters["facts"]
    grouped = _with_feature(facts, stored)
    request = _request(db, grouped, f"select * from {source}", parameters["values"])  # noqa: S608
    has_rows = db.call(f"select from {subquery(request.query)} limit 1")
    trained = _train_rows(db, grouped, request) if has_rows else []
    return pack_trained_groups(facts["model"], facts["version"], trained)


def _train_rows(db: Database, grouped: GroupedVersion, request: Request) -> list[TrainedGroup]:
    """Train each group of the rows of a request."""
    table = _labelled_rows(db, grouped, request)
    groups = (
        GroupRows(value, table.take(rows).without_unused_levels())
        for value, rows in rows_by_group(encode([grouped.feature], table)[:, 0])
    )
    job = GroupJob(grouped, request)
    return list(compute_each(groups, job, allowed_processes(db), check_interrupts))


@contextmanager
def _stoppable(db: Database) -> Iterator[None]:
    threads.limit_threads(db)
    with warnings.catch_warnings(), interruptible(db.check_interrupts):
        warnings.simplefilter("ignore")
        yield


def _grouped_version(db: Database, model: str, version: int | None) -> GroupedVersion:
    facts = registry.facts(db, model, version)
    if facts is None:
        raise registry.not_found(db, model, version)
    if not facts["options"].get("group_by"):
        raise GlasshouseError(
            f"Version {facts['version']} of model {model!r} has no groups.",
            'Train it with options => \'{"group_by": "column"}\'.',
        )
    return _with_feature(facts, registry.load(db, model, facts["version"]))


def _with_feature(facts: dict[str, Any], stored: Model) -> GroupedVersion:
    name = facts["options"]["group_by"]
    feature = next(feature for feature in stored.features if feature.name == name)
    return GroupedVersion(facts, stored, feature)


def _request(db: Database, grouped: GroupedVersion, query: str, values: Sequence[float]) -> Request:
    """The request of the version, for the rows of these groups in a query."""
    condition = _condition(db, query, grouped.feature, values)
    rows = f"select * from {subquery(query)} where {condition}"  # noqa: S608 (quoted values)
    return group_request(grouped.facts, rows)


def _labelled_rows(db: Database, grouped: GroupedVersion, request: Request) -> Table:
    """The rows of a request in canonical order."""
    table = read_labelled_rows(db, request).table
    _check_columns(grouped.stored, table)
    return table


def _group_value(feature: Feature, group: str) -> float:
    """The value of a group in the matrix, by the name that ml.model_versions.groups has for it."""
    values = _values_by_name(feature)
    if values is None:
        try:
            return float(group)
        except ValueError:
            values = {}
    if group not in values:
        raise GlasshouseError(
            f"The training of the version met no group {group!r} of {feature.name!r}.",
            near_names(group, values) if values else "Give a number.",
        )
    return values[group]


def _group_values(grouped: GroupedVersion, groups: Sequence[str]) -> list[float]:
    """The values of groups in the matrix, without categories that the version has not learned."""
    values = _values_by_name(grouped.feature)
    if values is None:
        return [float(group) for group in groups]
    return [values[group] for group in groups if group in values]


def _values_by_name(feature: Feature) -> dict[str, float] | None:
    """The values of the matrix by the names of the groups; None where a name is a number."""
    if feature.kind == CATEGORY:
        return {group_name(feature, code): code for code in feature.codes().values()}
    if feature.kind == BOOLEAN:
        return {group_name(feature, code): code for code in (0.0, 1.0)}
    return None


def _condition(db: Database, query: str, feature: Feature, values: Sequence[float]) -> str:
    column = f"rows.{db.quote_identifier(feature.name)}"
    if feature.kind == CATEGORY:
        columns = {entry.name: entry for entry in db.columns(query)}
        if feature.name not in columns:
            raise GlasshouseError(
                f"The query returns no column {feature.name!r}, which options.group_by names.",
                near_names(feature.name, columns),
            )
        text = canonical_text(columns[feature.name], column, db.changed_settings(), SCHEMA)
        names = [db.quote_literal(feature.categories[int(value)]) for value in values]
        return f"{text} in ({', '.join(names)})"
    if feature.kind == BOOLEAN:
        return f"{column} in ({', '.join(str(bool(value)) for value in values)})"
    return f"{column}::float8 in ({', '.join(map(repr, values))})"


def _check_columns(stored: Model, table: Table) -> None:
    for feature in stored.features:
        if feature.name not in (table.texts if feature.is_textual else table.numbers):
            raise GlasshouseError(
                f"The query returns no column {feature.name!r} of the type it had in the training.",
                "Give the columns of the training.",
            )
