"""ml.contest: paired scores with and without columns, and the interval of their difference."""

import json
from datetime import date, timedelta

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.use.contest import COLUMNS, contest, corrected_difference, holm
from scipy import stats

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

GROUPS = {"signal": ["signal"], "noise": ["noise", "word"]}


def rows(count: int = 160) -> list[dict]:
    """The target follows from `signal`; the other columns say nothing about it."""
    random = np.random.default_rng(7)
    signal, noise = random.normal(size=(2, count))
    return [
        {
            "id": number,
            "signal": float(signal[number]),
            "noise": float(noise[number]),
            "word": "ab"[number % 2],
            "on": date(2026, 1, 1) + timedelta(number),
            "target": str(signal[number] + random.normal(scale=0.5) > 0),
        }
        for number in range(count)
    ]


def results(db: StandIn, groups: object = None, repeats: int = 2) -> dict[str, dict]:
    answer = contest(db, "a model", "q", json.dumps(groups or GROUPS), repeats)
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in answer}


def test_helpful_group_is_recognised() -> None:
    db = StandIn(rows())
    call(db, key="id")
    by_group = results(db)
    assert list(by_group) == ["signal", "noise"]
    assert by_group["signal"]["verdict"] == "adds"
    assert by_group["signal"]["lower"] > 0 > by_group["noise"]["lower"]
    assert by_group["noise"]["verdict"] == "no clear difference"
    for row in by_group.values():
        assert row["folds"] == 6
        assert row["score"] - row["score_without"] == pytest.approx(row["difference"])
    assert db.results[0][:2] == ("a model", 1)
    assert {row["feature_group"] for row in db.results[0][2]} == {"signal", "noise"}
    assert results(db) == by_group


def test_smaller_loss_is_gain() -> None:
    db = StandIn(rows())
    call(db, key="id", metric="log_loss")
    signal = results(db, repeats=1)["signal"]
    assert signal["score"] < signal["score_without"]
    assert signal["difference"] > 0


def test_forward_folds_are_made_once() -> None:
    db = StandIn(rows())
    call(db, key="id", split='{"by": "time", "column": "on"}')
    assert results(db, repeats=5)["signal"]["folds"] == 3


def test_column_options_follow_column() -> None:
    db = StandIn(rows())
    algorithms = '["hist_gradient_boosting"]'
    call(db, {"monotonic": {"noise": 1}, "columns": {"word": "category"}}, algorithms=algorithms)
    assert results(db, repeats=1)["signal"]["verdict"] == "adds"


def test_interval_equals_nadeau_and_bengio() -> None:
    values = np.array([0.01, 0.03, 0.02, 0.05, 0.01])
    difference = corrected_difference(values, 0.25)
    error = np.sqrt((1 / 5 + 0.25) * values.var(ddof=1))
    assert difference.mean == pytest.approx(0.024)
    assert difference.upper - difference.mean == pytest.approx(stats.t.ppf(0.975, 4) * error)
    assert difference.p_value == pytest.approx(2 * stats.t.sf(0.024 / error, 4))
    of_five = corrected_difference(values, 0.25, 5)
    assert of_five.upper - of_five.mean == pytest.approx(stats.t.ppf(0.995, 4) * error)
    assert corrected_difference(np.zeros(4), 0.25).p_value == 1


def test_p_values_equal_holm() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06}
    )
    assert holm({"a": 0.7, "b": 0.6}) == {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("groups", "repeats", "message"),
    [
        ({"one": ["gone"]}, 2, "'gone', which is no feature"),
        ({"one": ["target"]}, 2, "'target', which is no feature"),
        ({"one": []}, 2, "names no column"),
        ({"one": "noise"}, 2, "names no column"),
        ([], 2, "names no group"),
        ({"all": ["signal", "noise", "word", "on"]}, 2, "no column is left"),
        (GROUPS, 0, "repeats is 0"),
    ],
)
def test_invalid_arguments_are_refused(groups: object, repeats: int, message: str) -> None:
    db = StandIn(rows())
    call(db, key="id")
    with pytest.raises(GlasshouseError, match=message):
        contest(db, "a model", "q", json.dumps(groups), repeats)


def test_model_without_champion_is_refused() -> None:
    with pytest.raises(GlasshouseError, match="There is no model"):
        results(StandIn(rows()))
