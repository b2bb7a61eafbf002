"""ml.drift: how far rows are from those the champion was made of, feature by feature.

The rows are counted into the bins the registry keeps of the training, a batch at a time, and are
never held: one pass, however many there are.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from glasshouse_ml import registry
from glasshouse_ml.database import Database
from glasshouse_ml.distributions import MISSING, OTHER
from glasshouse_ml.encoding import Feature
from glasshouse_ml.errors import GlasshouseError, near_names
from glasshouse_ml.prediction import check_columns
from glasshouse_ml.rows import Reader, describe
from glasshouse_ml.table import BOOLEAN, CATEGORY

# An empty bin would make the index infinite; this share stands in for none.
LEAST_SHARE = 1e-4
# New categories are named up to here: what matters is which, not all of them.
MOST_NAMED = 20

Drift = tuple[Any, ...]


class Bins:
    """The bins of one feature: how many training rows each held, and the place of a new value."""

    def __init__(self, feature: Feature, stored: list[dict[str, Any]], missing: str) -> None:
        """Take the registry's bins in their order; missing is how NULL arrives as a text."""
        self.feature = feature
        known = [entry for entry in stored if entry["category"] != MISSING]
        held = [entry["n"] for entry in known]
        self.ordered = all(entry["lower"] is not None for entry in known)
        self.inner = [entry["lower"] for entry in known[1:]] if self.ordered else []
        self.places = {entry["category"]: place for place, entry in enumerate(known)}
        if feature.kind == CATEGORY and OTHER not in self.places:
            self.places[OTHER] = len(held)
            held.append(0)
        # NULL has the last place, whether there was one in training or not.
        held.append(sum(entry["n"] for entry in stored if entry["category"] == MISSING))
        self.reference = np.array(held, float)
        self.met = {*feature.categories, *self.places, missing}
        self.places[missing] = len(held) - 1
        self.new: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def of_numbers(self, values: np.ndarray) -> np.ndarray:
        """The bin of each number."""
        if self.feature.kind == BOOLEAN:
            names = ("false", "true")
            found = [self.places.get(name, len(self.reference) - 1) for name in names]
            places = np.array(found)[np.nan_to_num(values).astype(int)]
        else:
            places = np.searchsorted(self.inner, values, side="right")
        return np.where(np.isnan(values), len(self.reference) - 1, places)

    def of_texts(self, values: Sequence[str], periods: np.ndarray) -> np.ndarray:
        """The bin of each text; texts that training never met are noted."""
        other = self.places[OTHER]
        if not self.feature.has_rare:
            for value, period in zip(values, periods, strict=True):
                if value not in self.met:
                    self.new[int(period)][value] += 1
        return np.fromiter((self.places.get(v, other) for v in values), np.int64, len(values))


def drift(db: Database, model: str, query: str, period: str | None) -> list[Drift]:
    """A row for each period and feature; the period is NULL where none was asked for."""
    facts = registry.facts(db, model)
    stored = registry.load(db, model, facts["version"] if facts else None)
    assert facts is not None  # load() refuses a model without a champion
    query, columns = describe(db, query)
    by_name = {column.name: column for column in columns}
    check_columns(stored.features, by_name)
    if period is not None and period not in by_name:
        raise GlasshouseError(
            f"The query returns no column {period!r}, which is named as period.",
            near_names(period, by_name),
        )
    numbers = [by_name[f.name] for f in stored.features if f.kind != CATEGORY]
    texts = [by_name[f.name] for f in stored.features if f.kind == CATEGORY]
    texts += [by_name[period]] if period else []
    reader = Reader(db, query, numbers, texts)
    reference = registry.bins(db, model, facts["version"])
    missing = reader.packing.missing
    bins = [Bins(feature, reference[feature.name], missing) for feature in stored.features]
    numbered: dict[str | None, int] = defaultdict(count().__next__)
    counted = _count(reader, bins, numbered, period is not None)
    if not counted[0].size:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    order = sorted(numbered, key=lambda name: (name is None, name == missing, name or ""))
    return [
        (None if name == missing else name, *_measures(entry, counts[numbered[name]], new))
        for name in order
        for entry, counts in zip(bins, counted, strict=True)
        for new in [entry.new[numbered[name]]]
    ]


def _count(
    reader: Reader, bins: list[Bins], numbered: dict[str | None, int], by_period: bool
) -> list[np.ndarray]:
    """For each feature the rows in each period and bin."""
    counted = [np.zeros((0, len(entry.reference))) for entry in bins]
    for size, values, words in reader.batches():
        names: Sequence[str | None] = words.pop() if by_period else [None] * size
        periods = np.fromiter(map(numbered.__getitem__, names), np.int64, size)
        next_number, next_text = iter(values.T), iter(words)
        for position, entry in enumerate(bins):
            if entry.feature.kind == CATEGORY:
                places = entry.of_texts(next(next_text), periods)
            else:
                places = entry.of_numbers(next(next_number))
            width = len(entry.reference)
            cells = np.bincount(periods * width + places, minlength=len(numbered) * width)
            cells = cells.reshape(len(numbered), width).astype(float)
            cells[: len(counted[position])] += counted[position]
            counted[position] = cells
    return counted


def _measures(bins: Bins, counts: np.ndarray, new: dict[str, int]) -> Drift:
    rows = counts.sum()
    before, now = bins.reference / bins.reference.sum(), counts / rows
    named = sorted(new, key=lambda name: (-new[name], name))[:MOST_NAMED]
    return (
        bins.feature.name,
        bins.feature.kind,
        int(rows),
        stability_index(before, now),
        jensen_shannon(before, now),
        kolmogorov_smirnov(bins.reference[:-1], counts[:-1]) if bins.ordered else None,
        float(now[-1]),
        float(now[-1] - before[-1]),
        float(sum(new.values()) / rows),
        named,
    )


def stability_index(before: np.ndarray, now: np.ndarray) -> float:
    """The population stability index of two rows of shares."""
    before, now = np.maximum(before, LEAST_SHARE), np.maximum(now, LEAST_SHARE)
    return float(((now - before) * np.log(now / before)).sum())


def jensen_shannon(before: np.ndarray, now: np.ndarray) -> float:
    """The Jensen–Shannon distance: 0 for equal shares, 1 for shares that have nothing in common."""
    middle = (before + now) / 2
    divergence = 0.0
    for shares in (before, now):
        known = shares > 0
        divergence += float((shares[known] * np.log2(shares[known] / middle[known])).sum()) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def kolmogorov_smirnov(before: np.ndarray, now: np.ndarray) -> float | None:
    """The largest distance between the two cumulated shares at the edges of the bins."""
    if not before.sum() or not now.sum():
        return None
    apart = np.cumsum(before) / before.sum() - np.cumsum(now) / now.sum()
    return float(np.abs(apart).max())
