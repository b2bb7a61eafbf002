"""What stands in the tables of schema shop at a moment: the clock, seconds since 1970.

A row is there once it has been recorded, and shows what was known of it by then. Everything here
gives Arrow tables whose columns bear the names in schema.sql.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.examples.shop.simulator import calendar, catalogue
from scripts.examples.shop.simulator.orders import SECONDS, Orders
from scripts.examples.shop.simulator.population import NOBODY, Population

PLAN_AHEAD = 14


@dataclass(frozen=True)
class Window:
    """The rows wanted: those recorded before `until` and changed at or after `since`."""

    until: int
    since: int = 0

    def holds(self, recorded: np.ndarray, updated: np.ndarray) -> np.ndarray:
        """Which rows those are."""
        return (recorded < self.until) & (updated >= self.since)


def reference(seed: int, window: Window) -> dict[str, pa.Table]:
    """Countries, product lines, products and promotions."""
    tables = {
        "countries": {
            "country_id": np.arange(1, len(catalogue.COUNTRIES) + 1),
            "name": np.array([country[0] for country in catalogue.COUNTRIES]),
            "iso_code": np.array([country[1] for country in catalogue.COUNTRIES]),
            **_from_the_first_day(len(catalogue.COUNTRIES)),
        },
        "product_lines": {
            "product_line_id": np.arange(1, len(catalogue.LINES) + 1),
            "name": np.array([line[0] for line in catalogue.LINES]),
            "description": np.array([line[1] for line in catalogue.LINES]),
            **_from_the_first_day(len(catalogue.LINES)),
        },
        "products": _products(seed, window),
        "promotions": _promotions(seed, window),
    }
    return {
        name: table(columns, window.holds(columns["recorded_at"], columns["updated_at"]))
        for name, columns in tables.items()
    }


def _from_the_first_day(rows: int) -> dict[str, np.ndarray]:
    opened = np.full(rows, calendar.FIRST_DAY * SECONDS)
    return {"recorded_at": opened, "updated_at": opened}


def customers(people: Population, window: Window) -> pa.Table:
    """Everybody who has signed up, as they are known now."""
    chosen = window.holds(people.signed_up, people.updated)
    place = np.flatnonzero(chosen)
    country = people.country[place]
    names = _names()[people.first_name[place], people.last_name[place]]
    return table(
        {
            "customer_id": place + 1,
            "customer_number": numbered("C", place + 1),
            "name": names,
            "country_id": country + 1,
            "city": catalogue.CITIES[country, people.city[place]],
            "channel": catalogue.CHANNELS[people.channel[place]],
            "newsletter": people.newsletter[place],
            "signed_up_at": people.signed_up[place],
            "recorded_at": people.signed_up[place],
            "updated_at": people.updated[place],
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
    status = np.where(orders.waits, "on hold", "placed").astype("U9")
    updated = orders.recorded.copy()
    for name in ("shipped", "completed", "cancelled"):
        at = getattr(orders, name)
        happened = at < now
        status[happened] = name
        updated[happened] = np.maximum(updated, at)[happened]
    chosen = window.holds(orders.recorded, updated)
    letter = np.where(orders.is_return, "R", "S")
    return table(
        {
            "order_id": orders.id,
            "order_number": numbered(letter, orders.id),
            "kind": np.where(orders.is_return, "return", "sale"),
            "customer_id": optional(orders.customer + 1, orders.customer == NOBODY),
            "country_id": orders.country + 1,
            "promotion_id": optional(orders.promotion, orders.promotion == 0),
            "returned_order_id": optional(orders.returned, orders.returned == 0),
            "ordered_at": orders.ordered,
            "promised_on": optional(orders.promised, orders.promised == NOBODY),
            "shipped_at": optional(orders.shipped, orders.shipped >= now),
            "status": status,
            "recorded_at": orders.recorded,
            "updated_at": updated,
        },
        chosen,
    )


def _items(orders: Orders, window: Window) -> pa.Table:
    order = orders.line_order
    recorded = orders.recorded[order]
    corrected = orders.line_corrected < window.until
    updated = np.where(corrected, orders.line_corrected, recorded)
    return table(
        {
            "order_id": orders.id[order],
            "line_number": orders.line_number,
            "product_id": orders.line_product,
            "quantity": np.where(corrected, orders.line_quantity, orders.line_slip),
            "unit_price": orders.line_cents / 100,
            "discount": orders.line_discount / 1_000,
            "recorded_at": recorded,
            "updated_at": updated,
        },
        window.holds(recorded, updated),
    )


def _payments(orders: Orders, window: Window) -> pa.Table:
    return table(
        {
            "payment_id": orders.id,
            "payment_number": numbered("P", orders.id),
            "order_id": orders.id,
            "customer_id": optional(orders.customer + 1, orders.customer == NOBODY),
            "paid_at": orders.paid,
            "amount": orders.cents / 100,
            "method": catalogue.METHODS[orders.method],
            "recorded_at": orders.paid,
            "updated_at": orders.paid,
        },
        window.holds(orders.paid, orders.paid),
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
    last = calendar.as_date(int(window.until) // SECONDS + PLAN_AHEAD).year
    first = calendar.as_date(calendar.FIRST_DAY).year
    found = [each for year in range(first, last + 1) for each in calendar.promotions(seed, year)]
    recorded = np.array([(each.starts - PLAN_AHEAD) * SECONDS for each in found])
    lines = np.array([NOBODY if each.line is None else each.line for each in found])
    return {
        "promotion_id": np.array([each.id for each in found]),
        "name": np.array([each.name for each in found]),
        "product_line_id": optional(lines + 1, lines == NOBODY),
        "discount": np.array([each.discount for each in found]),
        "starts_on": np.array([each.starts for each in found]),
        "ends_on": np.array([each.ends for each in found]),
        "recorded_at": recorded,
        "updated_at": recorded,
    }


@cache
def _names() -> np.ndarray:
    """Every first name (rows) with every last name (columns)."""
    return np.array([[f"{one} {other}" for other in catalogue.LAST_NAMES]
                     for one in catalogue.FIRST_NAMES])  # fmt: skip


def numbered(letter: str | np.ndarray, numbers: np.ndarray) -> pa.Array:
    """C00000042: what people read out on the telephone."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 8, "0")
    return pc.binary_join_element_wise(
        letter if isinstance(letter, str) else pa.array(letter), digits, ""
    )


def optional(values: np.ndarray, missing: np.ndarray) -> np.ma.MaskedArray:
    """The values, NULL where they are missing."""
    return np.ma.masked_array(values, missing)


def table(columns: dict[str, np.ndarray], chosen: np.ndarray | None = None) -> pa.Table:
    """An Arrow table of the chosen rows; …_at are seconds since 1970, …_on days."""
    rows = pa.table({name: _array(name, values) for name, values in columns.items()})
    return rows if chosen is None else rows.filter(pa.array(chosen))


def _array(name: str, values: np.ndarray | pa.Array) -> pa.Array:
    if name.endswith("_at"):
        return pa.array(values.astype(np.int64)).view(pa.timestamp("s", "UTC"))
    if name.endswith("_on"):
        return pa.array(values.astype(np.int32)).view(pa.date32())
    return values if isinstance(values, pa.Array) else pa.array(values)
