"""The simulated shop goes on living: one day after another, from where it stands.

All that has to be remembered is in the database. Between two ticks nothing is half done, so it may
be killed at any moment and started again.
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
from scripts.examples.shop.copying import TABLES, upsert
from scripts.examples.shop.loading import mark_of, remark
from scripts.examples.shop.simulator import calendar, history, tables
from scripts.examples.shop.simulator.day import simulate
from scripts.examples.shop.simulator.orders import LONGEST_COURSE, SECONDS, Orders, concatenate
from scripts.examples.shop.simulator.population import Population
from scripts.examples.shop.simulator.source import Simulator, law_fingerprint

RUN = "select seed, size, law, today from simulation.run for update"


@dataclass(frozen=True)
class Tick:
    """What a day has brought: rows by table."""

    day: date
    new: dict[str, int]
    changed: dict[str, int]

    def __str__(self) -> str:
        new, changed = sum(self.new.values()), sum(self.changed.values())
        return (
            f"{self.day:%a %d %b %Y}  {self.new['orders']:>6,} orders"
            f"  {new:>7,} rows new  {changed:>6,} changed"
        )


class Life:
    """The shop as it stands, ready for the next day."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        with connection, connection.cursor() as cursor:
            seed, size, today = _run(cursor)
            self.shop = Simulator(seed, size, calendar.number(today))
            self.people, remembered = _checkpoint(cursor, self.shop.last_day)
        # What may still change; what is older never does.
        self.recent: deque[Orders] = deque(maxlen=LONGEST_COURSE)
        for day in range(remembered + 1, self.shop.last_day + 1):
            self.recent.append(simulate(self.people, seed, size, day))

    def tick(self) -> Tick:
        """Let one day pass: all of its inserts and updates in one transaction."""
        before, shop = self.shop, self._tomorrow()
        day = shop.last_day
        self.recent.append(simulate(self.people, shop.seed, shop.size, day))
        window = tables.Window(until=(day + 1) * SECONDS, since=day * SECONDS)
        rows = tables.reference(shop.seed, window)
        rows |= {"customers": tables.customers(self.people, window)}
        rows |= tables.sales(concatenate(list(self.recent)), window)
        with self.connection, self.connection.cursor() as cursor:
            _require_unchanged(cursor, before)
            written = {name: upsert(cursor, name, rows[name]) for name in TABLES}
            self._remember(cursor, day)
            cursor.execute("update simulation.run set today = %s", [calendar.as_date(day)])
            remark(cursor, shop.mark())
        self.shop = shop
        return Tick(
            calendar.as_date(day),
            {name: new for name, (new, _) in written.items()},
            {name: changed for name, (_, changed) in written.items()},
        )

    def _tomorrow(self) -> Simulator:
        return Simulator(self.shop.seed, self.shop.size, self.shop.last_day + 1)

    def _remember(self, cursor: Cursor, day: int) -> None:
        history.keep_checkpoint(cursor, self.people, day)
        needed = calendar.as_date(history.checkpoint_before(day))
        cursor.execute("delete from simulation.checkpoint where day < %s", [needed])
        if history.is_as_of(day):
            history.keep_truth(cursor, self.people, self.shop.seed, day)


@contextmanager
def open_life(dsn: dict[str, Any]) -> Iterator[Life]:
    """The shop's life; one at a time."""
    try:
        session = psycopg2.connect(**dsn)
    except psycopg2.OperationalError:
        raise UserError("The database does not answer", "make up") from None
    with closing(session) as connection:
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(hashtextextended('shop lives', 0))")
            if not cursor.fetchone()[0]:
                raise UserError("The shop is live already, in another window", "watch that one")
        connection.commit()
        yield Life(connection)


def _run(cursor: Cursor) -> tuple[int, int, date]:
    """Seed, size and last day of the simulated shop that the tables hold."""
    cursor.execute("select to_regclass('simulation.run'), to_regclass('shop.orders')")
    if None in cursor.fetchone():
        raise UserError("The shop has not been filled yet", "make load-shop")
    cursor.execute(RUN)
    found = cursor.fetchone()
    if found is None:
        held = mark_of(cursor).partition(":")[0] or "nothing"
        raise UserError(
            f"Only the simulated shop lives on, and the shop holds {held}",
            "YES=1 make load-shop puts the simulated shop in its place",
        )
    seed, size, law, today = found
    if law != law_fingerprint():
        raise UserError(
            "The simulator's rules have changed since the shop was filled, so it cannot go on",
            "YES=1 make load-shop fills it anew",
        )
    return seed, size, today


def _checkpoint(cursor: Cursor, last_day: int) -> tuple[Population, int]:
    """The customers as they were long enough ago, and the day that was."""
    wanted = calendar.as_date(history.checkpoint_before(last_day))
    cursor.execute("select state from simulation.checkpoint where day = %s", [wanted])
    return Population.load(bytes(cursor.fetchone()[0])), calendar.number(wanted)


def _require_unchanged(cursor: Cursor, shop: Simulator) -> None:
    """Stop where somebody has loaded the shop anew in the meantime."""
    cursor.execute("select pg_advisory_xact_lock(hashtextextended('shop', 0))")
    cursor.execute(RUN)
    expected = (shop.seed, shop.size, law_fingerprint(), calendar.as_date(shop.last_day))
    if cursor.fetchone() != expected:
        raise UserError("The shop has been loaded anew in the meantime", "make live again")
