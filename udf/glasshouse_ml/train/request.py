"""What the caller asked for, checked before a row is read."""

import re
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names, shown
from glasshouse_ml.core.json_arguments import json_object, parse_json
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.validation import MAX_NAME_LENGTH, check_keys, is_number
from glasshouse_ml.data.query_text import clean_query
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model import search
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.train.options import parse_options

SPLITS = ("random", "key", "time", "group", "column")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(hour|day|week)s?", re.IGNORECASE | re.ASCII)
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0}
_EXAMPLES = {
    "classification": '[{"algorithm": "logistic_regression", "params": {"C": 0.1}}]',
    "clustering": '[{"algorithm": "k_means", "params": {"n_clusters": 4}}]',
    "decomposition": '[{"algorithm": "pca", "params": {"n_components": 2}}]',
    "forecast": '["ets", "theta", "seasonal_naive"]',
    "multilabel": '[{"algorithm": "random_forest", "params": {"n_estimators": 200}}]',
    "outliers": '[{"algorithm": "isolation_forest", "params": {"n_estimators": 200}}]',
    "regression": '[{"algorithm": "ridge", "params": {"alpha": 10}}]',
}


def parse_request(
    model: str,
    query: str,
    task: str,
    target: str | None,
    key: str | None,
    algorithms: str | None,
    metric: str | None,
    split: str | None,
    options: str | None,
) -> Request:
    """The request that the arguments of ml.train make; jsonb arguments arrive as JSON text."""
    if not model or not model.strip():
        raise GlasshouseError("The model has no name.", "Give a name as the first argument.")
    if len(model) > MAX_NAME_LENGTH:
        raise GlasshouseError(
            f"The name of the model has {len(model)} characters, {MAX_NAME_LENGTH} are allowed.",
            "Choose a shorter name.",
        )
    if task not in TASKS:
        raise GlasshouseError(f"There is no task {task!r}.", near_names(task, TASKS))
    option_values = json_object(options, "options")
    request = Request(
        model=model,
        query=clean_query(query),
        task=TASKS[task],
        target=target or None,
        key=key or None,
        algorithms=_algorithms(algorithms, task),
        metric=metric,
        split=_split(json_object(split, "split"), key),
        options=parse_options(option_values, task),
        has_explicit_folds="folds" in option_values,
    )
    _check_target(request)
    _check_metric(request)
    _check_groups(request)
    if request.task.answers_by_step:
        _check_forecast(request, key, split)
    return request


def _check_forecast(request: Request, key: str | None, split: str | None) -> None:
    """Refuse what means nothing for a forecast: its series and times name its rows."""
    for name, value in (("key", key), ("split", split)):
        if value is not None:
            raise GlasshouseError(
                f"A forecast takes no {name}.",
                "Leave it out: options.series and options.time name the rows, and the last steps "
                "are the test.",
            )
    if request.options["promote"] == "if_better":
        raise GlasshouseError(
            'options.promote = "if_better" cannot be had for a forecast: the test steps of two '
            "versions are not the same.",
            "Leave it out, and let the tests beats_baseline and metric_at_least decide in dbt.",
        )
    names = [request.target, request.options["time"], *request.options["series"]]
    names += request.options["known_ahead"]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise GlasshouseError(
            f"Column {repeated!r} has two roles among target, options.time, options.series and "
            "options.known_ahead.",
            "Give each column one role.",
        )


def _check_target(request: Request) -> None:
    if request.target and not request.task.takes_target:
        raise GlasshouseError(f"A {request.task.name} has no target.", "Leave the target out.")
    if not request.target and request.task.needs_target:
        raise GlasshouseError(
            "The target is missing.", "Name the column to predict: target => 'column'."
        )


def _check_metric(request: Request) -> None:
    task, metric = request.task, request.metric
    if metric is None:
        return
    if metric not in task.deciding_metrics:
        raise GlasshouseError(
            f"There is no metric {metric!r} for {task.name}.",
            near_names(metric, task.deciding_metrics),
        )
    if metric in task.target_metrics and not request.target:
        raise GlasshouseError(
            f"{metric} compares {task.name} with labels, and no target is named.",
            "Name the column that holds the labels, or leave the metric out.",
        )


def _check_groups(request: Request) -> None:
    names = [entry["algorithm"] for entry in request.algorithms or ()]
    if request.options.get("group_by") is not None and catalogue.BASELINE in names:
        raise GlasshouseError(
            f"options.group_by cannot be had for {catalogue.BASELINE}, which ignores every column.",
            "Leave that algorithm out: the baseline is measured in any case.",
        )


def _algorithms(text: str | None, task: str) -> list[dict[str, Any]] | None:
    value = parse_json(text, "algorithms")
    if value is None:
        return None
    example = _EXAMPLES[task]
    if isinstance(value, (str, dict)):
        value = [value]
    if not isinstance(value, list) or not value:
        raise GlasshouseError(
            "algorithms is no list of algorithms.", f"Write for example {example}."
        )
    entries = []
    for entry in value:
        if isinstance(entry, str):
            entry = {"algorithm": entry}
        if not isinstance(entry, dict) or not isinstance(entry.get("algorithm"), str):
            raise GlasshouseError(
                f"algorithms holds {shown(entry)}, which names no algorithm.",
                f"Write for example {example}.",
            )
        check_keys(entry, ("algorithm", "params", "search"), f"The entry for {entry['algorithm']}")
        params = entry.get("params") or {}
        if not isinstance(params, dict):
            raise GlasshouseError(
                f"params of {entry['algorithm']} is no JSON object.",
                f"Write for example {example}.",
            )
        algorithm = catalogue.find_algorithm(task, entry["algorithm"])
        checked = {"algorithm": entry["algorithm"], "params": params}
        if "search" in entry:
            checked["search"] = search.validate_search(entry["search"], entry["algorithm"], params)
        # Built once and thrown away: a wrong name shows before the rows are read.
        algorithm.build(params | checked.get("search", {}), 0)
        entries.append(checked)
    return entries


def _split(arguments: dict[str, Any], key: str | None) -> dict[str, Any]:
    check_keys(arguments, ("by", "column", "test", "gap"), "split")
    split = {"by": "random", "column": None, "test": 0.2, **arguments}
    by, test = split["by"], split["test"]
    if by not in SPLITS:
        raise GlasshouseError(f"There is no split by {by!r}.", near_names(by, SPLITS))
    is_named = isinstance(split["column"], str) and split["column"] != ""
    if by in ("time", "group", "column") and not is_named:
        raise GlasshouseError(
            f"A split by {by} needs a column.", f'Write {{"by": "{by}", "column": "name"}}.'
        )
    if by == "key" and not key:
        raise GlasshouseError("A split by key needs a key.", "Name it: key => 'column'.")
    if by in ("random", "key") and split["column"] is not None:
        raise GlasshouseError(
            f"A split by {by} takes no column.",
            "Leave the column out, or split by time, group or column.",
        )
    if "gap" in split:
        split["gap"] = _gap(split["gap"], by)
    if by == "column":
        split["test"] = None
    elif isinstance(test, bool) or not isinstance(test, (int, float)) or not 0 < test < 1:
        raise GlasshouseError(
            f"The test part is {shown(test)} of the rows.",
            'Give a share between 0 and 1, for example {"test": 0.2}.',
        )
    return split


def _gap(value: Any, by: str) -> str | float:
    """A time as "7 days", whatever its unit was; a number as it is."""
    if by != "time":
        raise GlasshouseError(f"A split by {by} takes no gap.", "Split by time, or leave it out.")
    if is_number(value) and value > 0:
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    days = float(match[1]) * _DAYS[match[2].lower()] if match else 0.0
    if not 0 < days < np.inf:
        raise GlasshouseError(
            f"The gap is {shown(value)}.",
            'Write for example {"gap": "7 days"}: hours, days or weeks; or a number, where the '
            "column of the split is one.",
        )
    return f"{days:.15g} days"
