"""The steps of `make add`: load, propose, write dbt files, build, and say where to look."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.add.dbt_files import DbtFiles, file_paths, require_own_name, write
from scripts.add.facts import SourceTable
from scripts.add.leaks import leaking_columns
from scripts.add.proposal import Choices, Proposal, propose
from scripts.console import say, step
from scripts.data.load import Options, load_csv
from scripts.data.names import require_name
from scripts.data.report import print_report
from scripts.data.target import OWNED_SCHEMAS
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.build import build
from scripts.stack.interface import Stack

# How the comment of a table begins that `make remove` may drop.
ORIGIN = "Added from"
KEYWORDS = "select word from pg_get_keywords() where catcode in ('R', 'T', 'C')"


def add(
    settings: Settings,
    stack: Stack,
    file: Path | None,
    table: str,
    unlabelled_file: Path | None,
    choices: Choices,
    options: Options,
) -> None:
    """Make a model of a CSV file, or of a table that is in the warehouse already.

    `table`: schema and name, if there is no file. `unlabelled_file`: rows to predict.
    """
    schema, source = _source(file, table, choices.name)
    name = require_name(choices.name or source, "model")
    require_own_name(settings.root, name, schema)
    dsn = settings.dsn("transformer")
    unlabelled = ""
    if unlabelled_file and not file:
        raise UserError(
            "TEST goes together with CSV",
            "leave TEST out: rows of the table without a value in the target are predicted",
        )
    if file:
        _load(dsn, file, source, options)
    if unlabelled_file:
        unlabelled = f"{source}_unlabelled"
        _load(dsn, unlabelled_file, unlabelled, options)
    with closing(psycopg2.connect(**dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        with step("Reading the columns") as current:
            proposal = propose(SourceTable(cursor, schema, source), replace(choices, name=name))
            current.note(f"{len(proposal.features)} of {len(proposal.columns)} are features")
        with step("Looking for columns that say the outcome") as current:
            leaks = leaking_columns(cursor, proposal, source)
            proposal.left_out |= leaks
            current.note(", ".join(leaks) or "none")
        files = _files(cursor, proposal, source, unlabelled).render()
    _print_proposal(proposal)
    written, differences = write(settings.root, files)
    _print_files(settings.root, written, differences)
    select = (f"stg_{schema}__{name}+",)
    build(settings, stack, select, show=False)
    _print_result(settings, proposal)


def _source(file: Path | None, table: str, name: str) -> tuple[str, str]:
    """Schema and name of the table that the model learns from."""
    if bool(file) == bool(table):
        raise UserError("Name the rows", "CSV=file.csv, or TABLE=schema.table")
    if file:
        return "csv", require_name(name or file.name.split(".")[0], "table")
    schema, _, source = table.rpartition(".")
    if not schema or schema in OWNED_SCHEMAS:
        raise UserError(
            f"TABLE={table}: give a source table with its schema, not one that dbt builds",
            "TABLE=schema.table; for a dbt model write a file in dbt/models/ml that reads it",
        )
    return schema, source


def _load(dsn: dict, file: Path, table: str, options: Options) -> None:
    with step(f"Loading {file.name}") as current:
        result = load_csv(dsn, file, table, source=f"{ORIGIN} {file.name}", options=options)
        current.note(str(result))
    print_report(result)


def _files(cursor: Cursor, proposal: Proposal, source: str, unlabelled: str) -> DbtFiles:
    cursor.execute(KEYWORDS)
    keywords = frozenset(word for (word,) in cursor.fetchall())
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


def _print_result(settings: Settings, proposal: Proposal) -> None:
    address = f"{settings.local_superset_url}/superset/dashboard"
    page = {
        "classification": "quality_classification",
        "regression": "quality_regression",
    }.get(proposal.task, "quality_clustering")
    features = file_paths(proposal.name, proposal.source)["features.sql"]
    say()
    say(f"Quality      {address}/{page}/")
    say(f"Drivers      {address}/drivers/")
    say(f"Model card   {address}/model_card/")
    say(f"Choose the model {proposal.name} in the filter of each page. Next steps:")
    say(f"  1. Read dbt/models/{features} and add features of your own.")
    say(f"  2. make build SELECT=stg_{proposal.source}__{proposal.name}+ after each change.")
    say(f"  3. git add dbt/models, or make remove NAME={proposal.name}.")
