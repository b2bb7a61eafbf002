"""The command that loads files into the warehouse."""

import os
from typing import TYPE_CHECKING

import click

from scripts.console import step
from scripts.settings import load_settings

if TYPE_CHECKING:
    from scripts.data.load import Options


def load_options() -> "Options":
    """What the environment says about a file that is loaded."""
    from scripts.data.load import Options

    return Options(
        encoding=os.environ.get("ENCODING", ""),
        header=os.environ.get("HEADER", ""),
        quotes=os.environ.get("QUOTES", ""),
        conversions=os.environ.get("CONVERT", ""),
        missing=os.environ.get("MISSING", ""),
    )


@click.command()
@click.argument("file")
@click.option("--name", default="", help="The table's name; default: the file's name.")
@click.option("--schema", default="csv", show_default=True, help="The table's schema.")
def load(file: str, name: str, schema: str) -> None:
    """Load files (.csv, .csv.gz, .parquet) into a table; replaces a table of the same name.

    FILE: a path, or several paths and patterns between blanks; the columns must be equal.

    ENCODING, HEADER, QUOTES, MISSING and CONVERT in the environment say what is not recognised.
    """
    from scripts.data.load import load_files
    from scripts.data.report import print_report
    from scripts.data.table_file import find_files

    paths = find_files(file)
    with step(f"Loading {', '.join(path.name for path in paths)}") as current:
        dsn = load_settings().dsn("transformer")
        result = load_files(dsn, paths, name, schema, options=load_options())
        current.note(str(result))
    print_report(result)
