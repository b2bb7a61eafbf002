"""Key, task, split and left-out columns of a new model, proposed from the facts of its table."""

import difflib
import json
import re
from dataclasses import dataclass, field

from scripts.add.facts import INTEGERS, NUMBERS, TIMES, ColumnFacts, SourceTable
from scripts.add.forecast_proposal import (
    FORECAST,
    ForecastPlan,
    choose_frequency,
    choose_horizon,
)
from scripts.add.sizes import candidates_of_wide_table, size_options, size_reason
from scripts.data.names import PLAIN_NAME, snake_case
from scripts.errors import UserError

MULTILABEL = "multilabel"
TASKS = (
    "classification", "regression", MULTILABEL, "clustering", "outliers", "decomposition", FORECAST,
)  # fmt: skip
# Integers with more different values than this are amounts, not classes.
MOST_CLASSES = 20
ROW_KEY = "row_id"
KEY_NAME = re.compile(r"(^|_)(id|key|no|number|nr|uuid|code)$|id$").search
BINARY = 2
# A message lists so many columns of a table.
MOST_NAMES = 10
# Columns that predictions have beside the key.
PREDICTION_COLUMNS = frozenset(
    ("model", "model_label", "model_version", "prediction", "score", "probabilities")
)


@dataclass(frozen=True)
class Choices:
    """What the user decided; an empty value is proposed from the table."""

    name: str = ""
    target: str = ""
    key: str = ""
    task: str = ""
    time: str = ""
    group: str = ""
    drop: tuple[str, ...] = ()
    owner: str = ""
    series: tuple[str, ...] = ()
    horizon: str = ""
    frequency: str = ""


@dataclass
class Proposal:
    """A model to be: every decision has an entry in `reasons`.

    `left_out`: reason by column; these columns stay in the table but are no features. `computed`:
    expression by name of a column that the staging model computes.
    `forecast`: what only a forecast has. `target`: as ml.train expects it; `targets`: its columns,
    of which a multilabel may have several.
    """

    name: str
    source: str
    columns: list[ColumnFacts]
    targets: tuple[str, ...]
    task: str
    key: str
    key_is_made: bool
    split: dict[str, str]
    classes: int = 0
    log_target: bool = False
    rows: int = 0
    owner: str = ""
    forecast: ForecastPlan | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    # A date in three columns, by its name: the SQL expression that computes it.
    computed: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The target as ml.train expects it; empty without one."""
        if any("," in name for name in self.targets):
            return self.targets[0] if len(self.targets) == 1 else json.dumps(self.targets)
        return ", ".join(self.targets)

    @property
    def options(self) -> dict[str, object]:
        """The options of ml.train that differ from its defaults."""
        options: dict[str, object] = {"target_transform": "log1p"} if self.log_target else {}
        if self.targets and not self.forecast:
            options |= size_options(self.rows, len(self.features))
        return options

    @property
    def algorithms(self) -> list[str]:
        """The candidates; empty: those that ml.train chooses."""
        return candidates_of_wide_table(self.task, self.rows, len(self.features))

    @property
    def features(self) -> list[ColumnFacts]:
        """The columns that the model learns from."""
        reserved = {self.key, *self.targets, self.split.get("column"), *self.left_out}
        if self.forecast:
            reserved |= {column.name for column in (self.forecast.time, *self.forecast.series)}
        return [column for column in self.columns if column.name not in reserved]

    @property
    def metric(self) -> str:
        """The metric by which candidates are compared."""
        if self.task == FORECAST:
            return "mase"
        if self.task == "classification":
            return "roc_auc" if self.classes == BINARY else "log_loss"
        if self.task == "regression":
            return "rmsle" if self.log_target else "rmse"
        return "log_loss" if self.task == MULTILABEL else ""


def propose(table: SourceTable, choices: Choices) -> Proposal:
    """Decide what the user has left open."""
    facts = table.facts()
    by_name = {column.name: column for column in facts}
    dates = dates_in_parts(table, facts)
    targets = _targets(choices, by_name)
    _require_one_role_each(choices, targets, by_name, dates)
    target = targets[0] if targets else ""
    reasons: dict[str, str] = {}
    if len(targets) > 1:
        task, classes = _several_labels(targets, by_name, reasons)
    else:
        task, classes = _task(table, choices, by_name.get(target), reasons)
    log_target = task == "regression" and table.is_lognormal(target)
    if log_target:
        reasons["scale"] = f"logarithm of {target}: a few values are far above the others"
    forecast = _forecast(table, choices, by_name, target, reasons) if task == FORECAST else None
    key, key_is_made = _key(table, choices, by_name, targets, reasons)
    split = {} if forecast else _split(choices, by_name, dates, targets, reasons)
    rows = table.row_count()
    left_out = {
        _column(name, by_name, "DROP"): "you named it in DROP" for name in choices.drop if name
    }
    for column in facts:
        if column.name in left_out or column.name in (key, *targets, split.get("column")):
            continue
        reason = _exclusion(column)
        if forecast and column not in (forecast.time, *forecast.series):
            reason = "its future is not known"
        if reason:
            left_out[column.name] = reason
    proposal = Proposal(
        name=choices.name or table.name,
        source=table.schema,
        columns=facts,
        targets=targets,
        task=task,
        key=key,
        key_is_made=key_is_made,
        split=split,
        classes=classes,
        log_target=log_target,
        rows=rows,
        owner=choices.owner,
        forecast=forecast,
        left_out=left_out,
        computed={name: sql for name, sql in dates.items() if name == split.get("column")},
        reasons=reasons,
    )
    reason = size_reason(rows, len(proposal.features), proposal.algorithms)
    if reason and targets and not forecast:
        reasons["compare"] = reason
    if not proposal.features and not forecast:
        raise UserError(
            f"{table.schema}.{table.name} has no column left to learn from",
            "name fewer columns in DROP, or load a table with more columns",
        )
    return proposal


def _targets(choices: Choices, by_name: dict[str, ColumnFacts]) -> tuple[str, ...]:
    """The columns that TARGET names: one, or the labels of a multilabel."""
    text = choices.target
    headers = {column.header for column in by_name.values()}
    if choices.task != MULTILABEL or "," not in text or text in by_name or text in headers:
        target = _column(text, by_name, "TARGET")
        return (target,) if target else ()
    targets = tuple(_column(part.strip(), by_name, "TARGET") for part in text.split(","))
    if len(set(targets)) < len(targets) or "" in targets:
        raise UserError(f"TARGET={text} names a column twice, or none", "name each label once")
    return targets


def _several_labels(
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


def _column(text: str, by_name: dict[str, ColumnFacts], option: str) -> str:
    """The column that the user means: by its name, or by its header in the file."""
    if not text:
        return ""
    for candidate in (text, snake_case(text)):
        if candidate in by_name:
            return candidate
    for column in by_name.values():
        if column.header == text:
            return column.name
    names = [*by_name]
    near = difflib.get_close_matches(snake_case(text), names, n=3)
    some = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
    raise UserError(
        f"{option}={text}: the table has no such column",
        f"write {' or '.join(near)}" if near else f"use one of {some}",
    )


def dates_in_parts(table: SourceTable, facts: list[ColumnFacts]) -> dict[str, str]:
    """Expression by name for each date in three columns: `sent_year`, `sent_month`, `sent_day`."""
    types = {column.name: column.type for column in facts if column.filled == column.rows}
    result: dict[str, str] = {}
    for year in types:
        name = year.removesuffix("_year")
        month = f"{name}_month"
        day = next((each for each in (f"{name}_day", f"{name}_day_of_month") if each in types), "")
        if name == year or name in types or month not in types or not day:
            continue
        expression = (
            f"to_date({year} || ' ' || {month} || ' ' || {day}, 'YYYY Month DD')"
            if types[month] == "text"
            else f"make_date({year}::int, {month}::int, {day}::int)"
        )
        if PLAIN_NAME(name) and table.computes(expression):
            result[name] = expression
    return result


def _require_one_role_each(
    choices: Choices,
    targets: tuple[str, ...],
    by_name: dict[str, ColumnFacts],
    dates: dict[str, str],
) -> None:
    """Refuse a column that two options name."""
    options: dict[str, str] = {}
    named = [
        *(("TARGET", target) for target in targets),
        ("KEY", choices.key),
        ("TIME", "" if choices.time in dates else choices.time),
        ("GROUP", choices.group),
        *(("DROP", name) for name in choices.drop),
    ]
    for option, text in named:
        column = _column(text, by_name, option)
        first = options.setdefault(column, option) if column else option
        if first != option:
            raise UserError(
                f"{first} and {option} both name the column {column}", "leave one of them out"
            )


def _task(
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
    if choices.series:
        raise UserError("SERIES means something for a forecast only", "TASK=forecast")
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


def _forecast(
    table: SourceTable,
    choices: Choices,
    by_name: dict[str, ColumnFacts],
    target: str,
    reasons: dict[str, str],
) -> ForecastPlan:
    """Time, series, frequency and horizon of a forecast."""
    if choices.group:
        raise UserError("GROUP means nothing for a forecast", "leave it out")
    times = [column.name for column in by_name.values() if column.type in TIMES]
    name = _column(choices.time, by_name, "TIME")
    if not name:
        raise UserError("A forecast needs the column of the time", f"TIME={(times or ['day'])[0]}")
    time = by_name[name]
    if time.type not in TIMES:
        raise UserError(
            f"TIME={choices.time}: the column is of type {time.type}, not a date or timestamp",
            f"use one of {', '.join(times)}" if times else "load it as a date: CONVERT=column:date",
        )
    if not target or by_name[target].type not in NUMBERS:
        raise UserError(
            f"A forecast predicts a number, and TARGET={target or ''} is none",
            "name a column of numbers in TARGET",
        )
    names = [_column(series, by_name, "SERIES") for series in choices.series if series]
    if {time.name, target} & set(names) or time.name == target:
        raise UserError("TIME, TARGET and SERIES must be different columns", "name others")
    reasons["series"] = (
        f"{', '.join(names)}: you named it in SERIES"
        if names
        else "one: SERIES=column tells several apart"
    )
    steps, has_repeated_times = table.time_steps(time.name, names)
    frequency, is_regular = choose_frequency(steps, has_repeated_times, choices.frequency, reasons)
    horizon = choose_horizon(choices.horizon, frequency, reasons)
    series = [by_name[series] for series in names]
    return ForecastPlan(time, series, frequency, is_regular, horizon)


def _key(
    table: SourceTable,
    choices: Choices,
    by_name: dict[str, ColumnFacts],
    targets: tuple[str, ...],
    reasons: dict[str, str],
) -> tuple[str, bool]:
    """The column that names a row, and whether the staging model has to make it."""
    if choices.key:
        key = _column(choices.key, by_name, "KEY")
        if key in PREDICTION_COLUMNS:
            raise UserError(
                f"KEY={choices.key}: predictions have a column of this name of their own",
                "rename the column, or leave KEY out",
            )
        if not table.identifies_rows(key):
            raise UserError(
                f"KEY={choices.key}: the column is empty in some rows, or has a value twice",
                "name another column, or leave KEY out",
            )
        reasons["key"] = f"{key}: you named it in KEY"
        return key, False
    candidates = [
        column
        for column in by_name.values()
        if column.name not in (*targets, choices.time)
        and column.is_unique
        and column.type in (*INTEGERS, "text", "uuid")
        and KEY_NAME(column.name)
    ]
    for column in candidates:
        if table.identifies_rows(column.name):
            reasons["key"] = f"{column.name}: it has a different value in every row"
            return column.name, False
    key = ROW_KEY if ROW_KEY not in by_name else f"{ROW_KEY}_of_table"
    reasons["key"] = f"{key}: no column names a row, so the staging model computes one"
    return key, True


def _split(
    choices: Choices,
    by_name: dict[str, ColumnFacts],
    dates: dict[str, str],
    targets: tuple[str, ...],
    reasons: dict[str, str],
) -> dict[str, str]:
    """How test rows are chosen, as ml.train expects it."""
    if choices.time and choices.group:
        raise UserError("TIME and GROUP exclude one another", "name one of them")
    if choices.time:
        column = choices.time if choices.time in dates else _column(choices.time, by_name, "TIME")
        reasons["split"] = f"by time ({column}): you named it in TIME"
        return {"by": "time", "column": column}
    if choices.group:
        column = _column(choices.group, by_name, "GROUP")
        reasons["split"] = f"by group ({column}): you named it in GROUP"
        return {"by": "group", "column": column}
    times = [c for c in by_name.values() if c.type in TIMES and c.name not in targets]
    if len(times) == 1 and times[0].filled == times[0].rows and times[0].distinct > MOST_CLASSES:
        column = times[0].name
        reasons["split"] = f"by time ({column}): the only date, so the newest rows are the test"
        return {"by": "time", "column": column}
    if not times and len(dates) == 1:
        (column,) = dates
        reasons["split"] = f"by time ({column}): the only date, in three columns"
        return {"by": "time", "column": column}
    reasons["split"] = (
        f"random: {len(times)} columns are dates; name one in TIME to test on the newest rows"
        if times
        else "random: no column is a date"
    )
    return {"by": "random"}


def _exclusion(column: ColumnFacts) -> str:
    """Why a column cannot be a feature; empty if it can."""
    if not column.filled:
        return "it is empty"
    if column.distinct == 1 and column.filled == column.rows:
        return "it has the same value in every row"
    if column.is_unique and KEY_NAME(column.name) and column.type in (*INTEGERS, "uuid"):
        return "it has a different value in every row, like a key"
    return ""
