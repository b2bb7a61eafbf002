"""ml.drift and ml.watch: how far rows are from those the champion was made of.

The rows are counted into the bins the registry keeps of the training, a batch at a time, and are
never held: one pass, however many there are. What the champion answers is counted in the same way,
for a sample of each batch, because an answer costs more than a look.
"""

from collections import defaultdict
from itertools import count
from typing import Any

import numpy as np
from scipy.special import chdtrc

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import LARGEST, BatchEncoder, Feature
from glasshouse_ml.data.interrupts import attentive
from glasshouse_ml.data.row_reader import Reader, check_arrays, describe
from glasshouse_ml.data.row_reader import by_name as named
from glasshouse_ml.measure.bins import Bins
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.registry.artifacts import Model
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.predict import check_columns

# An empty bin would make the index infinite; this share stands in for none.
LEAST_SHARE = 1e-4
# The usual rule of thumb for the index: below the first no change, above the second a large one.
WATCH_FROM, RETRAIN_FROM = 0.1, 0.25
# Chance alone gives such counts less often than this where a change is called one.
_BY_CHANCE = 0.001
# New categories are named up to here: what matters is which, not all of them.
MOST_NAMED = 20
SCORE = "score"
BATCH = 20_000
# Rows of a batch that the champion answers.
_MOST_SCORED = 2_000

Drift = tuple[Any, ...]


def drift(
    db: Database, model: str, query: str, period: str | None, version: int | None = None
) -> list[Drift]:
    """A row for each period and feature, against a version (by default the champion).

    The period is NULL where the query is not grouped by one.
    """
    with attentive(db.checkpoint):
        return _measured(db, model, query, period, version)[1]


def watch(db: Database, model: str, query: str, period: str | None) -> list[Drift]:
    """The same, kept in the registry."""
    with attentive(db.checkpoint):
        version, rows = _measured(db, model, query, period)
    registry.record_drift(
        db, model, version, [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    )
    return rows


def _measured(
    db: Database, model: str, query: str, period: str | None, version: int | None = None
) -> tuple[int, list[Drift]]:
    facts = registry.facts(db, model, version)
    stored = registry.load(db, model, facts["version"] if facts else version)
    assert facts is not None  # load() refuses a version that does not exist
    query, columns = describe(db, query)
    by_name = named(columns, stored.features)
    check_columns(stored.features, by_name)
    check_arrays(db, query, stored.features)
    if period is not None and period not in by_name:
        raise GlasshouseError(
            f"The query returns no column {period!r}, which is named as period.",
            near_names(period, by_name),
        )
    numbers = [by_name[f.name] for f in stored.features if f.kind != CATEGORY]
    texts = [by_name[f.name] for f in stored.features if f.kind == CATEGORY]
    texts += [by_name[period]] if period else []
    reader = Reader(db, query, numbers, texts)
    missing = reader.packing.missing
    found = _Counts(stored, *_bins(db, model, facts["version"], stored, missing), missing)
    for size, values, words in reader.batches(BATCH):
        names = words.pop() if period else [None] * size
        found.add(np.array([found.numbered[name] for name in names]), values, words)
    if not found.numbered:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    order = sorted(found.numbered, key=lambda name: (name is None, name == missing, name or ""))
    return facts["version"], [
        (None if name == missing else name, *_measures(entry, counts[place], entry.new[place]))
        for name in order
        for place in [found.numbered[name]]
        for entry, counts in zip(found.bins, found.counted, strict=True)
        if counts[place].any()
    ]


def _bins(
    db: Database, model: str, version: int, stored: Model, missing: str
) -> tuple[list[Bins], Bins | None]:
    """The bins of each feature, and those of the score where the registry has them."""
    reference = registry.bins(db, model, version)
    score = registry.score_bins(db, model, version)
    return (
        [Bins(feature, reference[feature.name], missing) for feature in stored.features],
        Bins(Feature(f"({SCORE})", "", SCORE), score, missing) if score else None,
    )


class _Counts:
    """For each feature, and for the score, the rows in each period and bin."""

    def __init__(
        self, stored: Model, features: list[Bins], score: Bins | None, missing: str
    ) -> None:
        self.stored, self.features, self.score = stored, features, score
        self.bins = [*features, score] if score else features
        self.numbered: dict[str | None, int] = defaultdict(count().__next__)
        self.counted = [np.zeros((0, len(entry.reference))) for entry in self.bins]
        self.encoder = BatchEncoder(stored.features, missing)
        self.rng = np.random.default_rng(0)

    def add(self, periods: np.ndarray, values: np.ndarray, words: list[list[str]]) -> None:
        """Count a batch; values and words come in the order of the features."""
        # One column after the other in memory, as they are counted.
        next_number, next_text = iter(np.ascontiguousarray(values.T)), iter(words)
        for position, entry in enumerate(self.features):
            if entry.feature.kind == CATEGORY:
                places = entry.of_texts(next(next_text), periods)
            else:
                places = entry.of_numbers(next(next_number))
            self._count(position, periods, places)
        if self.score:
            # No model was made for numbers that are beyond all arithmetic.
            able = np.flatnonzero(~(np.abs(values) > LARGEST).any(axis=1))
            if len(able) > _MOST_SCORED:
                able = np.sort(self.rng.choice(able, _MOST_SCORED, replace=False))
            if len(able):
                texts = [[column[row] for row in able] for column in words]
                matrix = self.encoder.encode(values[able], texts)
                scores = TASKS[self.stored.task].answers(self.stored, matrix)[1]
                places = self.score.of_numbers(np.fromiter(scores, float, len(able)))
                self._count(len(self.features), periods[able], places)

    def _count(self, position: int, periods: np.ndarray, places: np.ndarray) -> None:
        width = len(self.bins[position].reference)
        cells = np.bincount(periods * width + places, minlength=len(self.numbered) * width)
        cells = cells.reshape(len(self.numbered), width).astype(float)
        cells[: len(self.counted[position])] += self.counted[position]
        self.counted[position] = cells


# What a row is made of, by the names of the table ml.drifts.
COLUMNS = ("period", "feature", "kind", "rows", "psi", "js", "ks")
COLUMNS += ("missing", "missing_change", "new_share", "new_categories", "verdict")


def _measures(bins: Bins, counts: np.ndarray, new: dict[str, int]) -> Drift:
    rows = counts.sum()
    before, now = bins.reference / bins.reference.sum(), counts / rows
    named = sorted(new, key=lambda name: (-new[name], name))[:MOST_NAMED]
    index = stability_index(before, now)
    return (
        bins.feature.name,
        bins.feature.kind,
        int(rows),
        index,
        jensen_shannon(before, now),
        kolmogorov_smirnov(bins.reference[:-1], counts[:-1]) if bins.ordered else None,
        float(now[-1]),
        float(now[-1] - before[-1]),
        float(sum(new.values()) / rows),
        named,
        verdict(index, bins.reference, counts),
    )


def verdict(index: float, before: np.ndarray, now: np.ndarray) -> str:
    """What to do, in words; a large index of few rows may be chance, and says nothing then.

    Whether it is chance, Pearson's chi² test of homogeneity says of the counts in the bins.
    """
    counts = np.array([before, now])[:, before + now > 0]
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    apart = float(((counts - expected) ** 2 / expected).sum())
    if index < WATCH_FROM or chdtrc(max(counts.shape[1] - 1, 1), apart) > _BY_CHANCE:
        return "as in training"
    return "watch" if index <= RETRAIN_FROM else "retrain"


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
