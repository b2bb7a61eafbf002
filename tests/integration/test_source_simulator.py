"""The simulated shop in PostgreSQL: loaded once, completely or not at all, and continued."""

import json
import subprocess
import sys
import time

import pytest

from scripts.errors import UserError
from scripts.examples.shop.loading import fill_if_empty
from scripts.examples.shop.simulator import calendar
from scripts.examples.shop.simulator.continuation import open_simulation
from scripts.examples.shop.simulator.source import Simulator
from tests.integration.conftest import Shop

# A few months are enough for every kind of row; what may still change is half of them.
LAST_DAY = calendar.FIRST_DAY + 120
SMALL = Simulator(seed=3, size=150_000, last_day=LAST_DAY)


def test_simulator_fills_shop_once(shop: Shop) -> None:
    assert "customers" in shop.load(SMALL)
    content, keys = shop.content(), shop.keys()
    assert all(rows > 0 for rows, _ in content.values())
    # Foreign keys and indexes are all back, and have been checked.
    assert len([name for name, _ in keys if name.endswith("_fkey")]) == 11
    assert all(valid for _, valid in keys)
    assert {"shop.orders_by_change", "orders_pkey"} <= dict(keys).keys()
    before = shop.one("select max(xmin::text::bigint) from shop.orders")
    assert shop.load(SMALL, replace=False).startswith("already there")
    assert shop.one("select max(xmin::text::bigint) from shop.orders") == before
    assert fill_if_empty(shop.dsn, lambda place: None) == "already there: simulator"
    assert shop.content() == content


def test_amounts_of_simulated_shop_agree(shop: Shop) -> None:
    shop.load(SMALL)
    # Paid is what the lines of the order cost, rounded once; slips not yet put right stand out.
    differences = shop.rows(
        """
        select order_id, amount, sum(quantity * unit_price * (1 - discount))
        from shop.payments join shop.order_items using (order_id)
        group by 1, 2 having round(sum(quantity * unit_price * (1 - discount)), 2) <> amount
        """
    )
    assert 0 < len(differences) < 15 and all(lines > amount for _, amount, lines in differences)
    assert shop.one("select count(*) from shop.payments where amount < 0") > 0
    assert shop.one("select count(*) from shop.orders where recorded_at > ordered_at + '1 day'") > 0
    assert shop.one("select count(*) from shop.order_items where updated_at > recorded_at") > 0
    assert shop.one("select count(*) from shop.orders where shipped_at::date > promised_on") > 0


def test_truth_is_in_separate_schema(shop: Shop) -> None:
    shop.load(SMALL)
    assert shop.rows(
        "select as_of, count(*) > 100 from simulation.churn group by 1 order by 1"
    ) == [
        (calendar.date(2023, month, 28 if month == 2 else 30 + month % 2), True)
        for month in (1, 2, 3, 4)
    ]
    # Exactly those who have bought something valid by then.
    assert (
        shop.rows(
            """
        select as_of, customer_id from simulation.churn
        except
        select as_of, customer_id from simulation.churn
        join shop.orders using (customer_id)
        where kind = 'sale' and status <> 'cancelled' and ordered_at < as_of + 1
        """
        )
        == []
    )


def test_simulation_in_steps_equals_single_run(shop: Shop) -> None:
    shop.load(Simulator(SMALL.seed, SMALL.size, LAST_DAY - 25))
    with open_simulation(shop.dsn) as simulation:
        ticks = [simulation.advance() for _ in range(8)]
    assert shop.one("select today from simulation.run") == ticks[-1].day
    # Killed at whatever it was doing, it goes on: all it needs is in the database.
    kill_after(6, shop, LIVING)
    with open_simulation(shop.dsn) as simulation:
        assert LAST_DAY - 12 < simulation.shop.last_day < LAST_DAY
        while simulation.shop.last_day < LAST_DAY:
            ticks.append(simulation.advance())
    # Each day brings rows and changes rows: orders sent, slips put right, people who move.
    assert all(tick.new["orders"] and tick.new["order_items"] for tick in ticks)
    tables = {name for tick in ticks for name, rows in tick.changed.items() if rows}
    assert tables == {"customers", "orders", "order_items"}
    content, truth = shop.content(), shop.rows("select * from simulation.churn order by 1, 2")
    # Rows that time has brought are not dropped unasked.
    with pytest.raises(UserError, match=r"seed 3, size 150000, rules \w+, until 2023-05-01"):
        shop.load(Simulator(SMALL.seed, SMALL.size, LAST_DAY - 25), replace=False)
    shop.rows("comment on table shop.orders is 'something else'")
    shop.load(SMALL)
    assert shop.content() == content
    assert shop.rows("select * from simulation.churn order by 1, 2") == truth


def test_prices_change_during_simulation(shop: Shop) -> None:
    review = calendar.number(calendar.date(2023, 9, 1))
    shop.load(Simulator(seed=3, size=2_000, last_day=review - 1))
    before = dict(shop.rows("select product_id, list_price from shop.products"))
    with open_simulation(shop.dsn) as simulation:
        tick = simulation.advance()
    after = dict(shop.rows("select product_id, list_price from shop.products"))
    products = [product for product in before if before[product] != after[product]]
    assert 0 < len(products) <= tick.changed["products"]
    assert shop.one("select max(updated_at) from shop.products").date() == tick.day


def test_only_simulated_shop_runs_and_only_once(shop: Shop) -> None:
    with pytest.raises(UserError, match="has not been filled yet"), open_simulation(shop.dsn):
        pass
    shop.load(SMALL)
    shop.rows("truncate simulation.run")
    shop.rows("comment on table shop.orders is 'online_retail: files 123'")
    with pytest.raises(UserError, match="the shop holds online_retail"), open_simulation(shop.dsn):
        pass
    shop.load(SMALL)
    with open_simulation(shop.dsn) as simulation:
        message = "simulates the shop already"
        with pytest.raises(UserError, match=message), open_simulation(shop.dsn):
            pass
        shop.load(Simulator(seed=4, size=2_000, last_day=LAST_DAY))
        with pytest.raises(UserError, match="loaded again"):
            simulation.advance()
    shop.rows("update simulation.run set rules = 'others'")
    with pytest.raises(UserError, match="rules have changed"), open_simulation(shop.dsn):
        pass


def test_killed_load_leaves_nothing(shop: Shop) -> None:
    shop.load(SMALL)
    content, keys = shop.content(), shop.keys()
    # A first batch has been written when it says its first word.
    kill_after(1, shop, LOADING)
    assert (shop.content(), shop.keys()) == (content, keys)


LIVING = """
import json, sys
from scripts.examples.shop.simulator.continuation import open_simulation
with open_simulation(json.load(sys.stdin)) as simulation:
    while True:
        print(simulation.advance(), flush=True)
"""
LOADING = """
import json, sys
from scripts.examples.shop.loading import load
from scripts.examples.shop.simulator import history
from scripts.examples.shop.simulator.source import Simulator
history.BATCH = 1_000
dsn, say = json.load(sys.stdin), lambda place: print(place, flush=True)
load(dsn, Simulator(seed=9), lambda held: None, say)
"""


def kill_after(lines: int, shop: Shop, script: str) -> None:
    """Run a script on the shop, kill it when it has said so many lines, see its session end."""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(json.dumps(shop.dsn))
        process.stdin.close()
        assert all(process.stdout.readline() for _ in range(lines))
        process.kill()
    others = (
        "select count(*) from pg_stat_activity where datname = 'a_shop' and pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 60
    while shop.one(others) and time.monotonic() < deadline:
        time.sleep(0.1)
