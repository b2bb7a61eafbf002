"""A fit is left when the database says so, and a limit of memory holds."""

import time

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.table import Table
from glasshouse_ml.data import memory
from glasshouse_ml.data.fingerprint import row_hashes
from glasshouse_ml.data.interrupts import PAUSE, attentive
from glasshouse_ml.data.sampling import Sampler
from sklearn.ensemble import RandomForestClassifier

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn


class Cancelled(Exception):
    """What the database would raise."""


def cancel() -> None:
    raise Cancelled


def test_a_long_fit_is_left_in_the_middle() -> None:
    matrix = np.random.default_rng(0).random((200, 3))
    endless = RandomForestClassifier(n_estimators=1_000_000)
    with pytest.raises(Cancelled), attentive(cancel):
        endless.fit(matrix, matrix[:, 0] > 0.5)


def test_a_cancel_that_someone_swallows_is_not_forgotten() -> None:
    def deaf() -> str:
        try:
            time.sleep(2 * PAUSE)
            return str(sum(range(3)))
        except Cancelled:
            return "on we go"

    with pytest.raises(Cancelled), attentive(cancel):
        deaf()


def test_one_block_inside_another_leaves_the_outer_one_attentive() -> None:
    def work() -> str:
        with attentive(lambda: None):
            time.sleep(2 * PAUSE)
        time.sleep(2 * PAUSE)
        return str(sum(range(3)))

    with pytest.raises(Cancelled), attentive(cancel):
        work()


def test_nothing_is_asked_of_a_short_block() -> None:
    with attentive(cancel):
        assert sorted([2, 1]) == [1, 2]


def hashes(values: np.ndarray) -> np.ndarray:
    return row_hashes(Table(len(values), {"value": values}))


def kept(values: np.ndarray, most: int) -> list[float]:
    """The values that are left of batches of a thousand."""
    sampler, marks, found = Sampler(), np.empty(0, np.uint64), np.empty(0)
    for start in range(0, len(values), 1_000):
        batch = values[start : start + 1_000]
        marks = np.append(marks, sampler.marks(hashes(batch)))
        found = np.append(found, batch)
        sampler.narrow(marks, most)
        inside = marks <= sampler.limit
        marks, found = marks[inside], found[inside]
    return sorted(found.tolist())


def test_the_sample_follows_from_the_rows_and_not_from_their_order() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=20_000)
    sample = kept(values, 3_000)
    assert 1_500 < len(sample) <= 3_000
    assert kept(random.permutation(values), 3_000) == sample
    assert abs(np.mean(sample)) < 0.1
    assert kept(values, 20_000) == sorted(values.tolist())


def test_equal_rows_are_kept_in_their_share() -> None:
    values = np.repeat([0.0, 1.0], 10_000)
    sample = kept(np.random.default_rng(2).permutation(values), 8_000)
    assert 3_000 < len(sample) <= 8_000
    assert 0.4 < np.mean(sample) < 0.6


def test_a_limit_leaves_rows_out_and_says_so(
    mixed: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Seven columns, and a key that is another text in each row.
    room = 250 * (7 * memory.ROW_BYTES + memory.TEXT_BYTES + len("row 123"))
    monkeypatch.setattr(memory, "room", lambda limit: room)
    db = StandIn(mixed)
    call(db, options='{"bootstrap": 0, "importance_repeats": 0, "memory_mb": 16000000}')
    version = db.recorded[-1]["version"]
    assert version["rows_read"] == len(mixed)
    assert 125 <= version["rows_train"] + version["rows_test"] <= 250
    (reason,) = [entry["reason"] for entry in version["excluded"] if entry["name"] == "(rows)"]
    assert reason in db.notices
    assert f"of {len(mixed)}" in reason


def test_no_room_at_all_is_an_error(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    with pytest.raises(GlasshouseError, match="memory_mb is 1; the session holds"):
        call(db, options='{"memory_mb": 1}')
    with pytest.raises(GlasshouseError, match="memory_mb allows 1"):
        memory.check(1)
    memory.check(None)
    assert db.recorded == []
