"""How likely a customer orders on a day, and what changes that.

A customer orders on day t with probability 1 − exp(−rate), where

    rate = demand(t) × offers(t, line) × (prices(t, line) / prices when last buying) ^ −ELASTICITY
           × (BASE_RATE + interest)

`interest` decays by a fixed share per day. An order raises it towards MAX_RATE: more for customers
who came through friends or read the newsletter, and hardly at all if the order had to wait for
stock, which also lowers the present interest. A return lowers it as well. Everything that drives a
customer is in the shop's tables: orders, delayed orders, returns, prices and the channel. Only the
favourite line must be inferred from the purchases. A model can therefore come near the churn
probability that `churn_probability` computes.
"""

import numpy as np

from scripts.examples.shop.simulator import calendar
from scripts.examples.shop.simulator.population import MISSING, Population

# Orders per day at an interest of zero, and the interest that further orders approach.
BASE_RATE = 1 / 500
MAX_RATE = 1 / 13
DAILY_DECAY = 0.99
# The share of the distance to MAX_RATE that an order covers, by channel (as in the catalogue).
LIFT = np.array([0.30, 0.45, 0.20, 0.30])
NEWSLETTER_LIFT = 1.3
# Factors for the lift and for the present interest after an order that had to wait for stock.
DELAYED_LIFT, DELAYED_INTEREST = 0.15, 0.45
INTEREST_AFTER_RETURN = 0.40
ELASTICITY = 4.0
# The days after an order on which a return is possible, unless the customer has ordered again.
FIRST_RETURN_DAY, LAST_RETURN_DAY = 4, 20
CANCELLATION_RATE = 0.015
CHURN_DAYS = 90


def order_rates(
    seed: int, day: int, line: np.ndarray, log_price: np.ndarray, interest: np.ndarray
) -> np.ndarray:
    """Expected orders per customer on a day, including cancelled ones.

    `line`, `log_price` and `interest` have one element per customer, as in `Population`.
    """
    return _day_factor(seed, day, line, log_price) * (BASE_RATE + interest)


def _day_factor(seed: int, day: int, line: np.ndarray, log_price: np.ndarray) -> np.ndarray:
    """The factor of the day, its offers and its prices, for each customer."""
    level, _ = calendar.prices(seed, day)
    by_line = calendar.demand(day) * calendar.offers(seed, day) * level**-ELASTICITY
    return by_line[line] * np.exp(ELASTICITY * log_price)


def decay_interest(people: Population) -> None:
    """Apply the decay of one day."""
    people.interest[:] *= DAILY_DECAY


def update_after_orders(
    people: Population, seed: int, day: int, customers: np.ndarray, delayed: np.ndarray
) -> None:
    """Change the state of the customers who placed valid orders.

    `customers` are positions in the population; `delayed` tells which orders waited for stock.
    """
    lift = LIFT[people.channel[customers]] * np.where(
        people.newsletter[customers], NEWSLETTER_LIFT, 1.0
    )
    interest = people.interest[customers] * np.where(delayed, DELAYED_INTEREST, 1.0)
    lift = lift * np.where(delayed, DELAYED_LIFT, 1.0)
    people.interest[customers] = interest + lift * (MAX_RATE - interest)
    level, _ = calendar.prices(seed, day)
    people.log_price[customers] = np.log(level)[people.line[customers]]


def update_after_returns(people: Population, customers: np.ndarray) -> None:
    """Change the state of the customers who returned something."""
    people.interest[customers] *= INTEREST_AFTER_RETURN


def return_probabilities(people: Population, day: int) -> np.ndarray:
    """Each customer's probability of a return on a day without a new order."""
    age = day - people.ordered_on
    in_period = (age >= FIRST_RETURN_DAY) & (age <= LAST_RETURN_DAY)
    return np.where(in_period & (people.ordered_on != MISSING), people.return_probability, 0.0)


def churn_probability(people: Population, seed: int, day: int) -> np.ndarray:
    """The probability of no valid purchase in the CHURN_DAYS after `day`, for each customer.

    `people` is the state at the end of that day. Without purchases the interest only decays, so
    each day's rate is known in advance, except that a return can still lower the interest. The sum
    over the possible days of that return is exact: two probabilities are updated day by day, "no
    purchase and no return" and "no purchase after a return". Nothing is sampled.

    Given this state, whether a customer buys is random and independent of other customers. No other
    ranking of the customers has a higher expected AUC, so this probability is an upper bound for
    models. The bound is slightly too high: a model must infer the favourite line from purchases,
    does not see the orders that are recorded up to three days late (one in fifty), and does not
    know the future promotions and prices, which are used here.
    """
    line, log_price, interest = people.line, people.log_price, people.interest.copy()
    without_return, after_return = np.ones(people.count), np.zeros(people.count)
    for future_day in range(day + 1, day + 1 + CHURN_DAYS):
        interest *= DAILY_DECAY
        factor = _day_factor(seed, future_day, line, log_price)
        no_order = _no_order_probability(factor * (BASE_RATE + interest))
        lower_interest = INTEREST_AFTER_RETURN * interest
        after_return *= _no_order_probability(factor * (BASE_RATE + lower_interest))
        returns = np.zeros(people.count)
        if future_day - day <= LAST_RETURN_DAY:
            returns = return_probabilities(people, future_day)
        after_return += without_return * no_order * returns
        without_return *= no_order * (1 - returns)
    return without_return + after_return


def _no_order_probability(rate: np.ndarray) -> np.ndarray:
    return 1 + (1 - CANCELLATION_RATE) * np.expm1(-rate)
