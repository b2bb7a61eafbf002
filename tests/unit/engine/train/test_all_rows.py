"""options.rows = stream: all rows outside the test part decide the final fit."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data import memory
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

RNG = np.random.default_rng(4)
OPTIONS = {"bootstrap": 0, "importance_repeats": 0, "folds": 2, "rows": "stream"}


def make_rows(count: int = 6_000) -> list[dict[str, Any]]:
    rows = []
    for number in range(count):
        x, z = RNG.normal(size=2)
        y = float(2 * x - z + x * z + RNG.normal())
        rows.append(
            {
                "id": number // 2,
                "x": float(x),
                "z": float(z),
                "y": None if number % 50 == 7 else y,
                "kind": "high" if y > 0 else "low",
                "part": "test" if number % 7 == 2 else "train",
                "day": number // 60,
                "town": f"town {number % 40}",
            }
        )
    return rows


ROWS = make_rows()


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for about a thousand rows."""
    monkeypatch.setattr(memory, "available_bytes", lambda memory_mb: memory.ROW_BYTES * 7 * 1_500)


def train(rows: list[dict], **changes: Any) -> tuple[StandIn, dict[str, Any]]:
    options = OPTIONS | changes.pop("options", {})
    columns = changes.pop("columns", ["x", "z", "y", "part"])
    db = StandIn([{name: row[name] for name in columns} for row in rows])
    arguments = {
        "task": "regression",
        "target": "y",
        "algorithms": '["ridge"]',
        "split": '{"by": "column", "column": "part"}',
        **changes,
    }
    call(db, **arguments, options=json.dumps(options))
    return db, db.recorded[-1]["version"]


def scores(db: StandIn, rows: list[dict]) -> np.ndarray:
    db.rows = rows
    return np.array([score for _, _, score, _ in predict(db, "a model", "q", None)])


def ridge_on(rows: list[dict]) -> np.ndarray:
    """Scores of all rows by a fit of scikit-learn on some."""
    matrix = np.array([[row["x"], row["z"]] for row in rows])
    model = make_pipeline(StandardScaler(), Ridge()).fit(matrix, [row["y"] for row in rows])
    return model.predict(np.array([[row["x"], row["z"]] for row in ROWS]))


def test_sums_of_all_rows_equal_fit_in_memory(little_memory: None) -> None:
    db, version = train(ROWS)
    training = [row for row in ROWS if row["part"] == "train" and row["y"] is not None]
    assert (version["fit_method"], version["rows_train"]) == ("exact sums", len(training))
    assert version["rows_test"] < 600 < version["rows_read"] == len(ROWS)
    np.testing.assert_allclose(scores(db, ROWS), ridge_on(training), rtol=1e-6, atol=1e-9)


def test_without_the_option_the_sample_is_used(little_memory: None) -> None:
    _, version = train(ROWS, options={"rows": "sample"})
    assert version["fit_method"] == "sample"
    assert version["rows_train"] < 2_000


def test_rows_that_fit_are_read_once() -> None:
    db, version = train(ROWS[:1_000])
    assert version["fit_method"] == "in memory"
    training = [row for row in ROWS[:1_000] if row["part"] == "train" and row["y"] is not None]
    np.testing.assert_allclose(scores(db, ROWS), ridge_on(training), rtol=1e-9)


SPLITS = {
    "random": ({"by": "random"}, None),
    "key": ({"by": "key"}, "id"),
    "kept together": ({"by": "random"}, "id"),
    "group": ({"by": "group", "column": "town"}, None),
    "time": ({"by": "time", "column": "day"}, None),
    "time with a gap": ({"by": "time", "column": "day", "gap": 10}, None),
}


@pytest.mark.parametrize("name", SPLITS)
def test_no_row_of_the_test_part_is_learned(
    little_memory: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nor a row with the key, the group or a later time of one."""
    from glasshouse_ml.model import streaming
    from glasshouse_ml.train import all_rows

    learned: list[np.ndarray] = []
    parts: list[Any] = []
    add = streaming.ExactSums.add
    monkeypatch.setattr(
        streaming.ExactSums,
        "add",
        lambda self, matrix, answers: learned.append(matrix) or add(self, matrix, answers),
    )
    original = all_rows.fit_all_rows
    from glasshouse_ml.train import selection

    def spy(fitter, data, split, fitted):
        parts.append(data.table.take(split.test))
        return original(fitter, data, split, fitted)

    monkeypatch.setattr(selection, "fit_all_rows", spy)
    split, key = SPLITS[name]
    column = split.get("column")
    columns = ["x", "z", "y", *([column] if column else []), *([key] if key else [])]
    train(ROWS, columns=columns, split=json.dumps(split), key=key)
    test = parts[0]
    numbers = {row["x"]: row for row in ROWS}
    train_rows = [numbers[x] for x in np.concatenate(learned)[:, 0]]
    assert len(train_rows) > 3_000
    assert not {row["x"] for row in train_rows} & set(test.numbers["x"])
    if key or column == "town":
        texts = test.texts[key or column]
        values = {texts.levels[code] for code in texts.codes}
        assert not {str(row[key or column]) for row in train_rows} & values
    if column == "day":
        first = test.numbers["day"].min()
        assert max(row["day"] for row in train_rows) <= first - split.get("gap", 1)


def test_groups_are_fitted_on_all_their_rows(little_memory: None) -> None:
    """Rows arrive in the order of the groups, as the query asks PostgreSQL to return them."""
    rows = sorted((row for row in ROWS if row["y"] is not None), key=lambda row: row["town"])
    few = [{**row, "town": "town 999"} for row in rows[:20]]
    columns = ["x", "z", "y", "part", "town"]
    db, version = train([*rows, *few], columns=columns, options={"group_by": "town"})
    assert version["fit_method"] == "streaming"
    training = [row for row in rows if row["part"] == "train"]
    assert version["rows_train"] - len(training) <= len(few)
    entries = {entry["group"]: entry for entry in version["groups"]}
    for town in ("town 3", "town 39"):
        mine = [row for row in training if row["town"] == town]
        assert (entries[town]["train"], entries[town]["own"]) == (len(mine), True)
        expected = ridge_on(mine)[[row["town"] == town for row in ROWS]]
        result = scores(db, [row for row in ROWS if row["town"] == town])
        np.testing.assert_allclose(result, expected, rtol=1e-9)
    assert {name for _, _, name in db.groups} == {row["town"] for row in rows}


def test_naive_bayes_streams(little_memory: None) -> None:
    rows = [row for row in ROWS if row["y"] is not None]
    _, version = train(
        rows,
        task="classification",
        target="kind",
        algorithms='["gaussian_nb"]',
        columns=["x", "z", "kind", "part"],
    )
    training = [row for row in rows if row["part"] == "train"]
    assert (version["fit_method"], version["rows_train"]) == ("streaming", len(training))


def test_algorithm_without_batches_keeps_the_sample(little_memory: None) -> None:
    db, version = train(ROWS, algorithms='[{"algorithm": "decision_tree"}]')
    assert version["fit_method"] == "sample"
    assert any("cannot learn in batches" in notice for notice in db.notices)


@pytest.mark.parametrize("room", [True, False])
def test_xgboost_takes_all_rows_where_memory_has_room(
    little_memory: None, monkeypatch: pytest.MonkeyPatch, room: bool
) -> None:
    pytest.importorskip("xgboost")
    monkeypatch.setattr("glasshouse_ml.train.all_rows.has_room", lambda *_: room)
    algorithms = '[{"algorithm": "xgboost", "params": {"n_estimators": 20}}]'
    db, version = train(ROWS, algorithms=algorithms)
    training = [row for row in ROWS if row["part"] == "train" and row["y"] is not None]
    if room:
        assert (version["fit_method"], version["rows_train"]) == ("streaming", len(training))
        errors = scores(db, training) - np.array([row["y"] for row in training])
        assert np.sqrt((errors**2).mean()) < 1.15
    else:
        assert version["fit_method"] == "sample"
        assert any("XGBoostRegressor has learned from the sample" in n for n in db.notices)


def test_class_outside_the_sample_is_refused(little_memory: None) -> None:
    rows = [{**row, "kind": "odd" if row["id"] == 2_990 else row["kind"]} for row in ROWS]
    with pytest.raises(GlasshouseError, match="Class 'odd' of 'kind' is in no row of the sample"):
        train(
            rows,
            task="classification",
            target="kind",
            algorithms='["gaussian_nb"]',
            columns=["x", "z", "kind"],
            split=None,
        )


@pytest.mark.parametrize("change", ["row outside the sample", "order"])
def test_fingerprint_covers_all_rows_in_any_order(little_memory: None, change: str) -> None:
    _, before = train(ROWS)
    rows = [dict(row) for row in ROWS]
    if change == "order":
        rows.reverse()
    else:
        rows[-1]["x"] += 1.0
    _, after = train(rows)
    assert (before["data_fingerprint"] == after["data_fingerprint"]) == (change == "order")


@pytest.mark.parametrize("option", [{"calibration": "sigmoid"}, {"weight": "x"}])
def test_other_options_are_refused_beside_it(option: dict[str, Any]) -> None:
    with pytest.raises(GlasshouseError, match=r"together with options\.rows"):
        call(StandIn(ROWS), algorithms=None, target="kind", options=OPTIONS | option)
