"""Rows of the registry's tables, and the numbers in them."""

from typing import Any

import numpy as np

# Rows of one registry table; they travel to Postgres as JSON.
Records = list[dict[str, Any]]


def json_number(value: float | None) -> float | None:
    """A plain float for jsonb; None for NaN and infinity, which JSON does not know.

    Twelve digits: the last few depend on the order of a sum, and equal results would differ.
    """
    return float(f"{value:.12g}") if value is not None and np.isfinite(value) else None
