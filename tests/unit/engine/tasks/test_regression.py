"""Regression: metrics, splits and models equal scikit-learn's on the same rows."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.libraries import is_installed
from glasshouse_ml.measure.intervals import metric_intervals
from glasshouse_ml.measure.regression_metrics import METRICS, RegressionScores
from sklearn import metrics as reference
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict
from tests.unit.engine.train.test_training import without_times

REFERENCE = {
    "rmse": reference.root_mean_squared_error,
    "mae": reference.mean_absolute_error,
    "median_absolute_error": reference.median_absolute_error,
    "mape": reference.mean_absolute_percentage_error,
    "rmsle": lambda actual, predicted: reference.root_mean_squared_log_error(
        np.abs(actual), np.abs(predicted)
    ),
    "r2": reference.r2_score,
    "pinball_10": lambda a, p: reference.mean_pinball_loss(a, p, alpha=0.1),
    "pinball_90": lambda a, p: reference.mean_pinball_loss(a, p, alpha=0.9),
    "wape": lambda actual, predicted: np.abs(actual - predicted).sum() / np.abs(actual).sum(),
}


@pytest.fixture(scope="module")
def diabetes() -> list[dict[str, Any]]:
    data = load_diabetes()
    return [
        {
            "id": number,
            **dict(zip(data.feature_names, map(float, row), strict=True)),
            "target": float(value),
            "at": number,
            "part": "test" if number % 4 == 0 else "train",
        }
        for number, (row, value) in enumerate(zip(data.data, data.target, strict=True))
    ]


def train(rows: list[dict], **changes: Any) -> tuple[StandIn, dict[str, Any]]:
    db = StandIn(rows)
    arguments = {"task": "regression", "key": "id", "algorithms": '["ridge"]', **changes}
    call(db, **arguments)
    return db, db.recorded[0]


def as_rows(rows: list[dict]) -> list[dict]:
    return [{k: v for k, v in row.items() if k not in ("at", "part")} for row in rows]


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("count", [41, 100])
def test_metrics_equal_scikit_learn_with_weights(name: str, count: int) -> None:
    rng = np.random.default_rng(count)
    actual = np.abs(rng.normal(50, 20, count))
    predictions = np.abs(actual + rng.normal(0, 9, count))
    rows = RegressionScores(actual, predictions)
    assert METRICS[name].value(rows) == pytest.approx(REFERENCE[name](actual, predictions))
    draws = rng.integers(0, count, (5, count))
    weights = np.array([np.bincount(draw, minlength=count) for draw in draws], float)
    expected = [REFERENCE[name](actual[draw], predictions[draw]) for draw in draws]
    np.testing.assert_allclose(METRICS[name].measure(rows, weights), expected)


def test_zero_actual_has_no_percentage_error() -> None:
    rows = RegressionScores(np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    assert np.isnan(METRICS["mape"].value(rows))
    assert METRICS["wape"].value(rows) == 1.0


def test_intervals_contain_value_and_have_theoretical_width() -> None:
    rng = np.random.default_rng(0)
    actual = rng.normal(100, 10, 2_000)
    rows = RegressionScores(actual, actual + rng.normal(0, 5, 2_000))
    result = metric_intervals(rows, 300, 0)
    for name, metric in METRICS.items():
        assert result[name][0] <= metric.value(rows) <= result[name][1], name
    # The deviation of a root mean square of normal errors: sigma / sqrt(2 n).
    width = result["rmse"][1] - result["rmse"][0]
    assert width == pytest.approx(2 * 1.96 * 5 / np.sqrt(4_000), rel=0.2)


def test_model_equals_scikit_learn(diabetes: list[dict]) -> None:
    db, payload = train(
        [{k: v for k, v in row.items() if k != "at"} for row in diabetes],
        split='{"by": "column", "column": "part"}',
    )
    data = load_diabetes()
    training = np.arange(len(data.target)) % 4 > 0
    model = make_pipeline(StandardScaler(), Ridge()).fit(data.data[training], data.target[training])
    expected = model.predict(data.data)
    result = list(predict(db, "a model", "q", None))
    np.testing.assert_allclose([score for _, _, score, _ in result], expected, rtol=1e-9)
    assert [float(text) for _, text, _, _ in result] == [score for _, _, score, _ in result]
    assert {shares for *_, shares in result} == {None}
    values = {
        (m["series"], m["metric"]): m["value"] for m in payload["metrics"] if m["split"] == "test"
    }
    actual = data.target[~training]
    dummy = DummyRegressor().fit(data.data[training], data.target[training])
    for name, measure in REFERENCE.items():
        assert values["model", name] == pytest.approx(measure(actual, expected[~training]))
        baseline = dummy.predict(data.data[~training])
        assert values["baseline", name] == pytest.approx(measure(actual, baseline))


def test_training_is_recorded_completely(diabetes: list[dict]) -> None:
    _, payload = train(as_rows(diabetes), algorithms=None)
    version = payload["version"]
    assert version["metric"] == "rmse"
    assert version["score"] < version["baseline"]
    assert version["lower"] <= version["score"] <= version["upper"]
    assert (version["rows_train"], version["rows_test"]) == (354, 88)
    assert (version["classes"], version["positive_class"]) == ([], None)
    assert [c["algorithm"] for c in payload["candidates"]] == [
        "dummy",
        "ridge",
        "hist_gradient_boosting",
        "random_forest",
        *(["lightgbm"] if is_installed("lightgbm") else []),
    ]
    # On this data the straight line is known to do as well as anything.
    assert next(c for c in payload["candidates"] if c["chosen"])["algorithm"] == "ridge"
    assert payload["confusion"] == []
    assert {row["class"] for row in payload["distributions"]} == {None}
    assert payload["importances"][0]["feature"] in ("s5", "bmi", "s1")
    strongest = max(version["features"], key=lambda feature: feature["univariate_auc"])
    assert strongest["name"] in ("bmi", "s5")
    json.dumps(payload, allow_nan=False)


def test_curves_are_complete(diabetes: list[dict]) -> None:
    _, payload = train(as_rows(diabetes), options={"learning_curve": None})
    curves: dict[str, list[dict]] = {}
    for row in payload["curves"]:
        curves.setdefault(row["curve"], []).append(row)
    assert set(curves) == {
        "learning",
        "predicted_actual",
        "residual_distribution",
        "residual_quantile",
        "score_overall",
    }
    for name in ("predicted_actual", "residual_distribution"):
        assert sum(row["n"] for row in curves[name]) == 88
    groups = curves["predicted_actual"]
    assert len(groups) == 10
    assert [row["x"] for row in groups] == sorted(row["x"] for row in groups)
    assert groups[-1]["y"] > groups[0]["y"]
    assert sum(row["y"] for row in curves["residual_distribution"]) == pytest.approx(1)
    assert [row["x"] for row in curves["residual_quantile"]][4] == 0.5


def test_baseline_is_best_constant_for_metric(diabetes: list[dict]) -> None:
    for metric, strategy in (("rmse", "mean"), ("mae", "median"), ("wape", "median")):
        _, payload = train(as_rows(diabetes), metric=metric)
        assert payload["candidates"][0]["params"] == {"strategy": strategy}
        assert payload["version"]["metric"] == metric
    _, payload = train(as_rows(diabetes), metric="pinball_90")
    assert payload["candidates"][0]["params"] == {"strategy": "quantile", "quantile": 0.9}


def test_row_order_does_not_change_result(diabetes: list[dict]) -> None:
    rows = as_rows(diabetes)
    assert without_times(train(rows)[1]) == without_times(train(rows[::-1])[1])


@pytest.mark.parametrize(
    "split",
    ['{"by": "time", "column": "at"}', '{"by": "key"}', '{"by": "group", "column": "part"}'],
)
def test_every_split_is_supported(diabetes: list[dict], split: str) -> None:
    rows = diabetes
    if "group" in split:
        rows = [{**row, "part": f"group {row['id'] % 9}"} for row in diabetes]
    _, payload = train(rows, split=split)
    assert payload["version"]["score"] < payload["version"]["baseline"]
    if "time" in split:
        assert payload["version"]["split"]["test_from"] == 354


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        ([{"a": n, "target": "x"} for n in range(20)], {}, "is of type text; a regression"),
        ([{"a": n, "target": n % 2 == 0} for n in range(20)], {}, "is of type boolean"),
        ([{"a": n, "target": 3.0} for n in range(20)], {}, "one value only: 3"),
        ([{"a": n, "target": float(n) if n else np.inf} for n in range(20)], {}, "holds infinite"),
        ([{"a": n, "target": float(n)} for n in range(3)], {}, "has 2 rows; 4 are the least"),
        (
            [{"a": n, "target": float(n)} for n in range(9)],
            {"options": '{"folds": 5}'},
            "too few for 5 folds",
        ),
        (
            [{"a": n, "target": float(n)} for n in range(20)],
            {"options": '{"positive_class": "yes"}'},
            "positive_class means nothing for regression",
        ),
        ([{"a": n, "target": float(n)} for n in range(20)], {"metric": "f1"}, "for regression"),
        (
            [{"a": n, "target": float(n)} for n in range(20)],
            {"metric": "mape"},
            "mape is undefined where the target is 0, which column 'target' is in 1 row.",
        ),
        (
            [{"a": n, "target": float(n - 2)} for n in range(20)],
            {"metric": "rmsle"},
            "rmsle is undefined where the target is below 0, which column 'target' is in 2 rows.",
        ),
        (
            [{"a": n, "b": n % 3, "target": float(n // 16)} for n in range(20)],
            {"metric": "wape", "split": '{"by": "time", "column": "a"}'},
            "wape cannot be computed in fold 1 of the training part: it is undefined where the "
            "target is 0 in every row.",
        ),
    ],
)
def test_invalid_arguments_are_refused(rows: list[dict], changes: dict, message: str) -> None:
    with pytest.raises(GlasshouseError) as caught:
        train(rows, key=None, **changes)
    assert message in caught.value.message
    assert caught.value.hint
