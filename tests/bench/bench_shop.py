"""Filling the shop, against loading alone; a day of news in the warehouse, against all of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg2
from psycopg2.extensions import cursor as Cursor

from scripts.data.sample import load_sample
from scripts.examples.shop.bulk_insert import TABLES
from scripts.examples.shop.loading import load
from scripts.examples.shop.simulator.continuation import open_simulation
from scripts.examples.shop.simulator.source import Simulator
from scripts.fingerprint import fingerprint
from scripts.stack import dbt_state
from scripts.stack.build import build, refresh
from scripts.stack.provision import provision
from tests.bench.harness import Bench, Pair, at_most, compare, seconds
from tests.bench.warehouse import connected
from tests.clusters import Warehouse, new_server

DATABASE = "bench_shop"
# What a build makes: all but the sources.
BUILT = ("staging", "vault", "marts", "features", "models", "predictions", "reports", "ml")


@compare(
    "simulating and loading a shop", "COPY of the same rows, ready in files", at_most(1.5),
    group="The shop",
)  # fmt: skip
def filling(bench: Bench) -> Pair:
    """A database of its own; each of our runs loads another seed, so that all of it is done."""
    dsn, seeds = _database(bench), count(1)

    def measure_glasshouse() -> float:
        source = Simulator(seed=next(seeds), size=bench.rows)
        return seconds(lambda: load(dsn, source, lambda contents: None, lambda place: None))

    measure_glasshouse()
    files = _exported(dsn, bench.folder)
    return Pair(
        measure_glasshouse,
        lambda: seconds(lambda: _copied(dsn, files)),
        note=f"About {bench.rows:,} order lines; both sides check keys and indexes",
        done=lambda: _drop(bench),
    )


# What grows by what is new: from the shop's tables as they are to the star.
TO_THE_STAR = ("path:models/staging/shop", "path:models/vault", "path:models/marts")


@compare(
    "vault and star after one day of new rows", "a full build of the same tables", at_most(0.1),
    group="The shop",
)  # fmt: skip
def growing(bench: Bench) -> Pair:
    return _after_a_day(
        bench,
        lambda warehouse: _to_the_star(warehouse, test_all=True),
        _changes_to_the_star,
        "staging, vault and marts with their tests",
    )


@compare(
    "refresh after one day of new rows", "a full build", at_most(0.2),
    group="The shop",
)  # fmt: skip
def refreshing(bench: Bench) -> Pair:
    return _after_a_day(
        bench,
        lambda warehouse: build(warehouse.settings, warehouse.stack, show=False),
        lambda warehouse: refresh(warehouse.settings, warehouse.stack),
        "includes training, predictions, reports and tests",
    )


def _to_the_star(warehouse: Warehouse, test_all: bool) -> None:
    # Not the tests that compare with what comes after the star.
    with patch.dict(os.environ, DBT_INDIRECT_SELECTION="cautious"):
        build(warehouse.settings, warehouse.stack, TO_THE_STAR, show=False, test_all=test_all)
    # As after a build of everything: nothing of the project has changed.
    settings = warehouse.settings
    manifest = settings.state / "dbt" / "manifest" / "manifest.json"
    dbt_state.save(settings, manifest, fingerprint(settings.root / "dbt", settings.root / "udf"))


def _changes_to_the_star(warehouse: Warehouse) -> None:
    # As in a refresh, the functions stay what they are.
    with patch("scripts.stack.build.build_functions"):
        _to_the_star(warehouse, test_all=False)


def _after_a_day(
    bench: Bench,
    full_build: Callable[[Warehouse], None],
    incremental_build: Callable[[Warehouse], None],
    what: str,
) -> Pair:
    """A server of its own. A day is a thousandth of the three years that the shop holds.

    The three years end with a quarter, which is described and learned from on the day after. That
    day is lived before anything is measured: what is measured is a day like most.
    """
    folder = bench.folder / "after_a_day"
    shutil.rmtree(folder, ignore_errors=True)
    with ExitStack() as stack:
        warehouse = stack.enter_context(new_server(folder / ".stack"))
        dsn = warehouse.dsn("transformer")
        load_sample(dsn, folder)
        load(dsn, Simulator(size=bench.rows), lambda contents: None, lambda place: None)
        durations = [seconds(lambda: full_build(warehouse))]

        def measure_glasshouse() -> float:
            with open_simulation(dsn) as simulation:
                simulation.advance()
            return seconds(lambda: incremental_build(warehouse))

        measure_glasshouse()
        close = stack.pop_all().close

    def anew() -> float:
        _drop_what_was_built(warehouse)
        return seconds(lambda: full_build(warehouse))

    # The first build is a measurement already; of ten million lines one is enough.
    return Pair(
        measure_glasshouse,
        lambda: durations.pop() if durations else anew(),
        note=f"About {bench.rows:,} order lines; {what}",
        done=close,
    )


def _drop_what_was_built(warehouse: Warehouse) -> None:
    superuser = warehouse.stack.superuser("warehouse")
    with closing(psycopg2.connect(**superuser)) as session, session, session.cursor() as cursor:
        cursor.execute(f"drop schema {', '.join(BUILT)} cascade")
    provision(warehouse.settings, warehouse.stack.superuser("postgres"))


def _exported(dsn: dict[str, Any], folder: Path) -> dict[str, Path]:
    """The shop's tables as the files that COPY writes."""
    files = {table: folder / f"{table}.csv" for table in TABLES}
    with _cursor(dsn) as cursor:
        for table, path in files.items():
            with path.open("wb") as file:
                cursor.copy_expert(f"copy shop.{table} to stdout with (format csv)", file)
    return files


def _copied(dsn: dict[str, Any], files: dict[str, Path]) -> None:
    """The files into the same tables, with all their keys and indexes, in one transaction."""
    with _cursor(dsn) as cursor:
        cursor.execute(f"truncate {', '.join(f'shop.{table}' for table in files)}")
        for table, path in files.items():
            with path.open("rb") as file:
                cursor.copy_expert(f"copy shop.{table} from stdin with (format csv)", file)


@contextmanager
def _cursor(dsn: dict[str, Any]) -> Iterator[Cursor]:
    with closing(psycopg2.connect(**dsn)) as session, session, session.cursor() as cursor:
        yield cursor


def _database(bench: Bench) -> dict[str, Any]:
    """An empty database on the same server."""
    _drop(bench)
    with connected(bench, "postgres") as admin, admin.cursor() as cursor:
        cursor.execute(f"create database {DATABASE} owner transformer")
    return bench.settings.dsn("transformer", DATABASE)


def _drop(bench: Bench) -> None:
    with connected(bench, "postgres") as admin, admin.cursor() as cursor:
        cursor.execute(f"drop database if exists {DATABASE} with (force)")
