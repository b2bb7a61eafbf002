"""The sample database of a dealer in model cars (classicmodels): eight CSV files."""

from pathlib import Path

from scripts.examples.shop.files.source import File, Files, in_folder

NAME = "classicmodels"
TABLES = (
    File("offices", {"officecode": "text", "city": "text"}),
    File("employees", {"employeenumber": "bigint", "officecode": "text"}),
    File(
        "customers",
        {
            "customernumber": "bigint", "customername": "text", "city": "text", "country": "text",
            "salesrepemployeenumber": "bigint",
        },
    ),
    File("productlines", {"productline": "text", "textdescription": "text"}),
    File(
        "products",
        {"productcode": "text", "productname": "text", "productline": "text", "msrp": "numeric"},
    ),
    File(
        "orders",
        {
            "ordernumber": "bigint", "orderdate": "date", "requireddate": "date",
            "shippeddate": "date", "status": "text", "customernumber": "bigint",
        },
    ),
    File(
        "orderdetails",
        {
            "ordernumber": "bigint", "productcode": "text", "quantityordered": "integer",
            "priceeach": "numeric", "orderlinenumber": "integer",
        },
    ),
    File(
        "payments",
        {
            "customernumber": "bigint", "checknumber": "text", "paymentdate": "date",
            "amount": "numeric",
        },
    ),
)  # fmt: skip


def classicmodels(folder: Path) -> Files:
    """The source in `folder`, which contains the eight files."""
    return Files(NAME, in_folder(folder, TABLES), ("classicmodels.sql",))
