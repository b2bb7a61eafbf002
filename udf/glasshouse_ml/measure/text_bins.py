"""The bins of a free text, by the number of its words, and of a list, by that of its items."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import LIST
from glasshouse_ml.data.documents import is_word, tokenise
from glasshouse_ml.data.item_lists import split_items
from glasshouse_ml.measure.bins import Bins


class TextBins(Bins):
    """As Bins; what is new is a word or an item, and not a whole text."""

    def __init__(self, feature: Feature, records: list[dict[str, Any]], missing: str) -> None:
        """Take the registry's bins in their order; missing is how NULL arrives as a text."""
        super().__init__(feature, records, missing)
        self.missing = missing
        self.known_words = frozenset(feature.words)
        self.words: Counter[int] = Counter()  # by period

    def bin_documents(self, values: Sequence[str], periods: np.ndarray) -> np.ndarray:
        """The bin of each text; words that training never met are noted.

        Where training met more words than a model remembers, none is called new.
        """
        counts = np.full(len(values), np.nan)
        for row, (value, period) in enumerate(zip(values, periods.tolist(), strict=True)):
            if value == self.missing:
                continue
            words = self._terms(value)
            counts[row] = len(words)
            self.words[period] += len(words)
            if not self.feature.has_rare:
                new = [word for word in words if word not in self.known_words]
                self.new_texts[period].update(new)
        return self.bin_numbers(counts)

    def _terms(self, value: str) -> list[str]:
        if self.feature.kind == LIST:
            return split_items(value, self.feature.separator)
        return [token for token in tokenise(value) if is_word(token)]

    def new_share(self, period: int, rows: int) -> float:
        """The share of the words of a period that training never met."""
        return sum(self.new_texts[period].values()) / max(self.words[period], 1)
