"""The steps of `make add`: load, propose, write dbt files, build, and say where to look."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.add.dbt_files import (
    DbtFiles,
    require_own_name,
    require_same_files,
    unfinished,
    write,
)
from scripts.add.facts import SourceTable
from scripts.add.forecast_proposal import FORECAST
from scripts.add.leaks import leaking_columns
from scripts.add.outcome import print_outcome
from scripts.add.proposal import Choices, Proposal, propose
from scripts.add.rendering import sql_keywords
from scripts.console import say, step
from scripts.data.load import Options, load_files
from scripts.data.names import require_name
from scripts.data.report import print_report
from scripts.data.table_file import find_files
from scripts.data.target import OWNED_SCHEMAS
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.build import build
from scripts.stack.interface import Stack

# How the comment of a table begins that `make remove` may drop.
ORIGIN = "Added from"


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
    schema, source = _source(files, table, choices.name)
    name = require_name(choices.name or source, "model")
    marker = unfinished(settings.state, name)
    if not marker.exists():
        require_own_name(settings.root, name, schema)
    dsn = settings.dsn("transformer")
    unlabelled = ""
    if unlabelled_files and not files:
        raise UserError(
            "TEST goes together with CSV",
            "leave TEST out: rows of the table without a value in the target are predicted",
        )
    if unlabelled_files and (choices.task == FORECAST or choices.series):
        raise UserError("TEST means nothing for a forecast", "leave it out")
    if files:
        _load(dsn, files, source, options)
    if unlabelled_files:
        unlabelled = f"{source}_unlabelled"
        _load(dsn, unlabelled_files, unlabelled, options)
    with closing(psycopg2.connect(**dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        with step("Reading the columns") as current:
            proposal = propose(SourceTable(cursor, schema, source), replace(choices, name=name))
            current.note(f"{len(proposal.features)} of {len(proposal.columns)} are features")
        with step("Looking for columns that say the outcome") as current:
            leaks = leaking_columns(cursor, proposal, source)
            proposal.left_out |= leaks
            current.note(", ".join(leaks) or "none")
        files_to_write = _files(cursor, proposal, source, unlabelled)
        require_same_files(settings.root, name, schema, files_to_write.paths)
        texts = files_to_write.render()
    _print_proposal(proposal)
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    written, differences = write(settings.root, texts)
    marker.unlink()
    _print_files(settings.root, written, differences)
    select = (f"stg_{schema}__{name}+",)
    build(settings, stack, select, show=False)
    print_outcome(settings, proposal)


def _source(files: list[Path], table: str, name: str) -> tuple[str, str]:
    """Schema and name of the table that the model learns from."""
    if files:
        return "csv", require_name(name or files[0].name.split(".")[0], "table")
    schema, _, source = table.rpartition(".")
    if not schema or schema in OWNED_SCHEMAS:
        raise UserError(
            f"TABLE={table}: give a source table with its schema, not one that dbt builds",
            "TABLE=schema.table; for a dbt model write a file in dbt/models/ml that reads it",
        )
    return schema, source


def _load(dsn: dict, files: list[Path], table: str, options: Options) -> None:
    names = ", ".join(file.name for file in files)
    with step(f"Loading {names}") as current:
        result = load_files(dsn, files, table, source=f"{ORIGIN} {names}", options=options)
        current.note(str(result))
    print_report(result)


def _files(cursor: Cursor, proposal: Proposal, source: str, unlabelled: str) -> DbtFiles:
    keywords = sql_keywords(cursor)
    if not unlabelled:
        return DbtFiles(proposal, source, keywords)
    facts = SourceTable(cursor, proposal.source, unlabelled).facts()
    types = {column.name: column.type for column in facts}
    missing = [column.name for column in proposal.features if column.name not in types]
    if missing:
        raise UserError(
            f"The rows to predict lack the columns {', '.join(missing)}",
            "add them to the file of TEST, or name them in DROP",
        )
    return DbtFiles(proposal, source, keywords, (unlabelled, types))


def _print_proposal(proposal: Proposal) -> None:
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
