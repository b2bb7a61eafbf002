"""One day of the shop: who signs up, who orders, who moves house, what comes back."""

import numpy as np

from scripts.examples.shop.simulator import calendar, catalogue, law
from scripts.examples.shop.simulator.orders import SECONDS, Orders, concatenate
from scripts.examples.shop.simulator.placing import place, take_back
from scripts.examples.shop.simulator.population import Population

# A load of this many order lines has about this many customers; the rest follows from the law.
LINES_PER_CUSTOMER = 48.0
SIGN_UP_DAYS = calendar.LAST_DAY - calendar.FIRST_DAY + 1
# How many times as many people sign up at first, and after how many days it is a third of that.
CROWD, CROWD_DAYS = 5.0, 180
MEAN_CROWD = 1 + CROWD * CROWD_DAYS / SIGN_UP_DAYS
ORDERS_AT_ONCE = 0.85
# Sales over the counter, to people nobody writes down, as a share of the sign-ups on a mean day.
COUNTER = 1.1
MOVES_A_YEAR = 0.04
TO_FILL_IN_A_FORM = 600


def customers_of(size: int) -> float:
    """How many customers a shop of `size` order lines has on LAST_DAY."""
    return size / LINES_PER_CUSTOMER


def simulate(people: Population, seed: int, size: int, day: int) -> Orders:
    """Let a day pass for these people; gives what was ordered and returned.

    The day draws from a generator of its own, so that it comes out the same whether it is one of
    many or the only one.
    """
    random = np.random.default_rng([seed, 4, day])
    law.fade(people)
    line, paid = people.line, people.paid
    rate = law.rates(seed, day, line, paid, people.interest)
    orders = random.random(people.count) < -np.expm1(-rate)
    new = _sign_up(people, random, seed, size, day)
    _move(people, random, day)
    at_once = new[random.random(len(new)) < ORDERS_AT_ONCE]
    who = np.concatenate([np.flatnonzero(orders), at_once])
    counter = random.poisson(COUNTER * _sign_ups_a_day(size) * calendar.demand(day))
    sales = place(people, random, seed, day, who, int(counter))
    first = np.isin(sales.customer, at_once)
    people.signed_up[sales.customer[first]] = sales.ordered[first] - TO_FILL_IN_A_FORM
    people.updated[new] = people.signed_up[new]
    # Whoever bought today has a fresh order, too young to come back.
    sent_back = np.flatnonzero(random.random(people.count) < law.may_return(people, day))
    returns = take_back(people, random, day, sent_back)
    law.returned(people, sent_back)
    return concatenate([sales, returns])


def _sign_ups_a_day(size: int) -> float:
    return customers_of(size) / SIGN_UP_DAYS


def _sign_up(
    people: Population, random: np.random.Generator, seed: int, size: int, day: int
) -> np.ndarray:
    """New customers; gives their places."""
    # A new shop draws a crowd that thins out to a steady stream.
    crowd = 1 + CROWD * np.exp(-(day - calendar.FIRST_DAY) / CROWD_DAYS)
    mean = _sign_ups_a_day(size) * crowd / MEAN_CROWD * calendar.demand(day)
    who = people.add(int(random.poisson(mean)))
    number = len(who)
    people.signed_up[who] = day * SECONDS + random.integers(8 * 3600, 22 * 3600, number)
    people.country[who] = random.choice(
        len(catalogue.COUNTRIES), number, p=catalogue.COUNTRY_SHARES
    )
    people.city[who] = random.random(number) * catalogue.CITY_COUNT[people.country[who]]
    people.channel[who] = random.choice(len(catalogue.CHANNELS), number, p=catalogue.CHANNEL_SHARES)
    people.newsletter[who] = random.random(number) < 0.4
    people.line[who] = random.choice(len(catalogue.LINES), number, p=catalogue.LINE_SHARES)
    people.first_name[who] = random.integers(len(catalogue.FIRST_NAMES), size=number)
    people.last_name[who] = random.integers(len(catalogue.LAST_NAMES), size=number)
    level, _ = calendar.prices(seed, day)
    people.paid[who] = np.log(level)[people.line[who]]
    return who


def _move(people: Population, random: np.random.Generator, day: int) -> None:
    """Some people move to another city of their country: a row that changes."""
    number = random.poisson(people.count * MOVES_A_YEAR / 365)
    if not number:
        return
    who = np.unique(random.integers(people.count, size=number))
    who = who[people.signed_up[who] < day * SECONDS]
    cities = catalogue.CITY_COUNT[people.country[who]]
    people.city[who] = (people.city[who] + 1 + random.integers(0, cities - 1)) % cities
    people.updated[who] = day * SECONDS + random.integers(9 * 3600, 20 * 3600, len(who))
