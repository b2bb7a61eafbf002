"""Prediction intervals cover the share of new rows that they state."""

import json

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.conformal import conformal_interval
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.evaluate import evaluate
from glasshouse_ml.use.sql_export.exporting import export_model
from glasshouse_ml.use.sql_export.linear_form import NotLinear, linear_form

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict


def rows(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions, and answers whose errors grow with them and lean to one side."""
    rng = np.random.default_rng(seed)
    predictions = rng.uniform(1, 100, count)
    return predictions + predictions * rng.lognormal(-1, 0.6, count) * 0.3, predictions


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("count", [60, 1_000, 5_000])
def test_bounds_cover_share_of_new_rows(level: float, count: int) -> None:
    coverages = []
    for seed in range(30):
        actual, predictions = rows(count, seed)
        folds = np.array_split(np.arange(count), 5)
        interval = conformal_interval(
            [actual[fold] for fold in folds], [predictions[fold] for fold in folds], level
        )
        new_values, expected = rows(2_000, 1_000 + seed)
        lower, upper = interval.bounds(expected)
        assert (lower <= upper).all()
        coverages.append(((lower <= new_values) & (new_values <= upper)).mean())
    # 30 intervals from `count` rows each: the error of their mean is far below this.
    assert level - 0.01 <= np.mean(coverages) <= level + 2 / min(count, 100) + 0.01


def test_large_numbers_have_wider_bounds() -> None:
    actual, predictions = rows(5_000, 1)
    interval = conformal_interval([actual], [predictions], 0.8)
    assert len(interval.edges) == 9
    widths = np.subtract(interval.above, interval.below)
    assert widths[-1] > 4 * widths[0]
    new_values, expected = rows(5_000, 2)
    lower, upper = interval.bounds(expected)
    for part in (expected < 20, expected > 80):
        assert ((lower <= new_values) & (new_values <= upper))[part].mean() == pytest.approx(
            0.8, abs=0.05
        )


def test_equal_predictions_and_too_few_rows() -> None:
    actual = np.random.default_rng(0).normal(size=400)
    interval = conformal_interval([actual], [np.zeros(400)], 0.9)
    lower, upper = interval.bounds(np.array([-5.0, 0.0, 5.0]))
    assert np.isfinite([*lower, *upper]).all()
    with pytest.raises(GlasshouseError, match="at least 39 rows in the folds; there are 30"):
        conformal_interval([actual[:30]], [np.zeros(30)], 0.95)


@pytest.mark.parametrize("algorithm", ["ridge", "hist_gradient_boosting"])
def test_training_stores_and_measures_bounds(mixed: list[dict], algorithm: str) -> None:
    rng = np.random.default_rng(4)
    values = [{**row, "target": 9 * (row["amount"] or 0) + rng.normal() * 5} for row in mixed]
    db = StandIn(values)
    call(
        db, task="regression", key="id", algorithms=json.dumps([algorithm]),
        options={"interval": 0.8, "bootstrap": 50},
    )  # fmt: skip
    metrics = {
        (row["series"], row["metric"]): row
        for row in db.recorded[0]["metrics"]
        if row["split"] == "test" and row["segment"] == "all"
    }
    coverage = metrics["model", "interval_coverage"]
    assert 0.6 <= coverage["value"] <= 1
    assert coverage["lower"] < coverage["value"] <= coverage["upper"]
    assert metrics["model", "interval_width"]["value"] > 0
    assert ("baseline", "interval_coverage") not in metrics
    predictions = list(predict(db, "a model", "q", None))
    bounds = [json.loads(row[3]) if isinstance(row[3], str) else row[3] for row in predictions]
    inside = 0
    for (_, _, score, _), interval, row in zip(predictions, bounds, values, strict=True):
        assert list(interval) == ["lower", "upper"]
        assert interval["lower"] < score < interval["upper"]
        inside += interval["lower"] <= row["target"] <= interval["upper"]
    metric_values = {name: (value, baseline) for name, value, _, _, baseline, _ in
                evaluate(db, "a model", "q", None)}  # fmt: skip
    assert metric_values["interval_coverage"] == (pytest.approx(inside / len(values)), None)
    # ml.compile then writes a call of ml.predict, and ml.export says why there is no SQL.
    with pytest.raises(NotLinear):
        linear_form(unpack(db.artifacts[0]))
    with pytest.raises(GlasshouseError, match=r"options\.interval gives its predictions bounds"):
        export_model(db, "a model", "t", None)


def test_default_has_no_bounds(mixed: list[dict]) -> None:
    db = StandIn([{**row, "target": row["amount"] or 0.0} for row in mixed])
    call(db, task="regression", key="id", algorithms='["ridge"]')
    assert unpack(db.artifacts[0]).interval is None
    assert {row[3] for row in predict(db, "a model", "q", None)} == {None}
    assert not [r for r in db.recorded[0]["metrics"] if r["metric"].startswith("interval")]


@pytest.mark.parametrize("value", [0, 1, 1.5, "0.8", True, [0.8]])
def test_invalid_share_is_refused(mixed: list[dict], value: object) -> None:
    with pytest.raises(GlasshouseError, match=r"options\.interval is"):
        call(StandIn(mixed), task="regression", algorithms=None, options={"interval": value})
