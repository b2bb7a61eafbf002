"""The options of ml.train: what they are without a word from the caller, and what they may be."""

import json
from collections.abc import Sequence
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError, near_names, shown
from glasshouse_ml.core.validation import check_keys, is_number, is_whole_number
from glasshouse_ml.model.search import MAX_SETTINGS
from glasshouse_ml.train.forecast_options import (
    FORECAST_DEFAULTS,
    check_forecast_options,
    column_names,
)

DEFAULTS: dict[str, Any] = {
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
    "await_tests": False,
    "retrain": "always",
    "keep": None,
    "memory_mb": None,
    "rows": "sample",
    "budget_s": None,
    "comparison_rows": None,
    "search": None,
    "contamination": 0.05,
    "class_weight": None,
    "calibration": None,
    "costs": None,
    "monotonic": None,
    "target_transform": None,
    "interval": None,
    "group_by": None,
    "weight": None,
    "reference_time": None,
    "columns": {},
    **FORECAST_DEFAULTS,
}
_BY_ROW = (
    "classification", "regression", "multilabel", "clustering", "decomposition", "outliers",
)  # fmt: skip
# Options that mean nothing to other tasks; a slip is better said than ignored.
_TASKS = {
    "positive_class": ("classification", "outliers"),
    "contamination": ("outliers",),
    "class_weight": ("classification",),
    "calibration": ("classification",),
    "costs": ("classification",),
    "monotonic": ("classification", "regression"),
    "target_transform": ("regression",),
    "interval": ("regression",),
    "group_by": ("classification", "regression"),
    "weight": ("classification", "regression"),
    "reference_time": ("classification", "regression", "multilabel"),
    "rows": ("classification", "regression", "clustering"),
    "comparison_rows": ("classification", "regression", "multilabel"),
    **dict.fromkeys(("segments", "search", "columns", "budget_s"), _BY_ROW),
    **dict.fromkeys(FORECAST_DEFAULTS, ("forecast",)),
}
_CHOICES = {
    "promote": ("always", "if_better", "never"),
    "await_tests": (False, True),
    "rows": ("sample", "stream"),
    "retrain": ("always", "if_changed"),
    "calibration": (None, "sigmoid", "isotonic"),
    "target_transform": (None, "log1p"),
}
# Beyond it a few rows decide about the bounds.
MAX_INTERVAL = 0.999
# What options.columns may say of a column of texts.
COLUMN_KINDS = ("text", "category", "list", "ignore")
SEARCHES = ("grid", "random", "halving")
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
    "memory_mb": (1, 2**24),
    "comparison_rows": (1_000, 2**31),
}


def parse_options(arguments: dict[str, Any], task: str) -> dict[str, Any]:
    """Every option in force for a task, defaults included."""
    check_keys(arguments, DEFAULTS, "options")
    for name, tasks in _TASKS.items():
        if task not in tasks and arguments.get(name) is not None:
            raise GlasshouseError(
                f"options.{name} means nothing for {task}, only for {' and '.join(tasks)}.",
                "Leave that option out.",
            )
    available = {
        name: value for name, value in DEFAULTS.items() if task in _TASKS.get(name, (task,))
    }
    options = available | {n: value for n, value in arguments.items() if n in available}
    for name in _CHOICES.keys() & options.keys():
        _one_of(options, name, _CHOICES[name])
    for name, (least, most) in _WHOLE_NUMBERS.items():
        if options.get(name) is None and DEFAULTS[name] is None:
            continue
        if not is_whole_number(options[name]) or not least <= options[name] <= most:
            raise GlasshouseError(
                f"options.{name} is {shown(options[name])}.",
                f"Give a whole number from {least} to {most}.",
            )
    if task == "forecast":
        return check_forecast_options(options)
    options["segments"] = column_names(options["segments"], "segments")
    if task == "multilabel" and "label" in options["segments"]:
        raise GlasshouseError(
            "options.segments names 'label', which is the name of the segments of labels.",
            "Give that column another name with AS.",
        )
    if options.get("positive_class") is not None:
        options["positive_class"] = _class_text(options["positive_class"])
    if options.get("interval") is not None:
        _share(options, "interval", MAX_INTERVAL)
    if "contamination" in options:
        _share(options, "contamination", 0.5)
    for name, check in _OBJECTS.items():
        if options.get(name) is not None:
            check(options[name], f"options.{name}")
    if options.get("group_by") is not None and options.get("calibration") is not None:
        raise GlasshouseError(
            "options.calibration cannot be had for one model per group.",
            "Leave calibration or group_by out.",
        )
    for name in ("group_by", "calibration"):
        if options.get("weight") is not None and options.get(name) is not None:
            raise GlasshouseError(
                f"options.weight cannot be had together with options.{name}.",
                f"Leave weight or {name} out.",
            )
    if options.get("rows") == "stream":
        for name in ("calibration", "weight", "target_transform"):
            if options.get(name) is not None:
                raise GlasshouseError(
                    f"options.{name} cannot be had together with options.rows = stream.",
                    f"Leave {name} or rows out.",
                )
    # Groups are measured apart in any case.
    options["segments"] = [n for n in options["segments"] if n != options.get("group_by")]
    return options


def _one_of(options: dict[str, Any], name: str, choices: Sequence[str | bool | None]) -> None:
    if options[name] not in choices:
        choices_text = " or ".join(json.dumps(choice).strip('"') for choice in choices)
        raise GlasshouseError(
            f"options.{name} is {shown(options[name])}.", f"Choose {choices_text}."
        )


def _share(options: dict[str, Any], name: str, most: float) -> None:
    if not is_number(options[name]) or not 0 < options[name] <= most:
        raise GlasshouseError(
            f"options.{name} is {shown(options[name])}.",
            f"Give a share above 0, at most {most}.",
        )


def _search(value: Any, place: str) -> None:
    example = 'Write for example {"how": "halving", "iterations": 30}.'
    _object(value, place, example)
    check_keys(value, ("how", "iterations"), place)
    how, iterations = value.get("how"), value.get("iterations")
    if how is not None and how not in SEARCHES:
        raise GlasshouseError(f"There is no search {how!r}.", near_names(how, SEARCHES))
    if iterations is not None and (
        how == "grid" or not is_whole_number(iterations) or iterations < 1
    ):
        raise GlasshouseError(
            f"{place}.iterations is {shown(iterations)}.",
            "A grid tries every setting: leave it out." if how == "grid" else example,
        )
    if iterations is not None and iterations > MAX_SETTINGS:
        raise GlasshouseError(
            f"{place}.iterations is {iterations}; {MAX_SETTINGS} are the most.", example
        )


def _class_weight(value: Any, place: str) -> None:
    example = 'Write "balanced", or for example {"yes": 5, "no": 1}.'
    if value == "balanced":
        return
    _object(value, place, example)
    for name, weight in value.items():
        if not is_number(weight) or weight < 0:
            raise GlasshouseError(f"{place} gives {name!r} {shown(weight)}.", example)


def _costs(value: Any, place: str) -> None:
    example = 'Write for example {"false_positive": 1, "false_negative": 5}.'
    _object(value, place, example)
    check_keys(value, ("false_positive", "false_negative"), place)
    for name in ("false_positive", "false_negative"):
        if not is_number(value.get(name)) or value[name] <= 0:
            raise GlasshouseError(
                f"{place}.{name} is {shown(value.get(name))}, not a number above 0.", example
            )


def _monotonic(value: Any, place: str) -> None:
    example = 'Write for example {"age": 1, "distance": -1}: 1 for up, -1 for down.'
    _object(value, place, example)
    for name, sign in value.items():
        if not is_whole_number(sign) or sign not in (1, -1):
            raise GlasshouseError(f"{place} gives {name!r} {shown(sign)}.", example)


def _column_name(value: Any, place: str) -> None:
    if not isinstance(value, str) or not value:
        raise GlasshouseError(f"{place} is {shown(value)}.", "Name one column of the query.")


def _budget_s(value: Any, place: str) -> None:
    if not is_number(value) or value <= 0:
        raise GlasshouseError(f"{place} is {shown(value)}.", "Give a number of seconds above 0.")


def _columns(value: Any, place: str) -> None:
    example = 'Write for example {"message": "text", "code": "category", "note": "ignore"}.'
    if not isinstance(value, dict):
        raise GlasshouseError(f"{place} is {json.dumps(value)}.", example)
    for name, kind in value.items():
        if kind not in COLUMN_KINDS:
            raise GlasshouseError(f"{place} gives {name!r} {json.dumps(kind)}.", example)


def _object(value: Any, place: str, example: str) -> None:
    if not isinstance(value, dict) or not value:
        raise GlasshouseError(f"{place} is {shown(value)}.", example)


_OBJECTS = {
    "search": _search,
    "class_weight": _class_weight,
    "costs": _costs,
    "monotonic": _monotonic,
    "group_by": _column_name,
    "weight": _column_name,
    "reference_time": _column_name,
    "columns": _columns,
    "budget_s": _budget_s,
}


def _class_text(value: Any) -> str:
    """A class as the target shows it as text: true and 1 may be given without quotes."""
    return value if isinstance(value, str) else json.dumps(value)
