"""ml.train_group replaces the model of one group and nothing else."""

import json
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.grouped import Grouped
from glasshouse_ml.model.prediction import in_batches
from glasshouse_ml.registry import versions
from glasshouse_ml.train.group_training import train_group
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict

RNG = np.random.default_rng(11)
TOWNS = {"Graz": 2.0, "Linz": -1.0, "Wels": 4.0}
OPTIONS = {"bootstrap": 0, "importance_repeats": 0, "folds": 2, "group_by": "town"}


def rows_of(town: str, slope: float, count: int = 120) -> list[dict[str, Any]]:
    """Rows whose target follows from x by this slope."""
    xs = RNG.normal(size=count)
    return [
        {
            "id": f"{town} {number}",
            "town": town,
            "x": float(x),
            "y": float(slope * x + RNG.normal() / 20),
            "part": "test" if number % 4 == 3 else "train",
        }
        for number, x in enumerate(xs)
    ]


@pytest.fixture
def trained() -> StandIn:
    rows = [row for town, slope in TOWNS.items() for row in rows_of(town, slope)]
    db = StandIn([*rows, *rows_of("Enns", 1.0, 20)])
    call(
        db,
        task="regression",
        target="y",
        key="id",
        algorithms='["ridge"]',
        split='{"by": "column", "column": "part"}',
        options=json.dumps(OPTIONS),
    )
    return db


def scores(db: StandIn, rows: list[dict]) -> np.ndarray:
    db.rows = rows
    return np.array([score for _, _, score, _ in predict(db, "a model", "q", None)])


def test_prediction_loads_groups_of_its_rows_once(trained: StandIn) -> None:
    assert {name for _, _, name in trained.groups} == set(TOWNS)
    linz = rows_of("Linz", -1.0, 5)
    first = scores(trained, linz)
    assert trained.loaded_groups == ["Linz"]
    np.testing.assert_array_equal(scores(trained, linz), first)
    scores(trained, rows_of("Enns", 1.0, 3))
    assert trained.loaded_groups == ["Linz"]


def test_one_group_is_replaced(trained: StandIn) -> None:
    probe = {town: rows_of(town, 0.0, 30) for town in (*TOWNS, "Enns")}
    before = {town: scores(trained, rows) for town, rows in probe.items()}
    trained.rows = rows = rows_of("Linz", 7.0, 200)
    result = train_group(trained, "a model", "Linz", None, None)

    after = {town: scores(trained, rows) for town, rows in probe.items()}
    for town in ("Graz", "Wels", "Enns"):
        np.testing.assert_array_equal(after[town], before[town])
    is_test = np.array([row["part"] == "test" for row in rows])
    x, y = (np.array([[row[name]] for row in rows]) for name in ("x", "y"))
    model = make_pipeline(StandardScaler(), Ridge()).fit(x[~is_test], y[~is_test].ravel())
    expected = model.predict(np.array([[row["x"]] for row in probe["Linz"]]))
    np.testing.assert_allclose(after["Linz"], expected, rtol=1e-9)

    error = root_mean_squared_error(y[is_test], model.predict(x[is_test]))
    assert result["score"] == pytest.approx(error)
    assert result["baseline"] > result["score"]
    payload = trained.recorded[-1]
    entry = next(e for e in payload["version"]["groups"] if e["group"] == "Linz")
    assert (entry["train"], entry["test"], entry["own"]) == (150, 50, True)
    assert [
        row["value"]
        for row in payload["metrics"]
        if (row["metric"], row["series"], row["segment"]) == ("rmse", "model", "town = Linz")
    ] == [pytest.approx(error)]


def test_pooled_group_gets_its_own_model(trained: StandIn) -> None:
    """A group with too few rows at first."""
    trained.rows = rows_of("Enns", -9.0, 100)
    train_group(trained, "a model", "Enns", None, None)
    probe = rows_of("Enns", -9.0, 20)
    np.testing.assert_allclose(scores(trained, probe), [row["y"] for row in probe], atol=0.5)
    entry = next(e for e in trained.recorded[-1]["version"]["groups"] if e["group"] == "Enns")
    assert entry["own"]


@pytest.mark.parametrize(
    ("group", "rows", "message"),
    [
        ("Lintz", None, "met no group 'Lintz'"),
        ("Graz", rows_of("Graz", 1.0, 30), "fewer than 30 training rows"),
        ("Graz", [{**row, "y": 1.0} for row in rows_of("Graz", 1.0)], "one value only"),
        (
            "Graz",
            [{k: v for k, v in row.items() if k != "x"} for row in rows_of("Graz", 1.0)],
            "no column 'x'",
        ),
    ],
)
def test_refusal_leaves_model_unchanged(
    trained: StandIn, group: str, rows: list[dict] | None, message: str
) -> None:
    before = dict(trained.groups)
    trained.rows = rows or trained.rows
    with pytest.raises(GlasshouseError, match=message):
        train_group(trained, "a model", group, None, None)
    assert trained.groups == before


def test_groups_are_recorded_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each statement stores at most so many models, or the metrics of so many groups."""
    from glasshouse_ml.registry import groups

    monkeypatch.setattr(groups, "_RECORDED_TOGETHER", 4)
    sizes: list[tuple[int, int]] = []

    class Counting(StandIn):
        def call(self, statement: str, types: tuple = (), values: tuple = ()) -> list[dict]:
            if "record_groups" in statement:
                segments = {row["segment"] for row in json.loads(values[5])}
                assert json.loads(values[6]) is None
                sizes.append((len(values[2]), len(segments)))
            return super().call(statement, types, values)

    towns = [f"town {number:02}" for number in range(10)]
    db = Counting([row for town in towns for row in rows_of(town, 1.0, 60)])
    call(db, task="regression", target="y", key="id", algorithms='["ridge"]', options=OPTIONS)
    assert sizes == [(4, 0), (4, 0), (2, 0), (0, 4), (0, 4), (0, 2)]
    assert {name for _, _, name in db.groups} == set(towns)
    segments = {row["segment"] for row in db.recorded[-1]["metrics"]}
    assert segments == {"all", *(f"town = {town}" for town in towns)}


def test_model_without_groups_is_refused() -> None:
    db = StandIn(rows_of("Graz", 1.0))
    call(db, task="regression", target="y", key="id", algorithms='["ridge"]')
    with pytest.raises(GlasshouseError, match="has no groups"):
        train_group(db, "a model", "Graz", None, None)


def test_exchanged_models_are_refused(trained: StandIn) -> None:
    """Each is signed by this server as a part of this version, but for another group."""
    trained.groups["a model", 1, "Graz"] = trained.groups["a model", 1, "Linz"]
    with pytest.raises(GlasshouseError, match="damaged"):
        scores(trained, rows_of("Graz", 1.0, 3))


def test_classes_of_group_keep_their_places() -> None:
    """A group with two of three classes, of which the first is missing."""
    rows = []
    for number in range(900):
        town, x = ("Graz", "Linz", "Wels")[number % 3], float(RNG.normal())
        kind = "c" if x > 0.5 else "b" if town != "Graz" or x > -0.5 else "a"
        rows.append({"id": number, "town": town, "x": x, "z": float(RNG.normal()), "target": kind})
    db = StandIn(rows)
    call(db, key="id", options=OPTIONS)
    db.rows = [row for row in rows if row["town"] == "Linz"]
    train_group(db, "a model", "Linz", None, None)
    db.rows = db.rows[:50]
    result = list(predict(db, "a model", "q", None))
    right = [
        row["target"] == answer for row, (_, answer, _, _) in zip(db.rows, result, strict=True)
    ]
    assert np.mean(right) > 0.9
    assert set(json.loads(result[0][3])) == {"a", "b", "c"}


def test_options_of_the_version_hold_for_the_group() -> None:
    """As in docs/training.md: a boolean column, a transformed target, a monotonic feature."""
    rows = [
        {"id": n, "large": n % 2 == 0, "x": float(x), "y": float(np.exp(x) * (1 + n % 2))}
        for n, x in enumerate(RNG.uniform(0, 3, 800))
    ]
    db = StandIn(rows)
    options = {**OPTIONS, "group_by": "large", "monotonic": {"x": 1}, "target_transform": "log1p"}
    call(
        db,
        task="regression",
        target="y",
        key="id",
        metric="rmsle",
        algorithms='["hist_gradient_boosting"]',
        options=json.dumps(options),
    )
    db.rows = [{**row, "y": 10 * row["y"]} for row in rows if row["large"]]
    result = train_group(db, "a model", "true", None, None)
    assert (result["metric"], result["score"] < 0.1) == ("rmsle", True)
    grid = [{"id": n, "large": True, "x": n / 100} for n in range(300)]
    answers = scores(db, grid)
    assert (np.diff(answers) >= 0).all()
    assert answers[250] == pytest.approx(10 * np.exp(2.5), rel=0.2)


def test_each_group_predicts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many groups and rows there are: the time grows with the rows alone."""
    groups, calls = 400, []
    matrix = np.column_stack([np.tile(np.arange(groups, dtype=float), 40), RNG.normal(size=16_000)])
    template = Pipeline([("estimate", LinearRegression())])
    fitted = Grouped(template, 0).fit(matrix, matrix[:, 1] * matrix[:, 0])
    original = LinearRegression.predict
    monkeypatch.setattr(
        LinearRegression, "predict", lambda self, rows: calls.append(1) or original(self, rows)
    )
    in_batches(Pipeline([("estimate", fitted)]).predict, matrix)
    assert len(calls) == groups


@pytest.mark.parametrize("values", [(0.1, 0.1 + 1e-17 * 5), (-0.0, 1.0), (1e16, 1e16 + 2)])
def test_names_of_groups_differ(values: tuple[float, float]) -> None:
    """Numbers that differ in their last digits only, and a zero of either sign."""
    from glasshouse_ml.core.feature import Feature
    from glasshouse_ml.measure.segments import group_name

    feature = Feature("n", "double precision", "number")
    names = [group_name(feature, value) for value in values]
    assert len(set(names)) == len(set(values))
    assert [float(name) for name in names] == list(values)
    assert group_name(feature, -0.0) == group_name(feature, 0.0) == "0"


def test_version_of_other_model_is_named() -> None:
    with pytest.raises(GlasshouseError, match="There is no model 'nothing'"):
        train_group(StandIn([]), "nothing", "Graz", None, None)
    assert versions  # the module whose error it is
