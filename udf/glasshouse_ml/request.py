"""What the caller asked for, checked before a row is read."""

import json
from dataclasses import dataclass
from typing import Any

from glasshouse_ml import algorithms as catalogue
from glasshouse_ml.errors import GlasshouseError, near_names
from glasshouse_ml.tasks import TASKS

LONGEST_NAME = 200
SPLITS = ("random", "key", "time", "group", "column")
DEFAULT_OPTIONS: dict[str, Any] = {
    "positive_class": None,
    "folds": 5,
    "seed": 0,
    "importance_repeats": 10,
    "bootstrap": 1_000,
    "dependence": 8,
    "correlations": 50,
    "learning_curve": None,
    "segments": [],
    "promote": "always",
    "retrain": "always",
    "keep": None,
}
_CHOICES = {"promote": ("always", "if_better", "never"), "retrain": ("always", "if_changed")}
# The least and the most that makes sense; the upper ends keep a slip of the finger from running for
# days.
_WHOLE_NUMBERS = {
    "folds": (2, 50),
    "seed": (0, 2**32 - 1),
    "importance_repeats": (0, 1_000),
    "bootstrap": (0, 100_000),
    "dependence": (0, 100),
    "correlations": (0, 200),
    "learning_curve": (0, 10),
    "keep": (0, 10_000),
}
_EXAMPLES = {
    "classification": '[{"algorithm": "logistic_regression", "params": {"C": 0.1}}]',
    "clustering": '[{"algorithm": "k_means", "params": {"n_clusters": 4}}]',
    "regression": '[{"algorithm": "ridge", "params": {"alpha": 10}}]',
}


@dataclass(frozen=True)
class Request:
    """A checked call of ml.train; algorithms and metric stay None until the rows are known."""

    model: str
    query: str
    task: str
    target: str | None
    key: str | None
    algorithms: list[dict[str, Any]] | None
    metric: str | None
    split: dict[str, Any]
    options: dict[str, Any]
    folds_given: bool


def check(
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
    """Make a request of the arguments of ml.train as Postgres hands them over."""
    if not model or not model.strip():
        raise GlasshouseError("The model has no name.", "Give a name as the first argument.")
    if len(model) > LONGEST_NAME:
        raise GlasshouseError(
            f"The name of the model has {len(model)} characters, {LONGEST_NAME} are allowed.",
            "Choose a shorter name.",
        )
    if task not in TASKS:
        raise GlasshouseError(f"There is no task {task!r}.", near_names(task, TASKS))
    if target and not TASKS[task].needs_target:
        raise GlasshouseError(f"A {task} has no target.", "Leave the target out.")
    if not target and TASKS[task].needs_target:
        raise GlasshouseError(
            "The target is missing.", "Name the column to predict: target => 'column'."
        )
    known = TASKS[task].metrics
    if metric is not None and metric not in known:
        raise GlasshouseError(
            f"There is no metric {metric!r} for {task}.", near_names(metric, known)
        )
    given = _object(options, "options")
    if given.get("positive_class") is not None and task != "classification":
        raise GlasshouseError(f"A {task} knows no positive_class.", "Leave that option out.")
    return Request(
        model,
        query,
        task,
        target,
        key,
        _algorithms(algorithms, task),
        metric,
        _split(_object(split, "split"), key),
        _options(given),
        "folds" in given,
    )


def _json(text: str | None) -> Any:
    # Values come from jsonb, so they are well-formed already.
    return None if text is None else json.loads(text)


def _object(text: str | None, name: str) -> dict[str, Any]:
    value = _json(text)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise GlasshouseError(
            f"{name} is no JSON object.", f'Write {name} => \'{{"name": "value"}}\'.'
        )
    return value


def _only(given: dict[str, Any], known: Any, what: str) -> None:
    for name in given:
        if name not in known:
            raise GlasshouseError(f"{what} has no entry {name!r}.", near_names(name, known))


def _algorithms(text: str | None, task: str) -> list[dict[str, Any]] | None:
    value = _json(text)
    if value is None:
        return None
    example = _EXAMPLES[task]
    if isinstance(value, (str, dict)):
        value = [value]
    if not isinstance(value, list) or not value:
        raise GlasshouseError(
            "algorithms is no list of algorithms.", f"Write for example {example}."
        )
    chosen = []
    for entry in value:
        if isinstance(entry, str):
            entry = {"algorithm": entry}
        if not isinstance(entry, dict) or not isinstance(entry.get("algorithm"), str):
            raise GlasshouseError(
                f"algorithms holds {json.dumps(entry)}, which names no algorithm.",
                f"Write for example {example}.",
            )
        _only(entry, ("algorithm", "params"), f"The entry for {entry['algorithm']}")
        params = entry.get("params") or {}
        if not isinstance(params, dict):
            raise GlasshouseError(
                f"params of {entry['algorithm']} is no JSON object.",
                f"Write for example {example}.",
            )
        # Built once and thrown away: a wrong name shows before the rows are read.
        catalogue.find(task, entry["algorithm"]).build(params, 0)
        chosen.append({"algorithm": entry["algorithm"], "params": params})
    return chosen


def _split(given: dict[str, Any], key: str | None) -> dict[str, Any]:
    _only(given, ("by", "column", "test"), "split")
    split = {"by": "random", "column": None, "test": 0.2, **given}
    by, test = split["by"], split["test"]
    if by not in SPLITS:
        raise GlasshouseError(f"There is no split by {by!r}.", near_names(by, SPLITS))
    if by in ("time", "group", "column") and not isinstance(split["column"], str):
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
    if by == "column":
        split["test"] = None
    elif isinstance(test, bool) or not isinstance(test, (int, float)) or not 0 < test < 1:
        raise GlasshouseError(
            f"The test part is {json.dumps(test)} of the rows.",
            'Give a share between 0 and 1, for example {"test": 0.2}.',
        )
    return split


def _options(given: dict[str, Any]) -> dict[str, Any]:
    _only(given, DEFAULT_OPTIONS, "options")
    options = {**DEFAULT_OPTIONS, **given}
    for name, choices in _CHOICES.items():
        if options[name] not in choices:
            raise GlasshouseError(
                f"options.{name} is {json.dumps(options[name])}.", f"Choose {' or '.join(choices)}."
            )
    for name, (least, most) in _WHOLE_NUMBERS.items():
        value = options[name]
        if value is None and DEFAULT_OPTIONS[name] is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise GlasshouseError(
                f"options.{name} is {json.dumps(value)}.",
                f"Give a whole number from {least} to {most}.",
            )
    options["segments"] = _names(options["segments"], "segments")
    if options["positive_class"] is not None:
        options["positive_class"] = _class_text(options["positive_class"])
    return options


def _names(value: Any, option: str) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise GlasshouseError(
            f"options.{option} is {json.dumps(value)}.",
            f'Give the names of columns, for example {{"{option}": ["country"]}}.',
        )
    return list(dict.fromkeys(names))


def _class_text(value: Any) -> str:
    """A class as the target shows it as text: true and 1 may be given without quotes."""
    return value if isinstance(value, str) else json.dumps(value)
