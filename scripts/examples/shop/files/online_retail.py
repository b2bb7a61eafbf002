"""A year of a British web shop: four CSV files, or the single table that was published.

Daqing Chen, Sai Liang Sain and Kun Guo: "Data mining for the online retail industry", Journal of
Database Marketing & Customer Strategy Management 19 (2012), doi:10.1057/dbm.2012.17; data at the
UCI Machine Learning Repository, doi:10.24432/C5BW33.
"""

from pathlib import Path

from scripts.examples.shop.files.source import File, Files, in_folder

NAME = "online_retail"
TABLES = (
    File("customers", {"customer_id": "bigint", "country": "text"}),
    File("products", {"stock_code": "text", "description": "text"}),
    File(
        "invoices",
        {
            "invoice_no": "text", "invoice_ts": "timestamp", "customer_id": "bigint",
            "country": "text",
        },
    ),
    File(
        "invoice_lines",
        {
            "invoice_no": "text", "line_no": "integer", "stock_code": "text",
            "quantity": "integer", "unit_price": "numeric",
        },
    ),
)  # fmt: skip
# Column names are compared in lower case.
PUBLISHED_COLUMNS = {
    "invoiceno": "text", "stockcode": "text", "description": "text", "quantity": "integer",
    "invoicedate": "timestamp", "unitprice": "numeric", "customerid": "numeric", "country": "text",
}  # fmt: skip


def online_retail(path: Path) -> Files:
    """The source at `path`: the folder of the four files, or the CSV file of the single table."""
    if path.is_file():
        scripts = ("online_retail_one_table.sql", "online_retail.sql")
        return Files(NAME, ((File("published", PUBLISHED_COLUMNS), path),), scripts)
    return Files(NAME, in_folder(path, TABLES), ("online_retail.sql",))
