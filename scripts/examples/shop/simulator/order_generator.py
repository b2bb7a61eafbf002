"""Draws orders and returns: their lines, and the times of all later changes."""

import numpy as np

from scripts.examples.shop.simulator import behaviour_model, calendar, catalogue
from scripts.examples.shop.simulator.orders import NEVER, SECONDS, Orders
from scripts.examples.shop.simulator.population import MISSING, Population

# The share of orders that are recorded days late, and of lines with a wrong quantity at first.
LATE_SHARE, MAX_LATE_DAYS = 0.02, 3
ERROR_SHARE, MAX_ERROR_DAYS, ERROR_FACTOR = 0.004, 9, 10
UNPAID_SHARE = 0.01
# The mean number of lines after the first, and the share of lines from the favourite line.
MEAN_FURTHER_LINES = 1.7
FAVOURITE_SHARE = 0.6
# The factor by which a delayed order is returned more often.
DELAYED_RETURN_FACTOR = 3.0


def generate_sales(
    people: Population,
    random: np.random.Generator,
    seed: int,
    day: int,
    customers: np.ndarray,
    anonymous_count: int,
) -> Orders:
    """One sale for each position in `customers`, and sales over the counter without a customer."""
    customer = random.permutation(np.concatenate([customers, np.full(anonymous_count, MISSING)]))
    number, identified = len(customer), customer != MISSING
    country = np.where(identified, people.country[customer], 0)
    favourite = np.where(identified, people.line[customer], MISSING)
    method = random.choice(len(catalogue.METHOD_SHARES), number, p=catalogue.METHOD_SHARES)
    orders = Orders(
        id=people.orders + 1 + np.arange(number),
        is_return=np.zeros(number, bool),
        customer=customer,
        country=country,
        promotion=np.zeros(number, np.int64),
        returned=np.zeros(number, np.int64),
        # Sales over the counter are paid by card or in cash.
        method=np.where(identified, method, np.where(method == 0, 0, catalogue.CASH)),
        cents=np.zeros(number, np.int64),
        **_timeline(random, day, identified, country, method),
        **_lines(random, seed, day, favourite),
    )
    people.orders += number
    _discount(orders, seed, day)
    _add_entry_errors(orders, random)
    orders.cents = _totals(orders)
    _update_customers(people, seed, day, orders)
    return orders


def generate_returns(
    people: Population, random: np.random.Generator, day: int, customers: np.ndarray
) -> Orders:
    """One return for each position in `customers`: of one line of the latest order."""
    number = len(customers)
    ordered_at = _order_times(random, day, number)
    refunded = ordered_at + random.integers(1 * SECONDS, 4 * SECONDS, number)
    orders = Orders(
        id=people.orders + 1 + np.arange(number),
        is_return=np.ones(number, bool),
        customer=customers,
        country=people.country[customers],
        promotion=np.zeros(number, np.int64),
        returned=people.order[customers],
        ordered=ordered_at,
        recorded=ordered_at + 60,
        promised=np.full(number, MISSING),
        delayed=np.zeros(number, bool),
        shipped=np.full(number, NEVER),
        completed=refunded,
        cancelled=np.full(number, NEVER),
        paid=refunded,
        method=people.method[customers],
        cents=np.zeros(number, np.int64),
        line_order=np.arange(number),
        line_number=np.ones(number, np.int64),
        line_product=people.product[customers],
        line_quantity=-people.quantity[customers],
        line_entered_quantity=-people.quantity[customers],
        line_corrected=np.full(number, NEVER),
        line_cents=people.cents[customers],
        line_discount=people.discount[customers],
    )
    orders.cents = _totals(orders)
    people.orders += number
    people.return_probability[customers] = 0
    return orders


def _order_times(random: np.random.Generator, day: int, number: int) -> np.ndarray:
    """Sorted times of the day, most of them after work and none around midnight."""
    return np.sort(day * SECONDS + (6 + 16.5 * random.beta(2.2, 1.6, number)) * 3600).astype(
        np.int64
    )


def _timeline(
    random: np.random.Generator,
    day: int,
    identified: np.ndarray,
    country: np.ndarray,
    method: np.ndarray,
) -> dict[str, np.ndarray]:
    """The times at which each order is placed, recorded, shipped, completed, cancelled and paid."""
    number = len(identified)
    ordered_at = _order_times(random, day, number)
    is_late = random.random(number) < LATE_SHARE
    recorded = ordered_at + np.where(
        is_late,
        random.integers(1, MAX_LATE_DAYS + 1, number) * SECONDS,
        random.integers(5, 300, number),
    )
    delayed = identified & (random.random(number) < catalogue.DELAY_PROBABILITY[country])
    normal_delay = random.integers(4 * 3600, 60 * 3600, number)
    stock_delay = random.integers(8 * SECONDS, 20 * SECONDS, number)
    shipped = np.maximum(ordered_at + np.where(delayed, stock_delay, normal_delay), recorded + 3600)
    completed = shipped + random.integers(2 * SECONDS, 14 * SECONDS, number)
    is_cancelled = identified & (random.random(number) < behaviour_model.CANCELLATION_RATE)
    cancelled = recorded + random.integers(600, 3 * 3600, number)
    on_account = identified & np.isin(method, catalogue.ON_ACCOUNT)
    paid = np.where(on_account, ordered_at + random.integers(4 * SECONDS, 40 * SECONDS, number), 0)
    unpaid = is_cancelled | (on_account & (random.random(number) < UNPAID_SHARE))
    return {
        "ordered": ordered_at,
        "recorded": recorded,
        "promised": np.where(identified, day + random.integers(3, 6, number), MISSING),
        "delayed": delayed,
        # A sale over the counter is complete at once.
        "shipped": np.where(is_cancelled, NEVER, np.where(identified, shipped, recorded)),
        "completed": np.where(is_cancelled, NEVER, np.where(identified, completed, recorded)),
        "cancelled": np.where(is_cancelled, cancelled, NEVER),
        "paid": np.where(unpaid, NEVER, np.maximum(paid, recorded)),
    }


def _lines(
    random: np.random.Generator, seed: int, day: int, favourite: np.ndarray
) -> dict[str, np.ndarray]:
    """The lines of each order: most products from the favourite line, others by the season."""
    lengths = 1 + random.poisson(MEAN_FURTHER_LINES, len(favourite))
    order = np.repeat(np.arange(len(favourite)), lengths)
    number = len(order)
    weights = calendar.line_weights(day)
    line = random.choice(len(weights), number, p=weights / weights.sum())
    is_favourite = (random.random(number) < FAVOURITE_SHARE) & (favourite[order] != MISSING)
    line = np.where(is_favourite, favourite[order], line)
    products = catalogue.products(seed)
    # The first products of a line are its most popular ones.
    product_count = catalogue.assortment(day - calendar.FIRST_DAY)
    product = line * catalogue.PRODUCTS_PER_LINE + (
        product_count * random.random(number) ** 1.8
    ).astype(np.int64)
    level, _ = calendar.prices(seed, day)
    quantity = random.geometric(0.62, number)
    return {
        "line_order": order,
        "line_number": np.arange(number) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1,
        "line_product": product + 1,
        "line_quantity": quantity,
        "line_entered_quantity": quantity.copy(),
        "line_corrected": np.full(number, NEVER),
        "line_cents": np.rint(products["cents"][product] * level[line]).astype(np.int64),
        "line_discount": np.zeros(number, np.int64),
    }


def _discount(orders: Orders, seed: int, day: int) -> None:
    """Apply the discount of the day's promotion."""
    promotion = calendar.promotion_on(seed, day)
    if not promotion:
        return
    line = (orders.line_product - 1) // catalogue.PRODUCTS_PER_LINE
    discounted = np.ones(len(line), bool) if promotion.line is None else line == promotion.line
    orders.line_discount[discounted] = round(promotion.discount * 1_000)
    orders.promotion[np.unique(orders.line_order[discounted])] = promotion.id


def _add_entry_errors(orders: Orders, random: np.random.Generator) -> None:
    """Give a few lines a wrong quantity that is corrected days later."""
    number = len(orders.line_order)
    lines = np.flatnonzero(random.random(number) < ERROR_SHARE)
    orders.line_entered_quantity[lines] = orders.line_quantity[lines] * ERROR_FACTOR
    orders.line_corrected[lines] = orders.recorded[orders.line_order[lines]] + random.integers(
        SECONDS // 2, MAX_ERROR_DAYS * SECONDS, len(lines)
    )


def _totals(orders: Orders) -> np.ndarray:
    """The amount of each order in cents; the sum is rounded half away from zero."""
    exact = orders.line_quantity * orders.line_cents * (1_000 - orders.line_discount)
    total = np.zeros(len(orders.id), np.int64)
    np.add.at(total, orders.line_order, exact)
    return np.sign(total) * ((np.abs(total) + 500) // 1_000)


def _update_customers(people: Population, seed: int, day: int, orders: Orders) -> None:
    """Update the state of the customers with their valid orders."""
    valid = (orders.customer != MISSING) & (orders.cancelled == NEVER)
    customers = orders.customer[valid]
    first_line = np.flatnonzero(orders.line_number == 1)[valid]
    line = (orders.line_product[first_line] - 1) // catalogue.PRODUCTS_PER_LINE
    factor = np.where(orders.delayed[valid], DELAYED_RETURN_FACTOR, 1.0)
    people.ordered_on[customers] = day
    people.order[customers] = orders.id[valid]
    people.return_probability[customers] = catalogue.RETURN_PROBABILITY[line] * factor
    people.product[customers] = orders.line_product[first_line]
    people.quantity[customers] = orders.line_quantity[first_line]
    people.cents[customers] = orders.line_cents[first_line]
    people.discount[customers] = orders.line_discount[first_line]
    people.method[customers] = orders.method[valid]
    behaviour_model.update_after_orders(people, seed, day, customers, orders.delayed[valid])
