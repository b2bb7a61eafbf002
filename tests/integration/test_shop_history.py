"""A shop that lives on: what is built on it grows by what is new; no past day learns of later ones.

A small simulated shop is loaded up to a day and built, lives on, and is built again, twice.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date

import psycopg2
import pytest

from scripts.data.sample import load_sample
from scripts.errors import UserError
from scripts.examples.shop.loading import load
from scripts.examples.shop.simulator import calendar
from scripts.examples.shop.simulator.continuation import open_simulation
from scripts.examples.shop.simulator.source import Simulator
from scripts.stack.build import build

from ..conftest import Warehouse, new_server

# Two of the lines that were keyed in wrong before are put right in these days.
UNTIL, DAYS = date(2024, 11, 10), 16
GROUPS = ("deliveries", "prices", "product_mix", "profile", "returns", "rfm", "tenure")
SHOP = ("staging", "vault", "marts", "features")
MODELS = ("churn", "segments", "pred_churn*", "pred_segments*", "rpt_sales")
PAST = "select * from {} where as_of < %s order by customer_key, as_of"
VAULT = """
    select relname from pg_class
    where relnamespace = 'vault'::regnamespace and relkind = 'r' and relname ~ '^(hub|link|sat)_'
    order by relname
"""


@dataclass
class Shop:
    """The warehouse after the second build, and what was seen on the way."""

    warehouse: Warehouse
    past: dict[str, list] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    # The transaction after which each of the three builds wrote.
    marks: list[int] = field(default_factory=list)

    def rows(self, query: str, *values: object) -> list[tuple]:
        with (
            closing(psycopg2.connect(**self.warehouse.dsn("transformer"))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query, values)
            return cursor.fetchall()

    def do(self, statement: str) -> None:
        with (
            closing(psycopg2.connect(**self.warehouse.dsn("transformer"))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def one(self, query: str, *values: object):
        ((value,),) = self.rows(query, *values)
        return value

    def build(self, *selected: str, tested: bool = False) -> None:
        """`tested`: dbt's tests too. What they find in the first build, others look at."""
        self.marks.append(self.one("select pg_current_xact_id()::text::bigint"))
        self.make(*selected, tested=tested)

    def make(self, *selected: str, tested: bool = False, tests: str = "all") -> None:
        with pytest.MonkeyPatch.context() as patch:
            # Cautious: a test that asks a table of another model too has nothing to ask here.
            patch.setenv("DBT_INDIRECT_SELECTION", "cautious" if tested else "empty")
            warehouse = self.warehouse
            build(warehouse.settings, warehouse.stack, selected, show=False, tests=tests)

    def sound_up_to(self, test: str):
        """The load date up to which rows are known to have passed a test."""
        load_date = "select split_part(mark, ' | ', 1)::timestamp from vault.build_marks"
        name = f"sound test.glasshouse.{test.replace('*', '%')}"
        return self.one(f"{load_date} where name like %s", name)

    def written(self, table: str, number: int) -> int:
        """Rows of a table that the build of that number, or a later one, has written."""
        mark = self.marks[number]
        return self.one(f"select count(*) from {table} where xmin::text::bigint > %s", mark)

    def counts(self) -> dict[str, int]:
        """Rows of each table of the vault."""
        names = [name for (name,) in self.rows(VAULT)]
        return {name: self.one(f"select count(*) from vault.{name}") for name in names}

    def today(self) -> dict[str, list]:
        """Today's snapshot, feature group by feature group."""
        day = self.one("select max(as_of) from features.feat_customer__snapshots")
        today = "select * from features.feat_customer__{} where as_of = %s order by customer_key"
        return {group: self.rows(today.format(group), day) for group in GROUPS}

    def described(self) -> dict[str, list]:
        """Every past snapshot, feature group by feature group, and the labels."""
        tables = [f"feat_customer__{group}" for group in GROUPS] + ["feat_customer__training"]
        return {each: self.rows(PAST.format(f"features.{each}"), UNTIL) for each in tables}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with new_server(tmp_path_factory.mktemp("shop") / ".stack") as warehouse:
        shop = Shop(warehouse)
        source = Simulator(size=25_000, last_day=calendar.number(UNTIL))
        load(warehouse.dsn("transformer"), source, lambda held: None, lambda place: None)
        load_sample(warehouse.dsn("transformer"), warehouse.settings.state / "data")
        shop.build(*SHOP, "rpt_sales")
        shop.past, shop.before = shop.described(), shop.counts()
        with open_simulation(warehouse.dsn("transformer")) as simulation:
            for _ in range(DAYS):
                simulation.advance()
        shop.build(*SHOP, *MODELS, tested=True)
        yield shop


def test_no_past_day_learns_of_later_ones(shop: Shop) -> None:
    """The features of a past day are those computed when nothing later was there to be known."""
    now = shop.described()
    for name, rows in shop.past.items():
        assert len(rows) > 100, name
        assert now[name] == rows, name


def test_the_vault_only_grows(shop: Shop) -> None:
    after = shop.counts()
    for name, count in after.items():
        # What stood there stands there: the second build has written what is new, and that alone.
        assert shop.written(f"vault.{name}", 1) == count - shop.before[name], name
    assert after["sat_order__status"] - after["hub_order"] > 20, "no order has changed"
    assert after["sat_order_line"] > after["link_order__product"], "no line was corrected"
    assert shop.one("select count(*) from vault.hub_order where known_at >= %s", UNTIL) > 10


def test_only_lines_with_news_are_written_anew(shop: Shop) -> None:
    lines = (
        "select count(*) from shop.order_items as items join shop.orders using (order_id) where "
    )
    told = "greatest(items.updated_at, orders.recorded_at) >= %s::date + 1"
    changed = shop.one(
        f"{lines} greatest(items.updated_at, orders.updated_at) >= %s::date + 1", UNTIL
    )
    # That an order went out is nothing to the bridge; that it was cancelled is.
    cancelled = "orders.updated_at >= %s::date + 1 and status = 'cancelled'"
    of_the_bridge = shop.one(f"{lines} {told} or {cancelled}", UNTIL, UNTIL)
    total = shop.one("select count(*) from marts.fct_order_lines")
    assert 0 < of_the_bridge < changed < total / 4
    expected = {"vault.bridge_order_lines": of_the_bridge, "marts.fct_order_lines": changed}
    for table, count in expected.items():
        key = f"select count(distinct order_line_key) from {table}"
        written = shop.one(f"{key} where xmin::text::bigint > %s", shop.marks[1])
        assert written == count, table
    # Who has moved takes all lines along into the wide table.
    assert changed <= shop.written("marts.obt_order_lines", 1) < total / 2


def test_a_build_without_news_writes_nothing(shop: Shop) -> None:
    tables = [f"vault.{name}" for name in shop.counts()]
    tables += ["vault.bridge_order_lines", "marts.fct_order_lines", "marts.fct_payments"]
    tables += ["marts.obt_order_lines", "predictions.pred_churn", "predictions.pred_segments"]
    shop.build(*SHOP, *MODELS)
    written = {table: shop.written(table, 2) for table in tables}
    assert written == dict.fromkeys(tables, 0)


def test_a_refresh_tests_what_has_arrived_since_it_was_sound(shop: Shop) -> None:
    """A key that is there twice: unseen among the rows known to be sound, found among new ones."""
    test = "sound_rows_hub_country_*"
    sound = shop.sound_up_to(test)
    assert sound >= shop.one("select max(load_date) from vault.hub_order")
    shop.do("insert into vault.hub_country select * from vault.hub_country limit 1")
    shop.make(test, tests="news")
    try:
        shop.do(
            "insert into vault.hub_country"
            " select (jsonb_populate_record(hubs, jsonb_build_object('load_date', now()))).*"
            " from vault.hub_country as hubs limit 1"
        )
        with pytest.raises(UserError, match="failed"):
            shop.make(test, tests="news")
    finally:
        shop.do(
            "delete from vault.hub_country as hubs using vault.hub_country as others"
            " where others.country_key = hubs.country_key and others.ctid < hubs.ctid"
        )
    assert shop.sound_up_to(test) == sound


def test_what_is_sound_is_known_test_by_test(shop: Shop) -> None:
    """Of a table, once it and all that grows before it were built; whatever became of others."""
    country, payments = "sound_rows_hub_country_*", "sound_rows_fct_payments_*"
    before = {name: shop.sound_up_to(name) for name in (country, payments)}
    # The payments that may wait in the vault come into the star later, with today's load date.
    shop.make("stg_shop__countries", "stage_countries", "hub_country", "fct_payments", tested=True)
    assert shop.sound_up_to(country) > before[country]
    assert shop.sound_up_to(payments) == before[payments]


def test_sales_grow_as_if_they_had_been_counted_anew(shop: Shop) -> None:
    """Over the end of a month, which shows that month for the first time, and ends a year."""
    counted = """
        select
            month, country, channel, product_line, is_last_year, count(*), sum(revenue),
            sum(revenue_before), count(distinct order_id), count(distinct order_before_id),
            count(distinct customer_id), count(distinct customer_before_id)
        from reports.rpt_sales
        group by 1, 2, 3, 4, 5
        order by 1, 2, 3, 4, 5
    """
    months = "select count(distinct month) from reports.rpt_sales"
    before, mark = shop.one(months), shop.one("select pg_current_xact_id()::text::bigint")
    with open_simulation(shop.warehouse.dsn("transformer")) as simulation:
        while simulation.advance().day < date(2024, 11, 30):
            pass
    shop.make(*SHOP, "rpt_sales")
    grown = shop.rows(counted)
    assert shop.one(months) == before + 1
    untouched = "select count(*) from reports.rpt_sales where xmin::text::bigint <= %s"
    assert shop.one(untouched, mark) > shop.one("select count(*) / 2 from reports.rpt_sales")
    shop.do("drop table reports.rpt_sales cascade")
    shop.make("rpt_sales")
    assert shop.rows(counted) == grown


def test_customers_carried_over_to_today_are_those_who_bought_within_a_year(shop: Shop) -> None:
    day = shop.one("select max(as_of) from features.feat_customer__snapshots where is_current")
    bought = shop.rows(
        """
        select customer_key, max(date_day) from marts.fct_order_lines
        where kind = 'sale' and status <> 'cancelled' group by customer_key
        """
    )
    # Who has no name has no customer key of their own.
    active = {key for key, last in bought if (day - last).days < 365 and set(key) != {"0", "-"}}
    current = "select customer_key from features.feat_customer__snapshots where is_current"
    assert {key for (key,) in shop.rows(current)} == active


def test_described_anew_with_all_the_history_they_are_the_same(shop: Shop) -> None:
    """Not because they were left alone: forgotten, and computed from a vault that knows more.

    What was carried over to today differs from that by the rounding of floating point at most. Last
    of all, because that is enough to make a prediction another.
    """
    today = shop.today()
    for group in GROUPS:
        with (
            closing(psycopg2.connect(**shop.warehouse.dsn("transformer"))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"truncate features.feat_customer__{group}")
    shop.make("features.customer", "feat_customer__training")
    assert shop.described() == shop.past
    for group, rows in shop.today().items():
        assert len(rows) == len(today[group]) > 100, group
        for anew, carried in zip(rows, today[group], strict=True):
            for value, was in zip(anew, carried, strict=True):
                is_float = isinstance(value, float)
                assert was == (pytest.approx(value, rel=1e-9) if is_float else value), group


def test_another_shop_starts_anew(shop: Shop) -> None:
    """The last of these tests: what was kept of the shop is gone, and so is the word about it."""
    kept = "select count(*) from vault.build_marks where name ~ '^(sound|known|described) '"
    assert shop.one(kept) > 50
    shop.do("comment on table shop.orders is 'another shop, until 2026-01-01'")
    shop.make("stg_shop__countries", tests="news")
    assert shop.one(kept) == 0
    assert shop.one("select to_regclass('vault.hub_order') is null")
