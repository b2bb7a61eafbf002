"""Conversions on request: CONVERT="price:money, ordered_on:dmy".

Each conversion has the SQL type of its result and a function that returns the converted text, or
None for a value that it does not convert.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from scripts.data.types import as_numeric
from scripts.errors import UserError

SIGN = r"(?:[$€£¥₹₽₩₺]|[A-Z]{3})?"
AMOUNT = re.compile(rf"(-?)\s*{SIGN}\s*(-?[\d.,' \u00a0\u202f]+?)\s*{SIGN}").fullmatch
GROUPED_POINT = re.compile(r"-?\d{1,3}(?:[,' \u00a0\u202f]\d{3})+(?:\.\d+)?").fullmatch
GROUPED_COMMA = re.compile(r"-?\d{1,3}(?:[.' \u00a0\u202f]\d{3})+(?:,\d+)?").fullmatch
PLAIN_POINT = re.compile(r"-?\d+(?:\.\d+)?").fullmatch
PLAIN_COMMA = re.compile(r"-?\d+(?:,\d+)?").fullmatch
# 1,234 and 1.234 are a thousand to some readers and one and a bit to others.
AMBIGUOUS = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}").fullmatch
DAY_PARTS = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})").fullmatch


@dataclass(frozen=True)
class Conversion:
    """What CONVERT= can ask for."""

    name: str
    type: str
    meaning: str
    convert: Callable[[str], str | None]


def money(value: str) -> str | None:
    """$1,234.50, 1.234,50 € or 12 USD as a number; the decimal mark is read from each value.

    A value that both marks explain ($1,234) is not converted.
    """
    number = _amount(value)
    return None if AMBIGUOUS(number) else decimal_point(number) or decimal_comma(number)


def money_point(value: str) -> str | None:
    """$1,234 as 1234."""
    return decimal_point(_amount(value))


def money_comma(value: str) -> str | None:
    """1.234 € as 1234."""
    return decimal_comma(_amount(value))


def percent(value: str) -> str | None:
    """28% as the number 28."""
    stripped = value.removesuffix("%").strip()
    return decimal_point(stripped) or decimal_comma(stripped) if value.endswith("%") else None


def decimal_comma(value: str) -> str | None:
    """1.234,5 as 1234.5."""
    if not (PLAIN_COMMA(value) or GROUPED_COMMA(value)):
        return None
    return _number(re.sub(r"[.' \u00a0\u202f]", "", value).replace(",", "."))


def decimal_point(value: str) -> str | None:
    """1,234.5 as 1234.5."""
    if not (PLAIN_POINT(value) or GROUPED_POINT(value)):
        return None
    return _number(re.sub(r"[,' \u00a0\u202f]", "", value))


def day_month_year(value: str) -> str | None:
    """31/12/2024, 31.12.2024 or 31-12-2024 as a date."""
    match = DAY_PARTS(value)
    return _date(match[3], match[2], match[1]) if match else None


def month_day_year(value: str) -> str | None:
    """12/31/2024 as a date."""
    match = DAY_PARTS(value)
    return _date(match[3], match[1], match[2]) if match else None


def yes_no(value: str) -> str | None:
    """yes, y, true, t and 1 as true; no, n, false, f and 0 as false."""
    lower = value.lower()
    if lower in ("yes", "y", "true", "t", "1"):
        return "true"
    return "false" if lower in ("no", "n", "false", "f", "0") else None


CONVERSIONS = {
    conversion.name: conversion
    for conversion in (
        Conversion("money", "numeric", "amounts with a currency sign or thousands marks", money),
        Conversion("money_point", "numeric", "$1,234 becomes 1234", money_point),
        Conversion("money_comma", "numeric", "1.234 € becomes 1234", money_comma),
        Conversion("percent", "numeric", "28% becomes 28", percent),
        Conversion("comma", "numeric", "1.234,5 becomes 1234.5", decimal_comma),
        Conversion("point", "numeric", "1,234.5 becomes 1234.5", decimal_point),
        Conversion("dmy", "date", "31/12/2024 becomes 2024-12-31", day_month_year),
        Conversion("mdy", "date", "12/31/2024 becomes 2024-12-31", month_day_year),
        Conversion("yes_no", "boolean", "yes and no become true and false", yes_no),
        Conversion("text", "text", "keeps each value as it is written", lambda value: value),
    )
}


def parse_conversions(text: str, columns: list[str]) -> dict[str, Conversion]:
    """What CONVERT= says, by column; a column or conversion that does not exist is an error."""
    conversions = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        column, _, name = (part.strip() for part in entry.partition(":"))
        if column not in columns:
            raise UserError(
                f'CONVERT names "{column}", which is no column of the file',
                f"choose from {', '.join(columns[:20])}",
            )
        if name not in CONVERSIONS:
            meanings = "; ".join(f"{each.name} ({each.meaning})" for each in CONVERSIONS.values())
            raise UserError(
                f'CONVERT cannot make "{name}" of column {column}',
                f'write CONVERT="{column}:name" with one of: {meanings}',
            )
        conversions[column] = CONVERSIONS[name]
    return conversions


def _amount(value: str) -> str:
    """The digits and marks of an amount without its currency; empty where it is none."""
    match = AMOUNT(value)
    return match[1] + match[2].strip() if match else ""


def _number(text: str) -> str | None:
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, fraction = digits.partition(".")
    if len(whole) > 1 and whole.startswith("0"):
        return None  # a code, such as a postal code
    return as_numeric(f"{sign}{whole}{point}{fraction}") or (
        "0" if not digits.strip("0.") else None
    )


def _date(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
