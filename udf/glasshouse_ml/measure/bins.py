"""The bins of one feature as the registry keeps them, and the place of a new value among them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import count, islice
from typing import Any

import numpy as np

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import BOOLEAN, CATEGORY
from glasshouse_ml.measure.distributions import MISSING, OTHER

# Texts that are remembered; beyond that they are looked up anew, so that memory stays bounded.
_MAX_REMEMBERED = 500_000


class Bins:
    """How many training rows each bin held, and the place of a new value."""

    def __init__(self, feature: Feature, records: list[dict[str, Any]], missing: str) -> None:
        """Take the registry's bins in their order; missing is how NULL arrives as a text."""
        self.feature = feature
        bins = [entry for entry in records if entry["category"] != MISSING]
        counts = [entry["n"] for entry in bins]
        self.is_numeric = all(entry["lower"] is not None for entry in bins)
        self.inner_edges = np.array(
            [entry["lower"] for entry in bins[1:]] if self.is_numeric else []
        )
        self.edges = np.concatenate([[-np.inf], self.inner_edges, [np.inf]])
        self.categories = {entry["category"]: place for place, entry in enumerate(bins)}
        if feature.kind == CATEGORY and OTHER not in self.categories:
            self.categories[OTHER] = len(counts)
            counts.append(0)
        # NULL has the last place, whether there was one in training or not.
        counts.append(sum(entry["n"] for entry in records if entry["category"] == MISSING))
        self.reference = np.array(counts, float)
        self.known_texts = {*feature.categories, *self.categories, missing}
        self.categories[missing] = len(counts) - 1
        # For each period the texts that training never met, and how often each came.
        self.new_texts: dict[int, Counter[str]] = defaultdict(Counter)
        self._reset_lookup()

    def bin_numbers(self, values: np.ndarray) -> np.ndarray:
        """The bin of each number."""
        if self.feature.kind == BOOLEAN:
            last_bin = len(self.reference) - 1
            bin_codes = [self.categories.get(name, last_bin) for name in ("false", "true")]
            codes = np.array(bin_codes)[np.nan_to_num(values).astype(int)]
        else:
            codes = self._bin_codes(values)
        return np.where(np.isnan(values), len(self.reference) - 1, codes)

    def _bin_codes(self, values: np.ndarray) -> np.ndarray:
        """Between which limits each number lies; bins of equal width are counted off."""
        widths = np.diff(self.inner_edges)
        if not len(widths) or not np.allclose(widths, widths[0], rtol=1e-6, atol=0):
            return np.searchsorted(self.inner_edges, values, side="right")
        with np.errstate(invalid="ignore", over="ignore"):
            steps = (values - self.inner_edges[0]) / widths[0] + 1
        codes = np.clip(np.nan_to_num(steps), 0, len(self.inner_edges)).astype(np.int64)
        # Rounding may put a number that lies on a limit on its wrong side.
        codes += values >= self.edges[codes + 1]
        codes -= values < self.edges[codes]
        return np.minimum(codes, len(self.inner_edges))

    def bin_texts(self, values: Sequence[str], periods: np.ndarray) -> np.ndarray:
        """The bin of each text; texts that training never met are noted."""
        if len(self._text_codes) > _MAX_REMEMBERED:
            self._reset_lookup()
        codes = np.fromiter(map(self._text_codes.__getitem__, values), np.int64, len(values))
        other_bin = self.categories[OTHER]
        for text in islice(self._text_codes, len(self._bin_of_code), None):
            self._bin_of_code.append(self.categories.get(text, other_bin))
            self._is_new_code.append(not self.feature.has_rare and text not in self.known_texts)
        for row in np.flatnonzero(np.array(self._is_new_code)[codes]):
            self.new_texts[int(periods[row])][values[row]] += 1
        return np.array(self._bin_of_code)[codes]

    def new_share(self, period: int, rows: int) -> float:
        """The share of the rows of a period whose text training never met."""
        return sum(self.new_texts[period].values()) / rows

    def _reset_lookup(self) -> None:
        # A lookup that numbers each new text as it meets it, at the speed of a dictionary.
        self._text_codes: dict[str, int] = defaultdict(count().__next__)
        self._bin_of_code: list[int] = []
        self._is_new_code: list[bool] = []
