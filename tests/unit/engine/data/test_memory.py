"""A limit of memory samples the rows of a training, or refuses it."""

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.table import Table
from glasshouse_ml.data import memory
from glasshouse_ml.data.column_buffer import Sampler
from glasshouse_ml.data.fingerprint import row_hashes

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn


def hashes(values: np.ndarray) -> np.ndarray:
    return row_hashes(Table(len(values), {"value": values}))


def sample_of(values: np.ndarray, max_rows: int) -> list[float]:
    """The sample of values that arrive in batches of a thousand."""
    sampler, keys, sample = Sampler(), np.empty(0, np.uint64), np.empty(0)
    for start in range(0, len(values), 1_000):
        batch = values[start : start + 1_000]
        keys = np.append(keys, sampler.sampling_keys(hashes(batch)))
        sample = np.append(sample, batch)
        sampler.tighten(keys, max_rows)
        selected = keys <= sampler.limit
        keys, sample = keys[selected], sample[selected]
    return sorted(sample.tolist())


def test_sample_depends_on_rows_and_not_on_order() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=20_000)
    sample = sample_of(values, 3_000)
    assert 1_500 < len(sample) <= 3_000
    assert sample_of(random.permutation(values), 3_000) == sample
    assert abs(np.mean(sample)) < 0.1
    assert sample_of(values, 20_000) == sorted(values.tolist())


def test_equal_rows_are_sampled_in_proportion() -> None:
    values = np.repeat([0.0, 1.0], 10_000)
    sample = sample_of(np.random.default_rng(2).permutation(values), 8_000)
    assert 3_000 < len(sample) <= 8_000
    assert 0.4 < np.mean(sample) < 0.6


def test_memory_limit_samples_rows_and_reports_it(
    mixed: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Seven columns, and a key that is another text in each row.
    available = 250 * (7 * memory.ROW_BYTES + memory.TEXT_BYTES + len("row 123"))
    monkeypatch.setattr(memory, "available_bytes", lambda limit: available)
    db = StandIn(mixed)
    call(db, options='{"bootstrap": 0, "importance_repeats": 0, "memory_mb": 16000000}')
    version = db.recorded[-1]["version"]
    assert version["rows_read"] == len(mixed)
    assert 125 <= version["rows_train"] + version["rows_test"] <= 250
    (reason,) = [entry["reason"] for entry in version["excluded"] if entry["name"] == "(rows)"]
    assert any(reason in notice for notice in db.notices)
    assert f"of {len(mixed)}" in reason


def test_limit_below_session_size_is_error(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    with pytest.raises(GlasshouseError, match="memory_mb is 1; the session holds"):
        call(db, options='{"memory_mb": 1}')
    with pytest.raises(GlasshouseError, match="memory_mb allows 1"):
        memory.check_limit(1)
    memory.check_limit(None)
    assert db.recorded == []
