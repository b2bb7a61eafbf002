"""From the first day to a given one: into empty tables, a batch at a time."""

from collections.abc import Callable

import numpy as np
import psycopg2
import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.examples.shop.copying import copy
from scripts.examples.shop.simulator import calendar, law, tables
from scripts.examples.shop.simulator.day import simulate
from scripts.examples.shop.simulator.orders import LONGEST_COURSE, SECONDS, concatenate
from scripts.examples.shop.simulator.population import NOBODY, Population

# Order lines held in memory at once.
BATCH = 250_000
# A checkpoint is made on every day whose number this divides.
CHECKPOINT_EVERY = 16


def fill(
    cursor: Cursor, seed: int, size: int, last_day: int, progress: Callable[[str], None]
) -> None:
    """Simulate from FIRST_DAY to `last_day` and COPY what the tables then hold.

    Memory: the customers' state and one batch of order lines, however long the history.
    """
    window = tables.Window(until=(last_day + 1) * SECONDS)
    people, batch, lines = Population(), [], 0
    for day in range(calendar.FIRST_DAY, last_day + 1):
        batch.append(simulate(people, seed, size, day))
        lines += len(batch[-1].line_order)
        if lines >= BATCH or day == last_day:
            write(cursor, tables.sales(concatenate(batch), window))
            batch, lines = [], 0
            progress(f"{calendar.as_date(day):%B %Y}")
        # Those that the days to come will need, too.
        if day >= checkpoint_before(last_day):
            keep_checkpoint(cursor, people, day)
        if is_as_of(day):
            keep_truth(cursor, people, seed, day)
    write(cursor, tables.reference(seed, window))
    write(cursor, {"customers": tables.customers(people, window)})


def write(cursor: Cursor, found: dict[str, pa.Table]) -> None:
    """COPY each table's rows."""
    for name, rows in found.items():
        copy(cursor, sql.Identifier("shop", name), rows)


def checkpoint_before(day: int) -> int:
    """The checkpoint that precedes every order which may still change after `day`."""
    return (day - LONGEST_COURSE) // CHECKPOINT_EVERY * CHECKPOINT_EVERY


def keep_checkpoint(cursor: Cursor, people: Population, day: int) -> None:
    """Remember the customers as they are at the end of `day`, if it is one for a checkpoint."""
    if day % CHECKPOINT_EVERY:
        return
    cursor.execute(
        "insert into simulation.checkpoint values (%s, %s)"
        " on conflict (day) do update set state = excluded.state",
        [calendar.as_date(day), psycopg2.Binary(people.dump())],
    )


def is_as_of(day: int) -> bool:
    """Whether the truth is kept for this day: the last one of each month."""
    return calendar.as_date(day + 1).day == 1


def keep_truth(cursor: Cursor, people: Population, seed: int, day: int) -> None:
    """Write the true churn probability of everybody who has bought by the end of `day`."""
    buyers = np.flatnonzero(people.ordered_on != NOBODY)
    rows = pa.table(
        {
            "as_of": pa.array(np.full(len(buyers), day, np.int32)).view(pa.date32()),
            "customer_id": buyers + 1,
            "probability": law.churn_probability(people, seed, day)[buyers],
        }
    )
    copy(cursor, sql.Identifier("simulation", "churn"), rows)
