"""Counts the rows of each period into the bins that the registry stores of the training.

Where there is more than one batch, a tenth of the rows is predicted, because predicting costs more
than counting: each row is drawn with the same probability, so that all rows weigh the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np

from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data.encoding import BatchEncoder
from glasshouse_ml.data.shards import State, from_json_array, json_array
from glasshouse_ml.measure.ageing import Extremes, UnitSample
from glasshouse_ml.measure.bins import Bins
from glasshouse_ml.measure.text_bins import TextBins
from glasshouse_ml.tasks.registry import TASKS

BATCH = 20_000
# The share of the rows that the model predicts, where they do not fit into one batch.
SCORED_SHARE = 0.1


class PeriodCounts:
    """For each feature, and for the score, the rows in each period and bin."""

    def __init__(
        self, stored: Model, features: list[Bins], score: Bins | None, missing: str
    ) -> None:
        self.stored, self.features, self.score = stored, features, score
        self.bins = [*features, score] if score else features
        self.periods: dict[str | None, int] = defaultdict(count().__next__)
        self.bin_counts = [np.zeros((0, len(entry.reference))) for entry in self.bins]
        self.numeric = [feature for feature in stored.features if not feature.is_textual]
        self.sample, self.extremes = UnitSample(), Extremes(len(self.numeric))
        self.outside: dict[tuple[int, str], int] = defaultdict(int)  # by period and feature
        self.encoder = BatchEncoder(stored.features, missing)
        self.rng = np.random.default_rng(0)
        self.is_single_batch: bool | None = None  # unknown before the first batch

    def add(
        self,
        periods: np.ndarray,
        numbers: np.ndarray,
        texts: list[list[str]],
        units: Sequence[str] | None,
    ) -> None:
        """Count a batch; numbers and texts come in the order of the features."""
        if self.is_single_batch is None:
            self.is_single_batch = len(numbers) < BATCH
        self.extremes.add(periods, numbers, len(self.periods))
        if units is not None:
            self.sample.add(periods, units, numbers)
        # Contiguous columns are counted faster.
        next_number, next_text = iter(np.ascontiguousarray(numbers.T)), iter(texts)
        for position, entry in enumerate(self.features):
            if isinstance(entry, TextBins):
                bin_codes = entry.bin_documents(next(next_text), periods)
            elif entry.feature.kind == CATEGORY:
                bin_codes = entry.bin_texts(next(next_text), periods)
            else:
                values = next(next_number)
                bin_codes = entry.bin_numbers(values)
                if entry.highest is not None:
                    is_outside = (values < entry.lowest) | (values > entry.highest)
                    counts = np.bincount(periods[is_outside])
                    for period in np.flatnonzero(counts).tolist():
                        self.outside[period, entry.feature.name] += int(counts[period])
            self._count(position, periods, bin_codes)
        if self.score:
            # Rows with infinite or too large values cannot be predicted.
            predictable = np.flatnonzero(~(np.abs(numbers) > MAX_ABSOLUTE_VALUE).any(axis=1))
            if not self.is_single_batch:
                predictable = predictable[self.rng.random(len(predictable)) < SCORED_SHARE]
            if len(predictable):
                texts = [[column[row] for row in predictable] for column in texts]
                matrix = self.encoder.encode(numbers[predictable], texts)
                scores = TASKS[self.stored.task].predict(self.stored, matrix)[1]
                bin_codes = self.score.bin_numbers(np.fromiter(scores, float, len(predictable)))
                self._count(len(self.features), periods[predictable], bin_codes)

    def state(self) -> State:
        """The counts as arrays, and as JSON what has texts for keys."""
        limit, units, unit_rows = self.sample.state()
        facts = {
            "periods": list(self.periods),
            "outside": [[*place, rows] for place, rows in self.outside.items()],
            "new_texts": [list(entry.new_texts.items()) for entry in self.features],
            "words": [list(getattr(entry, "words", {}).items()) for entry in self.features],
            "limit": limit,
            "units": units,
        }
        counts = {f"counts {place}": cells for place, cells in enumerate(self.bin_counts)}
        return {
            **counts,
            "facts": json_array(facts),
            "lowest": self.extremes.lowest,
            "highest": self.extremes.highest,
            "unit_rows": unit_rows,
        }

    def merge(self, state: State) -> None:
        """Add the counts of other rows."""
        facts = from_json_array(state["facts"])
        # Where each period of the other counts is here.
        place_of = [self.periods[name] for name in facts["periods"]]
        for position, entry in enumerate(self.bins):
            cells = np.zeros((len(self.periods), len(entry.reference)))
            cells[: len(self.bin_counts[position])] = self.bin_counts[position]
            other = state[f"counts {position}"]
            cells[place_of[: len(other)]] += other
            self.bin_counts[position] = cells
        self.extremes.merge(place_of, state["lowest"], state["highest"], len(self.periods))
        units = [(unit, place_of[period]) for unit, period in facts["units"]]
        self.sample.merge(facts["limit"], units, state["unit_rows"])
        for period, feature, rows in facts["outside"]:
            self.outside[place_of[period], feature] += rows
        for entry, new_texts, words in zip(
            self.features, facts["new_texts"], facts["words"], strict=True
        ):
            for period, counts in new_texts:
                entry.new_texts[place_of[period]].update(counts)
            if isinstance(entry, TextBins):
                entry.words.update({place_of[period]: rows for period, rows in words})

    def _count(self, position: int, periods: np.ndarray, bin_codes: np.ndarray) -> None:
        width = len(self.bins[position].reference)
        counts = np.bincount(periods * width + bin_codes, minlength=len(self.periods) * width)
        cells = counts.reshape(len(self.periods), width).astype(float)
        cells[: len(self.bin_counts[position])] += self.bin_counts[position]
        self.bin_counts[position] = cells
