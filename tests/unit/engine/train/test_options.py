"""Weights, calibration, costs, constraints and transformed targets: their effect on a model."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.target import Costs
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.measure.thresholds import least_cost_threshold
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.evaluate import evaluate
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import brier_score_loss, root_mean_squared_log_error
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

QUICK = {"bootstrap": 50, "importance_repeats": 1, "folds": 3}
BY_PART = '{"by": "column", "column": "part"}'
RNG = np.random.default_rng(11)


def _row(number: int) -> dict[str, Any]:
    """Two columns that say the same: naive Bayes counts it twice and is too sure of itself."""
    value = float(RNG.normal())
    return {
        "id": number,
        "a": value,
        "b": value + float(RNG.normal()) / 10,
        "noise": float(RNG.normal()),
        "target": value + float(RNG.normal()) * 1.5 > 1,
        "part": "test" if number % 3 == 0 else "train",
    }


ROWS = [_row(number) for number in range(900)]
NAMES = ("a", "b", "noise")
MATRIX = np.array([[row[name] for name in NAMES] for row in ROWS])
HITS = np.array([row["target"] for row in ROWS])
TRAINING = np.array([row["part"] == "train" for row in ROWS])


def train(rows: list[dict] = ROWS, **changes: Any) -> tuple[StandIn, dict[str, Any]]:
    options = {**QUICK, **changes.pop("options", {})}
    db = StandIn(rows)
    arguments = {"key": "id", "split": BY_PART, **changes}
    call(db, **arguments, options=json.dumps(options))
    return db, db.recorded[-1]


def stored_model(db: StandIn) -> Model:
    return unpack(db.artifacts[-1])


def predicted_scores(db: StandIn, rows: list[dict] = ROWS) -> list[tuple[str, float]]:
    result = {int(key): (word, score) for key, word, score, _ in predict(db, "a model", "q", None)}
    return [result[row["id"]] for row in rows]


def measure(payload: dict[str, Any], metric: str, series: str = "model") -> float:
    return next(
        m["value"]
        for m in payload["metrics"]
        if (m["metric"], m["series"], m["split"]) == (metric, series, "test")
    )


@pytest.mark.parametrize("weights", ["balanced", {"true": 4, "false": 1}])
def test_class_weights_apply_to_every_candidate(weights: Any) -> None:
    db, payload = train(options={"class_weight": weights})
    class_weight = weights if weights == "balanced" else {True: 4, False: 1}
    outside = make_pipeline(StandardScaler(), LogisticRegression(class_weight=class_weight))
    outside.fit(MATRIX[TRAINING], HITS[TRAINING])
    scores = [score for _, score in predicted_scores(db)]
    assert scores == pytest.approx(outside.predict_proba(MATRIX)[:, 1], abs=1e-3)
    assert payload["version"]["options"]["class_weight"] == weights
    assert payload["version"]["params"] == {}


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration_improves_probabilities(method: str) -> None:
    losses = {}
    for calibration in (None, method):
        db, payload = train(algorithms='["gaussian_nb"]', options={"calibration": calibration})
        losses[calibration] = measure(payload, "brier")
    assert losses[method] < losses[None] - 0.01
    outside = CalibratedClassifierCV(
        make_pipeline(StandardScaler(), GaussianNB()), method=method, cv=3, ensemble=False
    ).fit(MATRIX[TRAINING], HITS[TRAINING])
    expected = brier_score_loss(HITS[~TRAINING], outside.predict_proba(MATRIX[~TRAINING])[:, 1])
    assert losses[method] == pytest.approx(expected, abs=0.005)
    scores = [score for _, score in predicted_scores(db)]
    assert np.corrcoef(scores, outside.predict_proba(MATRIX)[:, 1])[0, 1] > 0.99


def test_time_calibration_uses_past_rows_only() -> None:
    rows = [{**row, "part": None, "at": row["id"]} for row in ROWS]
    split = '{"by": "time", "column": "at"}'
    db, _ = train(
        rows, split=split, algorithms='["gaussian_nb"]', options={"calibration": "sigmoid"}
    )
    estimator = stored_model(db).pipeline[-1]
    # A model for each step in time; nothing in the artifact says which rows were where.
    assert len(estimator.calibrated_classifiers_) == 3
    assert estimator.cv == 3


def test_threshold_has_least_cost_on_validation_rows() -> None:
    rng = np.random.default_rng(0)
    scores = np.round(rng.random(300), 2)
    hits = rng.random(300) < scores
    folds = [
        ClassificationScores(
            hits[part].astype(int), np.column_stack([1 - scores[part], scores[part]])
        )
        for part in np.array_split(np.arange(300), 3)
    ]
    for costs in (Costs(1, 1), Costs(1, 9), Costs(7, 2)):

        def cost(threshold: float, costs: Costs = costs) -> float:
            is_flagged = scores >= threshold
            error_cost = costs.false_positive * (is_flagged & ~hits).sum()
            return error_cost + costs.false_negative * (~is_flagged & hits).sum()

        result = least_cost_threshold(folds, costs)
        assert cost(result) == min(map(cost, np.arange(0, 1.005, 0.005)))
    # The same for every row: whoever is called, all are.
    same = [ClassificationScores(hits.astype(int), np.full((300, 2), 0.5))]
    assert (
        least_cost_threshold(same, Costs(1, 100)) < 0.5 < least_cost_threshold(same, Costs(100, 1))
    )


def test_costs_change_threshold_and_dependent_results() -> None:
    result = {}
    for costs in (None, {"false_positive": 1, "false_negative": 10}):
        db, payload = train(options={"costs": costs})
        threshold = payload["version"]["threshold"]
        result[bool(costs)] = threshold, measure(payload, "recall")
        words, scores = zip(*predicted_scores(db), strict=True)
        assert words == tuple("true" if score >= threshold else "false" for score in scores)
        test = np.array(scores)[~TRAINING], HITS[~TRAINING]
        cells = {(c["actual"], c["predicted"]): c["n"] for c in payload["confusion"]}
        assert {c["threshold"] for c in payload["confusion"]} == {threshold}
        assert cells["true", "true"] == int(((test[0] >= threshold) & test[1]).sum())
        assert stored_model(db).threshold == threshold
    assert result[False][0] == 0.5
    # Known from theory for right probabilities: 1 / (1 + 10).
    assert result[True][0] == pytest.approx(1 / 11, abs=0.06)
    assert result[True][1] > result[False][1] + 0.3
    missed = cells["true", "false"] * 10 + cells["false", "true"]
    assert measure(payload, "cost") == pytest.approx(missed / (~TRAINING).sum())
    assert measure(payload, "cost") < measure(payload, "cost", "baseline")
    metrics = {name: value for name, value, *_ in evaluate(db, "a model", "q", 1)}
    assert metrics["cost"] < 1
    folds = [m for m in payload["metrics"] if m["split"] == "validation" and m["metric"] == "cost"]
    assert len(folds) == 2 * 3


def test_threshold_is_independent_of_test_rows() -> None:
    arguments = {"options": {"costs": {"false_positive": 1, "false_negative": 10}}}
    other_rows = [
        {**row, "target": row["id"] % 2 == 0} if row["part"] == "test" else row for row in ROWS
    ]
    result = [train(rows, **arguments)[1]["version"] for rows in (ROWS, other_rows)]
    assert result[0]["threshold"] == result[1]["threshold"]
    assert result[0]["score"] != result[1]["score"]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_monotonic_constraints_hold(task: str) -> None:
    rows = [
        {**row, "target": row["target"] if task == "classification" else row["a"] + row["noise"]}
        for row in ROWS
    ]
    grid = np.repeat([[0.0, 0.0, 0.0]], 200, axis=0)
    grid[:, 1] = np.linspace(-3, 3, 200)
    for sign in (1, -1):
        options = {"monotonic": {"b": sign}}
        db, payload = train(rows, task=task, algorithms=None, options=options)
        # Only those are tried that can obey.
        algorithms = [c["algorithm"] for c in payload["candidates"]]
        assert algorithms == ["dummy", "hist_gradient_boosting"]
        model = stored_model(db).pipeline
        result = model.predict(grid) if task == "regression" else model.predict_proba(grid)[:, 1]
        assert (np.diff(result) * sign >= 0).all()


def test_target_transform_is_inverted_in_predictions() -> None:
    rows = [{**row, "target": float(np.exp(2 + row["a"] + row["noise"]))} for row in ROWS]
    amounts = np.array([row["target"] for row in rows])
    errors = {}
    for transform in (None, "log1p"):
        db, payload = train(
            rows,
            task="regression",
            algorithms='["ridge"]',
            options={"target_transform": transform},
        )
        errors[transform] = measure(payload, "mae")
    outside = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), Ridge()), func=np.log1p, inverse_func=np.expm1
    ).fit(MATRIX[TRAINING], amounts[TRAINING])
    expected = outside.predict(MATRIX)
    assert [score for _, score in predicted_scores(db)] == pytest.approx(expected)
    # An answer below 0 counts as 0.
    error = root_mean_squared_log_error(amounts[~TRAINING], np.maximum(expected[~TRAINING], 0))
    assert measure(payload, "rmsle") == pytest.approx(error)
    assert errors["log1p"] < errors[None]


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"options": {"class_weight": "even"}}, 'options.class_weight is "even"', "balanced"),
        ({"options": {"class_weight": {"true": -1}}}, "gives 'true' -1", "balanced"),
        ({"options": {"class_weight": {"yes": 2}}}, "class_weight names 'yes'", "true"),
        (
            {"options": {"class_weight": "balanced"}, "algorithms": '["gaussian_nb"]'},
            "gaussian_nb does not support options.class_weight",
            "logistic_regression",
        ),
        ({"options": {"calibration": "platt"}}, 'options.calibration is "platt"', "sigmoid"),
        ({"options": {"costs": {"false_positive": 1}}}, "costs.false_negative is null", "Write"),
        (
            {"options": {"costs": {"false_positive": 10**400, "false_negative": 1}}},
            "not a number above 0",
            "Write",
        ),
        ({"options": {"costs": {"fp": 1}}}, "options.costs has no entry 'fp'", "false_positive"),
        ({"options": {"monotonic": {"a": 2}}}, "options.monotonic gives 'a' 2", "1 for up"),
        (
            {"options": {"monotonic": {"c": 1}}, "algorithms": None},
            "options.monotonic names 'c', which is no feature",
            "a",
        ),
        (
            {"options": {"monotonic": {"a": 1}}},
            "logistic_regression does not support options.monotonic",
            "hist_gradient_boosting",
        ),
        ({"options": {"target_transform": "log1p"}}, "means nothing for classification", "Leave"),
        (
            {"task": "regression", "target": "a", "options": {"target_transform": "log1p"}}
            | {"algorithms": '["ridge"]'},
            "'a' holds numbers below 0",
            "Leave target_transform out",
        ),
    ],
)
def test_invalid_options_are_refused(changes: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(GlasshouseError) as caught:
        train(**changes)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_costs_need_two_classes() -> None:
    rows = [{**row, "target": row["id"] % 3} for row in ROWS]
    with pytest.raises(GlasshouseError, match="costs is about two classes; 'target' has 3"):
        train(rows, options={"costs": {"false_positive": 1, "false_negative": 1}})


def test_monotonic_constraint_on_text_is_refused() -> None:
    rows = [{**row, "word": "xy"[row["id"] % 2]} for row in ROWS]
    with pytest.raises(GlasshouseError, match="names 'word', whose values have no order"):
        train(rows, algorithms=None, options={"monotonic": {"word": 1}})
