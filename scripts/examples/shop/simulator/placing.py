"""Drawing an order with its whole course: what is in it, and when each step of it happens."""

import numpy as np

from scripts.examples.shop.simulator import calendar, catalogue, law
from scripts.examples.shop.simulator.orders import NEVER, SECONDS, Orders
from scripts.examples.shop.simulator.population import NOBODY, Population

# The share of orders written down days late, and of lines keyed in wrong at first.
LATE, LATE_DAYS = 0.02, 3
SLIP, SLIP_DAYS, SLIP_FACTOR = 0.004, 9, 10
NEVER_PAID = 0.01
# Lines of an order after the first, on average; the share of lines from the favourite line.
MORE_LINES = 1.7
SHARE_OF_FAVOURITE = 0.6
# Whoever had to wait sends back more often.
WAITED_RETURN = 3.0


def place(
    people: Population,
    random: np.random.Generator,
    seed: int,
    day: int,
    who: np.ndarray,
    counter: int,
) -> Orders:
    """Sales to the customers at places `who` (each once), and `counter` more to nobody known."""
    customer = random.permutation(np.concatenate([who, np.full(counter, NOBODY)]))
    number, known = len(customer), customer != NOBODY
    country = np.where(known, people.country[customer], 0)
    favourite = np.where(known, people.line[customer], NOBODY)
    method = random.choice(len(catalogue.METHOD_SHARES), number, p=catalogue.METHOD_SHARES)
    orders = Orders(
        id=people.orders + 1 + np.arange(number),
        is_return=np.zeros(number, bool),
        customer=customer,
        country=country,
        promotion=np.zeros(number, np.int64),
        returned=np.zeros(number, np.int64),
        # Whoever pays at the counter does not do it by invoice.
        method=np.where(known, method, np.where(method == 0, 0, catalogue.CASH)),
        cents=np.zeros(number, np.int64),
        **_course(random, day, known, country, method),
        **_lines(random, seed, day, favourite),
    )
    people.orders += number
    _discount(orders, seed, day)
    _put_right(orders, random)
    orders.cents = _totals(orders)
    _remember(people, seed, day, orders)
    return orders


def take_back(people: Population, random: np.random.Generator, day: int, who: np.ndarray) -> Orders:
    """Returns of one line of their latest order, by the customers at places `who`."""
    number = len(who)
    moment = _moments(random, day, number)
    refunded = moment + random.integers(1 * SECONDS, 4 * SECONDS, number)
    orders = Orders(
        id=people.orders + 1 + np.arange(number),
        is_return=np.ones(number, bool),
        customer=who,
        country=people.country[who],
        promotion=np.zeros(number, np.int64),
        returned=people.order[who],
        ordered=moment,
        recorded=moment + 60,
        promised=np.full(number, NOBODY),
        waits=np.zeros(number, bool),
        shipped=np.full(number, NEVER),
        completed=refunded,
        cancelled=np.full(number, NEVER),
        paid=refunded,
        method=people.method[who],
        cents=np.zeros(number, np.int64),
        line_order=np.arange(number),
        line_number=np.ones(number, np.int64),
        line_product=people.product[who],
        line_quantity=-people.quantity[who],
        line_slip=-people.quantity[who],
        line_corrected=np.full(number, NEVER),
        line_cents=people.cents[who],
        line_discount=people.discount[who],
    )
    orders.cents = _totals(orders)
    people.orders += number
    people.return_chance[who] = 0
    return orders


def _moments(random: np.random.Generator, day: int, number: int) -> np.ndarray:
    """Moments of the day in their order, most of them after work; none around midnight."""
    return np.sort(day * SECONDS + (6 + 16.5 * random.beta(2.2, 1.6, number)) * 3600).astype(
        np.int64
    )


def _course(
    random: np.random.Generator,
    day: int,
    known: np.ndarray,
    country: np.ndarray,
    method: np.ndarray,
) -> dict[str, np.ndarray]:
    """When each order is placed, written down, sent, completed or cancelled, and paid."""
    number = len(known)
    ordered = _moments(random, day, number)
    late = random.random(number) < LATE
    recorded = ordered + np.where(
        late, random.integers(1, LATE_DAYS + 1, number) * SECONDS, random.integers(5, 300, number)
    )
    waits = known & (random.random(number) < catalogue.DELAY_CHANCE[country])
    soon = random.integers(4 * 3600, 60 * 3600, number)
    long = random.integers(8 * SECONDS, 20 * SECONDS, number)
    shipped = np.maximum(ordered + np.where(waits, long, soon), recorded + 3600)
    completed = shipped + random.integers(2 * SECONDS, 14 * SECONDS, number)
    gone = known & (random.random(number) < law.CANCELLED)
    cancelled = recorded + random.integers(600, 3 * 3600, number)
    on_account = known & np.isin(method, catalogue.ON_ACCOUNT)
    paid = np.where(on_account, ordered + random.integers(4 * SECONDS, 40 * SECONDS, number), 0)
    unpaid = gone | (on_account & (random.random(number) < NEVER_PAID))
    return {
        "ordered": ordered,
        "recorded": recorded,
        "promised": np.where(known, day + random.integers(3, 6, number), NOBODY),
        "waits": waits,
        # Over the counter everything happens at once.
        "shipped": np.where(gone, NEVER, np.where(known, shipped, recorded)),
        "completed": np.where(gone, NEVER, np.where(known, completed, recorded)),
        "cancelled": np.where(gone, cancelled, NEVER),
        "paid": np.where(unpaid, NEVER, np.maximum(paid, recorded)),
    }


def _lines(
    random: np.random.Generator, seed: int, day: int, favourite: np.ndarray
) -> dict[str, np.ndarray]:
    """What is bought: mostly from the favourite line, the rest from what is asked for now."""
    lengths = 1 + random.poisson(MORE_LINES, len(favourite))
    order = np.repeat(np.arange(len(favourite)), lengths)
    number = len(order)
    weights = calendar.line_weights(day)
    line = random.choice(len(weights), number, p=weights / weights.sum())
    own = (random.random(number) < SHARE_OF_FAVOURITE) & (favourite[order] != NOBODY)
    line = np.where(own, favourite[order], line)
    products = catalogue.products(seed)
    # The first products of a line are its best known.
    there = catalogue.assortment(day - calendar.FIRST_DAY)
    place = line * catalogue.PER_LINE + (there * random.random(number) ** 1.8).astype(np.int64)
    level, _ = calendar.prices(seed, day)
    quantity = random.geometric(0.62, number)
    return {
        "line_order": order,
        "line_number": np.arange(number) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1,
        "line_product": place + 1,
        "line_quantity": quantity,
        "line_slip": quantity.copy(),
        "line_corrected": np.full(number, NEVER),
        "line_cents": np.rint(products["cents"][place] * level[line]).astype(np.int64),
        "line_discount": np.zeros(number, np.int64),
    }


def _discount(orders: Orders, seed: int, day: int) -> None:
    """Lower the prices of what is on offer today."""
    running = calendar.promotion_on(seed, day)
    if not running:
        return
    line = (orders.line_product - 1) // catalogue.PER_LINE
    offered = np.ones(len(line), bool) if running.line is None else line == running.line
    orders.line_discount[offered] = round(running.discount * 1_000)
    orders.promotion[np.unique(orders.line_order[offered])] = running.id


def _put_right(orders: Orders, random: np.random.Generator) -> None:
    """Have a few lines keyed in wrong, and corrected days later."""
    number = len(orders.line_order)
    slips = np.flatnonzero(random.random(number) < SLIP)
    orders.line_slip[slips] = orders.line_quantity[slips] * SLIP_FACTOR
    orders.line_corrected[slips] = orders.recorded[orders.line_order[slips]] + random.integers(
        SECONDS // 2, SLIP_DAYS * SECONDS, len(slips)
    )


def _totals(orders: Orders) -> np.ndarray:
    """What is to be paid, in cents, rounded half away from zero once an order."""
    exact = orders.line_quantity * orders.line_cents * (1_000 - orders.line_discount)
    total = np.zeros(len(orders.id), np.int64)
    np.add.at(total, orders.line_order, exact)
    return np.sign(total) * ((np.abs(total) + 500) // 1_000)


def _remember(people: Population, seed: int, day: int, orders: Orders) -> None:
    """What these orders leave behind in those who placed them; cancelled ones leave nothing."""
    valid = (orders.customer != NOBODY) & (orders.cancelled == NEVER)
    who = orders.customer[valid]
    first = np.flatnonzero(orders.line_number == 1)[valid]
    line = (orders.line_product[first] - 1) // catalogue.PER_LINE
    waited = np.where(orders.waits[valid], WAITED_RETURN, 1.0)
    people.ordered_on[who] = day
    people.order[who] = orders.id[valid]
    people.return_chance[who] = catalogue.RETURN_CHANCE[line] * waited
    people.product[who] = orders.line_product[first]
    people.quantity[who] = orders.line_quantity[first]
    people.cents[who] = orders.line_cents[first]
    people.discount[who] = orders.line_discount[first]
    people.method[who] = orders.method[valid]
    law.bought(people, seed, day, who, orders.waits[valid])
