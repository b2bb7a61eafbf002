"""What depends on the date only: season, weekday, holidays, prices, promotions.

A day is the number of days since 1970-01-01, as in numpy.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
from dateutil.easter import easter

from scripts.examples.shop.simulator.catalogue import LINES

# The shop's first day, and the last day that `make load-shop` simulates.
FIRST_DAY = (date(2023, 1, 1) - date(1970, 1, 1)).days
LAST_DAY = (date(2025, 12, 31) - date(1970, 1, 1)).days

# Factors of demand, from Monday to Sunday.
WEEKDAY_FACTORS = (1.06, 1.00, 0.98, 1.03, 1.18, 1.05, 0.70)
# Factors in the middle of each month: high before Christmas, low in the summer holidays.
MONTH_FACTORS = (0.86, 0.88, 0.96, 1.00, 1.03, 0.97, 0.86, 0.84, 0.98, 1.04, 1.22, 1.36)
HOLIDAY_FACTOR = 0.55
PROMOTION_LIFT = 3.0


@dataclass(frozen=True)
class Promotion:
    """A discount on one line (`line`: index) or on everything (None)."""

    id: int
    name: str
    line: int | None
    discount: float
    starts: int
    ends: int


def as_date(day: int) -> date:
    """The date of a day."""
    return date(1970, 1, 1) + timedelta(days=int(day))


def number(of: date) -> int:
    """The day of a date."""
    return (of - date(1970, 1, 1)).days


@cache
def holidays(year: int) -> frozenset[date]:
    """Public holidays in most of the countries that the shop sells to."""
    sunday = easter(year)
    moving = {sunday + timedelta(days=days) for days in (-2, 0, 1, 39, 50)}
    fixed = {(1, 1), (5, 1), (11, 1), (12, 25), (12, 26)}
    return frozenset(moving | {date(year, month, day) for month, day in fixed})


@cache
def demand(day: int) -> float:
    """The demand of a day relative to an average one: season × weekday × holiday."""
    today = as_date(day)
    month_middles = [number(date(today.year, month, 15)) for month in range(1, 13)]
    month_middles = [month_middles[-1] - 365, *month_middles, month_middles[0] + 365]
    season = float(
        np.interp(day, month_middles, [MONTH_FACTORS[-1], *MONTH_FACTORS, MONTH_FACTORS[0]])
    )
    holiday = HOLIDAY_FACTOR if today in holidays(today.year) else 1.0
    return season * WEEKDAY_FACTORS[today.weekday()] * holiday


@cache
def line_weights(day: int) -> np.ndarray:
    """The demand for each line on a day; 1 is its average."""
    angle = 2 * np.pi * (day % 365.25) / 365.25
    return np.array(
        [1 + swing * np.cos(angle - 2 * np.pi * (peak - 0.5) / 12) for *_, swing, peak, _ in LINES]
    )


@cache
def reviews(seed: int, year: int) -> tuple[tuple[int, np.ndarray], ...]:
    """The price reviews of a year: the day, and the factor for the prices of each line.

    Most changes are small; about one in five raises the prices of a line by 8 to 18 percent.
    """
    result = []
    for month in (3, 9):
        random = np.random.default_rng([seed, 2, year, month])
        kind = random.random(len(LINES))
        small, large = (
            random.uniform(0.98, 1.02, len(LINES)),
            random.uniform(1.08, 1.18, len(LINES)),
        )
        change = np.where(kind < 0.2, large, np.where(kind < 0.8, small, 1.0))
        result.append((number(date(year, month, 1)), np.round(change, 3)))
    return tuple(result)


@cache
def prices(seed: int, day: int) -> tuple[np.ndarray, np.ndarray]:
    """Each line's price level (1 on the first day), and the day of its last change."""
    level = np.ones(len(LINES))
    changed = np.full(len(LINES), FIRST_DAY)
    for year in range(as_date(FIRST_DAY).year, as_date(day).year + 1):
        for review_day, change in reviews(seed, year):
            if FIRST_DAY < review_day <= day:
                level = level * change
                changed = np.where(change != 1, review_day, changed)
    return level, changed


@cache
def promotions(seed: int, year: int) -> tuple[Promotion, ...]:
    """The promotions that begin in a year, by date."""
    random = np.random.default_rng([seed, 3, year])
    friday = date(year, 11, 29) - timedelta(days=(date(year, 11, 29).weekday() - 4) % 7)
    plan: list[tuple[str, int | None, float, date, int]] = [
        ("Summer sale", None, 0.15, date(year, 7, 8), 10),
        ("Black week", None, 0.2, friday, 4),
    ]
    for month in (1, 2, 4, 5, 6, 8, 9, 10):
        line = int(random.integers(len(LINES)))
        start = date(year, month, int(random.integers(2, 20)))
        discount = float(random.choice([0.1, 0.15, 0.2, 0.25]))
        plan.append((f"{LINES[line][0]} days", line, discount, start, int(random.integers(4, 9))))
    plan.sort(key=lambda each: each[3])
    return tuple(
        Promotion(year * 100 + place, f"{name} {start:%B %Y}", line, discount, number(start),
                  number(start) + length - 1)
        for place, (name, line, discount, start, length) in enumerate(plan, start=1)
    )  # fmt: skip


@cache
def promotion_on(seed: int, day: int) -> Promotion | None:
    """The promotion on a day; if two overlap, the one that began last."""
    promotions_today = [
        each for each in promotions(seed, as_date(day).year) if each.starts <= day <= each.ends
    ]
    return promotions_today[-1] if promotions_today else None


@cache
def offers(seed: int, day: int) -> np.ndarray:
    """The factor that the day's promotion adds to the demand for each line."""
    promotion = promotion_on(seed, day)
    lift = np.ones(len(LINES))
    if promotion:
        lines = slice(None) if promotion.line is None else promotion.line
        lift[lines] += PROMOTION_LIFT * promotion.discount
    return lift
