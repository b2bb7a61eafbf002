"""Arrays, texts with many values and keys: which columns become features, and how."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.registry.artifacts import unpack
from glasshouse_ml.use.drift import drift
from glasshouse_ml.use.evaluate import evaluate
from glasshouse_ml.use.explain import explain
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

RNG = np.random.default_rng(9)
CITIES = 400
WORTH = RNG.normal(size=CITIES)


def _row(number: int) -> dict[str, Any]:
    city, vector = int(RNG.integers(CITIES)), RNG.normal(size=3).tolist()
    amount = float(WORTH[city] + vector[1] + RNG.normal() / 5)
    return {
        "id": number,
        "vector": None if number % 50 == 7 else vector[: 2 if number % 50 == 9 else 3],
        "city": f"city {city}",
        "nothing": None if number % 2 else [],
        "order_id": 90_000 - 7 * number,
        "amount": amount,
        "yes": amount > 0,
    }


ROWS = [_row(number) for number in range(2_400)]


def train(rows: list[dict], **changes: Any) -> tuple[StandIn, dict[str, Any]]:
    db = StandIn(rows)
    options = {"folds": 2, "bootstrap": 0, "importance_repeats": 1, "dependence": 0}
    arguments = {"task": "regression", "target": "amount", "key": "id", "algorithms": '["ridge"]'}
    call(db, **{**arguments, "options": json.dumps(options), **changes})
    return db, db.recorded[-1]


def rows_with(*names: str, rows: list[dict] = ROWS) -> list[dict]:
    return [{name: row[name] for name in ("id", *names)} for row in rows]


def test_array_positions_are_columns() -> None:
    by_key = '{"by": "key"}'
    db, payload = train(rows_with("vector", "amount"), split=by_key)
    version = payload["version"]
    names = ["vector[1]", "vector[2]", "vector[3]"]
    assert [feature["name"] for feature in version["features"]] == names
    assert [feature["missing"] for feature in version["features"]] == [48, 48, 96]
    assert {row["feature"] for row in payload["importances"]} == set(names)
    assert payload["importances"][0]["feature"] == "vector[2]"
    as_columns = [
        {
            "id": row["id"],
            **dict(zip("abc", [*(row["vector"] or []), None, None, None], strict=False)),
            "amount": row["amount"],
        }
        for row in ROWS
    ]
    plain, _ = train(as_columns, split=by_key)
    scores = [[score for *_, score, _ in predict(one, "a model", "q", None)] for one in (db, plain)]
    np.testing.assert_allclose(*scores, rtol=1e-9)
    contributions = list(explain(db, "a model", "q", 1))
    assert contributions[1][2:4] in {(name, value) for *_, name, value, _ in contributions}
    assert {row[1] for row in drift(db, "a model", "q", None)} >= set(names)
    assert evaluate(db, "a model", "q", None)


def test_arrays_of_other_length_are_refused_after_constant_length() -> None:
    """A vector of another embedding would be answered, and wrongly, without a word."""
    same = [row for row in rows_with("vector", "amount") if row["id"] % 50 != 9]
    db, _ = train(same)
    assert not [notice for notice in db.notices if "arrays" in notice]
    rows = [{**same[0], "vector": []}, {**same[1], "vector": None}, same[2]]
    db.rows = rows
    assert len(list(predict(db, "a model", "q", None))) == 3
    for vector, count in (([0.5] * 2, 2), ([0.5] * 4, 4)):
        db.rows = [*rows, {**same[3], "vector": vector}]
        for verb in (
            lambda: list(predict(db, "a model", "q", None)),
            lambda: list(explain(db, "a model", "q", 1)),
            lambda: evaluate(db, "a model", "q", None),
            lambda: drift(db, "a model", "q", None),
        ):
            with pytest.raises(GlasshouseError, match=f"'vector' holds an array of {count} num"):
                verb()
    # The champion could not read these, and says so.
    db.rows = [{**row, "vector": [*(row["vector"] or [1.0, 2.0, 3.0]), 4.0]} for row in same]
    options = {"promote": "if_better"}
    call(db, task="regression", target="amount", key="id", algorithms='["ridge"]', options=options)
    comparison = db.recorded[-1]["version"]["comparison"]
    assert comparison["not_comparable"] == "Its column 'vector' holds arrays of another length."


def test_arrays_of_several_lengths_are_padded_and_reported() -> None:
    db, _ = train(rows_with("vector", "amount"))
    assert db.notices[0] == (
        "Column 'vector' holds arrays of 2 to 3 numbers: the shorter ones count as NULL at their "
        "end."
    )
    db.rows = [{"id": 1, "vector": [0.5]}, {"id": 2, "vector": [0.5, 0.0, 1.0, 9.0]}]
    assert len(list(predict(db, "a model", "q", None))) == 2


def test_missing_or_changed_array_error_names_column() -> None:
    db, _ = train(rows_with("vector", "amount"))
    for rows in (rows_with("amount"), [{**row, "vector": "text"} for row in rows_with("amount")]):
        db.rows = rows
        with pytest.raises(GlasshouseError, match=r"no column 'vector\[1\]'"):
            list(predict(db, "a model", "q", None))


def test_high_cardinality_texts_are_target_encoded_out_of_fold() -> None:
    rows = [
        {**row, "part": "test" if row["id"] % 4 == 0 else "train"}
        for row in rows_with("city", "amount")
    ]
    db, payload = train(rows, split='{"by": "column", "column": "part"}')
    training = np.array([row["part"] == "train" for row in rows])
    matrix = np.array([[row["city"]] for row in rows], dtype=object)
    amounts = np.array([row["amount"] for row in rows])
    folds = KFold(5, shuffle=True, random_state=0)
    means = make_pipeline(TargetEncoder(target_type="continuous", cv=folds), StandardScaler())
    outside = make_pipeline(make_column_transformer((means, [0])), Ridge())
    outside.fit(matrix[training], amounts[training])
    scores = {int(key): score for key, _, score, _ in predict(db, "a model", "q", None)}
    mine = np.array([scores[row["id"]] for row in rows])
    assert np.corrcoef(mine, outside.predict(matrix))[0, 1] > 0.999
    error = np.sqrt(((amounts - outside.predict(matrix))[~training] ** 2).mean())
    assert payload["version"]["score"] == pytest.approx(error, rel=0.01)
    assert payload["version"]["score"] < 0.85 * payload["version"]["baseline"]
    # A city that training never met gets the mean of all of them.
    db.rows = [{**rows[0], "city": "Atlantis"}]
    ((*_, score, _),) = predict(db, "a model", "q", None)
    assert score == pytest.approx(amounts[training].mean(), abs=0.05)


def test_uninformative_text_is_not_overfitted() -> None:
    """Encoded by their own answers, rows of lone categories would look perfect in training."""
    rng = np.random.default_rng(0)
    rows = [
        {"id": n, "word": f"word {rng.integers(700)}", "x": float(x), "amount": float(y)}
        for n, (x, y) in enumerate(rng.normal(size=(1_500, 2)))
    ]
    _, payload = train(rows)
    assert payload["version"]["score"] < 1.05 * payload["version"]["baseline"]


@pytest.mark.parametrize("algorithm", ["hist_gradient_boosting", "random_forest", "gaussian_nb"])
def test_high_cardinality_texts_work_with_every_kind_of_algorithm(algorithm: str) -> None:
    few = {"hist_gradient_boosting": {"max_iter": 20}, "random_forest": {"n_estimators": 10}}
    params = few.get(algorithm, {})
    rows = [{**row, "colour": "red" if row["id"] % 3 else "blue"} for row in ROWS]
    db, payload = train(
        rows_with("colour", "city", "vector", "yes", rows=rows),
        task="classification",
        target="yes",
        algorithms=json.dumps([{"algorithm": algorithm, "params": params}]),
    )
    assert payload["version"]["score"] > 0.75
    model = unpack(db.artifacts[0])
    if algorithm.startswith("hist"):
        assert model.pipeline[-1].is_categorical_.sum() == 1
    assert len(list(predict(db, "a model", "q", None))) == len(rows)


def test_constraints_follow_reordered_columns() -> None:
    boosting = '[{"algorithm": "hist_gradient_boosting", "params": {"max_iter": 20}}]'
    options = '{"folds": 2, "bootstrap": 0, "monotonic": {"vector[2]": 1}, "dependence": 0}'
    db, _ = train(rows_with("city", "vector", "amount"), algorithms=boosting, options=options)
    db.rows = [{"id": n, "city": "city 1", "vector": [0.0, n / 50 - 2, 0.0]} for n in range(200)]
    scores = [score for *_, score, _ in predict(db, "a model", "q", None)]
    assert (np.diff(scores) >= 0).all()
    assert scores[-1] > scores[0]


def test_keys_and_empty_columns_are_left_out_with_reason() -> None:
    rows = [{**row, "serial": row["id"]} for row in ROWS]
    _, payload = train(rows_with("vector", "nothing", "order_id", "serial", "amount", rows=rows))
    excluded = {entry["name"]: entry["reason"] for entry in payload["version"]["excluded"]}
    assert set(excluded) == {"nothing", "order_id"}
    assert "empty or NULL" in excluded["nothing"]
    assert "says that it is a key" in excluded["order_id"]
    # Its name says nothing, so it may be a measurement.
    assert "serial" in [feature["name"] for feature in payload["version"]["features"]]


def test_forest_accepts_null_beside_wide_text() -> None:
    """So many columns of zeros that scikit-learn would make the matrix sparse."""
    rows = [
        {"id": n, "x": None if n % 9 == 0 else n / 7, "word": f"word {n % 40}", "yes": n % 3 == 0}
        for n in range(240)
    ]
    forest = '[{"algorithm": "random_forest", "params": {"n_estimators": 5}}]'
    _, payload = train(rows, task="classification", target="yes", algorithms=forest)
    assert payload["version"]["algorithm"] == "random_forest"
