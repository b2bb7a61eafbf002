"""ml.drift and ml.watch: how far rows differ from the training rows of the champion.

The rows are counted into the bins that the registry stores of the training, a batch at a time: one
pass, with little memory however many there are. The model's scores are counted in the same way.
`use/period_counts.py` counts, and `use/drift_rows.py` compares the counts.
"""

from collections.abc import Sequence

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.measure.bins import Bins
from glasshouse_ml.measure.text_bins import TextBins
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use import period_counts
from glasshouse_ml.use.columns import feature_columns, model_columns
from glasshouse_ml.use.drift_rows import COLUMNS, DriftRow, drift_rows

SCORE = "score"


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
    unit = facts["key"]
    has_units = unit in columns and period not in (None, unit)
    text_columns += [columns[period]] if period else []
    text_columns += [columns[unit]] if has_units else []
    reader = Reader(db, query, number_columns, text_columns)
    missing = reader.packing.missing
    counts = period_counts.PeriodCounts(
        stored, *_bins(db, model, facts["version"], stored, missing), missing
    )
    for size, numbers, texts in reader.batches(period_counts.BATCH):
        units = texts.pop() if has_units else None
        names: Sequence[str | None] = [None] * size
        if period:
            names = texts.pop()
        counts.add(np.array([counts.periods[name] for name in names]), numbers, texts, units)
    if not counts.periods:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    return facts["version"], drift_rows(counts, missing)


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
