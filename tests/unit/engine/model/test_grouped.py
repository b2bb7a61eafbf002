"""One model per group equals a model trained on the group's rows alone."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.table import NUMBER
from glasshouse_ml.model.algorithms import find_algorithm
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.model.preprocessing import preprocessing_pipeline
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

RNG = np.random.default_rng(5)
SLOPES = {"north": 3.0, "south": -2.0, "east": 0.5}
BY_PART = '{"by": "column", "column": "part"}'


def _rows() -> list[dict[str, Any]]:
    """In each shop the amount follows from x in another way; the kiosk has few rows."""
    rows = []
    for number in range(600):
        shop = "kiosk" if number % 60 == 0 else ["north", "south", "east"][number % 3]
        x = float(RNG.normal())
        amount = SLOPES.get(shop, 1.0) * x + float(RNG.normal()) / 10
        rows.append(
            {
                "id": number,
                "shop": None if number % 97 == 96 else shop,
                "x": x,
                "z": float(RNG.normal()),
                "amount": amount,
                "part": "test" if number // 7 % 4 == 3 else "train",
            }
        )
    return rows


ROWS = _rows()
MATRIX = np.array([[row["x"], row["z"]] for row in ROWS])
AMOUNTS = np.array([row["amount"] for row in ROWS])
TRAINING = np.array([row["part"] == "train" for row in ROWS])
SHOPS = np.array([row["shop"] or "" for row in ROWS])


def train(rows: list[dict] = ROWS, **changes: Any) -> tuple[StandIn, dict[str, Any]]:
    options = {"bootstrap": 0, "importance_repeats": 1, "folds": 2, "group_by": "shop"}
    options |= changes.pop("options", {})
    db = StandIn(rows)
    arguments = {
        "task": "regression",
        "target": "amount",
        "key": "id",
        "algorithms": '["ridge"]',
        "split": BY_PART,
        **changes,
    }
    call(db, **arguments, options=json.dumps(options))
    return db, db.recorded[-1]


def predicted_scores(db: StandIn, rows: list[dict]) -> np.ndarray:
    db.rows = rows
    result = {int(key): score for key, _, score, _ in predict(db, "a model", "q", None)}
    return np.array([result[row["id"]] for row in rows])


def expected(rows: np.ndarray) -> np.ndarray:
    """What a model made outside of these training rows answers for every row."""
    part = rows & TRAINING
    model = make_pipeline(StandardScaler(), Ridge()).fit(MATRIX[part], AMOUNTS[part])
    return model.predict(MATRIX)


def test_each_group_has_model_of_its_rows() -> None:
    db, payload = train()
    result = predicted_scores(db, ROWS)
    for shop in SLOPES:
        is_member = shop == SHOPS
        np.testing.assert_allclose(result[is_member], expected(is_member)[is_member], rtol=1e-9)
    pooled_predictions = expected(np.ones(len(ROWS), bool))
    rest = (SHOPS == "kiosk") | (SHOPS == "")
    np.testing.assert_allclose(result[rest], pooled_predictions[rest], rtol=1e-9)
    # A shop that opened after the training.
    new = [{**row, "shop": "west"} for row in ROWS]
    np.testing.assert_allclose(predicted_scores(db, new), pooled_predictions, rtol=1e-9)

    groups = {entry.pop("group"): entry for entry in payload["version"]["groups"]}
    assert set(groups) == {*SLOPES, "kiosk"}
    assert [groups[shop]["own"] for shop in (*SLOPES, "kiosk")] == [True, True, True, False]
    assert groups["kiosk"]["why_not"] == "It has fewer than 30 training rows."
    assert groups["north"]["train"] == int(((SHOPS == "north") & TRAINING).sum())
    assert any("1 of 4 groups have no model of their own" in notice for notice in db.notices)


@pytest.mark.parametrize("missing", ["nowhere", "in training", "later"])
def test_group_fits_as_its_pipeline_does(missing: str) -> None:
    """What is left out where no value is missing changes no prediction."""
    matrix = RNG.normal(size=(300, 3))
    matrix[:, 0] = np.arange(300) % 3
    target = matrix[:, 1] * (1 + matrix[:, 0]) + matrix[:, 2]
    new = matrix.copy()
    if missing != "nowhere":
        new[::7, 1] = np.nan
    if missing == "in training":
        matrix = new
    features = [Feature(name, "double precision", NUMBER) for name in ("group", "x", "z")]
    template = preprocessing_pipeline(find_algorithm("regression", "ridge"), {}, features[1:], 0)
    fitted = Grouped(template, 0).fit(matrix, target)
    assert len(fitted.members_) == 3
    for group in range(3):
        rows = matrix[:, 0] == group
        expected = clone(template).fit(matrix[rows, 1:], target[rows])
        np.testing.assert_allclose(
            fitted.predict(new[rows]), expected.predict(new[rows, 1:]), rtol=1e-12
        )


def test_each_group_has_metrics_of_its_test_rows() -> None:
    db, payload = train()
    result = predicted_scores(db, ROWS)
    scores = {
        m["segment"]: m["value"]
        for m in payload["metrics"]
        if (m["metric"], m["series"], m["split"]) == ("rmse", "model", "test")
    }
    assert set(scores) == {"all", *(f"shop = {shop}" for shop in (*SLOPES, "kiosk"))}
    for shop in (*SLOPES, "kiosk"):
        rows = (shop == SHOPS) & ~TRAINING
        error = root_mean_squared_error(AMOUNTS[rows], result[rows])
        assert scores[f"shop = {shop}"] == pytest.approx(error)
    assert scores["all"] == pytest.approx(payload["version"]["score"])
    # One model for all would not have done.
    _, pooled_payload = train(options={"group_by": None})
    assert payload["version"]["score"] < pooled_payload["version"]["score"] / 3
    assert pooled_payload["version"]["groups"] is None


@pytest.mark.parametrize("has_numbers", [True, False])
def test_groups_may_lack_classes(has_numbers: bool) -> None:
    """One group knows two of three classes, and one a single class."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(600):
        shop = number % 3
        x = float(rng.normal())
        target = "a" if shop == 2 else "abc"[int(x > 0) + int(x > 1) * (shop == 0)]
        rows.append({"id": number, "shop": shop if has_numbers else f"{shop}", "x": x, "y": target})
    db, payload = train(
        rows, task="classification", target="y", split=None, algorithms='["logistic_regression"]'
    )
    groups = {entry["group"]: entry for entry in payload["version"]["groups"]}
    assert [groups[shop]["own"] for shop in "012"] == [True, True, False]
    assert groups["2"]["why_not"] == "Its training rows are all of one class."
    shares = {
        int(key): json.loads(shares) for key, _, _, shares in predict(db, "a model", "q", None)
    }
    for row in rows:
        assert sum(shares[row["id"]].values()) == pytest.approx(1)
        if str(row["shop"]) == "1":
            assert shares[row["id"]]["c"] == 0


def test_weights_costs_and_constraints_apply_in_each_group() -> None:
    rows = [{**row, "amount": row["amount"] > 0.5} for row in ROWS]
    arguments = {"task": "classification", "algorithms": '["logistic_regression"]'}
    costs = {"false_positive": 1, "false_negative": 20}
    db, payload = train(rows, **arguments, options={"class_weight": "balanced", "costs": costs})
    assert payload["version"]["threshold"] < 0.5
    is_member = (SHOPS == "north") & TRAINING
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    model.fit(MATRIX[is_member], AMOUNTS[is_member] > 0.5)
    north = SHOPS == "north"
    outside = model.predict_proba(MATRIX[north])[:, 1]
    np.testing.assert_allclose(predicted_scores(db, rows)[north], outside, atol=1e-3)
    arguments = {"algorithms": '["hist_gradient_boosting"]', "options": {"monotonic": {"x": 1}}}
    db, _ = train(**arguments)
    line = [{**ROWS[0], "id": n, "shop": "south", "x": n / 50 - 2} for n in range(200)]
    assert (np.diff(predicted_scores(db, line)) >= 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"group_by": "shopp"}}, "no column 'shopp', which options.group_by names"),
        ({"options": {"group_by": ["shop"]}}, 'options.group_by is ["shop"]'),
        ({"options": {"group_by": "part"}}, "which is no feature. It decides the split"),
        (
            {"task": "clustering", "target": None, "algorithms": None},
            "group_by means nothing for clustering",
        ),
        (
            {"task": "classification", "options": {"calibration": "sigmoid"}},
            "calibration cannot be had for one model per group",
        ),
    ],
)
def test_invalid_groups_are_refused(changes: dict[str, Any], message: str) -> None:
    changes = {"algorithms": None, **changes}
    with pytest.raises(GlasshouseError) as caught:
        train(**changes)
    assert message in caught.value.message
    assert caught.value.hint


def test_failed_group_uses_pooled_model() -> None:
    """A shop that sold nothing has no Poisson model; the others have theirs."""
    rows = [{**row, "amount": 0.0 if row["shop"] == "east" else abs(row["amount"])} for row in ROWS]
    poisson = {"algorithm": "hist_gradient_boosting", "params": {"loss": "poisson", "max_iter": 5}}
    db, payload = train(rows, algorithms=json.dumps([poisson]))
    groups = {entry["group"]: entry for entry in payload["version"]["groups"]}
    assert [groups[shop]["own"] for shop in SLOPES] == [True, True, False]
    assert "could not be trained: loss='poisson' requires" in groups["east"]["why_not"]
    assert groups["north"]["seconds"] > 0 == groups["east"]["seconds"]
    east = predicted_scores(db, rows)[SHOPS == "east"]
    assert (east > 0).all()
    assert any("2 of 4 groups" in notice for notice in db.notices)


@pytest.mark.parametrize("algorithm", ["ridge", "hist_gradient_boosting"])
def test_transient_groups_predict_as_stored_ones(algorithm: str) -> None:
    """As in the folds of a cross-validation: no estimator of a group is in memory afterwards."""
    matrix = RNG.normal(size=(900, 3))
    matrix[:, 1] = np.arange(900) % 9
    matrix[:20, 1] = 77.0  # too few rows
    matrix[20:30, 1] = np.nan
    target = matrix[:, 0] * matrix[:, 1]
    target[:10] = 1.0
    features = [Feature(name, "double precision", NUMBER) for name in ("x", "z")]
    template = preprocessing_pipeline(find_algorithm("regression", algorithm), {}, features, 0)
    before = matrix.copy()
    stored, transient = Grouped(template, 1), Grouped(template, 1)
    transient.is_transient = True
    stored.fit(matrix, np.nan_to_num(target))
    transient.fit(matrix, np.nan_to_num(target))
    new = np.vstack([matrix, [[0.5, 1234.0, 0.5]]])
    np.testing.assert_array_equal(stored.predict(new), transient.predict(new))
    assert transient.members_ is None
    np.testing.assert_array_equal(matrix, before)
