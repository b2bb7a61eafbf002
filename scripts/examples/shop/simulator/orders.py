"""Orders with their lines and payments, and the times at which they are recorded or changed.

order_generator.py draws an order with all its later changes at once. tables.py computes the rows
that the tables hold at a given time.
"""

from dataclasses import dataclass, fields

import numpy as np

SECONDS = 86_400
# A time after all others: the event does not happen.
NEVER = np.iinfo(np.int64).max
# The number of days after which an order no longer changes.
MAX_ORDER_DAYS = 64


@dataclass
class Orders:
    """Orders (one array per column) and their lines (`line_…`); times are seconds since 1970."""

    id: np.ndarray
    is_return: np.ndarray
    # Position in the population, or MISSING.
    customer: np.ndarray
    country: np.ndarray
    # Promotion and returned order: their ids, or 0.
    promotion: np.ndarray
    returned: np.ndarray
    ordered: np.ndarray
    recorded: np.ndarray
    promised: np.ndarray
    delayed: np.ndarray
    shipped: np.ndarray
    completed: np.ndarray
    cancelled: np.ndarray
    paid: np.ndarray
    method: np.ndarray
    cents: np.ndarray
    # Lines: position of the order in the arrays above, then the columns of the line.
    line_order: np.ndarray
    line_number: np.ndarray
    line_product: np.ndarray
    line_quantity: np.ndarray
    # The quantity that was entered first; it is corrected at line_corrected.
    line_entered_quantity: np.ndarray
    line_corrected: np.ndarray
    line_cents: np.ndarray
    # In thousandths.
    line_discount: np.ndarray


def concatenate(parts: list[Orders]) -> Orders:
    """Several sets of orders as one set."""
    starts = np.cumsum([0, *(len(part.id) for part in parts)])
    joined = {}
    for field in fields(Orders):
        values = [getattr(part, field.name) for part in parts]
        if field.name == "line_order":
            values = [value + start for value, start in zip(values, starts, strict=False)]
        joined[field.name] = np.concatenate(values)
    return Orders(**joined)
