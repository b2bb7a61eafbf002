"""The commands that fill the example shop and continue its simulation."""

import os
import sys
import time
from collections.abc import Callable
from itertools import count

import click

from scripts.console import Step, say, step
from scripts.errors import UserError
from scripts.settings import load_settings


@click.command("load-shop")
@click.option(
    "--from", "source_name", default="simulator", show_default=True, metavar="SOURCE",
    help="simulator, online_retail or classicmodels.",
)  # fmt: skip
@click.option("--path", default="", help="Folder of the files; default: in $GLASSHOUSE_DATA.")
@click.option("--size", default="", help="simulator: approximate number of order lines (80k, 10m).")
@click.option("--seed", default="", help="simulator: seed of the random numbers.")
def load_shop(source_name: str, path: str, size: str, seed: str) -> None:
    """Fill schema shop; rows of another source are dropped only with YES=1 or after a question."""
    from scripts.examples.shop.loading import load
    from scripts.examples.shop.sources import select_source

    source = select_source(source_name, path, size, seed)
    dsn = load_settings().dsn("transformer")
    with step(f"Loading the shop ({source.name})") as current:
        current.note(load(dsn, source, _confirmation(current, source.name), current.progress))


def _confirmation(current: Step, name: str) -> Callable[[str], None]:
    """A function that asks before the present rows are dropped; YES=1 answers the question."""

    def confirm_drop(present_rows: str) -> None:
        question = f"The shop holds other rows ({present_rows}). Drop them for {name}?"
        if os.environ.get("YES") == "1":
            current.say(f"Dropping the rows of the shop: {present_rows}")
        elif not sys.stdin.isatty():
            raise UserError(
                f"The shop holds other rows ({present_rows}), and loading {name} would drop them",
                "repeat the command with YES=1 to drop them",
            )
        else:
            with current.paused():
                click.confirm(question, abort=True)

    return confirm_drop


@click.command()
@click.option("--seconds", default=5.0, show_default=True, help="Seconds that a day takes.")
@click.option("--days", default=0, help="Stop after so many days; default: never.")
def live(seconds: float, days: int) -> None:
    """Simulate new days of the shop until Ctrl+C; the next call continues from there."""
    from scripts.examples.shop.simulator.continuation import open_simulation

    with open_simulation(load_settings().dsn("transformer")) as simulation:
        say(f"The shop's last day is {simulation.shop.until}. Ctrl+C stops the simulation.")
        try:
            for day_count in count(1):
                say(str(simulation.advance()))
                if day_count == days:
                    break
                time.sleep(seconds)
        except KeyboardInterrupt:
            say(f"Stopped after {simulation.shop.until}; make live continues from there.")
