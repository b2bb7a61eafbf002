"""The command that loads a CSV file into the warehouse."""

import os
from pathlib import Path
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
        conversions=os.environ.get("CONVERT", ""),
        missing=os.environ.get("MISSING", ""),
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="The table's name; default: the file's name.")
@click.option("--schema", default="csv", show_default=True, help="The table's schema.")
def load(file: Path, name: str, schema: str) -> None:
    """Load a CSV file (.csv or .csv.gz) into a table; replaces a table of the same name.

    The environment variables ENCODING, HEADER, MISSING and CONVERT say what is not recognised.
    """
    from scripts.data.load import load_csv
    from scripts.data.report import print_report

    with step(f"Loading {file.name}") as current:
        dsn = load_settings().dsn("transformer")
        result = load_csv(dsn, file, name, schema, options=load_options())
        current.note(str(result))
    print_report(result)
