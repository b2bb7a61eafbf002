"""Columns and metrics that charts, filters and metrics refer to must exist in their dataset.

Superset accepts any name and shows an error only when somebody opens the chart.
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.controls import with_defaults
from scripts.assets.model.problems import Problem, Rule
from scripts.assets.model.queries import has_query, queries_for


@dataclass
class References:
    """The columns, metrics and SQL expressions that a query refers to."""

    columns: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    either: list[str] = field(default_factory=list)
    sql: list[str] = field(default_factory=list)


def column_problems(bundle: Bundle) -> list[Problem]:
    """References to columns or metrics that are not in the dataset."""
    problems = []
    for dataset in bundle.kind("datasets"):
        pieces = [metric["expression"] for metric in dataset.data.get("metrics") or []]
        problems += _unknown(dataset.path, "a metric", References(sql=pieces), dataset)
    for chart in bundle.kind("charts"):
        source = bundle.get(chart.data["dataset_uuid"])
        if source is not None and has_query(chart.data["viz_type"]):
            problems += _chart_problems(chart, source)
    for dashboard in bundle.kind("dashboards"):
        for name, uuid, column in filter_targets(dashboard):
            source = bundle.get(uuid)
            if source is not None and isinstance(column, str):
                references = References(columns=[column])
                problems += _unknown(dashboard.path, f"the filter {name}", references, source)
    return problems


def filter_targets(dashboard: Asset) -> Iterator[tuple[str, str, Any]]:
    """Each filter's name, and the dataset (uuid) and column it reads."""
    for entry in dashboard.data.get("metadata", {}).get("native_filter_configuration", []):
        for target in entry.get("targets") or []:
            name = str(entry.get("name") or entry.get("id"))
            column = (target.get("column") or {}).get("name")
            yield name, str(target.get("datasetUuid", "")).lower(), column


def _chart_problems(chart: Asset, dataset: Asset) -> list[Problem]:
    try:
        references = _names(queries_for(with_defaults(chart.data["params"], dataset.data)))
    except (AttributeError, KeyError, TypeError, ValueError):
        what, do = (
            "no query can be built from its params",
            "fix the lists and mappings below params",
        )
        return [Problem(chart.path, what, do, Rule.MALFORMED_SETTING)]
    return _unknown(chart.path, f'the chart "{chart.title}"', references, dataset)


def _names(queries: list[dict[str, Any]]) -> References:
    references = References()
    for query in queries:
        for column in query["columns"]:
            _add(references, references.columns, column)
        for metric in query["metrics"] or []:
            _add(references, references.metrics, metric)
        for by, *_ in query["orderby"]:
            _add(references, references.either, by)
        references.columns += [
            each["col"] for each in query["filters"] if isinstance(each["col"], str)
        ]
        references.sql += [text for text in query["extras"].values() if text]
    return references


def _add(references: References, names: list[str], item: Any) -> None:
    """Add a reference: a name to its list, an expression of the chart by its parts."""
    if isinstance(item, str):
        names.append(item)
    elif isinstance(item, dict) and isinstance(item.get("sqlExpression"), str):
        references.sql.append(item["sqlExpression"])
    elif isinstance(item, dict) and isinstance(item.get("column"), dict):
        references.columns.append(str(item["column"].get("column_name")))


def _unknown(path: str, subject: str, references: References, dataset: Asset) -> list[Problem]:
    columns = {str(each["column_name"]) for each in dataset.data.get("columns") or []}
    metrics = {str(each["metric_name"]) for each in dataset.data.get("metrics") or []}
    references_by_kind = [
        *(
            ("column", name, columns)
            for name in [*references.columns, *columns_in_sql(references.sql)]
        ),
        *(("metric", name, metrics) for name in references.metrics),
        *(("column or metric", name, columns | metrics) for name in references.either),
    ]
    problems = {}
    for kind, name, names in references_by_kind:
        if name not in names:
            matches = difflib.get_close_matches(name, names, n=1)
            problems[kind, name] = Problem(
                path,
                f"{subject} refers to the {kind} {name}, "
                f'which is not in the dataset "{dataset.title}"',
                f"write {matches[0]}" if matches else "choose another, or add it to the dataset",
                Rule.UNKNOWN_COLUMN,
            )
    return list(problems.values())


def columns_in_sql(pieces: Iterable[str]) -> list[str]:
    """The columns in SQL expressions; templates and unreadable SQL are skipped."""
    problems = []
    for piece in pieces:
        if "{{" in piece or "{%" in piece:
            continue  # a template: its SQL is known only at run time
        try:
            tree = sqlglot.parse_one(piece, dialect="postgres")
        except SqlglotError:
            continue  # the database reports it with more detail
        # Inside a query of its own, names may be those of another table.
        if not tree.find(exp.Select):
            problems += [column.name for column in tree.find_all(exp.Column)]
    return problems
