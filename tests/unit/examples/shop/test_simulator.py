"""The simulated shop: reproducible, consistent, and calibrated to its behaviour model."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from scripts.examples.shop.simulator import behaviour_model, calendar, catalogue, tables
from scripts.examples.shop.simulator.day import simulate
from scripts.examples.shop.simulator.orders import NEVER, SECONDS, Orders, concatenate
from scripts.examples.shop.simulator.population import MISSING, Population

SEED, SIZE = 5, 50_000
FIRST, LAST = calendar.FIRST_DAY, calendar.LAST_DAY
# Three dates with ninety days to come after each.
AS_OF = (LAST - 550, LAST - 320, LAST - 92)


class History:
    """A whole simulated shop, with the true churn probabilities at AS_OF."""

    def __init__(self) -> None:
        self.people, days, self.truth = Population(), [], {}
        for day in range(FIRST, LAST + 1):
            days.append(simulate(self.people, SEED, SIZE, day))
            if day in AS_OF:
                probability = behaviour_model.churn_probability(self.people, SEED, day)
                self.truth[day] = probability, self.people.ordered_on.copy()
        self.orders = concatenate(days)
        self.day = self.orders.ordered // SECONDS
        self.valid = ~self.orders.is_return & (self.orders.cancelled == NEVER)

    def churned(self, day: int) -> np.ndarray:
        """Of everybody known on that day, who bought nothing in the ninety days after it."""
        in_window = self.valid & (self.day > day) & (self.day <= day + behaviour_model.CHURN_DAYS)
        probability, _ = self.truth[day]
        return ~np.isin(np.arange(len(probability)), self.orders.customer[in_window])


@pytest.fixture(scope="module")
def history() -> History:
    return History()


def simulate_days(days: Iterable[int], people: Population, seed: int = SEED) -> Orders:
    return concatenate([simulate(people, seed, 40_000, day) for day in days])


def is_same(one: Orders, other: Orders) -> bool:
    return all(np.array_equal(value, vars(other)[name]) for name, value in vars(one).items())


def test_same_seed_gives_same_shop() -> None:
    days = range(FIRST, FIRST + 60)
    once, again = simulate_days(days, Population()), simulate_days(days, Population())
    assert is_same(once, again)
    assert not is_same(once, simulate_days(days, Population(), seed=SEED + 1))


def test_restored_state_continues_equally() -> None:
    people = Population()
    simulate_days(range(FIRST, FIRST + 60), people)
    restored = Population.load(people.dump())
    days = range(FIRST + 60, FIRST + 120)
    assert is_same(simulate_days(days, people), simulate_days(days, restored))


def test_number_of_lines_is_close_to_size(history: History) -> None:
    assert 0.75 * SIZE < len(history.orders.line_order) < 1.25 * SIZE


def test_keys_are_valid(history: History) -> None:
    orders = history.orders
    assert np.array_equal(orders.id, np.arange(1, len(orders.id) + 1))
    assert orders.customer.max() < history.people.count
    assert np.array_equal(np.unique(orders.line_order), np.arange(len(orders.id)))
    lengths = np.bincount(orders.line_order)
    expected = np.concatenate([np.arange(1, length + 1) for length in lengths])
    assert np.array_equal(orders.line_number, expected)
    products = catalogue.products(SEED)
    launch_days = FIRST + products["launched"][orders.line_product - 1]
    assert (launch_days <= history.day[orders.line_order]).all()
    for name in ("sku", "name"):
        assert len(np.unique(products[name])) == len(products[name])


def test_return_refers_to_line_of_same_customer(history: History) -> None:
    orders = history.orders
    back = np.flatnonzero(orders.is_return)
    assert len(back) > 100
    sale = orders.returned[back] - 1
    assert np.array_equal(orders.customer[sale], orders.customer[back])
    assert not orders.is_return[sale].any() and (orders.cancelled[sale] == NEVER).all()
    age = history.day[back] - history.day[sale]
    assert (
        age.min() >= behaviour_model.FIRST_RETURN_DAY
        and age.max() <= behaviour_model.LAST_RETURN_DAY
    )
    # Known only after the sale itself, and never for more than was paid.
    assert (orders.recorded[back] > orders.recorded[sale]).all()
    assert (orders.cents[back] < 0).all() and (-orders.cents[back] <= orders.cents[sale]).all()


def test_rows_are_recorded_after_events(history: History) -> None:
    orders = history.orders
    assert (orders.recorded > orders.ordered).all()
    is_late = orders.recorded - orders.ordered > SECONDS // 2
    assert 0.01 < is_late.mean() < 0.03
    for times in (orders.shipped, orders.completed, orders.cancelled, orders.paid):
        assert (times >= orders.recorded).all()
    signed_up = history.people.signed_up
    has_customer = orders.customer != MISSING
    assert (orders.ordered[has_customer] > signed_up[orders.customer[has_customer]]).all()


def test_order_total_is_sum_of_lines(history: History) -> None:
    orders = history.orders
    discount_orders = orders.line_order[orders.line_discount > 0][:200]
    for order in (*range(200), *discount_orders, *np.flatnonzero(orders.is_return)[:50]):
        lines = np.flatnonzero(orders.line_order == order)
        total = sum(
            Decimal(int(orders.line_quantity[line]))
            * (Decimal(int(orders.line_cents[line])) / 100)
            * (1 - Decimal(int(orders.line_discount[line])) / 1000)
            for line in lines
        )
        cents = (total * 100).quantize(Decimal(1), ROUND_HALF_UP)
        assert int(cents) == orders.cents[order]


def test_sales_have_yearly_and_weekly_pattern(history: History) -> None:
    sales = np.bincount(history.day[history.valid] - FIRST, minlength=LAST - FIRST + 1)
    # The last two years: by then the shop has found its level.
    days = np.arange(FIRST, LAST + 1).astype("datetime64[D]")[365:]
    sales = sales[365:]
    weekday = (days.astype(int) + 3) % 7
    by_weekday = [sales[weekday == number].mean() for number in range(7)]
    assert np.argmin(by_weekday) == 6 and np.argmax(by_weekday) == 4
    month = days.astype("datetime64[M]").astype(int) % 12
    assert sales[month == 11].mean() > 1.2 * sales[month == 6].mean()
    off = np.isin(
        days, [np.datetime64(day) for year in (2024, 2025) for day in calendar.holidays(year)]
    )
    assert sales[off].mean() < 0.75 * sales[~off].mean()


def test_promotions_attract_matching_customers() -> None:
    black = next(each for each in calendar.promotions(SEED, 2024) if each.name.startswith("Black"))
    assert calendar.as_date(black.starts).weekday() == 4
    assert (calendar.offers(SEED, black.starts) == 1 + calendar.PROMOTION_LIFT * 0.2).all()
    of_a_line = next(each for each in calendar.promotions(SEED, 2024) if each.line is not None)
    running = calendar.promotion_on(SEED, of_a_line.starts)
    assert np.flatnonzero(calendar.offers(SEED, running.starts) > 1).tolist() == [running.line]
    assert calendar.promotion_on(SEED, calendar.number(calendar.date(2024, 12, 30))) is None


def test_prices_change_only_at_reviews() -> None:
    level, review_days = calendar.prices(SEED, LAST)
    before, _ = calendar.prices(SEED, int(review_days.max()) - 1)
    assert (level != before).any()
    assert {calendar.as_date(day).month for day in review_days if day > FIRST} <= {3, 9}


@pytest.mark.parametrize("day", AS_OF)
def test_true_probability_is_calibrated(history: History, day: int) -> None:
    """In each tenth of the customers as many stay away as their probabilities say."""
    probability, ordered_on = history.truth[day]
    has_order = ordered_on != MISSING
    probability, churned = probability[has_order], history.churned(day)[has_order]
    for tenth in np.array_split(np.argsort(probability), 10):
        expected, spread = probability[tenth].sum(), probability[tenth] @ (1 - probability[tenth])
        assert abs(churned[tenth].sum() - expected) < 4 * np.sqrt(spread) + 1


def test_churn_is_predictable_within_limits(history: History) -> None:
    for day in AS_OF:
        probability, ordered_on = history.truth[day]
        active = ordered_on > day - 365
        churned = history.churned(day)[active]
        assert 0.20 < churned.mean() < 0.40
        auc = roc_auc_score(churned, probability[active])
        assert 0.78 < auc < 0.88
        assert auc > roc_auc_score(churned, -ordered_on[active]) + 0.02


def test_probability_is_sum_over_possible_returns() -> None:
    people = Population()
    simulate_days(range(FIRST, FIRST + 100), people)
    day = FIRST + 99
    probabilities = behaviour_model.churn_probability(people, SEED, day)
    recent_customers = np.flatnonzero(day - people.ordered_on < 10)[:2]
    assert len(recent_customers) == 2
    for customer in recent_customers:
        assert probabilities[customer] == pytest.approx(every_course(people, int(customer), day))


def every_course(people: Population, customer: int, day: int) -> float:
    """The same probability the long way: one course for each day a return may come, and none."""
    line = people.line[customer]
    days = range(day + 1, day + 91)

    def stays_away(order_day: int, interest: float) -> float:
        level = calendar.prices(SEED, order_day)[0][line] / np.exp(people.log_price[customer])
        pull = calendar.demand(order_day) * calendar.offers(SEED, order_day)[line]
        rate = pull * level**-behaviour_model.ELASTICITY * (behaviour_model.BASE_RATE + interest)
        return 1 - (1 - behaviour_model.CANCELLATION_RATE) * (1 - np.exp(-rate))

    def chance(order_day: int) -> float:
        return float(behaviour_model.return_probabilities(people, order_day)[customer])

    total = 0.0
    for returned_on in (*days, None):
        course, interest = 1.0, float(people.interest[customer])
        for order_day in days:
            interest *= behaviour_model.DAILY_DECAY
            course *= stays_away(order_day, interest)
            if order_day == returned_on:
                course *= chance(order_day)
                interest *= behaviour_model.INTEREST_AFTER_RETURN
            elif returned_on is None or order_day < returned_on:
                course *= 1 - chance(order_day)
        total += course
    return total


def test_snapshot_has_recorded_rows_and_current_values() -> None:
    orders = simulate_days(range(FIRST, FIRST + 50), Population())
    early, late = (tables.Window(until=(FIRST + days) * SECONDS) for days in (20, 120))
    then, finally_ = tables.sales(orders, early), tables.sales(orders, late)
    assert then["orders"].num_rows == (orders.recorded < early.until).sum()
    assert finally_["orders"].num_rows == len(orders.id)
    assert {"placed", "shipped", "completed"} <= statuses(then)
    assert statuses(finally_) <= {"completed", "cancelled"}
    for rows in then.values():
        assert seconds(rows, "updated_at").max() < early.until
    slip = int(np.argmin(orders.line_corrected))
    assert orders.line_entered_quantity[slip] == 10 * orders.line_quantity[slip]
    corrected = int(orders.line_corrected[slip])
    assert corrected != NEVER
    for until, quantity in (
        (corrected, orders.line_entered_quantity),
        (corrected + 1, orders.line_quantity),
    ):
        items = tables.sales(orders, tables.Window(until=until))["order_items"].to_pylist()
        key = orders.id[orders.line_order[slip]], orders.line_number[slip]
        (line,) = (row for row in items if (row["order_id"], row["line_number"]) == key)
        assert line["quantity"] == quantity[slip]


def test_changes_are_difference_of_snapshots() -> None:
    orders = simulate_days(range(FIRST, FIRST + 40), Population())
    before, after = (FIRST + 39) * SECONDS, (FIRST + 40) * SECONDS
    was, is_now = (tables.sales(orders, tables.Window(until)) for until in (before, after))
    change = tables.sales(orders, tables.Window(after, since=before))
    for name, key in (("orders", 1), ("order_items", 2), ("payments", 1)):
        merged = rows_by_key(was[name], key) | rows_by_key(change[name], key)
        assert merged == rows_by_key(is_now[name], key)
        assert 0 < change[name].num_rows < is_now[name].num_rows / 4


def statuses(source_tables: dict[str, pa.Table]) -> set[str]:
    return set(source_tables["orders"]["status"].unique().to_pylist())


def seconds(rows: pa.Table, name: str) -> np.ndarray:
    return rows[name].cast("int64").to_numpy()


def rows_by_key(rows: pa.Table, width: int) -> dict[tuple, tuple]:
    values = [tuple(row.values()) for row in rows.to_pylist()]
    return {row[:width]: row for row in values}
