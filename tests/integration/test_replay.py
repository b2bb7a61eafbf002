"""make replay: a shop that goes back and lets its rows arrive again ends as it was."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.examples.shop import sources
from scripts.examples.shop.replay import recorded_shop
from scripts.examples.shop.simulator import calendar
from scripts.examples.shop.simulator.source import Simulator
from tests.integration.conftest import Shop
from tests.integration.test_source_files import four_files

LAST_DAY = calendar.FIRST_DAY + 110
DAY = timedelta(days=1)
LOADS = "select load_id from shop.load"


def newest(shop: Shop) -> date:
    return shop.one("select max(recorded_at)::date from shop.orders")


def test_simulated_shop_is_simulated_again(shop: Shop) -> None:
    shop.load(Simulator(seed=3, size=150_000, last_day=LAST_DAY))
    content, load = shop.content(), shop.one(LOADS)
    recorded, first = recorded_shop(shop.dsn), calendar.as_date(LAST_DAY - 9)
    recorded.rewind(first)
    assert newest(shop) == first - DAY
    assert shop.one(LOADS) != load, "the vault holds the history of other rows"
    before = shop.one("select count(*) from shop.orders")
    orders = recorded.advance(first, 7) + recorded.advance(first + 7 * DAY, 3)
    assert orders == shop.one("select count(*) from shop.orders") - before
    assert shop.content() == content
    with pytest.raises(UserError, match="cannot continue on 2023-01-02"):
        recorded.rewind(date(2023, 1, 2))
    assert shop.content() == content


def test_rows_of_files_wait_and_arrive(shop: Shop, tmp_path: Path) -> None:
    shop.load(sources.select_source("online_retail", str(four_files(tmp_path))))
    content, keys, load = shop.content(), shop.keys(), shop.one(LOADS)
    recorded = recorded_shop(shop.dsn)
    # A second replay begins while rows of the first still wait.
    for first in (date(2011, 9, 1), date(2010, 12, 2)):
        recorded.rewind(first)
        assert newest(shop) < first
        assert shop.keys() == keys
    assert shop.one(LOADS) != load
    assert shop.one("select obj_description('shop.orders'::regclass)").count("replayed from") == 1
    assert recorded.advance(date(2010, 12, 2), 2) == 2
    assert shop.rows("select order_number from shop.orders order by recorded_at") == [
        ("536365",), ("536370",), ("C536379",)
    ]  # fmt: skip
    assert recorded.advance(date(2010, 12, 4), 365) == 2
    assert shop.content() == content
    with pytest.raises(UserError, match="no orders before 2010-12-01"):
        recorded.rewind(date(2010, 12, 1))
    assert shop.content() == content


def test_changed_rows_cannot_be_repeated(shop: Shop, tmp_path: Path) -> None:
    shop.load(sources.select_source("online_retail", str(four_files(tmp_path))))
    shop.rows("update shop.products set updated_at = recorded_at + interval '1 day'")
    content = shop.content()
    with pytest.raises(UserError, match=r"6 rows of shop\.products changed"):
        recorded_shop(shop.dsn).rewind(date(2011, 1, 1))
    assert shop.content() == content


def test_empty_database_is_one_error(shop: Shop) -> None:
    with pytest.raises(UserError, match="not been filled"):
        recorded_shop(shop.dsn)
