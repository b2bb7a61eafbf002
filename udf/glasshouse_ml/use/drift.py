"""ml.drift and ml.watch: how far rows differ from the training rows of the champion.

The rows are counted into the bins that the registry stores of the training, a batch at a time: one
pass, with little memory however many there are. The model's scores are counted in the same way.
On a Citus cluster each worker counts its own rows. `use/period_counts.py` counts, and
`use/drift_rows.py` compares the counts.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.records import Records
from glasshouse_ml.data.database import Database
from glasshouse_ml.data.interrupts import interruptible
from glasshouse_ml.data.row_reader import Reader
from glasshouse_ml.data.shard_sample import reader_parameters, shard_reader
from glasshouse_ml.data.shards import ShardQuery, SignedArtifact, shard_query
from glasshouse_ml.measure.bins import Bins
from glasshouse_ml.measure.text_bins import TextBins
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use.columns import feature_columns, model_columns
from glasshouse_ml.use.drift_rows import COLUMNS, DriftRow, drift_rows
from glasshouse_ml.use.period_counts import BATCH, PeriodCounts

SCORE = "score"
# The measure of ml.read_shard.
COUNTS = "counts"


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
    db: Database, model: str, query: str, period: str | None, number: int | None = None
) -> tuple[int, list[DriftRow]]:
    facts = registry.facts(db, model, number)
    stored = registry.load(db, model, facts["version"] if facts else number)
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
    version = facts["version"]
    reference = _Reference(
        registry.bins(db, model, version), registry.score_bins(db, model, version)
    )
    rows = _RowColumns(period is not None, has_units)
    counts = reference.empty_counts(stored, reader.packing.missing)
    shards = None if isinstance(stored.pipeline[-1], Grouped) else shard_query(db, query)
    if shards:
        _merge_shards(
            counts, shards, reader, reference, rows, registry.artifact(db, model, version)
        )
    else:
        rows.count(reader, counts)
    if not counts.periods:
        raise GlasshouseError("The query returns no row.", "Check its conditions.")
    return version, drift_rows(counts, reader.packing.missing)


@dataclass(frozen=True)
class _Reference:
    """The bins of the training rows and of the scores of the test rows, as the registry has them.

    An old version has none of the scores.
    """

    features: dict[str, Records]
    score: Records

    def empty_counts(self, stored: Model, missing: str) -> PeriodCounts:
        """Counts of no row; `missing` is the text of NULL."""
        bins = [
            (TextBins if feature.has_documents else Bins)(
                feature, self.features[feature.name], missing
            )
            for feature in stored.features
        ]
        score = Bins(Feature(f"({SCORE})", "", SCORE), self.score, missing) if self.score else None
        return PeriodCounts(stored, bins, score, missing)


@dataclass(frozen=True)
class _RowColumns:
    """Which texts follow those of the features in a row that is read."""

    has_period: bool
    has_unit: bool

    def count(self, reader: Reader, counts: PeriodCounts) -> None:
        """Count all rows of a reader."""
        for size, numbers, texts in reader.batches(BATCH):
            units = texts.pop() if self.has_unit else None
            names: Sequence[str | None] = [None] * size
            if self.has_period:
                names = texts.pop()
            counts.add(np.array([counts.periods[name] for name in names]), numbers, texts, units)


def _merge_shards(
    counts: PeriodCounts,
    shards: ShardQuery,
    reader: Reader,
    reference: _Reference,
    rows: _RowColumns,
    artifact: SignedArtifact,
) -> None:
    """Have the workers of a cluster count the rows of their shards, and merge the counts."""
    parameters = {
        **reader_parameters(reader),
        "reference": asdict(reference),
        "rows": asdict(rows),
        # A worker does not see how many rows there are in all.
        "is_single_batch": sum(shard.rows for shard in shards.shards) < BATCH,
    }
    for state in shards.states(COUNTS, parameters, artifact):
        counts.merge(state)


def count_shard(
    db: Database, source: str, parameters: dict[str, Any], stored: Model
) -> dict[str, np.ndarray]:
    """The counts of the rows of a shard; the parameters are those of _merge_shards()."""
    reader = shard_reader(db, source, parameters)
    counts = _Reference(**parameters["reference"]).empty_counts(stored, reader.packing.missing)
    counts.is_single_batch = parameters["is_single_batch"]
    _RowColumns(**parameters["rows"]).count(reader, counts)
    return counts.state()
