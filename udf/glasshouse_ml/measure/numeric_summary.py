"""What a column of numbers looks like, all of it from one sort."""

from typing import Any

import numpy as np

from glasshouse_ml.core.records import json_number

MOST_BINS = 20


def ordered(values: np.ndarray) -> np.ndarray:
    """The known values from the smallest to the largest."""
    found = np.sort(values)  # NaN comes last
    return found[: len(found) - int(np.isnan(values).sum())]


def quantiles(known: np.ndarray, *shares: float) -> np.ndarray:
    """The values below which the shares of ordered values lie, straight between two of them."""
    places = np.array(shares) * (len(known) - 1)
    below = np.floor(places).astype(int)
    low, high = known[below], known[np.minimum(below + 1, len(known) - 1)]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(low == high, low, low + (high - low) * (places - below))


def statistics(known: np.ndarray, rows: int) -> dict[str, Any]:
    """Of ordered values out of so many rows; those that overflow are None."""
    facts: dict[str, Any] = {
        "rows": rows,
        "missing": rows - len(known),
        "distinct": int((known[1:] != known[:-1]).sum()) + int(len(known) > 0),
    }
    if len(known):
        names = ("min", "lower_quartile", "median", "upper_quartile", "max")
        for name, value in zip(names, quantiles(known, 0, 0.25, 0.5, 0.75, 1), strict=True):
            facts[name] = json_number(value)
        with np.errstate(invalid="ignore", over="ignore"):
            facts["mean"] = json_number(known.mean())
            facts["sd"] = json_number(known.std(ddof=1)) if len(known) > 1 else None
    return facts


def edges(known: np.ndarray) -> np.ndarray:
    """Edges of bins of equal width over what is common of ordered finite values.

    A few wild values must not squeeze all else together.
    """
    lower, upper = quantiles(known, 0.005, 0.995)
    if lower == upper:
        lower, upper = known[0], known[-1]
    with np.errstate(over="ignore"):
        if lower == upper or not np.isfinite(upper - lower):
            return np.array([lower, upper])
    low, high = np.floor(lower), np.ceil(upper)
    if high - low < MOST_BINS and np.all(known == np.round(known)):
        # Whole numbers get a bin each: bins between them would stay empty for ever.
        return np.arange(low, high + 2.0)
    return np.linspace(lower, upper, MOST_BINS + 1)


def counts(known: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """How many ordered values lie in each bin; `inner` are the edges between the bins."""
    ends = np.append(np.searchsorted(known, inner, side="left"), len(known))
    return np.diff(ends, prepend=0)
