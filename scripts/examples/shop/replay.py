"""Takes the shop back to a past day, and lets its recorded rows arrive again day by day.

A simulated shop is simulated again. The rows of any other shop wait in schema `replay`. Such a shop
keeps one version of each row, so its rows must not have changed after they were recorded.
"""

from abc import ABC, abstractmethod
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError
from scripts.examples.shop import bulk_insert
from scripts.examples.shop.bulk_insert import TABLES
from scripts.examples.shop.loading import load
from scripts.examples.shop.schema import create_tables, read_mark, write_mark
from scripts.examples.shop.simulator import calendar, history
from scripts.examples.shop.simulator.continuation import open_simulation
from scripts.examples.shop.simulator.orders import MAX_ORDER_DAYS
from scripts.examples.shop.simulator.source import Simulator

SCHEMA = "replay"
_NEXT_DAY = timedelta(days=1)
_RUN = "select seed, size from simulation.run"


class RecordedShop(ABC):
    """A shop whose history can be repeated; `dsn`: the connection as the owner of the schema."""

    def __init__(self, dsn: dict[str, Any]) -> None:
        self.dsn = dsn

    @abstractmethod
    def rewind(self, day: date) -> None:
        """Keep the rows that were recorded before `day`."""

    @abstractmethod
    def advance(self, first: date, days: int) -> int:
        """Let the rows of `days` days from `first` on arrive; returns the number of new orders."""


class SimulatedShop(RecordedShop):
    """Every day is simulated again, with its corrections and late rows."""

    def rewind(self, day: date) -> None:
        """Load the shop of the same seed and size up to the day before."""
        with closing(psycopg2.connect(**self.dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(_RUN)
            seed, size = cursor.fetchone()
        last_day = calendar.number(day) - 1
        # The simulation continues from a stored state of the customers.
        if history.checkpoint_before(last_day) < calendar.FIRST_DAY:
            first = calendar.FIRST_DAY + MAX_ORDER_DAYS + history.CHECKPOINT_DAYS + 1
            raise UserError(
                f"The simulated shop cannot continue on {day}, so soon after its first day",
                f"choose FROM={calendar.as_date(first)} or later",
            )
        source = Simulator(seed, size, last_day)
        load(self.dsn, source, lambda present: None, lambda progress: None)

    def advance(self, first: date, days: int) -> int:
        """Simulate the days, as make live does."""
        with open_simulation(self.dsn) as simulation:
            return sum(simulation.advance().new["orders"] for _ in range(days))


class StoredShop(RecordedShop):
    """The rows of the days to come wait in schema `replay`."""

    def rewind(self, day: date) -> None:
        """Move the rows that were recorded later; rows of an earlier replay come back first."""
        with self._transaction() as connection, connection, connection.cursor() as cursor:
            create_tables(cursor)
            cursor.execute(f"create schema if not exists {SCHEMA}")
            with bulk_insert.without_secondary_objects(cursor):
                for table in TABLES:
                    cursor.execute(
                        _for(table, "create table if not exists {waiting} (like {present})")
                    )
                    _move(cursor, "waiting", "present", table)
                    _require_unchanged(cursor, table)
                    _move(cursor, "present", "waiting", table, "recorded_at >= %s", day)
            cursor.execute("select exists (select from shop.orders)")
            if cursor.fetchone() != (True,):
                raise UserError(f"The shop has no orders before {day}", "choose a later FROM")
            bulk_insert.analyse(cursor)
            source = read_mark(cursor).partition(", replayed from")[0]
            write_mark(cursor, f"{source}, replayed from {day}")
            # A build then knows that the history in the vault is not that of these rows.
            cursor.execute("truncate shop.load")
            cursor.execute("insert into shop.load (source) values (%s)", [source])

    def advance(self, first: date, days: int) -> int:
        """Move the rows of the days back, all in one transaction."""
        until = first + days * _NEXT_DAY
        with self._transaction() as connection, connection, connection.cursor() as cursor:
            counts = {
                table: _move(cursor, "waiting", "present", table, "recorded_at < %s", until)
                for table in TABLES
            }
        return counts["orders"]

    def _transaction(self) -> Any:
        return closing(psycopg2.connect(**self.dsn))


def recorded_shop(dsn: dict[str, Any]) -> RecordedShop:
    """The shop in the database, as one whose history can be repeated."""
    with closing(psycopg2.connect(**dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('shop.orders') is not null")
        if cursor.fetchone() != (True,):
            raise UserError("The shop has not been filled yet", "make load-shop")
        is_simulated = read_mark(cursor).startswith("simulator:")
    return SimulatedShop(dsn) if is_simulated else StoredShop(dsn)


def _for(table: str, statement: str) -> sql.Composed:
    return sql.SQL(statement).format(
        present=sql.Identifier("shop", table), waiting=sql.Identifier(SCHEMA, table)
    )


def _move(
    cursor: Cursor, origin: str, target: str, table: str, condition: str = "true", *values: date
) -> int:
    """Move rows between shop (`present`) and replay (`waiting`); returns their number."""
    cursor.execute(
        _for(
            table,
            f"with moved as (delete from {{{origin}}} where {condition} returning *)"  # noqa: S608
            f" insert into {{{target}}} select * from moved",
        ),
        values or None,
    )
    return cursor.rowcount


def _require_unchanged(cursor: Cursor, table: str) -> None:
    cursor.execute(_for(table, "select count(*) from {present} where updated_at > recorded_at"))
    (changed,) = cursor.fetchone()
    if changed:
        raise UserError(
            f"{changed} rows of shop.{table} changed after they were recorded, and their earlier "
            "values are not in the table, so the history cannot be repeated",
            "replay the simulated shop or online_retail (make load-shop)",
        )
