"""The commands that make a model of a table, and that remove it."""

import getpass
import os
import subprocess
import sys
from pathlib import Path

import click

from scripts.errors import UserError
from scripts.settings import ROOT


@click.command()
@click.option("--csv", "files", default="", help="CSV or Parquet files with equal columns.")
@click.option("--table", default="", help="A table in the warehouse (schema.table) instead.")
@click.option("--target", default="", help="The column to predict.")
@click.option("--name", default="", help="The model's name; default: the file's name.")
@click.option("--key", default="", help="The column that names a row.")
@click.option("--task", default="", help="classification, regression, clustering, outliers …")
@click.option("--time", default="", help="A column of dates: the newest rows are test rows.")
@click.option("--series", default="", help="Columns that tell series apart: makes a forecast.")
@click.option("--horizon", default="", help="Periods to forecast.")
@click.option("--frequency", default="", help="Period of a forecast: hour, day, week, month …")
@click.option("--group", default="", help="Rows of one group are all test rows or all not.")
@click.option("--drop", default="", help="Columns to leave out, separated by commas.")
@click.option("--test", "unlabelled", default="", help="Files with rows to predict.")
@click.option("--owner", default="", help="Who answers for the model; default: git's user.")
def add(
    files: str, table: str, drop: str, series: str, unlabelled: str, owner: str, **choices: str
) -> None:
    """Make a model of files or a table: dbt files, training, predictions, dashboards.

    The environment variables ENCODING, HEADER, QUOTES, MISSING and CONVERT are those of `load`.
    """
    from scripts.add.add import add as run
    from scripts.add.choices import Choices
    from scripts.data.commands import load_options
    from scripts.stack.commands import running_stack

    owner = owner or _git_user()
    with running_stack() as (settings, stack):
        run(
            settings,
            stack,
            files,
            table,
            unlabelled,
            Choices(drop=_names(drop), series=_names(series), owner=owner, **choices),
            load_options(),
        )


@click.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove the files, tables and registry entries of a model that `add` has made."""
    from scripts.add.remove import files_of
    from scripts.add.remove import remove as run
    from scripts.stack.commands import running_stack

    _, files = files_of(ROOT, name)
    if os.environ.get("YES") != "1":
        if not sys.stdin.isatty():
            raise UserError(
                f"This removes the model {name} and {len(files)} files, and needs a confirmation",
                f"YES=1 make remove NAME={name}",
            )
        click.confirm(f"Remove the model {name}, its tables and {len(files)} files?", abort=True)
    with running_stack() as (settings, stack):
        run(settings, stack, name)


@click.command()
@click.argument("name")
@click.option("--sample", type=click.Path(path_type=Path), help="A file in the format to write.")
@click.option("--to", type=click.Path(path_type=Path), help="The file to write.")
def submission(name: str, sample: Path | None, to: Path | None) -> None:
    """Write the predictions of the rows without a label as a CSV file."""
    from scripts.add.submission import submit
    from scripts.stack.commands import running_stack

    with running_stack() as (settings, _):
        submit(settings, name, sample, to)


@click.command()
@click.argument("name")
@click.option("--feature", required=True, help="The name of the feature.")
@click.option("--owner", default="", help="Who is to write it; default: git's user.")
def feature(name: str, feature: str, owner: str) -> None:
    """Create a feature file of a model as an open task: SQL, description and test."""
    from scripts.add.features import create_feature
    from scripts.stack.commands import running_stack

    with running_stack() as (settings, stack):
        create_feature(settings, stack, name, feature, owner or _git_user())


@click.command()
@click.argument("name")
def contest(name: str) -> None:
    """Measure what each group of features adds to a model, on the same repeated folds."""
    from scripts.add.contest import run_contest
    from scripts.stack.commands import running_stack

    with running_stack() as (settings, _):
        run_contest(settings, name)


@click.command()
@click.option("--base", envvar="BASE", default="main", help="The branch to compare with.")
def compare(base: str) -> None:
    """Print how the scores of this branch's models differ from those of the base, as Markdown."""
    from scripts.add.comparison import print_comparison
    from scripts.settings import load_settings

    print_comparison(load_settings(), base)


def _names(text: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _git_user() -> str:
    """The name that git signs commits with, else the login name."""
    answer = subprocess.run(
        ["git", "config", "user.name"], cwd=ROOT, capture_output=True, text=True
    )
    return answer.stdout.strip() or getpass.getuser()
