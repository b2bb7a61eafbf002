"""A sample of rows that fits into memory while its rows arrive.

The sample depends on the values of the rows alone: the same rows give the same sample in whatever
order they arrive. Equal rows within a batch get different keys by counting them; otherwise either
all or none of them would be sampled.
"""

import numpy as np

from glasshouse_ml.data.fingerprint import mix

_NO_LIMIT = 2**64 - 1


class Sampler:
    """Selects the rows whose 64-bit key is at most `limit`; halves the limit when too many do."""

    def __init__(self) -> None:
        """At first every row is selected."""
        self.limit = _NO_LIMIT

    def sampling_keys(self, hashes: np.ndarray) -> np.ndarray:
        """A key for each row of a batch, from the hashes of the rows."""
        order = np.argsort(hashes, kind="stable")
        ascending = hashes[order]
        starts = np.r_[True, ascending[1:] != ascending[:-1]]
        first = np.maximum.accumulate(np.where(starts, np.arange(len(hashes)), 0))
        repeats = np.empty(len(hashes), np.uint64)
        repeats[order] = (np.arange(len(hashes)) - first).astype(np.uint64)
        return mix(hashes + repeats * np.uint64(0x9E3779B97F4A7C15))

    def tighten(self, keys: np.ndarray, max_rows: int) -> bool:
        """Halve the limit until at most max_rows keys are below it; whether it changed."""
        before = self.limit
        while int((keys <= self.limit).sum()) > max_rows:
            self.limit //= 2
        return self.limit != before
