"""The commands that bring data into the warehouse."""

from pathlib import Path

import click

from scripts.console import step
from scripts.settings import load_settings


@click.group()
def load() -> None:
    """Bring data into the warehouse."""


@load.command("csv")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="The table's name; by default the file's.")
@click.option("--schema", default="csv", show_default=True, help="The schema it goes into.")
def load_csv_file(file: Path, name: str, schema: str) -> None:
    """Load a CSV file (also .csv.gz) into a table; a table of that name is replaced."""
    from scripts.data.load import load_csv

    with step(f"Loading {file.name}") as current:
        current.note(str(load_csv(load_settings().dsn("transformer"), file, name, schema)))
