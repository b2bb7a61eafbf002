"""Simulates from the first day to a given day and fills empty tables, in batches."""

from collections.abc import Callable

import numpy as np
import psycopg2
import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from scripts.examples.shop.bulk_insert import copy
from scripts.examples.shop.simulator import behaviour_model, calendar, tables
from scripts.examples.shop.simulator.day import simulate
from scripts.examples.shop.simulator.orders import MAX_ORDER_DAYS, SECONDS, concatenate
from scripts.examples.shop.simulator.population import MISSING, Population

# Order lines in memory at a time.
BATCH_LINES = 250_000
# Days between two checkpoints.
CHECKPOINT_DAYS = 16


def fill(
    cursor: Cursor, seed: int, size: int, last_day: int, progress: Callable[[str], None]
) -> None:
    """Simulate from FIRST_DAY to `last_day` and COPY the rows into the tables.

    Memory use is the state of the customers and one batch of order lines.
    """
    window = tables.Window(until=(last_day + 1) * SECONDS)
    people, batch, lines = Population(), [], 0
    for day in range(calendar.FIRST_DAY, last_day + 1):
        batch.append(simulate(people, seed, size, day))
        lines += len(batch[-1].line_order)
        if lines >= BATCH_LINES or day == last_day:
            write(cursor, tables.sales(concatenate(batch), window))
            batch, lines = [], 0
            progress(f"{calendar.as_date(day):%B %Y}")
        # Later days continue from these checkpoints.
        if day >= checkpoint_before(last_day):
            write_checkpoint(cursor, people, day)
        if is_month_end(day):
            write_churn_probability(cursor, people, seed, day)
    write(cursor, tables.reference(seed, window))
    write(cursor, {"customers": tables.customers(people, window)})


def write(cursor: Cursor, rows_by_table: dict[str, pa.Table]) -> None:
    """COPY the rows of each table."""
    for name, rows in rows_by_table.items():
        copy(cursor, sql.Identifier("shop", name), rows)


def checkpoint_before(day: int) -> int:
    """The day of the last checkpoint before all orders that may change after `day`."""
    return (day - MAX_ORDER_DAYS) // CHECKPOINT_DAYS * CHECKPOINT_DAYS


def write_checkpoint(cursor: Cursor, people: Population, day: int) -> None:
    """Store the state of the customers at the end of `day`, if a checkpoint is due."""
    if day % CHECKPOINT_DAYS:
        return
    cursor.execute(
        "insert into simulation.checkpoint values (%s, %s)"
        " on conflict (day) do update set state = excluded.state",
        [calendar.as_date(day), psycopg2.Binary(people.dump())],
    )


def is_month_end(day: int) -> bool:
    """Whether the day is the last one of its month; for these the churn probability is stored."""
    return calendar.as_date(day + 1).day == 1


def write_churn_probability(cursor: Cursor, people: Population, seed: int, day: int) -> None:
    """Store the true churn probability of all customers who bought until the end of `day`."""
    buyers = np.flatnonzero(people.ordered_on != MISSING)
    rows = pa.table(
        {
            "as_of": pa.array(np.full(len(buyers), day, np.int32)).view(pa.date32()),
            "customer_id": buyers + 1,
            "probability": behaviour_model.churn_probability(people, seed, day)[buyers],
        }
    )
    copy(cursor, sql.Identifier("simulation", "churn"), rows)
