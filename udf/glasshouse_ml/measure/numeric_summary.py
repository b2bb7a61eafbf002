"""What a column of numbers looks like, all of it from one sort."""

from typing import Any

import numpy as np

from glasshouse_ml.core.records import json_number

MAX_BINS = 20


def sorted_values(values: np.ndarray) -> np.ndarray:
    """The known values from the smallest to the largest."""
    present = values[~np.isnan(values)]
    with np.errstate(over="ignore"):
        narrow = present.astype(np.float32)
    # Numbers of 32 bits, such as those of a real or of a small integer, sort in half of the time.
    return np.sort(narrow if (narrow == present).all() else present).astype(float)


def quantiles_of_sorted(ascending: np.ndarray, *probabilities: float) -> np.ndarray:
    """The values below which the shares of ordered values lie, straight between two of them."""
    ranks = np.array(probabilities) * (len(ascending) - 1)
    lower_ranks = np.floor(ranks).astype(int)
    low, high = ascending[lower_ranks], ascending[np.minimum(lower_ranks + 1, len(ascending) - 1)]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(low == high, low, low + (high - low) * (ranks - lower_ranks))


def summary_statistics(ascending: np.ndarray, rows: int) -> dict[str, Any]:
    """Of ordered values out of so many rows; those that overflow are None."""
    summary: dict[str, Any] = {
        "rows": rows,
        "missing": rows - len(ascending),
        "distinct": int((ascending[1:] != ascending[:-1]).sum()) + int(len(ascending) > 0),
    }
    if len(ascending):
        names = ("min", "lower_quartile", "median", "upper_quartile", "max")
        for name, value in zip(
            names, quantiles_of_sorted(ascending, 0, 0.25, 0.5, 0.75, 1), strict=True
        ):
            summary[name] = json_number(value)
        with np.errstate(invalid="ignore", over="ignore"):
            summary["mean"] = json_number(ascending.mean())
            summary["sd"] = json_number(ascending.std(ddof=1)) if len(ascending) > 1 else None
    return summary


def bin_edges(ascending: np.ndarray) -> np.ndarray:
    """Edges of bins of equal width over what is common of ordered finite values.

    A few wild values must not squeeze all else together.
    """
    lower, upper = quantiles_of_sorted(ascending, 0.005, 0.995)
    if lower == upper:
        lower, upper = ascending[0], ascending[-1]
    with np.errstate(over="ignore"):
        if lower == upper or not np.isfinite(upper - lower):
            return np.array([lower, upper])
    low, high = np.floor(lower), np.ceil(upper)
    if high - low < MAX_BINS and np.all(ascending == np.round(ascending)):
        # Whole numbers get a bin each: bins between them would stay empty for ever.
        return np.arange(low, high + 2.0)
    return np.linspace(lower, upper, MAX_BINS + 1)


def bin_counts(ascending: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """How many ordered values lie in each bin; `inner` are the edges between the bins."""
    ends = np.append(np.searchsorted(ascending, inner, side="left"), len(ascending))
    return np.diff(ends, prepend=0)
