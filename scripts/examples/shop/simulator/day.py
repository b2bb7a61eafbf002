"""Simulates one day of the shop: sign-ups, orders, changes of address, returns."""

import numpy as np

from scripts.examples.shop.simulator import behaviour_model, calendar, catalogue
from scripts.examples.shop.simulator.order_generator import generate_returns, generate_sales
from scripts.examples.shop.simulator.orders import SECONDS, Orders, concatenate
from scripts.examples.shop.simulator.population import Population

# Order lines per customer from FIRST_DAY to LAST_DAY; it follows from the behaviour model.
LINES_PER_CUSTOMER = 48.0
SIGN_UP_DAYS = calendar.LAST_DAY - calendar.FIRST_DAY + 1
# Extra sign-ups of a new shop, as a multiple of the later number; they decay exponentially.
OPENING_FACTOR, OPENING_DAYS = 5.0, 180
MEAN_OPENING_FACTOR = 1 + OPENING_FACTOR * OPENING_DAYS / SIGN_UP_DAYS
SHARE_WITH_FIRST_ORDER = 0.85
# Sales over the counter, without a customer, as a share of the sign-ups on a mean day.
ANONYMOUS_SHARE = 1.1
MOVES_PER_YEAR = 0.04
SIGN_UP_SECONDS = 600


def customers_of(size: int) -> float:
    """The number of customers that a shop of `size` order lines has on LAST_DAY."""
    return size / LINES_PER_CUSTOMER


def simulate(people: Population, seed: int, size: int, day: int) -> Orders:
    """Simulate a day and update `people`; returns the orders and returns of the day.

    Each day has a random generator of its own, so its result does not depend on how many days are
    simulated in one run.
    """
    random = np.random.default_rng([seed, 4, day])
    behaviour_model.decay_interest(people)
    rate = behaviour_model.order_rates(seed, day, people.line, people.log_price, people.interest)
    orders = random.random(people.count) < -np.expm1(-rate)
    new = _sign_up(people, random, seed, size, day)
    _move(people, random, day)
    first_buyers = new[random.random(len(new)) < SHARE_WITH_FIRST_ORDER]
    buyers = np.concatenate([np.flatnonzero(orders), first_buyers])
    mean_anonymous = ANONYMOUS_SHARE * _daily_sign_ups(size) * calendar.demand(day)
    anonymous_count = int(random.poisson(mean_anonymous))
    sales = generate_sales(people, random, seed, day, buyers, anonymous_count)
    is_first = np.isin(sales.customer, first_buyers)
    people.signed_up[sales.customer[is_first]] = sales.ordered[is_first] - SIGN_UP_SECONDS
    people.updated[new] = people.signed_up[new]
    # An order of today is too recent to be returned, so today's buyers are not among them.
    probability = behaviour_model.return_probabilities(people, day)
    returning = np.flatnonzero(random.random(people.count) < probability)
    returns = generate_returns(people, random, day, returning)
    behaviour_model.update_after_returns(people, returning)
    return concatenate([sales, returns])


def _daily_sign_ups(size: int) -> float:
    return customers_of(size) / SIGN_UP_DAYS


def _sign_up(
    people: Population, random: np.random.Generator, seed: int, size: int, day: int
) -> np.ndarray:
    """Add the new customers of the day; returns their positions."""
    opening_factor = 1 + OPENING_FACTOR * np.exp(-(day - calendar.FIRST_DAY) / OPENING_DAYS)
    mean = _daily_sign_ups(size) * opening_factor / MEAN_OPENING_FACTOR * calendar.demand(day)
    customers = people.add(int(random.poisson(mean)))
    number = len(customers)
    people.signed_up[customers] = day * SECONDS + random.integers(8 * 3600, 22 * 3600, number)
    people.country[customers] = random.choice(
        len(catalogue.COUNTRIES), number, p=catalogue.COUNTRY_SHARES
    )
    people.city[customers] = random.random(number) * catalogue.CITY_COUNT[people.country[customers]]
    people.channel[customers] = random.choice(
        len(catalogue.CHANNELS), number, p=catalogue.CHANNEL_SHARES
    )
    people.newsletter[customers] = random.random(number) < 0.4
    people.line[customers] = random.choice(len(catalogue.LINES), number, p=catalogue.LINE_SHARES)
    people.first_name[customers] = random.integers(len(catalogue.FIRST_NAMES), size=number)
    people.last_name[customers] = random.integers(len(catalogue.LAST_NAMES), size=number)
    level, _ = calendar.prices(seed, day)
    people.log_price[customers] = np.log(level)[people.line[customers]]
    return customers


def _move(people: Population, random: np.random.Generator, day: int) -> None:
    """Move some customers to another city of their country; their rows change."""
    number = random.poisson(people.count * MOVES_PER_YEAR / 365)
    if not number:
        return
    customers = np.unique(random.integers(people.count, size=number))
    customers = customers[people.signed_up[customers] < day * SECONDS]
    cities = catalogue.CITY_COUNT[people.country[customers]]
    people.city[customers] = (people.city[customers] + 1 + random.integers(0, cities - 1)) % cities
    people.updated[customers] = day * SECONDS + random.integers(9 * 3600, 20 * 3600, len(customers))
