"""LightGBM and XGBoost inside a real server, whose Python was made with ML_EXTRAS."""

import json
from typing import Any

import numpy as np
import pytest

from .engine import Session, admin, user

__all__ = ["admin", "user"]  # fixtures

ROWS = """
create table engine_test.extras as
select
    i as id,
    case when i % 11 > 0 then sin(i) end as a,
    cos(i * 3) as b,
    (array['red', 'green', 'blue'])[1 + i % 3] as colour,
    case when i % 3 = 0 then 2 else 0 end + coalesce(sin(i), 0) + cos(i * 3) * 0.5 as amount,
    case when i % 3 = 0 then 2 else 0 end + coalesce(sin(i), 0) > 0.8 as large
from generate_series(1, 600) as i
"""
BARE = json.dumps({"folds": 2, "bootstrap": 0, "importance_repeats": 0, "learning_curve": 0})


@pytest.fixture(scope="module")
def rows(user: Session) -> str:
    user.rows(ROWS)
    return "select id, a, b, colour, large from engine_test.extras"


def test_extra_algorithms_are_listed(user: Session) -> None:
    result = user.rows(
        "select algorithm, task, class, handles_missing from ml.algorithms() "
        "where algorithm in ('lightgbm', 'xgboost') order by 1, 2"
    )
    assert [row[2] for row in result] == [
        "lightgbm.LGBMClassifier", "lightgbm.LGBMRegressor",
        "xgboost.XGBClassifier", "xgboost.XGBRegressor",
    ]  # fmt: skip
    assert all(row[3] for row in result)


@pytest.mark.parametrize("algorithm", ["lightgbm", "xgboost"])
def test_extra_algorithm_trains_predicts_and_explains(
    engine: Any, user: Session, rows: str, algorithm: str
) -> None:
    model = f"engine test {algorithm}"
    entry = json.dumps([{"algorithm": algorithm, "params": {"n_estimators": 30, "n_jobs": -1}}])
    call = (
        "select score, baseline from ml.train(%s, %s, 'classification', 'large', 'id', %s, "
        "options => %s)"
    )
    ((score, baseline),) = user.rows(call, model, rows, entry, BARE)
    assert score > 0.95 > baseline
    # Another session reads the stored text anew.
    other = Session(engine.dsn("transformer"))
    chances = dict(other.rows("select key, score from ml.predict(%s, %s)", model, rows))
    other.connection.close()
    sums = dict(
        user.rows(
            "select key, sum(contribution) from ml.explain(%s, %s, null) group by 1",
            model,
            f"{rows} where id <= 20",
        )
    )
    assert len(chances) == 600 and len(sums) == 20
    for key, log_odds in sums.items():
        assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(chances[key], abs=1e-6)
    ((version,),) = user.rows(
        "select libraries ->> %s from ml.model_versions where model = %s", algorithm, model
    )
    assert version
    # The same rows and the same seed give the same numbers.
    user.rows(call, model, rows, entry, BARE)
    predictions = dict(user.rows("select key, score from ml.predict(%s, %s)", model, rows))
    assert predictions == chances
