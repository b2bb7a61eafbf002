"""Shops that are loaded from files: special cases, truncated files, and exact totals."""

import csv
import gzip
import re
from decimal import Decimal
from pathlib import Path

import pytest

from scripts.errors import UserError
from scripts.examples.shop import sources
from tests.integration.conftest import Shop

FOUR = {
    "customers.csv": "customer_id,country\n7,EIRE\n8,United Kingdom\n",
    "products.csv": "stock_code,description\n22111,SCOTTIE DOG HOT WATER BOTTLE\n"
    "85123A,WHITE T-LIGHT\n85123a,\nM,Manual\nB,Adjust bad debt\n",
    "invoices.csv": "invoice_no,invoice_ts,customer_id,country\n"
    "536365,2010-12-01 08:26:00,8,United Kingdom\n536370,2010-12-02 10:00:00,,France\n"
    "C536379,2010-12-03 09:41:00,8,United Kingdom\nA563186,2011-08-12 14:51:00,,United Kingdom\n"
    "536999,2011-09-01 10:00:00,9,France\n",
    "invoice_lines.csv": "invoice_no,line_no,stock_code,quantity,unit_price\n"
    "536365,1,85123A,6,2.555\n536365,2,22111,1,4.95\n536370,1,85123a,-3,0\n"
    "C536379,1,85123A,-2,2.555\nA563186,1,B,1,-11062.06\n536999,1,M,1,0\n536999,2,20000,2,1\n",
}


def four_files(folder: Path, **texts: str) -> Path:
    for name, text in FOUR.items():
        (folder / name).write_text(texts.get(name.removesuffix(".csv"), text))
    return folder


def test_online_retail_special_cases(shop: Shop, tmp_path: Path) -> None:
    source = sources.select_source("online_retail", str(four_files(tmp_path)))
    assert shop.load(source) == "3 customers, 5 orders, 7 lines"
    assert shop.load(source, replace=False).startswith("already there")
    assert shop.rows(
        "select order_number, kind, customer_id, iso_code, ordered_at::text,"
        " sum(quantity * unit_price)::float from shop.orders join shop.countries using (country_id)"
        " join shop.order_items using (order_id) group by 1, 2, 3, 4, 5 order by 5"
    ) == [
        ("536365", "sale", 8, "GB", "2010-12-01 08:26:00+00", 20.28),
        ("536370", "sale", None, "FR", "2010-12-02 10:00:00+00", 0.00),
        ("C536379", "return", 8, "GB", "2010-12-03 09:41:00+00", -5.11),
        ("A563186", "sale", None, "GB", "2011-08-12 14:51:00+00", -11062.06),
        ("536999", "sale", 9, "FR", "2011-09-01 10:00:00+00", 2.00),
    ]
    assert shop.rows(
        "select sku, p.name, l.name from shop.products p join shop.product_lines l"
        ' using (product_line_id) order by sku collate "C"'
    ) == [
        ("20000", None, "Home and gifts"),
        ("22111", "SCOTTIE DOG HOT WATER BOTTLE", "Kitchen"),
        ("85123A", "WHITE T-LIGHT", "Lights and candles"),
        ("85123a", None, "Home and gifts"),
        ("B", "Adjust bad debt", "Services and fees"),
        ("M", "Manual", "Services and fees"),
    ]
    assert shop.rows(
        "select customer_id, iso_code, signed_up_at::date::text from shop.customers"
        " join shop.countries using (country_id) order by 1"
    ) == [(7, "IE", None), (8, "GB", "2010-12-01"), (9, "FR", "2011-09-01")]


def test_published_table_gives_same_shop(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "Online Retail.csv"
    path.write_bytes(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,WHITE T-LIGHT,6,12/1/2010 8:26,2.555,17850.0,United Kingdom\n"
        "536365,22111,CAF\xc9 BOTTLE,1,12/1/2010 8:26,4.95,17850.0,United Kingdom\n"
        "C536379,85123A,,-2,12/3/2010 9:41,2.555,,France\n".encode("latin1")
    )
    shop.load(sources.select_source("online_retail", str(path)))
    assert shop.rows(
        "select order_number, kind, customer_number, line_number, sku, p.name, quantity"
        " from shop.order_items join shop.orders o using (order_id) join shop.products p"
        " using (product_id) left join shop.customers c on c.customer_id = o.customer_id"
        " order by order_id, line_number"
    ) == [
        ("536365", "sale", "17850", 1, "85123A", "WHITE T-LIGHT", 6),
        ("536365", "sale", "17850", 2, "22111", "CAFÉ BOTTLE", 1),
        ("C536379", "return", None, 1, "85123A", "WHITE T-LIGHT", -2),
    ]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("invoice_lines", FOUR["invoice_lines.csv"] + "536365,3,M,many,1\n",
         r"invoice_lines\.csv, line 9, column quantity: invalid input syntax .* integer: .many"),
        ("invoice_lines", FOUR["invoice_lines.csv"] + "536365,3,M\n",
         r"invoice_lines\.csv, line 9: missing data for column .quantity"),
        ("customers", "customer,country\n1,France\n", r"customers\.csv has no column customer_id"),
        ("customers", "", r"customers\.csv has no column customer_id; it has nothing"),
        ("invoice_lines", FOUR["invoice_lines.csv"] + "536365,2,M,1,1\n",
         r"duplicate key value .*order_items_pkey"),
    ],
)  # fmt: skip
def test_truncated_file_changes_nothing(
    shop: Shop, tmp_path: Path, file: str, text: str, message: str
) -> None:
    shop.load(sources.select_source("online_retail", str(four_files(tmp_path))))
    content = shop.content()
    four_files(tmp_path, **{file: text})
    with pytest.raises(UserError, match=message) as caught:
        shop.load(sources.select_source("online_retail", str(tmp_path)))
    assert "\n" not in caught.value.line
    assert re.search("the shop is unchanged|as it was published", caught.value.line)
    assert shop.content() == content


def test_real_online_retail_totals(shop: Shop, data_folder: Path) -> None:
    folder = require_folder(data_folder / "online_retail")
    assert shop.load(sources.select_source("online_retail", str(folder))) == (
        "4,372 customers, 25,900 orders, 541,909 lines"
    )
    total = {"sale": Decimal(0), "return": Decimal(0)}
    with gzip.open(folder / "invoice_lines.csv.gz", "rt") as file:
        for line in csv.DictReader(file):
            kind = "return" if line["invoice_no"].startswith("C") else "sale"
            total[kind] += int(line["quantity"]) * Decimal(line["unit_price"])
    assert (
        dict(
            shop.rows(
                "select kind, sum(quantity * unit_price) from shop.order_items"
                " join shop.orders using (order_id) group by 1"
            )
        )
        == total
    )
    assert shop.one("select count(*) from shop.orders where customer_id is null") == 25_900 - 22_190
    assert (
        shop.one(
            "select count(*) from shop.order_items join shop.orders using (order_id)"
            " where customer_id is null"
        )
        == 135_080
    )


def test_real_classicmodels_totals(shop: Shop, data_folder: Path) -> None:
    folder = require_folder(data_folder / "classicmodels")
    source = sources.select_source("classicmodels", str(folder))
    assert shop.load(source) == "122 customers, 326 orders, 2,996 lines"
    assert shop.load(source, replace=False).startswith("already there")

    def total(file: str, *columns: str) -> Decimal:
        with (folder / f"{file}.csv").open() as stream:
            rows = [[Decimal(row[name]) for name in columns] for row in csv.DictReader(stream)]
        return sum((row[0] * row[-1] if len(row) > 1 else row[0] for row in rows), Decimal(0))

    assert shop.one("select sum(quantity * unit_price) from shop.order_items") == total(
        "orderdetails", "quantityOrdered", "priceEach"
    )
    assert shop.one("select sum(amount) from shop.payments") == total("payments", "amount")
    assert shop.one("select count(distinct country_id) from shop.customers") == 27
    assert dict(shop.rows("select status, count(*) from shop.orders group by 1")) == {
        "shipped": 303, "cancelled": 6, "placed": 6, "completed": 4, "on hold": 4, "disputed": 3,
    }  # fmt: skip
    assert shop.rows(
        "select channel, count(*) from shop.customers where channel = 'Paris' group by 1"
    ) == [("Paris", 29)]


def require_folder(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"needs {folder}, which is not there")
    return folder
