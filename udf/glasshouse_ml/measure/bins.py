"""Assigns new values of a feature to the bins in which the registry counted the training rows.

The last bin is that of NULL. A text feature also has a bin for categories without one of their own.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import count, islice
from typing import Any

import numpy as np

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import BOOLEAN, CATEGORY
from glasshouse_ml.measure.distributions import MISSING_BIN, OTHER_BIN, RANGE_BIN, VALUE_BIN

# The lookup of texts is emptied beyond this size, so that its memory is bounded.
_MAX_REMEMBERED = 500_000


class Bins:
    """The training counts of the bins of one feature, and the bin number of each new value.

    Attributes
    ----------
    reference : ndarray of shape (bins,)
        Training rows in each bin.
    is_numeric : bool
        Whether the bins are ranges of numbers.
    new_texts : dict of period number to Counter
        The texts that do not occur in the training rows, and how often each came.
    """

    def __init__(self, feature: Feature, records: list[dict[str, Any]], missing: str) -> None:
        """Create the bins.

        Parameters
        ----------
        feature : Feature
            The feature, or a stand-in of kind "score" for the score.
        records : list of dict
            The bins in the order of the registry, with the keys lower, category, bin_type and n.
        missing : str
            The text that stands for NULL in a batch of rows.
        """
        self.feature = feature
        # NULL has the last place, also where no training row was NULL.
        bins = [entry for entry in records if entry["bin_type"] != MISSING_BIN]
        counts = [entry["n"] for entry in bins]
        types = [entry["bin_type"] for entry in bins]
        self.is_numeric = all(bin_type == RANGE_BIN for bin_type in types)
        self.inner_edges = np.array(
            [entry["lower"] for entry in bins[1:]] if self.is_numeric else []
        )
        self.edges = np.concatenate([[-np.inf], self.inner_edges, [np.inf]])
        # The range that all but 1 % of the training values lie in.
        self.lowest = bins[0]["lower"] if bins and self.is_numeric else None
        self.highest = bins[-1].get("upper") if bins and self.is_numeric else None
        self.categories = {
            entry["category"]: place
            for place, entry in enumerate(bins)
            if entry["bin_type"] == VALUE_BIN
        }
        self.known_texts = {*feature.categories, *self.categories, missing}
        if feature.kind == CATEGORY and OTHER_BIN not in types:
            types.append(OTHER_BIN)
            counts.append(0)
        self.other_bin = types.index(OTHER_BIN) if OTHER_BIN in types else len(counts)
        counts.append(sum(entry["n"] for entry in records if entry["bin_type"] == MISSING_BIN))
        self.reference = np.array(counts, float)
        self.categories[missing] = len(counts) - 1
        self.new_texts: dict[int, Counter[str]] = defaultdict(Counter)
        self._reset_lookup()

    def bin_numbers(self, values: np.ndarray) -> np.ndarray:
        """The bin number of each value; NaN has the last bin. Shape (rows,)."""
        if self.feature.kind == BOOLEAN:
            last_bin = len(self.reference) - 1
            bin_codes = [self.categories.get(name, last_bin) for name in ("false", "true")]
            codes = np.array(bin_codes)[np.nan_to_num(values).astype(int)]
        else:
            codes = self._bin_codes(values)
        return np.where(np.isnan(values), len(self.reference) - 1, codes)

    def _bin_codes(self, values: np.ndarray) -> np.ndarray:
        """The range of each number: by division where all ranges are equally wide, else by search.

        A number on an edge belongs to the range above it.
        """
        widths = np.diff(self.inner_edges)
        if not len(widths) or not np.allclose(widths, widths[0], rtol=1e-6, atol=0):
            return np.searchsorted(self.inner_edges, values, side="right")
        with np.errstate(invalid="ignore", over="ignore"):
            steps = (values - self.inner_edges[0]) / widths[0] + 1
        codes = np.clip(np.nan_to_num(steps), 0, len(self.inner_edges)).astype(np.int64)
        # Rounding may put a number that lies on an edge on its wrong side.
        codes += values >= self.edges[codes + 1]
        codes -= values < self.edges[codes]
        return np.minimum(codes, len(self.inner_edges))

    def bin_texts(self, values: Sequence[str], periods: np.ndarray) -> np.ndarray:
        """The bin number of each text, shape (rows,); new texts are added to `new_texts`."""
        if len(self._text_codes) > _MAX_REMEMBERED:
            self._reset_lookup()
        codes = np.fromiter(map(self._text_codes.__getitem__, values), np.int64, len(values))
        for text in islice(self._text_codes, len(self._bin_of_code), None):
            self._bin_of_code.append(self.categories.get(text, self.other_bin))
            self._is_new_code.append(not self.feature.has_rare and text not in self.known_texts)
        for row in np.flatnonzero(np.array(self._is_new_code)[codes]):
            self.new_texts[int(periods[row])][values[row]] += 1
        return np.array(self._bin_of_code)[codes]

    def new_share(self, period: int, rows: int) -> float:
        """The share of the rows of a period whose text training never met."""
        return sum(self.new_texts[period].values()) / rows

    def _reset_lookup(self) -> None:
        # A dictionary that gives each text it has not seen the next number.
        self._text_codes: dict[str, int] = defaultdict(count().__next__)
        self._bin_of_code: list[int] = []
        self._is_new_code: list[bool] = []
