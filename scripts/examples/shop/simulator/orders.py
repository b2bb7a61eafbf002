"""The orders of a day with their lines and payments, and when each of it becomes known or changes.

An order is drawn once, with its whole course (placing.py). tables.py then says what of it stood in
the tables at a given moment.
"""

from dataclasses import dataclass, fields

import numpy as np

SECONDS = 86_400
# Later than any moment: it does not happen.
NEVER = np.iinfo(np.int64).max
# No order changes any more after so many days.
LONGEST_COURSE = 64


@dataclass
class Orders:
    """Orders (one array a column) and their lines (`line_…`), times in seconds since 1970."""

    id: np.ndarray
    is_return: np.ndarray
    # Place in the population, or NOBODY.
    customer: np.ndarray
    country: np.ndarray
    # 0: none.
    promotion: np.ndarray
    returned: np.ndarray
    ordered: np.ndarray
    recorded: np.ndarray
    promised: np.ndarray
    waits: np.ndarray
    shipped: np.ndarray
    completed: np.ndarray
    cancelled: np.ndarray
    paid: np.ndarray
    method: np.ndarray
    cents: np.ndarray
    # Lines: position of the order in the arrays above, then what the line says.
    line_order: np.ndarray
    line_number: np.ndarray
    line_product: np.ndarray
    line_quantity: np.ndarray
    # What was keyed in at first; put right at line_corrected.
    line_slip: np.ndarray
    line_corrected: np.ndarray
    line_cents: np.ndarray
    # In 1,000.
    line_discount: np.ndarray


def concatenate(parts: list[Orders]) -> Orders:
    """Several sets of orders as one."""
    starts = np.cumsum([0, *(len(part.id) for part in parts)])
    joined = {}
    for field in fields(Orders):
        values = [getattr(part, field.name) for part in parts]
        if field.name == "line_order":
            values = [value + start for value, start in zip(values, starts, strict=False)]
        joined[field.name] = np.concatenate(values)
    return Orders(**joined)
