"""No call uses more threads than the setting allows."""

import os

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data import threads
from glasshouse_ml.registry import versions as registry
from sklearn import get_config
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_info

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict


class Set(StandIn):
    """A session in which the setting says something."""

    threads: str | None = None

    def setting(self, name: str) -> str | None:
        return self.threads if name == threads.SETTING else None


@pytest.fixture
def db(mixed: list[dict], monkeypatch: pytest.MonkeyPatch) -> Set:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    return Set(mixed)


def test_default_is_one_thread(db: Set) -> None:
    threads.limit_threads(db)
    assert [threads.thread_count(n_jobs) for n_jobs in (None, 1, 8, -1)] == [1, 1, 1, 1]
    assert {pool["num_threads"] for pool in threadpool_info()} == {1}
    # What is computed in pieces is so in small ones: a limit of memory could not see a gigabyte.
    assert get_config()["working_memory"] == threads.WORKING_MB


@pytest.mark.parametrize(("value", "limit"), [("3", 3), ("99", 4)])
def test_setting_is_limited_to_cores(db: Set, value: str, limit: int) -> None:
    db.threads = value
    threads.limit_threads(db)
    assert [threads.thread_count(n_jobs) for n_jobs in (None, 2, 8, -1)] == [1, 2, limit, limit]
    db.threads = None
    threads.limit_threads(db)
    assert threads.thread_count(-1) == 1


@pytest.mark.parametrize("value", ["0", "-2", "many", "1.5"])
def test_invalid_setting_is_refused(db: Set, value: str) -> None:
    db.threads = value
    with pytest.raises(GlasshouseError, match=r"glasshouse\.threads"):
        threads.limit_threads(db)


def test_thread_limit_applies_to_fit_folds_and_predict(
    db: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread_counts: list[int | None] = []
    for name in ("fit", "predict_proba"):
        inner = getattr(RandomForestClassifier, name)

        def watched(self, *arguments, inner=inner, **more):
            thread_counts.append(self.n_jobs)
            return inner(self, *arguments, **more)

        monkeypatch.setattr(RandomForestClassifier, name, watched)
    algorithms = '[{"algorithm": "random_forest", "params": {"n_estimators": 5, "n_jobs": -1}}]'
    db.threads = "2"
    call(db, key="id", algorithms=algorithms)
    assert set(thread_counts) == {2}
    # What was trained with two answers with one where the setting has fallen since.
    db.threads = None
    thread_counts.clear()
    one = np.array([row[2] for row in predict(db, "a model", "q", None)])
    assert set(thread_counts) == {1}
    db.threads = "2"
    threads.limit_estimator_threads(registry.load(db, "a model", None).pipeline)
    two = np.array([row[2] for row in predict(db, "a model", "q", None)])
    np.testing.assert_array_equal(one, two)
