"""The options of ml.train: what they are without a word from the caller, and what they may be."""

import json
from collections.abc import Sequence
from typing import Any

from glasshouse_ml.errors import GlasshouseError, near_names

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
    "retrain": "always",
    "keep": None,
    "contamination": 0.05,
}
# Options that mean nothing to other tasks; a slip is better said than ignored.
_TASKS = {
    "positive_class": ("classification", "outliers"),
    "contamination": ("outliers",),
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


def check(given: dict[str, Any], task: str) -> dict[str, Any]:
    """Every option in force for a task, defaults included."""
    only(given, DEFAULTS, "options")
    for name, tasks in _TASKS.items():
        if task not in tasks and given.get(name) is not None:
            raise GlasshouseError(
                f"options.{name} means nothing for {task}, only for {' and '.join(tasks)}.",
                "Leave that option out.",
            )
    known = {name: value for name, value in DEFAULTS.items() if task in _TASKS.get(name, (task,))}
    options = {**known, **{name: value for name, value in given.items() if name in known}}
    for name, choices in _CHOICES.items():
        _one_of(options, name, choices)
    for name, (least, most) in _WHOLE_NUMBERS.items():
        if options[name] is None and DEFAULTS[name] is None:
            continue
        if not whole(options[name]) or not least <= options[name] <= most:
            raise GlasshouseError(
                f"options.{name} is {json.dumps(options[name])}.",
                f"Give a whole number from {least} to {most}.",
            )
    options["segments"] = _names(options["segments"], "segments")
    if options.get("positive_class") is not None:
        options["positive_class"] = _class_text(options["positive_class"])
    if "contamination" in options:
        _share(options, "contamination", 0.5)
    return options


def only(given: dict[str, Any], known: Any, what: str) -> None:
    """Refuse names that nobody knows."""
    for name in given:
        if name not in known:
            raise GlasshouseError(f"{what} has no entry {name!r}.", near_names(name, known))


def number(value: Any) -> bool:
    """Whether a value from JSON is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def whole(value: Any) -> bool:
    """Whether a value from JSON is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _one_of(options: dict[str, Any], name: str, choices: Sequence[str]) -> None:
    if options[name] not in choices:
        raise GlasshouseError(
            f"options.{name} is {json.dumps(options[name])}.", f"Choose {' or '.join(choices)}."
        )


def _share(options: dict[str, Any], name: str, most: float) -> None:
    if not number(options[name]) or not 0 < options[name] <= most:
        raise GlasshouseError(
            f"options.{name} is {json.dumps(options[name])}.",
            f"Give a share above 0, at most {most}.",
        )


def _names(value: Any, option: str) -> list[str]:
    """Names of columns; a single one may stand without brackets."""
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
