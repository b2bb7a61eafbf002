"""Keeping a share of the rows where all of them would not fit into memory.

Which rows are kept follows from what they hold, so the same rows give the same sample in whatever
order they arrive. Rows that are equal are told apart by their count within a batch; otherwise all
or none of them would be kept.
"""

import numpy as np

from glasshouse_ml.data.fingerprint import mix

_ALL = 2**64 - 1


class Sampler:
    """Halves the share of rows that are kept whenever there are too many."""

    def __init__(self) -> None:
        """All rows are kept until there are too many."""
        self.limit = _ALL

    def marks(self, hashes: np.ndarray) -> np.ndarray:
        """A mark per row of a batch; those up to the limit are kept."""
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        starts = np.r_[True, ordered[1:] != ordered[:-1]]
        first = np.maximum.accumulate(np.where(starts, np.arange(len(hashes)), 0))
        times = np.empty(len(hashes), np.uint64)
        times[order] = (np.arange(len(hashes)) - first).astype(np.uint64)
        return mix(hashes + times * np.uint64(0x9E3779B97F4A7C15))

    def narrow(self, marks: np.ndarray, most: int) -> bool:
        """Halve the limit until few enough of the rows kept so far are below it."""
        before = self.limit
        while int((marks <= self.limit).sum()) > most:
            self.limit //= 2
        return self.limit != before
