"""Continues the simulation of the shop in the database, day by day.

The database holds all state, and each day is one transaction: the simulation can be killed at any
time and started again.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from scripts.errors import UserError
from scripts.examples.shop.bulk_insert import TABLES, upsert
from scripts.examples.shop.schema import read_mark, write_mark
from scripts.examples.shop.simulator import calendar, history, tables
from scripts.examples.shop.simulator.day import simulate
from scripts.examples.shop.simulator.orders import MAX_ORDER_DAYS, SECONDS, Orders, concatenate
from scripts.examples.shop.simulator.population import Population
from scripts.examples.shop.simulator.source import Simulator, rules_fingerprint

RUN = "select seed, size, rules, today from simulation.run for update"


@dataclass(frozen=True)
class DayResult:
    """The number of new and changed rows of a day, by table."""

    day: date
    new: dict[str, int]
    changed: dict[str, int]

    def __str__(self) -> str:
        new, changed = sum(self.new.values()), sum(self.changed.values())
        return (
            f"{self.day:%a %d %b %Y}  {self.new['orders']:>6,} orders"
            f"  {new:>7,} rows new  {changed:>6,} changed"
        )


class Simulation:
    """The present state of the simulated shop."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        with connection, connection.cursor() as cursor:
            seed, size, today = _run(cursor)
            self.shop = Simulator(seed, size, calendar.number(today))
            self.people, checkpoint_day = _checkpoint(cursor, self.shop.last_day)
        # Only the orders of these days can still change.
        self.recent: deque[Orders] = deque(maxlen=MAX_ORDER_DAYS)
        for day in range(checkpoint_day + 1, self.shop.last_day + 1):
            self.recent.append(simulate(self.people, seed, size, day))

    def advance(self) -> DayResult:
        """Simulate one day and write its inserts and updates in one transaction."""
        shop = Simulator(self.shop.seed, self.shop.size, self.shop.last_day + 1)
        day = shop.last_day
        self.recent.append(simulate(self.people, shop.seed, shop.size, day))
        window = tables.Window(until=(day + 1) * SECONDS, since=day * SECONDS)
        rows = tables.reference(shop.seed, window)
        rows |= {"customers": tables.customers(self.people, window)}
        rows |= tables.sales(concatenate(list(self.recent)), window)
        with self.connection, self.connection.cursor() as cursor:
            _require_unchanged(cursor, self.shop)
            counts = {name: upsert(cursor, name, rows[name]) for name in TABLES}
            self._write_state(cursor, day)
            cursor.execute("update simulation.run set today = %s", [calendar.as_date(day)])
            write_mark(cursor, shop.mark())
        self.shop = shop
        return DayResult(
            calendar.as_date(day),
            {name: new for name, (new, _) in counts.items()},
            {name: changed for name, (_, changed) in counts.items()},
        )

    def _write_state(self, cursor: Cursor, day: int) -> None:
        history.write_checkpoint(cursor, self.people, day)
        first_needed = calendar.as_date(history.checkpoint_before(day))
        cursor.execute("delete from simulation.checkpoint where day < %s", [first_needed])
        if history.is_month_end(day):
            history.write_churn_probability(cursor, self.people, self.shop.seed, day)


@contextmanager
def open_simulation(dsn: dict[str, Any]) -> Iterator[Simulation]:
    """Open the simulation of the shop; only one session can have it open."""
    try:
        session = psycopg2.connect(**dsn)
    except psycopg2.OperationalError:
        raise UserError("The database does not answer", "make up") from None
    with closing(session) as connection:
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(hashtextextended('shop lives', 0))")
            if not cursor.fetchone()[0]:
                raise UserError(
                    "Another session simulates the shop already", "stop that make live first"
                )
        connection.commit()
        yield Simulation(connection)


def _run(cursor: Cursor) -> tuple[int, int, date]:
    """Seed, size and last day of the simulated shop in the tables."""
    cursor.execute("select to_regclass('simulation.run'), to_regclass('shop.orders')")
    if None in cursor.fetchone():
        raise UserError("The shop has not been filled yet", "make load-shop")
    cursor.execute(RUN)
    row = cursor.fetchone()
    if row is None:
        source = read_mark(cursor).partition(":")[0] or "nothing"
        raise UserError(
            f"make live continues the simulated shop only, and the shop holds {source}",
            "YES=1 make load-shop replaces it with the simulated shop",
        )
    seed, size, rules, today = row
    if rules != rules_fingerprint():
        raise UserError(
            "The simulator's rules have changed since the shop was filled, so it cannot continue",
            "YES=1 make load-shop fills the shop again",
        )
    return seed, size, today


def _checkpoint(cursor: Cursor, last_day: int) -> tuple[Population, int]:
    """The customers before all orders that may still change, and the day of that state."""
    checkpoint_date = calendar.as_date(history.checkpoint_before(last_day))
    cursor.execute("select state from simulation.checkpoint where day = %s", [checkpoint_date])
    return Population.load(bytes(cursor.fetchone()[0])), calendar.number(checkpoint_date)


def _require_unchanged(cursor: Cursor, shop: Simulator) -> None:
    """Raise UserError if another session has loaded the shop again."""
    cursor.execute("select pg_advisory_xact_lock(hashtextextended('shop', 0))")
    cursor.execute(RUN)
    expected = (shop.seed, shop.size, rules_fingerprint(), calendar.as_date(shop.last_day))
    if cursor.fetchone() != expected:
        raise UserError("The shop has been loaded again in the meantime", "repeat make live")
