"""ml.predict gives scikit-learn's predictions, or an error that names the column."""

import json

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict


@pytest.fixture
def trained_db(mixed: list[dict]) -> StandIn:
    db = StandIn(mixed)
    call(db, key="id")
    return db


def test_predictions_equal_scikit_learn(breast_cancer: list[dict]) -> None:
    rows = [{**r, "part": "test" if n % 5 == 0 else "train"} for n, r in enumerate(breast_cancer)]
    db = StandIn(rows)
    # Newton's method goes to the one optimum that there is, so two fits must agree.
    exact = {"solver": "newton-cholesky", "tol": 1e-10}
    call(
        db,
        key="id",
        algorithms=json.dumps([{"algorithm": "logistic_regression", "params": exact}]),
        split='{"by": "column", "column": "part"}',
    )
    names = list(breast_cancer[0])[1:-1]
    matrix = np.array([[row[name] for name in names] for row in rows])
    labels = np.array([row["target"] for row in rows])
    training = np.array([row["part"] == "train" for row in rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(**exact))
    model.fit(matrix[training], labels[training])
    result = list(predict(db, "a model", "q", None))
    np.testing.assert_allclose(
        [score for _, _, score, _ in result], model.predict_proba(matrix)[:, 1], atol=1e-9
    )
    assert [answer for _, answer, _, _ in result] == model.predict(matrix).tolist()
    assert [key for key, *_ in result] == [str(row["id"]) for row in rows]


def test_probabilities_are_json_by_class(trained_db: StandIn) -> None:
    predictions = predict(trained_db, "a model", "q", 1)
    assert predictions
    for _, answer, score, text in predictions:
        shares = json.loads(text)
        assert sum(shares.values()) == pytest.approx(1)
        assert shares["true"] == score
        assert answer == max(shares, key=shares.__getitem__)


def test_class_names_may_have_any_characters(mixed: list[dict]) -> None:
    names = {True: '100 % "sure" {0}', False: "nö, %s"}
    db = StandIn([{**row, "target": names[row["target"]]} for row in mixed])
    call(db)
    *_, text = next(predict(db, "a model", "q", None))
    assert set(json.loads(text)) == set(names.values())


def test_missing_values_new_categories_and_other_columns_are_accepted(trained_db: StandIn) -> None:
    row = {**trained_db.rows[0], "extra": "x"}
    trained_db.rows = [
        row,
        {**row, "amount": None},
        {**row, "colour": None},
        {**row, "colour": "new"},
    ]
    for name in ("empty", "same"):
        trained_db.rows = [{k: v for k, v in r.items() if k != name} for r in trained_db.rows]
    result = list(predict(trained_db, "a model", "q", None))
    assert len(result) == 4
    assert len({score for _, _, score, _ in result}) >= 3


def test_no_rows_give_no_predictions(trained_db: StandIn) -> None:
    columns = trained_db.columns("q")
    trained_db.rows = []
    trained_db.columns = lambda query: columns  # type: ignore[method-assign]
    assert list(predict(trained_db, "a model", "q", None)) == []


def test_several_batches_are_predicted(trained_db: StandIn) -> None:
    trained_db.rows = trained_db.rows * 120
    assert len(list(predict(trained_db, "a model", "q", None))) == 48_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: {k: v for k, v in r.items() if k != "amount"}, "no column 'amount'"),
        (lambda r: {k: v for k, v in r.items() if k != "id"}, "no column 'id', the key"),
        (lambda r: {**r, "amount": "12"}, "'amount' is of type text; in training it was a num"),
        (lambda r: {**r, "colour": 3}, "'colour' is of type integer; in training it was a te"),
        (lambda r: {**r, "amount": float("inf")}, "'amount' holds infinite"),
    ],
)
def test_invalid_rows_are_refused(trained_db: StandIn, change, message: str) -> None:
    trained_db.rows = [change(row) for row in trained_db.rows]
    with pytest.raises(GlasshouseError, match=message):
        list(predict(trained_db, "a model", "q", None))


def test_unknown_model_or_version_is_refused(trained_db: StandIn) -> None:
    with pytest.raises(GlasshouseError, match="has no version 7") as caught:
        predict(trained_db, "a model", "q", 7)
    assert caught.value.hint == "Its newest version is 1."
    trained_db.recorded.clear()
    with pytest.raises(GlasshouseError, match="There is no model 'a model'"):
        predict(trained_db, "a model", "q", None)


def test_new_champion_predicts_in_same_session(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db)
    old = list(predict(db, "a model", "q", None))
    db.rows = [{**row, "target": not row["target"]} for row in mixed]
    call(db)
    new = list(predict(db, "a model", "q", None))
    assert old[0][2] == pytest.approx(1 - new[0][2], abs=0.02)
    assert list(predict(db, "a model", "q", 1)) == old
