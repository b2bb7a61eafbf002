"""The columns to predict, and the task that fits them."""

from scripts.add.choices import Choices, find_column
from scripts.add.facts import INTEGERS, NUMBERS, TIMES, ColumnFacts, SourceTable
from scripts.add.forecast_proposal import FORECAST
from scripts.errors import UserError

MULTILABEL = "multilabel"
TASKS = (
    "classification", "regression", MULTILABEL, "clustering", "outliers", "decomposition", FORECAST,
)  # fmt: skip
# Integers with more different values than this are amounts, not classes.
MOST_CLASSES = 20
BINARY = 2


def choose_targets(choices: Choices, by_name: dict[str, ColumnFacts]) -> tuple[str, ...]:
    """The columns that TARGET names: one, or the labels of a multilabel."""
    text = choices.target
    headers = {column.header for column in by_name.values()}
    if choices.task != MULTILABEL or "," not in text or text in by_name or text in headers:
        target = find_column(text, by_name, "TARGET")
        return (target,) if target else ()
    targets = tuple(find_column(part.strip(), by_name, "TARGET") for part in text.split(","))
    if len(set(targets)) < len(targets) or "" in targets:
        raise UserError(f"TARGET={text} names a column twice, or none", "name each label once")
    return targets


def task_of_labels(
    targets: tuple[str, ...], by_name: dict[str, ColumnFacts], reasons: dict[str, str]
) -> tuple[str, int]:
    """The task of several columns, each a label, and the number of labels."""
    for target in targets:
        if by_name[target].type not in ("boolean", *NUMBERS):
            raise UserError(
                f"TARGET={target}: a label is a boolean, or 0 or 1, and the column is"
                f" {by_name[target].type}",
                "leave it out, or load it as a boolean",
            )
    reasons["task"] = f"multilabel: each of the {len(targets)} columns of TARGET is a label"
    return MULTILABEL, len(targets)


def choose_task(
    table: SourceTable, choices: Choices, target: ColumnFacts | None, reasons: dict[str, str]
) -> tuple[str, int]:
    """The task, and the number of classes of a classification."""
    if choices.task and choices.task not in TASKS:
        raise UserError(
            f"TASK={choices.task}: there is no such task", f"use one of {', '.join(TASKS)}"
        )
    if choices.task == FORECAST or (choices.series and not choices.task):
        if target is None:
            raise UserError("The number to forecast is not named", "add TARGET=column")
        reasons["task"] = f"forecast: you named {'it in TASK' if choices.task else 'SERIES'}"
        return FORECAST, 0
    of_forecasts = {
        "SERIES": choices.series,
        "HORIZON": choices.horizon,
        "FREQUENCY": choices.frequency,
    }
    for option, value in of_forecasts.items():
        if value:
            raise UserError(f"{option} means something for a forecast only", "TASK=forecast")
    if target is None:
        if not choices.task or choices.task in ("classification", "regression", MULTILABEL):
            raise UserError(
                "The column to predict is not named",
                "add TARGET=column, or TASK=clustering to look for groups without a target",
            )
        reasons["task"] = f"{choices.task}: you named it in TASK"
        return choices.task, 0
    if choices.task == MULTILABEL:
        if target.type not in ("text", "text[]", "character varying[]"):
            raise UserError(
                f"TARGET={target.name}: the column is {target.type}, which holds no lists",
                "name several columns, TARGET=a,b, or leave TASK out",
            )
        reasons["task"] = f"multilabel: {target.name} holds lists of labels"
        return MULTILABEL, BINARY
    if choices.task and choices.task not in ("classification", "regression"):
        raise UserError(
            f"TASK={choices.task} has no target, and TARGET names {target.name}",
            "leave TARGET out, or TASK",
        )
    if target.type in TIMES:
        raise UserError(
            f"The target {target.name} is a date ({target.type}), and no task predicts dates",
            "predict a number, such as the days until it, or a text, such as its month",
        )
    classes = table.distinct_values(target.name)
    if classes < BINARY:
        raise UserError(
            f"The target {target.name} has {classes} different values, so there is nothing to"
            " predict",
            "name another column in TARGET",
        )
    if choices.task == "regression" and target.type not in NUMBERS:
        raise UserError(
            f"TASK=regression predicts a number, and the target {target.name} is {target.type}",
            "leave TASK out, or load the column as a number: CONVERT=column:numeric",
        )
    if choices.task:
        reasons["task"] = f"{choices.task}: you named it in TASK"
        return choices.task, classes
    is_amount = target.type in NUMBERS and (
        classes > MOST_CLASSES or target.type not in (*INTEGERS, "numeric")
    )
    if is_amount and classes > BINARY:
        reasons["task"] = f"regression: {target.name} is a number with {classes:,} values"
        return "regression", classes
    reasons["task"] = f"classification: {target.name} has {classes} different values"
    return "classification", classes
