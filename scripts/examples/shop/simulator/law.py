"""The law that customers obey: how likely each is to order on a day, and what moves that.

A customer orders on day t with probability 1 − exp(−rate), where

    rate = demand(t) × offers(t, line) × (prices(t, line) / prices when last buying) ^ −ELASTICITY
           × (FLOOR + interest)

`interest` is what drifts away. It fades by a fixed share a day. An order lifts it towards CEILING:
by more for people whom friends sent or who read the newsletter, by hardly anything where the order
had to wait for stock, which also costs part of the interest that was there. A return costs a good
part of it. So nothing that moves a customer is hidden: orders, waiting orders, returns, prices and
where the customer came from all stand in the shop's tables, and only the favourite line has to be
guessed, from what was bought. That is what makes the churn probability below a fair measure.
"""

import numpy as np

from scripts.examples.shop.simulator import calendar
from scripts.examples.shop.simulator.population import NOBODY, Population

# Orders a day of somebody who has forgotten the shop, and of somebody who cannot do without it.
FLOOR = 1 / 500
CEILING = 1 / 13
FADING = 0.99
# The share of the way to CEILING that an order goes, by channel (as in the catalogue).
LIFT = np.array([0.30, 0.45, 0.20, 0.30])
NEWSLETTER_LIFT = 1.3
# After an order that had to wait: the lift that is left, and the interest that is left.
WAITING_LIFT, WAITING_LOSS = 0.15, 0.45
RETURN_LOSS = 0.40
ELASTICITY = 4.0
# A return comes so many days after the order, unless the customer has ordered again.
RETURN_FROM, RETURN_UNTIL = 4, 20
CANCELLED = 0.015
CHURN_DAYS = 90


def rates(seed: int, day: int, line: np.ndarray, paid: np.ndarray, interest: np.ndarray):
    """Expected orders on a day, cancelled ones included; the arrays are of equal length."""
    return _pull(seed, day, line, paid) * (FLOOR + interest)


def _pull(seed: int, day: int, line: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """What the day and its prices make of a customer's interest."""
    level, _ = calendar.prices(seed, day)
    by_line = calendar.demand(day) * calendar.offers(seed, day) * level**-ELASTICITY
    return by_line[line] * np.exp(ELASTICITY * paid)


def fade(people: Population) -> None:
    """A day passes."""
    people.interest[:] *= FADING


def bought(people: Population, seed: int, day: int, who: np.ndarray, waiting: np.ndarray) -> None:
    """What a valid order does to those who placed it; `waiting`: whether it had to wait."""
    lift = LIFT[people.channel[who]] * np.where(people.newsletter[who], NEWSLETTER_LIFT, 1.0)
    before = people.interest[who] * np.where(waiting, WAITING_LOSS, 1.0)
    lift = lift * np.where(waiting, WAITING_LIFT, 1.0)
    people.interest[who] = before + lift * (CEILING - before)
    level, _ = calendar.prices(seed, day)
    people.paid[who] = np.log(level)[people.line[who]]


def returned(people: Population, who: np.ndarray) -> None:
    """What a return does to those who sent something back."""
    people.interest[who] *= RETURN_LOSS


def may_return(people: Population, day: int) -> np.ndarray:
    """Each customer's chance of a return today, given that no new order came today."""
    age = day - people.ordered_on
    fresh = (people.ordered_on != NOBODY) & (age >= RETURN_FROM) & (age <= RETURN_UNTIL)
    return np.where(fresh, people.return_chance, 0.0)


def churn_probability(people: Population, seed: int, day: int) -> np.ndarray:
    """The probability of no valid purchase in the CHURN_DAYS after `day`, for each customer.

    `people` is the state at the end of that day. As long as nothing is bought, interest only fades,
    so each day's rate is known beforehand but for one thing: a return may still come and cost some
    of the interest. The sum over when it comes, if it comes, is exact: the probabilities of
    "nothing bought, nothing returned" and of "nothing bought, something returned" are carried from
    day to day. Nothing is sampled.

    What "best possible" means: given this state, whether a customer buys is decided by chance alone
    and for each customer apart. So no other order of the customers has a higher expected AUC, and a
    model can only come near it. The bound is a little generous, never too low: a model has to guess
    the favourite line from what was bought, does not see the orders that are recorded late (one in
    fifty, by three days at most), and does not know the promotions and prices to come, which are
    taken as known here and move all friends of a line alike.
    """
    line, paid, interest = people.line, people.paid, people.interest.copy()
    kept, sent_back = np.ones(people.count), np.zeros(people.count)
    for later in range(day + 1, day + 1 + CHURN_DAYS):
        interest *= FADING
        pull = _pull(seed, later, line, paid)
        stays_away = _no_valid_order(pull * (FLOOR + interest))
        sent_back *= _no_valid_order(pull * (FLOOR + RETURN_LOSS * interest))
        chance = may_return(people, later) if later - day <= RETURN_UNTIL else 0.0
        sent_back += kept * stays_away * chance
        kept *= stays_away * (1 - chance)
    return kept + sent_back


def _no_valid_order(rate: np.ndarray) -> np.ndarray:
    return 1 + (1 - CANCELLED) * np.expm1(-rate)
