"""The commands that bring data into the warehouse."""

import os
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import click

from scripts.console import Step, say, step
from scripts.errors import UserError
from scripts.settings import load_settings


@click.group()
def load() -> None:
    """Bring data into the warehouse."""


@load.command("csv")
@click.argument("file", type=click.Path(path_type=Path), envvar="CSV")
@click.option("--name", default="", envvar="NAME", help="The table's name; by default the file's.")
@click.option("--schema", default="csv", envvar="SCHEMA", show_default=True, help="Its schema.")
@click.option("--encoding", default="", envvar="ENCODING", help="Recognised by default.")
@click.option("--header", default="", envvar="HEADER", help="yes or no; recognised by default.")
@click.option("--convert", default="", envvar="CONVERT", help="Such as price:money, day:dmy.")
@click.option("--missing", default="", envvar="MISSING", help="Words for missing values, or none.")
def load_csv_file(file: Path, name: str, schema: str, **options: str) -> None:
    """Load a CSV file (also .csv.gz) into a table; a table of that name is replaced."""
    from scripts.data.load import Options, load_csv
    from scripts.data.report import print_report

    options["conversions"] = options.pop("convert")
    with step(f"Loading {file.name}") as current:
        dsn = load_settings().dsn("transformer")
        result = load_csv(dsn, file, name, schema or "csv", options=Options(**options))
        current.note(str(result))
    print_report(result)


@load.command("shop")
@click.option(
    "--from", "origin", default="simulator", show_default=True, metavar="SOURCE",
    help="simulator, online_retail or classicmodels.",
)  # fmt: skip
@click.option("--path", default="", help="Where the files are; by default in $GLASSHOUSE_DATA.")
@click.option("--size", default="", help="simulator: about how many order lines (80k, 10m).")
@click.option("--seed", default="", help="simulator: another seed is another shop.")
def load_shop(origin: str, path: str, size: str, seed: str) -> None:
    """Fill schema shop; other rows in it are dropped only when asked to (YES=1)."""
    from scripts.examples.shop.loading import load
    from scripts.examples.shop.sources import choose

    source = choose(origin, path, size, seed)
    dsn = load_settings().dsn("transformer")
    with step(f"Loading the shop ({source.name})") as current:
        current.note(load(dsn, source, _may_replace(current, source.name), current.progress))


def _may_replace(current: Step, name: str) -> Callable[[str], None]:
    """Ask before what the shop holds is dropped; YES=1 is the answer given beforehand."""

    def ask(held: str) -> None:
        question = f"The shop holds other rows ({held}). Drop them for {name}?"
        if os.environ.get("YES") == "1":
            current.say(f"Dropping what the shop holds: {held}")
        elif not sys.stdin.isatty():
            raise UserError(
                f"The shop holds other rows ({held}), and loading {name} would drop them",
                "the same again with YES=1 if they may go",
            )
        else:
            with current.paused():
                click.confirm(question, abort=True)

    return ask


@click.command()
@click.option("--seconds", default=5.0, show_default=True, help="How long a day takes.")
@click.option("--days", default=0, help="Stop after so many days; by default never.")
def live(seconds: float, days: int) -> None:
    """Let the simulated shop live on, a day at a time; Ctrl-C stops it, and it goes on later."""
    from scripts.examples.shop.simulator.live import open_life

    with open_life(load_settings().dsn("transformer")) as life:
        say(f"The shop stands at the end of {life.shop.until}. Ctrl-C stops it.")
        try:
            for passed in count(1):
                say(str(life.tick()))
                if passed == days:
                    break
                time.sleep(seconds)
        except KeyboardInterrupt:
            say(f"Stopped at the end of {life.shop.until}; make live goes on from there.")
