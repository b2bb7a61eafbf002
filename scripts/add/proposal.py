"""Key, task, split and left-out columns of a new model, proposed from the facts of its table."""

import json
import re
from dataclasses import dataclass, field

from scripts.add.choices import Choices, find_column
from scripts.add.facts import INTEGERS, TIMES, ColumnFacts, SourceTable
from scripts.add.forecast_proposal import FORECAST, ForecastPlan, plan_forecast
from scripts.add.sizes import candidates_of_wide_table, size_options, size_reason
from scripts.add.task_proposal import (
    BINARY,
    MOST_CLASSES,
    MULTILABEL,
    choose_targets,
    choose_task,
    task_of_labels,
)
from scripts.data.names import PLAIN_NAME
from scripts.errors import UserError

ROW_KEY = "row_id"
KEY_NAME = re.compile(r"(^|_)(id|key|no|number|nr|uuid|code)$|id$").search
# Columns that predictions have beside the key.
PREDICTION_COLUMNS = frozenset(
    ("model", "model_label", "model_version", "prediction", "score", "probabilities")
)


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
    targets = choose_targets(choices, by_name)
    _require_one_role_each(choices, targets, by_name, dates)
    target = targets[0] if targets else ""
    reasons: dict[str, str] = {}
    if len(targets) > 1:
        task, classes = task_of_labels(targets, by_name, reasons)
    else:
        task, classes = choose_task(table, choices, by_name.get(target), reasons)
    log_target = task == "regression" and table.is_lognormal(target)
    if log_target:
        reasons["scale"] = f"logarithm of {target}: a few values are far above the others"
    forecast = plan_forecast(table, choices, by_name, target, reasons) if task == FORECAST else None
    key, key_is_made = _key(table, choices, by_name, targets, reasons)
    split = {} if forecast else _split(choices, by_name, dates, targets, reasons)
    rows = table.row_count()
    left_out = {
        find_column(name, by_name, "DROP"): "you named it in DROP" for name in choices.drop if name
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
    entries = [
        *(("TARGET", target) for target in targets),
        ("KEY", choices.key),
        ("TIME", "" if choices.time in dates else choices.time),
        ("GROUP", choices.group),
        *(("DROP", name) for name in choices.drop),
    ]
    for option, text in entries:
        column = find_column(text, by_name, option)
        first = options.setdefault(column, option) if column else option
        if first != option:
            raise UserError(
                f"{first} and {option} both name the column {column}", "leave one of them out"
            )


def _key(
    table: SourceTable,
    choices: Choices,
    by_name: dict[str, ColumnFacts],
    targets: tuple[str, ...],
    reasons: dict[str, str],
) -> tuple[str, bool]:
    """The column that names a row, and whether the staging model has to make it."""
    if choices.key:
        key = find_column(choices.key, by_name, "KEY")
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
        column = (
            choices.time if choices.time in dates else find_column(choices.time, by_name, "TIME")
        )
        reasons["split"] = f"by time ({column}): you named it in TIME"
        return {"by": "time", "column": column}
    if choices.group:
        column = find_column(choices.group, by_name, "GROUP")
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
