"""The steps of `make add`: load, propose, write dbt files, build, and say where to look."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import shorten
from typing import Any

import psycopg2
from psycopg2 import sql

from scripts.add.choices import Choices
from scripts.add.dbt_files import (
    DbtFiles,
    added_paths,
    is_declared,
    require_own_name,
    require_same_files,
    unfinished,
    write,
)
from scripts.add.facts import ORIGIN, SourceTable, is_registered
from scripts.add.forecast_proposal import FORECAST
from scripts.add.leaks import leaking_columns
from scripts.add.outcome import print_outcome
from scripts.add.proposal import Proposal, propose
from scripts.add.remove import remove_model
from scripts.add.rendering import sql_keywords
from scripts.add.task_proposal import MOST_CLASSES
from scripts.console import say, step
from scripts.data.load import ColumnReport, Options, load_files
from scripts.data.names import PLAIN_NAME, require_name
from scripts.data.report import print_report
from scripts.data.table_file import find_files
from scripts.data.target import OWNED_SCHEMAS
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.build import build
from scripts.stack.dbt.process import stop_dbt
from scripts.stack.interface import Stack

# feat_<name>__base and the like are names of PostgreSQL too, which have at most 63 letters; feature
# files have longer endings.
LONGEST_NAME = 40
# The exit code of a command that Ctrl+C has ended.
INTERRUPTED = 130


def add(
    settings: Settings,
    stack: Stack,
    files_text: str,
    table: str,
    unlabelled_text: str,
    choices: Choices,
    options: Options,
) -> None:
    """Make a model of files, or of a table that is in the warehouse already.

    `files_text`: what CSV= names. `table`: schema and name, if there are no files.
    `unlabelled_text`: what TEST= names, the rows to predict.
    """
    if bool(files_text) == bool(table):
        raise UserError("Name the rows", "CSV=file.csv, or TABLE=schema.table")
    files = find_files(files_text) if files_text else []
    unlabelled_files = find_files(unlabelled_text, "TEST") if unlabelled_text else []
    if unlabelled_files and not files:
        raise UserError(
            "TEST goes together with CSV",
            "leave TEST out: rows of the table without a value in the target are predicted",
        )
    if unlabelled_files and (choices.task == FORECAST or choices.series):
        raise UserError("TEST means nothing for a forecast", "leave it out")
    schema, source = _source(files, table, choices.name)
    name = _model_name(choices.name or source)
    _require_new_name(settings, name, schema)
    dsn = settings.dsn("transformer")
    unlabelled = f"{source}_unlabelled" if unlabelled_files else ""
    with _dropped_on_error(dsn) as new_tables:
        reports: list[ColumnReport] = []
        if files:
            reports = _load(dsn, files, source, options, new_tables)
        if unlabelled_files:
            # A code such as 007 has the type that it has among the rows to learn from.
            types = {report.name: report.type for report in reports}
            _load(dsn, unlabelled_files, unlabelled, options, new_tables, types)
        with closing(psycopg2.connect(**dsn)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            source_table = SourceTable(cursor, schema, source, unlabelled)
            with step("Reading the columns") as current:
                proposal = propose(source_table, replace(choices, name=name))
                current.note(f"{len(proposal.features)} of {len(proposal.columns)} are features")
            if not choices.task:
                _require_no_number_as_text(proposal, reports)
            with step("Looking for columns that say the outcome") as current:
                leaks = leaking_columns(cursor, proposal, source_table)
                proposal.left_out |= leaks
                current.note(", ".join(leaks) or "none")
            files_of_model = DbtFiles(
                proposal,
                source,
                sql_keywords(cursor),
                _rows_to_predict(source_table, proposal),
                is_declared(settings.root, name, schema, source),
            )
            require_same_files(settings.root, name, schema, files_of_model.paths)
            texts = files_of_model.render()
        _print_proposal(proposal)
        marker = unfinished(settings.state, name)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        written, differences = write(settings.root, texts)
        marker.unlink()
    _print_files(settings.root, written, differences)
    if not written:
        say(f"  continues with the files of {name} that exist")
    try:
        build(settings, stack, (f"stg_{schema}__{name}+",), show=False)
    except UserError as error:
        raise _undone(settings, name, error, len(written) == len(texts)) from None
    except KeyboardInterrupt:
        end = UserError("Interrupted", "start the command again with the same words", INTERRUPTED)
        raise _undone(settings, name, end, len(written) == len(texts)) from None
    print_outcome(settings, proposal)


def _undone(settings: Settings, name: str, error: UserError, is_new: bool) -> UserError:
    """The error of a build, after a model that is new and was not trained has been removed."""
    # A process that goes on building would bring back what is removed here.
    stop_dbt()
    if not is_new or _is_trained(settings.dsn("transformer"), name):
        return error
    remove_model(settings, name)
    what = f"{error.problem}; the model was not trained, and its files were removed again"
    return UserError(what, error.remedy, error.exit_code)


def _model_name(text: str) -> str:
    name = require_name(text, "model")
    if len(name) > LONGEST_NAME:
        raise UserError(
            f"The model name {name} has {len(name)} letters, and {LONGEST_NAME} are the most",
            "choose a shorter one: NAME=…",
        )
    return name


def _require_new_name(settings: Settings, name: str, schema: str) -> None:
    """Refuse a name that the project or the registry has, unless `make add` made that model."""
    if unfinished(settings.state, name).exists():
        return
    require_own_name(settings.root, name, schema)
    if not added_paths(settings.root, name, schema) and _is_trained(
        settings.dsn("transformer"), name
    ):
        raise UserError(
            f"The registry already has a model {name}",
            f"choose another name: NAME=…, or remove that model: select ml.drop_model('{name}')",
        )


def _is_trained(dsn: dict[str, Any], name: str) -> bool:
    with closing(psycopg2.connect(**dsn)) as connection, connection.cursor() as cursor:
        return is_registered(cursor, name)


@contextmanager
def _dropped_on_error(dsn: dict[str, Any]) -> Iterator[list[sql.Identifier]]:
    """A list for the tables that are new; they are dropped if the block fails."""
    tables: list[sql.Identifier] = []
    try:
        yield tables
    except BaseException:
        if tables:
            with (
                closing(psycopg2.connect(**dsn)) as connection,
                connection,
                connection.cursor() as c,
            ):
                c.execute(sql.SQL("drop table {}").format(sql.SQL(", ").join(tables)))
        raise


def _source(files: list[Path], table: str, name: str) -> tuple[str, str]:
    """Schema and name of the table that the model learns from."""
    if files:
        return "csv", _model_name(name or files[0].name.split(".")[0])
    schema, _, source = table.rpartition(".")
    if not schema or schema in OWNED_SCHEMAS:
        raise UserError(
            f"TABLE={table}: give a source table with its schema, not one that dbt builds",
            "TABLE=schema.table; for a dbt model write a file in dbt/models/ml that reads it",
        )
    if not PLAIN_NAME(schema) or not PLAIN_NAME(source):
        raise UserError(
            f"TABLE={table}: schema and table need names of lowercase letters, digits and _",
            "read it through a view with another name",
        )
    return schema, source


def _load(
    dsn: dict[str, Any],
    files: list[Path],
    table: str,
    options: Options,
    new_tables: list[sql.Identifier],
    types: dict[str, str] | None = None,
) -> list[ColumnReport]:
    names = ", ".join(file.name for file in files)
    with step(f"Loading {names}") as current:
        source = f"{ORIGIN} {names}"
        result = load_files(dsn, files, table, source=source, options=options, types=types)
        if result.change == "new":
            new_tables.append(sql.Identifier("csv", table))
        current.note(str(result))
    print_report(result)
    return result.reports


def _require_no_number_as_text(proposal: Proposal, reports: list[ColumnReport]) -> None:
    """Refuse a target of many texts that are numbers or dates in another notation."""
    for report in reports:
        hints = [each for each in report.remarks if each.startswith(("CONVERT=", "almost "))]
        if report.name in proposal.targets and hints and proposal.classes > MOST_CLASSES:
            raise UserError(
                f"The target {proposal.target} is text with {proposal.classes:,} different values,"
                f" and looks like numbers or dates ({hints[0]})",
                "add that CONVERT=…, correct the values, or say TASK=classification",
            )


def _rows_to_predict(table: SourceTable, proposal: Proposal) -> tuple[str, dict[str, str]] | None:
    """Name and column types of the table of the rows to predict, which fits the proposal."""
    unlabelled = table.unlabelled
    if not unlabelled:
        return None
    missing = [each.name for each in proposal.features if each.name not in unlabelled.types]
    if missing:
        raise UserError(
            f"The rows to predict lack the columns {', '.join(missing)}",
            "add them to the file of TEST, or name them in DROP",
        )
    types = dict(unlabelled.types)
    for column in proposal.columns:
        kind = types.get(column.name, column.type)
        if column.name in proposal.targets or kind == column.type:
            continue
        value = unlabelled.lost_value(column.name, column.type)
        if value is None:
            continue
        if column.name not in proposal.left_out:
            raise UserError(
                f"The column {column.name} is {column.type} in the rows to learn from, and {kind}"
                f" in the file of TEST, where {shorten(value, 40)} does not convert without loss",
                "correct that file, or name the column in DROP",
            )
        del types[column.name]
    return unlabelled.name, types


def _print_proposal(proposal: Proposal) -> None:
    say(f"  {'name':<9} {proposal.name}")
    for what, reason in proposal.reasons.items():
        say(f"  {what:<9} {reason}")
    for column, reason in proposal.left_out.items():
        say(f"  left out  {column}: {reason}")


def _print_files(root: Path, written: list[Path], differences: list[str]) -> None:
    for path in written:
        say(f"  wrote     {path.relative_to(root)}")
    if differences:
        say("These files exist and were not changed. They differ from what would be written now:")
        for line in differences:
            say(f"  {line}")
