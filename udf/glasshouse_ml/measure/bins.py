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
_MOST_REMEMBERED = 500_000


class Bins:
    """How many training rows each bin held, and the place of a new value."""

    def __init__(self, feature: Feature, stored: list[dict[str, Any]], missing: str) -> None:
        """Take the registry's bins in their order; missing is how NULL arrives as a text."""
        self.feature = feature
        known = [entry for entry in stored if entry["category"] != MISSING]
        held = [entry["n"] for entry in known]
        self.ordered = all(entry["lower"] is not None for entry in known)
        self.inner = np.array([entry["lower"] for entry in known[1:]] if self.ordered else [])
        self.limits = np.concatenate([[-np.inf], self.inner, [np.inf]])
        self.categories = {entry["category"]: place for place, entry in enumerate(known)}
        if feature.kind == CATEGORY and OTHER not in self.categories:
            self.categories[OTHER] = len(held)
            held.append(0)
        # NULL has the last place, whether there was one in training or not.
        held.append(sum(entry["n"] for entry in stored if entry["category"] == MISSING))
        self.reference = np.array(held, float)
        self.met = {*feature.categories, *self.categories, missing}
        self.categories[missing] = len(held) - 1
        # For each period the texts that training never met, and how often each came.
        self.new: dict[int, Counter[str]] = defaultdict(Counter)
        self._forget()

    def of_numbers(self, values: np.ndarray) -> np.ndarray:
        """The bin of each number."""
        if self.feature.kind == BOOLEAN:
            last = len(self.reference) - 1
            found = [self.categories.get(name, last) for name in ("false", "true")]
            places = np.array(found)[np.nan_to_num(values).astype(int)]
        else:
            places = self._places(values)
        return np.where(np.isnan(values), len(self.reference) - 1, places)

    def _places(self, values: np.ndarray) -> np.ndarray:
        """Between which limits each number lies; bins of equal width are counted off."""
        widths = np.diff(self.inner)
        if not len(widths) or not np.allclose(widths, widths[0], rtol=1e-6, atol=0):
            return np.searchsorted(self.inner, values, side="right")
        with np.errstate(invalid="ignore", over="ignore"):
            steps = (values - self.inner[0]) / widths[0] + 1
        places = np.clip(np.nan_to_num(steps), 0, len(self.inner)).astype(np.int64)
        # Rounding may put a number that lies on a limit on its wrong side.
        places += values >= self.limits[places + 1]
        places -= values < self.limits[places]
        return np.minimum(places, len(self.inner))

    def of_texts(self, values: Sequence[str], periods: np.ndarray) -> np.ndarray:
        """The bin of each text; texts that training never met are noted."""
        if len(self._codes) > _MOST_REMEMBERED:
            self._forget()
        codes = np.fromiter(map(self._codes.__getitem__, values), np.int64, len(values))
        other = self.categories[OTHER]
        for text in islice(self._codes, len(self._places_of), None):
            self._places_of.append(self.categories.get(text, other))
            self._is_new.append(not self.feature.has_rare and text not in self.met)
        for row in np.flatnonzero(np.array(self._is_new)[codes]):
            self.new[int(periods[row])][values[row]] += 1
        return np.array(self._places_of)[codes]

    def _forget(self) -> None:
        # A lookup that numbers each new text as it meets it, at the speed of a dictionary.
        self._codes: dict[str, int] = defaultdict(count().__next__)
        self._places_of: list[int] = []
        self._is_new: list[bool] = []
