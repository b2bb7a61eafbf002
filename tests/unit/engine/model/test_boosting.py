"""LightGBM and XGBoost equal the libraries, where these are installed."""

import json
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core import libraries
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.data.row_reader import Reader, read_columns
from glasshouse_ml.model import algorithms
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.registry.artifacts import pack
from glasshouse_ml.use.explain import explain

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

EXTRAS = ("lightgbm", "xgboost")
OPTIONS = json.dumps({"bootstrap": 0, "importance_repeats": 0, "learning_curve": 0, "folds": 2})


@pytest.fixture(params=EXTRAS)
def library(request: pytest.FixtureRequest) -> str:
    """Each of them, where it is there; tests/integration has both in every run."""
    pytest.importorskip(request.param)
    return request.param


def train(rows: list[dict], library: str, task: str = "classification", **more: Any) -> StandIn:
    db = StandIn(rows)
    entry = {"algorithm": library, "params": {"n_estimators": 20, **more}}
    call(db, task=task, key="id", algorithms=json.dumps([entry]), options=OPTIONS)
    return db


def regression(mixed: list[dict]) -> list[dict]:
    return [{**row, "target": (row["amount"] or 0.0) * 3 + row["loyal"]} for row in mixed]


def three_classes(mixed: list[dict]) -> list[dict]:
    return [{**row, "target": f"{row['target']} {row['loyal']}"} for row in mixed]


@pytest.mark.parametrize("name", EXTRAS)
def test_missing_library_error_names_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = {k: v for k, v in algorithms.CATALOGUE["regression"].items() if k not in EXTRAS}
    monkeypatch.setitem(algorithms.CATALOGUE, "regression", catalogue)
    with pytest.raises(GlasshouseError, match=f"{name} is not installed") as error:
        algorithms.find_algorithm("regression", name)
    assert f"ML_EXTRAS={name}" in error.value.hint
    with pytest.raises(GlasshouseError, match="no algorithm 'xgbost'"):
        algorithms.find_algorithm("regression", "xgbost")


@pytest.mark.parametrize("name", EXTRAS)
def test_catalogue_lists_installed_libraries(name: str) -> None:
    names = {row[0] for row in algorithms.catalogue_rows()}
    assert (name in names) == libraries.is_installed(name)


def test_predictions_equal_library(mixed: list[dict], library: str) -> None:
    db = train(regression(mixed), library, "regression")
    model = registry.load(db, "a model", None)
    columns = read_columns(db, "q")
    numbers = [c for c in columns if c.name in ("amount", "loyal")]
    table = Reader(db, "q", numbers, [c for c in columns if c.name == "colour"]).table()
    matrix = model.pipeline[:-1].transform(encode(model.features, table))
    # The same text read by the library alone.
    text = model.pipeline[-1].text_
    if library == "lightgbm":
        from lightgbm import Booster

        expected = Booster(model_str=text).predict(matrix)
    else:
        from xgboost import Booster, DMatrix

        booster = Booster()
        booster.load_model(bytearray(text.encode()))
        expected = booster.predict(DMatrix(matrix))
    result = [score for _, _, score, _ in predict(db, "a model", "q", None)]
    np.testing.assert_array_equal(result, np.asarray(expected, float))
    assert library in db.recorded[0]["version"]["libraries"]


def test_same_seed_gives_same_trees(mixed: list[dict], library: str) -> None:
    params = {"subsample": 0.7, "colsample_bytree": 0.7}
    texts = [
        registry.load(train(mixed, library, **params), "a model", None).pipeline[-1].text_
        for _ in range(2)
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("kind", ["two classes", "more classes", "numbers"])
def test_contributions_sum_to_prediction(mixed: list[dict], library: str, kind: str) -> None:
    task = "regression" if kind == "numbers" else "classification"
    rows = {
        "two classes": mixed,
        "more classes": three_classes(mixed),
        "numbers": regression(mixed),
    }[kind]
    db = train(rows, library, task)
    db.rows = rows[:30]
    result = groupby(explain(db, "a model", "q", None), lambda row: row[0])
    sums = np.array([sum(row[4] for row in rows) for _, rows in result])
    predictions = list(predict(db, "a model", "q", None))
    scores = np.array([score for _, _, score, _ in predictions])
    if kind == "two classes":
        np.testing.assert_allclose(1 / (1 + np.exp(-sums)), scores, atol=1e-6)
    elif kind == "numbers":
        np.testing.assert_allclose(sums, scores, atol=1e-6)
    else:
        # About the class that was predicted; its sum is the largest of those behind the shares.
        model = registry.load(db, "a model", None)
        columns = read_columns(db, "q")
        numbers = [c for c in columns if c.name in ("amount", "loyal")]
        table = Reader(db, "q", numbers, [c for c in columns if c.name == "colour"]).table()
        inputs = model.pipeline[:-1].transform(encode(model.features, table))
        raw_scores = model.pipeline[-1].raw_scores(inputs).max(axis=1)
        np.testing.assert_allclose(sums, raw_scores, atol=1e-6)


def test_linked_regression_contributions_sum_to_prediction(mixed: list[dict], library: str) -> None:
    rows = [{**row, "target": n % 4 + float(row["loyal"])} for n, row in enumerate(mixed)]
    link = {"lightgbm": "poisson", "xgboost": "count:poisson"}[library]
    db = train(rows, library, "regression", objective=link)
    db.rows = rows[:10]
    result = groupby(explain(db, "a model", "q", None), lambda row: row[0])
    sums = [sum(row[4] for row in rows) for _, rows in result]
    scores = [score for _, _, score, _ in predict(db, "a model", "q", None)]
    np.testing.assert_allclose(sums, scores, atol=1e-6)


def test_invalid_parameters_are_refused(mixed: list[dict], library: str) -> None:
    with pytest.raises(GlasshouseError, match="no parameter 'n_estimatorz'"):
        train(mixed, library, n_estimatorz=3)
    for name in ("objective", "verbosity", "device"):
        with pytest.raises(GlasshouseError, match=f"no parameter '{name}'"):
            train(mixed, library, **{name: "x"})
    with pytest.raises(GlasshouseError, match=f"{library} could not be trained"):
        train(mixed, library, max_depth="deep")


def test_artifact_has_booster_text_and_no_library_object(mixed: list[dict], library: str) -> None:
    content = pack(registry.load(train(mixed, library), "a model"))
    assert b"LGBM" not in content
    assert b"XGBC" not in content


def test_prediction_without_library_is_error(
    mixed: list[dict], library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = train(mixed, library)
    monkeypatch.setattr("glasshouse_ml.model.boosting.is_installed", lambda name: False)
    with pytest.raises(GlasshouseError, match=f"{library} is not installed"):
        list(predict(db, "a model", "q", None))
