"""The command that loads a CSV file into the warehouse."""

from pathlib import Path

import click

from scripts.console import step
from scripts.settings import load_settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="The table's name; default: the file's name.")
@click.option("--schema", default="csv", show_default=True, help="The table's schema.")
def load(file: Path, name: str, schema: str) -> None:
    """Load a CSV file (.csv or .csv.gz) into a table; replaces a table of the same name."""
    from scripts.data.load import load_csv

    with step(f"Loading {file.name}") as current:
        current.note(str(load_csv(load_settings().dsn("transformer"), file, name, schema)))
