"""ml.drift and ml.watch: how far rows differ from the training rows of the champion.

The rows are counted into the bins that the registry stores of the training, a batch at a time: one
pass, with little memory however many there are. The model's scores are counted in the same way.
Where there is more than one batch, a tenth of the rows is predicted, because predicting costs more
than counting: each row is drawn with the same probability, so that all rows weigh the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
from scipy.special import chdtrc

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.core.validation import MAX_ABSOLUTE_VALUE
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.encoding import BatchEncoder
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.measure.bins import Bins
from glasshouse_ml.measure.text_bins import TextBins
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.tasks.registry import TASKS
from glasshouse_ml.use.columns import feature_columns, model_columns

# An empty bin would make the index infinite; this share replaces zero.
MIN_SHARE = 1e-4
# The usual thresholds of the index: below the first no change, above the second a large one.
WATCH_FROM, RETRAIN_FROM = 0.1, 0.25
# The level of significance of a change.
_SIGNIFICANCE = 0.001
# The most frequent new categories that are named.
MAX_NAMED = 20
SCORE = "score"
BATCH = 20_000
# The share of the rows that the model predicts, where they do not fit into one batch.
SCORED_SHARE = 0.1

DriftRow = tuple[Any, ...]


def drift(
    db: Database, model: str, query: str, period: str | None, version: int | None = None
) -> list[DriftRow]:
    """A row for each period and feature, against a version (by default the champion).

    The period is NULL without a period column.
    """
    with interruptible(db.check_interrupts):
        return _measure_drift(db, model, query, period, version)[1]


def watch(db: Database, model: str, query: str, period: str | None) -> list[DriftRow]:
    """As drift(), and the rows are recorded in the registry."""
    with interruptible(db.check_interrupts):
        version, rows = _measure_drift(db, model, query, period)
    registry.record_drift(
        db, model, version, [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    )
    return rows


def _measure_drift(
    db: Database, model: str, query: str, period: str | None, version: int | None = None
) -> tuple[int, list[DriftRow]]:
    facts = registry.facts(db, model, version)
    stored = registry.load(db, model, facts["version"] if facts else version)
    assert facts is not None  # load() refuses a version that does not exist
    query, columns = model_columns(db, stored.features, query)
    if period is not None and period not in columns:
        raise GlasshouseError(
            f"The query returns no column {period!r}, which is named as period.",
            near_names(period, columns),
        )
    number_columns, text_columns = feature_columns(stored.features, columns)
    text_columns += [columns[period]] if period else []
    reader = Reader(db, query, number_columns, text_columns)
    missing = reader.packing.missing
    counts = _Counts(stored, *_bins(db, model, facts["version"], stored, missing), missing)
    for size, numbers, texts in reader.batches(BATCH):
        names: Sequence[str | None] = [None] * size
        if period:
            names = texts.pop()
        counts.add(np.array([counts.periods[name] for name in names]), numbers, texts)
    if not counts.periods:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    order = sorted(counts.periods, key=lambda name: (name is None, name == missing, name or ""))
    rows = []
    for name in order:
        number = counts.periods[name]
        for bins, bin_counts in zip(counts.bins, counts.bin_counts, strict=True):
            # A period in which no row can be predicted has no score.
            if number < len(bin_counts) and bin_counts[number].any():
                measures = _measures(bins, bin_counts[number], number)
                rows.append((None if name == missing else name, *measures))
    return facts["version"], rows


def _bins(
    db: Database, model: str, version: int, stored: Model, missing: str
) -> tuple[list[Bins], Bins | None]:
    """The bins of each feature, and those of the score where the registry has them."""
    reference = registry.bins(db, model, version)
    score = registry.score_bins(db, model, version)
    return (
        [
            (TextBins if feature.has_documents else Bins)(feature, reference[feature.name], missing)
            for feature in stored.features
        ],
        Bins(Feature(f"({SCORE})", "", SCORE), score, missing) if score else None,
    )


class _Counts:
    """For each feature, and for the score, the rows in each period and bin."""

    def __init__(
        self, stored: Model, features: list[Bins], score: Bins | None, missing: str
    ) -> None:
        self.stored, self.features, self.score = stored, features, score
        self.bins = [*features, score] if score else features
        self.periods: dict[str | None, int] = defaultdict(count().__next__)
        self.bin_counts = [np.zeros((0, len(entry.reference))) for entry in self.bins]
        self.encoder = BatchEncoder(stored.features, missing)
        self.rng = np.random.default_rng(0)
        self.is_single_batch: bool | None = None  # unknown before the first batch

    def add(self, periods: np.ndarray, numbers: np.ndarray, texts: list[list[str]]) -> None:
        """Count a batch; numbers and texts come in the order of the features."""
        if self.is_single_batch is None:
            self.is_single_batch = len(numbers) < BATCH
        # Contiguous columns are counted faster.
        next_number, next_text = iter(np.ascontiguousarray(numbers.T)), iter(texts)
        for position, entry in enumerate(self.features):
            if isinstance(entry, TextBins):
                bin_codes = entry.bin_documents(next(next_text), periods)
            elif entry.feature.kind == CATEGORY:
                bin_codes = entry.bin_texts(next(next_text), periods)
            else:
                bin_codes = entry.bin_numbers(next(next_number))
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

    def _count(self, position: int, periods: np.ndarray, bin_codes: np.ndarray) -> None:
        width = len(self.bins[position].reference)
        counts = np.bincount(periods * width + bin_codes, minlength=len(self.periods) * width)
        cells = counts.reshape(len(self.periods), width).astype(float)
        cells[: len(self.bin_counts[position])] += self.bin_counts[position]
        self.bin_counts[position] = cells


# The columns of a row, by the names of the table ml.drifts.
COLUMNS: tuple[str, ...] = ("period", "feature", "kind", "rows", "psi", "js", "ks")
COLUMNS += ("missing", "missing_change", "new_share", "new_categories", "verdict")


def _measures(bins: Bins, counts: np.ndarray, period: int) -> DriftRow:
    rows, new_texts = counts.sum(), bins.new_texts[period]
    reference, current = bins.reference / bins.reference.sum(), counts / rows
    new_categories = sorted(new_texts, key=lambda name: (-new_texts[name], name))[:MAX_NAMED]
    psi = stability_index(reference, current)
    return (
        bins.feature.name,
        bins.feature.kind,
        int(rows),
        psi,
        jensen_shannon(reference, current),
        kolmogorov_smirnov(bins.reference[:-1], counts[:-1]) if bins.is_numeric else None,
        float(current[-1]),
        float(current[-1] - reference[-1]),
        bins.new_share(period, int(rows)),
        new_categories,
        verdict(psi, bins.reference, counts),
    )


def verdict(psi: float, reference: np.ndarray, current: np.ndarray) -> str:
    """The action a drift calls for; a large index of few rows may be due to chance.

    Pearson's chi² test of homogeneity of the counts in the bins decides whether it is.
    """
    counts = np.array([reference, current])[:, reference + current > 0]
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    if psi < WATCH_FROM or chdtrc(max(counts.shape[1] - 1, 1), chi_squared) > _SIGNIFICANCE:
        return "as in training"
    return "watch" if psi <= RETRAIN_FROM else "retrain"


def stability_index(reference: np.ndarray, current: np.ndarray) -> float:
    """The population stability index of two distributions, given as shares."""
    reference, current = np.maximum(reference, MIN_SHARE), np.maximum(current, MIN_SHARE)
    return float(((current - reference) * np.log(current / reference)).sum())


def jensen_shannon(reference: np.ndarray, current: np.ndarray) -> float:
    """The Jensen–Shannon distance of two distributions: 0 when equal, 1 when disjoint."""
    middle = (reference + current) / 2
    divergence = 0.0
    for shares in (reference, current):
        positive = shares > 0
        divergence += (
            float((shares[positive] * np.log2(shares[positive] / middle[positive])).sum()) / 2
        )
    return float(np.sqrt(max(divergence, 0.0)))


def kolmogorov_smirnov(reference: np.ndarray, current: np.ndarray) -> float | None:
    """The largest distance between the two cumulative distributions at the edges of the bins."""
    if not reference.sum() or not current.sum():
        return None
    chi_squared = np.cumsum(reference) / reference.sum() - np.cumsum(current) / current.sum()
    return float(np.abs(chi_squared).max())
