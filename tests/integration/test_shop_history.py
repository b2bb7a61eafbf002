"""Incremental tables of a growing shop equal a full build.

A small simulated shop is loaded up to a day and built, in a copy of the project without models and
reports. It lives on, is corrected, and the project is changed; after each step the source, the star
and the wide table agree, and the last step compares everything with a build from nothing.
"""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg2
import pytest

from scripts.errors import UserError
from scripts.examples.shop.loading import load
from scripts.examples.shop.simulator import calendar
from scripts.examples.shop.simulator.continuation import open_simulation
from scripts.examples.shop.simulator.source import Simulator
from scripts.stack import dbt_state
from scripts.stack.build import build, refresh
from scripts.stack.processes import find_by_tag

from ..clusters import cluster
from ..conftest import ROOT, Warehouse

# Two of the lines that were keyed in wrong before are corrected in these days.
UNTIL, DAYS = date(2024, 11, 10), 16
GROUPS = ("deliveries", "prices", "product_mix", "profile", "returns", "rfm", "tenure")
LEFT_OUT = ("models/ml", "models/predictions", "models/reports", "models/exposures.yml")
TABLES = {
    "vault.bridge_order_lines": "order_line_key, valid_from",
    "marts.fct_order_lines": "order_line_key",
    "marts.obt_order_lines": "order_line_key",
    "marts.fct_payments": "payment_key",
    **{f"features.feat_customer__{group}": "customer_key, as_of" for group in GROUPS},
}
REVENUE = """
    select
        (
            select sum(items.quantity * items.unit_price * (1 - items.discount))
            from shop.order_items as items join shop.orders using (order_id)
            where status <> 'cancelled'
        ) as source,
        (select sum(net_amount) from marts.fct_order_lines) as star,
        (select sum(net_amount) from marts.obt_order_lines) as wide,
        (select count(*) from shop.order_items) as source_lines,
        (select count(*) from marts.fct_order_lines) as star_lines,
        (select count(*) from marts.obt_order_lines) as wide_lines
"""
VAULT = """
    select relname from pg_class
    where relnamespace = 'vault'::regnamespace and relkind = 'r' and relname ~ '^(hub|link|sat)_'
    order by relname
"""


@dataclass
class Shop:
    """A warehouse, and the copy of the project that builds it."""

    warehouse: Warehouse
    root: Path

    def rows(self, query: str, *values: object) -> list[tuple]:
        with (
            closing(psycopg2.connect(**self.warehouse.dsn("transformer"))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, query: str, *values: object):
        ((value,),) = self.rows(query, *values)
        return value

    def build(self, *select: str, **options: bool) -> None:
        build(self.warehouse.settings, self.warehouse.stack, select, show=False, **options)

    def refresh(self) -> None:
        refresh(self.warehouse.settings, self.warehouse.stack)

    def live(self, days: int) -> None:
        with open_simulation(self.warehouse.dsn("transformer")) as simulation:
            for _ in range(days):
                simulation.advance()

    def change(self, file: str, old: str, new: str) -> None:
        """Edit a file of the copied project."""
        path = self.root / "dbt" / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))

    def vault(self) -> dict[str, int]:
        """Rows of each table of the vault."""
        return {
            name: self.one(f"select count(*) from vault.{name}") for (name,) in self.rows(VAULT)
        }

    def content(self, table: str, where: str = "true") -> list[tuple]:
        """A table's rows in order, without the load date."""
        columns = self.one(
            "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped"
            " and attname <> 'load_date'",
            table,
        )
        return self.rows(f"select {columns} from {table} where {where} order by {TABLES[table]}")

    def past(self) -> dict[str, list[tuple]]:
        """The features of every snapshot before the first build's last day."""
        groups = [table for table in TABLES if table.startswith("features.")]
        return {table: self.content(table, f"as_of < '{UNTIL}'") for table in groups}

    def require_agreement(self) -> None:
        """Source, star and wide table hold the same lines and the same revenue."""
        ((source, star, wide, *lines),) = self.rows(REVENUE)
        assert source == star == wide > 0
        assert len(set(lines)) == 1, lines


# dbt's tests are half of the time of a build, and are not what a test here is about.
NO_DBT_TESTS = ("DBT_EXCLUDE_RESOURCE_TYPES", "test")


@pytest.fixture(scope="module", autouse=True)
def no_dbt_tests() -> Iterator[None]:
    """Leave dbt's own tests out of all builds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*NO_DBT_TESTS)
        yield


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, no_dbt_tests: None) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("shop")
    for part in ("dbt", "udf"):
        shutil.copytree(ROOT / part, root / part)
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    for part in LEFT_OUT:
        path = root / "dbt" / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with cluster("engine", root) as warehouse:
        source = Simulator(size=25_000, last_day=calendar.number(UNTIL))
        load(warehouse.dsn("transformer"), source, lambda rows: None, lambda place: None)
        shop = Shop(warehouse, root)
        shop.build()
        yield shop


def test_refresh_appends_to_vault_and_keeps_past_snapshots(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With dbt's tests, which read only new rows in a refresh."""
    past, before = shop.past(), shop.vault()
    transaction = shop.one("select pg_current_xact_id()::text::bigint")
    shop.live(DAYS)
    monkeypatch.delenv(NO_DBT_TESTS[0])
    shop.refresh()
    after = shop.vault()
    for name, count in after.items():
        query = f"select count(*) from vault.{name} where xmin::text::bigint > %s"
        assert shop.one(query, transaction) == count - before[name], name
    assert after["sat_order__status"] > before["sat_order__status"], "no order has changed"
    assert after["sat_order_line"] > after["link_order__product"], "no line was corrected"
    for table, rows in past.items():
        assert len(rows) > 100, table
        final = f"as_of < '{UNTIL}' and xmin::text::bigint > {transaction}"
        assert shop.one(f"select count(*) from {table} where {final}") == 0, table
    assert shop.past() == past
    shop.require_agreement()


def test_late_commit_is_loaded(shop: Shop) -> None:
    """Three days before the newest row that the vault has: within the look-back window."""
    newest = shop.one("select max(updated_at) from shop.orders")
    (number,) = shop.rows(
        """
        update shop.orders set status = 'cancelled', updated_at = %s - interval '3 days'
        where order_id = (
            select order_id from shop.orders
            where status <> 'cancelled' and kind = 'sale' and updated_at < %s - interval '5 days'
            order by order_id desc limit 1
        )
        returning order_number
        """,
        newest,
        newest,
    )[0]
    shop.refresh()
    result = "select distinct status, net_amount from marts.obt_order_lines where order_number = %s"
    assert shop.rows(result, number) == [("cancelled", 0)]
    shop.require_agreement()


def test_changed_sql_rebuilds_downstream_incremental_tables(shop: Shop) -> None:
    """The fact says something else; the wide table, whose own SQL is the same, says it too."""
    query = "select count(*) from marts.obt_order_lines where line_number > 1000"
    vault = shop.vault()
    assert shop.one(query) == 0
    shop.change(
        "models/marts/fct_order_lines.sql",
        "    lines.line_number,",
        "    1000 + lines.line_number as line_number,",
    )
    shop.build()
    assert shop.one(query) == shop.one("select count(*) from marts.obt_order_lines") > 0
    assert shop.vault() == vault
    shop.require_agreement()


@pytest.mark.slow
def test_change_of_one_table_is_gone_after_it_is_taken_back(shop: Shop) -> None:
    """It was built for that table alone, so the last good build of the project has another SQL."""
    query = "select count(*) from marts.obt_order_lines where line_number > 1000"
    file = "models/marts/fct_order_lines.sql"
    number = "lines.line_number"
    text = (shop.root / "dbt" / file).read_text()
    raised = f"1000 + {number} as line_number"
    original = raised if raised in text else number
    shop.change(file, f"    {original},", f"    2000 + {number} as line_number,")
    shop.build("fct_order_lines")
    shop.change(file, f"    2000 + {number} as line_number,", f"    {number},")
    shop.build()
    assert shop.one(query) == 0
    assert shop.one("select max(line_number) < 1000 from marts.fct_order_lines")
    shop.require_agreement()


# Changed SQL, which the test above covers, takes the same way through dbt's state.
@pytest.mark.slow
def test_changed_macro_rebuilds_past_snapshots(shop: Shop) -> None:
    lines = (
        "select distinct favourite_line from features.feat_customer__product_mix"
        " where as_of < '2024-01-01' order by 1"
    )
    before = [line for (line,) in shop.rows(lines)]
    assert len(before) > 2 and before != [line.upper() for line in before]
    shop.change(
        "macros/features/product_lines.sql",
        "select names.product_key, hubs.product_line",
        "select names.product_key, upper(hubs.product_line) as product_line",
    )
    shop.build()
    assert [line for (line,) in shop.rows(lines)] == sorted(line.upper() for line in before)


def test_refresh_recovers_from_killed_refresh(shop: Shop) -> None:
    """Killed when the vault has grown and the star has not yet."""
    shop.live(1)
    last_load_date = shop.one("select max(load_date) from vault.sat_order__status")
    settings, kill_event = shop.warehouse.settings, threading.Event()

    def kill() -> None:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and not kill_event.is_set():
            if shop.one("select max(load_date) from vault.sat_order__status") > last_load_date:
                for process in find_by_tag(settings.state, "tool"):
                    os.kill(process, signal.SIGKILL)
                    kill_event.set()
            time.sleep(0.05)

    watcher = threading.Thread(target=kill)
    watcher.start()
    try:
        with pytest.raises(UserError, match="failed"):
            shop.refresh()
        assert kill_event.wait(1)
    finally:
        kill_event.set()
        watcher.join()
    shop.refresh()
    shop.require_agreement()


def test_incremental_tables_equal_full_build(shop: Shop) -> None:
    incremental_content, vault = {table: shop.content(table) for table in TABLES}, shop.vault()
    dbt_state.forget(shop.warehouse.settings)
    # The comment does not make it another shop, so the vault stays.
    shop.rows("comment on table shop.orders is 'another shop, until 1999-01-01'")
    shop.build()
    assert shop.vault() == vault
    for table, rows in incremental_content.items():
        anew = shop.content(table)
        assert len(anew) == len(rows) > 100, table
        for row, was in zip(anew, rows, strict=True):
            for value, before in zip(row, was, strict=True):
                # A sum of floats depends on the order of the rows.
                expected = pytest.approx(before, rel=1e-9) if isinstance(before, float) else before
                assert value == expected, table


def load_other_shop(shop: Shop) -> None:
    other = Simulator(seed=2, size=10_000, last_day=calendar.number(UNTIL))
    load(shop.warehouse.dsn("transformer"), other, lambda rows: None, lambda place: None)


def test_other_shop_needs_confirmation(shop: Shop) -> None:
    vault = shop.vault()
    load_other_shop(shop)
    for command in (shop.build, shop.refresh):
        with pytest.raises(UserError, match="Another shop") as error:
            command()
        assert "YES=1" in error.value.remedy
    assert shop.vault() == vault


# One more build of everything, as the fixture and the test before make one.
@pytest.mark.slow
def test_confirmed_other_shop_replaces_everything(shop: Shop) -> None:
    vault = shop.vault()
    load_other_shop(shop)
    shop.build(replace_shop=True)
    shop.require_agreement()
    orders = shop.one("select count(*) from shop.orders")
    assert shop.one("select count(*) from vault.hub_order") == orders < vault["hub_order"]
