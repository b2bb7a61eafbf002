"""ml.predict and ml.compile give the predictions of scikit-learn outside Postgres."""

import math
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np
import psycopg2
import pytest
from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import CATEGORY
from glasshouse_ml.registry.artifacts import unpack
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .engine import Session
from .scoring import (
    CLOSE,
    COLOURS,
    EXACT,
    MODELS,
    NUMBERS,
    ROWS,
    TEXTS,
    compiled_predictions,
    compiled_sql,
    fill,
    number,
    predict_probes,
    predict_rows,
    user,
)

__all__ = ["user"]  # fixtures


@cache
def stored_model(session: Session, name: str) -> Model:
    """The trained model, taken out of the database."""
    query = "select content from ml.artifacts where model = %s"
    ((content,),) = session.rows(query, f"engine test scoring {name}")
    return unpack(bytes(content))


def encode_rows(model: Model, rows: list[dict[str, Any]]) -> np.ndarray:
    """The matrix the model's Pipeline takes, made without the engine's encoder."""
    matrix = np.full((len(rows), len(model.features)), np.nan)
    for position, feature in enumerate(model.features):
        for place, row in enumerate(rows):
            value = row[feature.name]
            if value is not None and feature.kind == CATEGORY:
                is_known = value in feature.categories
                other = len(feature.categories) if feature.has_rare else -1
                matrix[place, position] = feature.categories.index(value) if is_known else other
            elif value is not None:
                matrix[place, position] = number(value)
    return matrix


def expected_predictions(model: Model, rows: list[dict[str, Any]]) -> np.ndarray:
    """What scikit-learn says outside the database: probabilities, or numbers."""
    matrix = encode_rows(model, rows)
    if model.task == "classification":
        return model.pipeline.predict_proba(matrix)
    return model.pipeline.predict(matrix)[:, None]


REALS = st.one_of(
    st.none(),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, -0.0, 5e-324, -1e-200, 1e-200, 1e38, -1e38, 50_000.0, math.nan]),
)


TOO_LARGE = st.sampled_from([math.inf, -math.inf, 1.1e38, -1e300, 1e308])


TOWNS = [f"town {number}" for number in (0, 1, 17, 200, 399)] + ["new town", "", "%s"]


PROBE = st.fixed_dictionaries(
    {
        "real": REALS,
        "single": st.one_of(st.none(), st.floats(-(2.0**99), 2.0**99, width=32)),
        "price": st.one_of(st.none(), st.decimals(-10**6, 10**6, places=3)),
        "whole": st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)),
        "flag": st.sampled_from([None, True, False]),
        "day": st.one_of(st.none(), st.dates(date(1, 1, 1), date(9000, 1, 1))),
        "moment": st.one_of(
            st.none(),
            st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        ),
        "colour": st.sampled_from([None, *COLOURS, "new", "RED", "red ", "null"]),
        'odd "name"; --': st.sampled_from([None, "x ", "x", "y", "z"]),
        "town": st.sampled_from([None, *TOWNS]),
    }
)  # fmt: skip


# Without the search for a smaller example: each costs a round through every model.
QUICKLY = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@settings(QUICKLY, max_examples=25)
@given(st.lists(PROBE, min_size=1, max_size=25))
def test_predict_and_compiled_sql_equal_scikit_learn(
    user: Session, probes: list[dict[str, Any]]
) -> None:
    rows = [{"id": place, **probe} for place, probe in enumerate(probes)]
    fill(user, rows)
    for name in MODELS:
        model = stored_model(user, name)
        outside = expected_predictions(model, rows)
        for predictions in (predict_probes(user, name), compiled_predictions(user, name)):
            assert sorted(predictions) == list(range(len(rows)))
            for place, truth in enumerate(outside):
                check(model, predictions[place], truth)


def check(model: Model, answer: tuple, truth: np.ndarray) -> None:
    """One row's answer against what scikit-learn says of it."""
    prediction, score, probabilities = answer
    if not model.classes:
        assert probabilities is None
        assert float(prediction) == score
        np.testing.assert_allclose(score, truth[0], rtol=CLOSE, atol=CLOSE)
        return
    shares = dict(zip(model.classes, truth, strict=True))
    assert probabilities.keys() == shares.keys()
    for name, share in shares.items():
        assert abs(probabilities[name] - share) < CLOSE
    about = truth.max() if model.positive_class is None else shares[model.positive_class]
    assert abs(score - about) < CLOSE
    if model.threshold != 0.5:
        other = next(name for name in model.classes if name != model.positive_class)
        if abs(about - model.threshold) > CLOSE:
            assert prediction == (model.positive_class if about > model.threshold else other)
        return
    first, second = sorted(truth)[-1:-3:-1]
    if first - second > CLOSE:
        assert prediction == model.classes[truth.argmax()]


@pytest.mark.parametrize("name", ["yes", "kind", "trees"])
def test_prediction_is_independent_of_batch(user: Session, name: str) -> None:
    """More rows than go through a model at a time, each of them often and in no order."""
    query = "select e.* from engine_scoring.examples as e, generate_series(1, 75) order by random()"
    result = user.rows(
        "select key::int, count(*), min(score), max(score), count(distinct prediction), "
        "min(prediction) from ml.predict(%s, %s) group by key order by 1",
        f"engine test scoring {name}",
        query,
    )
    assert [row[:2] for row in result] == [(place, 75) for place in range(len(ROWS))]
    predictions = predict_rows(user, name, "select * from engine_scoring.examples")
    model = stored_model(user, name)
    for (place, _, lowest, highest, different, prediction), truth in zip(
        result, expected_predictions(model, ROWS), strict=True
    ):
        assert (different, prediction) == (1, predictions[place][0])
        for score in (lowest, highest):
            check(model, (prediction, score, predictions[place][2]), truth)


@settings(QUICKLY, max_examples=8)
@given(PROBE, TOO_LARGE)
def test_infinite_and_huge_numbers_are_refused(
    user: Session, probe: dict[str, Any], value: float
) -> None:
    fill(user, [{"id": 1, **probe, "real": value}])
    for name in ("yes", "amount", "kind"):
        for way in (predict_probes, compiled_predictions):
            with pytest.raises(psycopg2.Error, match=r"'real' holds .*infinite or too large"):
                way(user, name)


def test_infinite_dates_are_refused(user: Session) -> None:
    user.rows("truncate engine_scoring.probes")
    user.rows("insert into engine_scoring.probes (id, day) values (1, 'infinity')")
    for way in (predict_probes, compiled_predictions):
        with pytest.raises(psycopg2.Error, match=r"'day' holds .*infinite or too large"):
            way(user, "yes")


@pytest.mark.parametrize("name", MODELS)
def test_sql_for_all_rows_gives_the_same_answers(user: Session, name: str) -> None:
    query = "select * from engine_scoring.examples"
    single, of_all = (compiled_sql(user, name, query, all_rows) for all_rows in (False, True))
    assert sorted(user.rows(of_all), key=str) == sorted(user.rows(single), key=str)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "trees"])
def test_linear_sql_does_not_call_engine(user: Session, name: str) -> None:
    assert "ml." not in compiled_sql(user, name)


def test_nonlinear_sql_calls_predict(user: Session) -> None:
    text = compiled_sql(
        user, "trees", "select * from engine_scoring.examples where colour = 'it''s'"
    )
    assert "from ml.predict('engine test scoring trees'" in text
    assert user.rows(text)[0][0] in range(len(ROWS))


def calendar_parts(row: dict[str, Any]) -> list[str]:
    """Day of the month and weekday of both dates in UTC, and the hour of the second.

    The rows span less than a year, so there is no month.
    """
    day, moment = row["day"], row["moment"] and row["moment"].astimezone(UTC)
    formats = [(day, "%d"), (day, "%u"), (moment, "%d"), (moment, "%u"), (moment, "%H")]
    return [value.strftime(text) if value else "(none)" for value, text in formats]


@pytest.mark.parametrize("target", ["yes", "amount"])
def test_independent_fit_gives_same_predictions(user: Session, target: str) -> None:
    """Nothing of the engine's is used here: other code, other order of rows."""
    cells = np.array([[number(row[name]) for name in NUMBERS] for row in ROWS])
    words = np.array([[row[name] or "(none)" for name in TEXTS] for row in ROWS], dtype=object)
    words[[[row[name] == "" for name in TEXTS] for row in ROWS]] = "(empty)"
    parts = np.array([calendar_parts(row) for row in ROWS], dtype=object)
    matrix = np.hstack([cells.astype(object), words, parts])
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    prepare = ColumnTransformer(
        [
            ("numbers", numbers, list(range(len(NUMBERS)))),
            (
                "texts",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                list(range(len(NUMBERS), matrix.shape[1])),
            ),
        ]
    )
    estimator = LogisticRegression(**EXACT) if target == "yes" else Ridge(solver="cholesky")
    training = np.array([row["part"] == "train" for row in ROWS])
    target_values = np.array([row[target] for row in ROWS])
    model = make_pipeline(prepare, estimator).fit(matrix[training], target_values[training])
    outside = model.predict_proba(matrix)[:, 1] if target == "yes" else model.predict(matrix)
    query = "select * from engine_scoring.examples"
    asked_for = {int(r[0]): r[2] for r in user.predict(f"engine test scoring {target}", query)}
    compiled_scores = {row[0]: row[2] for row in user.rows(compiled_sql(user, target, query))}
    for result in (asked_for, compiled_scores):
        scores = [result[place] for place in range(len(ROWS))]
        np.testing.assert_allclose(scores, outside, rtol=CLOSE, atol=CLOSE)


def test_compiled_view_uses_index_for_one_row(user: Session) -> None:
    user.rows("create unique index on engine_scoring.examples (id)")
    user.rows("analyze engine_scoring.examples")
    text = compiled_sql(user, "yes", "select * from engine_scoring.examples")
    user.rows(f"create view engine_scoring.scored as {text}")
    user.rows("set enable_seqscan = off")
    plan = user.rows("explain select score from engine_scoring.scored where id = 7")
    user.rows("reset enable_seqscan")
    assert "Index Scan" in plan[0][0]
    predictions = {row[0]: row[1:] for row in user.rows("select * from engine_scoring.scored")}
    assert len(predictions) == len(ROWS)
    assert (
        user.rows("select score from engine_scoring.scored where id = 7")[0][0] == predictions[7][1]
    )


@pytest.mark.parametrize("name", ["yes", "trees"])
def test_view_predicts_a_row_of_the_same_transaction(user: Session, name: str) -> None:
    text = compiled_sql(user, name, "select * from engine_scoring.examples")
    user.rows(f"create view engine_scoring.live as {text}")
    user.rows("begin")
    try:
        user.rows(
            "create temp table fresh on commit drop as"
            " select * from engine_scoring.examples where id = 1"
        )
        user.rows("update fresh set id = -1, real = 49990, colour = null")
        user.rows("insert into engine_scoring.examples select * from fresh")
        ((prediction, score),) = user.rows(
            "select prediction, score from engine_scoring.live where id = -1"
        )
        (row,) = user.predict(f"engine test scoring {name}", "select * from fresh")
        assert prediction == row[1]
        assert math.isclose(score, row[2], rel_tol=CLOSE)
        user.rows("update engine_scoring.examples set real = 50010 where id = -1")
        assert user.rows("select score from engine_scoring.live where id = -1") != [(score,)]
    finally:
        user.rows("rollback")
        user.rows("drop view engine_scoring.live")


@pytest.mark.parametrize(
    ("model", "query", "message"),
    [
        ("nobody", "select 1", "There is no model 'nobody'"),
        ("engine test scoring yes", "select 1 as id", "no column 'real'"),
        ("engine test scoring yes", "select * from engine_scoring.nowhere", "does not exist"),
        ("engine test scoring yes", "drop table engine_scoring.examples", "syntax error"),
        ("engine test scoring yes", "", "The query is empty"),
    ],
)
def test_invalid_compile_is_refused(user: Session, model: str, query: str, message: str) -> None:
    with pytest.raises(psycopg2.Error, match=message):
        user.rows("select ml.compile(%s, %s)", model, query)
