"""The rows of the tables of schema shop at a given time, in seconds since 1970.

A row exists from the time when it is recorded, and shows its state at the given time. All functions
return Arrow tables whose columns have the names in schema.sql.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.examples.shop.simulator import calendar, catalogue
from scripts.examples.shop.simulator.orders import SECONDS, Orders
from scripts.examples.shop.simulator.population import MISSING, Population

# Days between the entry of a promotion and its begin.
PLANNING_DAYS = 14


@dataclass(frozen=True)
class Window:
    """Selects the rows recorded before `until` and changed at or after `since`."""

    until: int
    since: int = 0

    def contains(self, recorded: np.ndarray, updated: np.ndarray) -> np.ndarray:
        """The mask of these rows."""
        return (recorded < self.until) & (updated >= self.since)


def reference(seed: int, window: Window) -> dict[str, pa.Table]:
    """Countries, product lines, products and promotions."""
    tables = {
        "countries": {
            "country_id": np.arange(1, len(catalogue.COUNTRIES) + 1),
            "name": np.array([country[0] for country in catalogue.COUNTRIES]),
            "iso_code": np.array([country[1] for country in catalogue.COUNTRIES]),
            **_opening_times(len(catalogue.COUNTRIES)),
        },
        "product_lines": {
            "product_line_id": np.arange(1, len(catalogue.LINES) + 1),
            "name": np.array([line[0] for line in catalogue.LINES]),
            "description": np.array([line[1] for line in catalogue.LINES]),
            **_opening_times(len(catalogue.LINES)),
        },
        "products": _products(seed, window),
        "promotions": _promotions(seed, window),
    }
    return {
        name: table(columns, window.contains(columns["recorded_at"], columns["updated_at"]))
        for name, columns in tables.items()
    }


def _opening_times(rows: int) -> dict[str, np.ndarray]:
    opened = np.full(rows, calendar.FIRST_DAY * SECONDS)
    return {"recorded_at": opened, "updated_at": opened}


def customers(people: Population, window: Window) -> pa.Table:
    """All customers who have signed up, with their present data."""
    mask = window.contains(people.signed_up, people.updated)
    position = np.flatnonzero(mask)
    country = people.country[position]
    names = _full_names()[people.first_name[position], people.last_name[position]]
    return table(
        {
            "customer_id": position + 1,
            "customer_number": numbered("C", position + 1),
            "name": names,
            "country_id": country + 1,
            "city": catalogue.CITIES[country, people.city[position]],
            "channel": catalogue.CHANNELS[people.channel[position]],
            "newsletter": people.newsletter[position],
            "signed_up_at": people.signed_up[position],
            "recorded_at": people.signed_up[position],
            "updated_at": people.updated[position],
        }
    )


def sales(orders: Orders, window: Window) -> dict[str, pa.Table]:
    """Orders, their lines and their payments."""
    return {
        "orders": _orders(orders, window),
        "order_items": _items(orders, window),
        "payments": _payments(orders, window),
    }


def _orders(orders: Orders, window: Window) -> pa.Table:
    now = window.until
    status = np.where(orders.delayed, "on hold", "placed").astype("U9")
    updated = orders.recorded.copy()
    for name in ("shipped", "completed", "cancelled"):
        event_time = getattr(orders, name)
        has_happened = event_time < now
        status[has_happened] = name
        updated[has_happened] = np.maximum(updated, event_time)[has_happened]
    mask = window.contains(orders.recorded, updated)
    letter = np.where(orders.is_return, "R", "S")
    return table(
        {
            "order_id": orders.id,
            "order_number": numbered(letter, orders.id),
            "kind": np.where(orders.is_return, "return", "sale"),
            "customer_id": optional(orders.customer + 1, orders.customer == MISSING),
            "country_id": orders.country + 1,
            "promotion_id": optional(orders.promotion, orders.promotion == 0),
            "returned_order_id": optional(orders.returned, orders.returned == 0),
            "ordered_at": orders.ordered,
            "promised_on": optional(orders.promised, orders.promised == MISSING),
            "shipped_at": optional(orders.shipped, orders.shipped >= now),
            "status": status,
            "recorded_at": orders.recorded,
            "updated_at": updated,
        },
        mask,
    )


def _items(orders: Orders, window: Window) -> pa.Table:
    order = orders.line_order
    recorded = orders.recorded[order]
    is_corrected = orders.line_corrected < window.until
    updated = np.where(is_corrected, orders.line_corrected, recorded)
    return table(
        {
            "order_id": orders.id[order],
            "line_number": orders.line_number,
            "product_id": orders.line_product,
            "quantity": np.where(is_corrected, orders.line_quantity, orders.line_entered_quantity),
            "unit_price": orders.line_cents / 100,
            "discount": orders.line_discount / 1_000,
            "recorded_at": recorded,
            "updated_at": updated,
        },
        window.contains(recorded, updated),
    )


def _payments(orders: Orders, window: Window) -> pa.Table:
    return table(
        {
            "payment_id": orders.id,
            "payment_number": numbered("P", orders.id),
            "order_id": orders.id,
            "customer_id": optional(orders.customer + 1, orders.customer == MISSING),
            "paid_at": orders.paid,
            "amount": orders.cents / 100,
            "method": catalogue.METHODS[orders.method],
            "recorded_at": orders.paid,
            "updated_at": orders.paid,
        },
        window.contains(orders.paid, orders.paid),
    )


def _products(seed: int, window: Window) -> dict[str, np.ndarray]:
    today = int(window.until - 1) // SECONDS
    products = catalogue.products(seed)
    level, changed = calendar.prices(seed, today)
    launched = calendar.FIRST_DAY + products["launched"]
    line = products["line"]
    return {
        "product_id": np.arange(1, len(line) + 1),
        "sku": products["sku"],
        "name": products["name"],
        "product_line_id": line + 1,
        "list_price": np.rint(products["cents"] * level[line]) / 100,
        "recorded_at": launched * SECONDS,
        "updated_at": np.maximum(launched, changed[line]) * SECONDS,
    }


def _promotions(seed: int, window: Window) -> dict[str, np.ndarray]:
    last = calendar.as_date(int(window.until) // SECONDS + PLANNING_DAYS).year
    first = calendar.as_date(calendar.FIRST_DAY).year
    years = range(first, last + 1)
    promotions = [each for year in years for each in calendar.promotions(seed, year)]
    recorded = np.array([(each.starts - PLANNING_DAYS) * SECONDS for each in promotions])
    lines = np.array([MISSING if each.line is None else each.line for each in promotions])
    return {
        "promotion_id": np.array([each.id for each in promotions]),
        "name": np.array([each.name for each in promotions]),
        "product_line_id": optional(lines + 1, lines == MISSING),
        "discount": np.array([each.discount for each in promotions]),
        "starts_on": np.array([each.starts for each in promotions]),
        "ends_on": np.array([each.ends for each in promotions]),
        "recorded_at": recorded,
        "updated_at": recorded,
    }


@cache
def _full_names() -> np.ndarray:
    """Every first name (rows) with every last name (columns)."""
    return np.array(
        [[f"{first} {last}" for last in catalogue.LAST_NAMES] for first in catalogue.FIRST_NAMES]
    )


def numbered(letter: str | np.ndarray, numbers: np.ndarray) -> pa.Array:
    """Business keys such as C00000042."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 8, "0")
    return pc.binary_join_element_wise(
        letter if isinstance(letter, str) else pa.array(letter), digits, ""
    )


def optional(values: np.ndarray, missing: np.ndarray) -> np.ma.MaskedArray:
    """The values, with NULL where `missing` is true."""
    return np.ma.masked_array(values, missing)


def table(columns: dict[str, np.ndarray], mask: np.ndarray | None = None) -> pa.Table:
    """An Arrow table of the selected rows; …_at are seconds since 1970, …_on are days."""
    rows = pa.table({name: _array(name, values) for name, values in columns.items()})
    return rows if mask is None else rows.filter(pa.array(mask))


def _array(name: str, values: np.ndarray | pa.Array) -> pa.Array:
    if name.endswith("_at"):
        return pa.array(values.astype(np.int64)).view(pa.timestamp("s", "UTC"))
    if name.endswith("_on"):
        return pa.array(values.astype(np.int32)).view(pa.date32())
    return values if isinstance(values, pa.Array) else pa.array(values)
