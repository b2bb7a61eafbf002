"""ml.explain: contributions that sum to the prediction, exact or sampled."""

import json
from itertools import groupby, permutations
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.encoding import encode
from glasshouse_ml.data.row_reader import Reader, read_columns
from glasshouse_ml.explain import shapley
from glasshouse_ml.registry import versions as registry
from glasshouse_ml.use.explain import BASELINE, OTHERS, explain

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn, predict


def contributions(db: StandIn, top: int | None = None) -> dict[str | None, list[tuple]]:
    rows = list(explain(db, "a model", "q", top))
    return {key: list(group) for key, group in groupby(rows, lambda row: row[0])}


def sums(rows_by_key: dict[Any, list[tuple]]) -> np.ndarray:
    return np.array([sum(row[4] for row in rows) for rows in rows_by_key.values()])


def scores(db: StandIn) -> np.ndarray:
    return np.array([score for _, _, score, _ in predict(db, "a model", "q", None)])


@pytest.mark.parametrize("positive", ["true", "false"])
@pytest.mark.parametrize("top", [None, 1, 2])
def test_linear_contributions_sum_to_log_odds(
    mixed: list[dict], positive: str, top: int | None
) -> None:
    db = StandIn(mixed)
    options = {"bootstrap": 0, "importance_repeats": 0, "positive_class": positive}
    call(db, key="id", options=json.dumps(options))
    # Holes and a category nobody has met are explained too.
    db.rows = [*mixed[:50], {**mixed[0], "id": "new", "colour": "violet", "amount": None}]
    result = contributions(db, top)
    chances = scores(db)
    np.testing.assert_allclose(sums(result), np.log(chances / (1 - chances)), rtol=0, atol=1e-9)


def test_column_contribution_is_sum_of_its_terms(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db, key="id")
    stored_model = registry.load(db, "a model", None)
    model = stored_model.pipeline.named_steps["estimate"]
    prepare = stored_model.pipeline.named_steps["prepare"]
    names = [feature.name for feature in stored_model.features]
    parts = prepare.get_feature_names_out([f"x{i}" for i in range(len(names))])
    row = next(r for r in mixed if r["amount"] is None and r["colour"] == "red")
    db.rows = [row, mixed[0]]
    rows = contributions(db)[row["id"]]
    assert rows[0][1:3] == (0, BASELINE)
    assert rows[0][4] == pytest.approx(model.intercept_[0], abs=1e-12)
    codes = [stored_model.features[1].codes()["red"], float(row["loyal"])]
    assert names == ["amount", "colour", "loyal"]
    inputs = prepare.transform(np.array([[np.nan, *codes]]))
    inputs = np.asarray(inputs.todense() if hasattr(inputs, "todense") else inputs)[0]
    for position, name in enumerate(names):
        own = [f"x{position}" in part.split("_") for part in parts]
        expected = float((inputs * model.coef_[0])[own].sum())
        (got,) = [entry[4] for entry in rows if entry[2] == name]
        assert got == pytest.approx(expected, abs=1e-12)
    values = {entry[2]: entry[3] for entry in rows[1:]}
    assert values == {"amount": None, "colour": "red", "loyal": str(row["loyal"]).lower()}


def test_multiclass_contributions_explain_predicted_class(mixed: list[dict]) -> None:
    db = StandIn([{**row, "target": f"{row['target']} {row['loyal']}"} for row in mixed])
    call(db, key="id")
    db.rows = db.rows[:40]
    result = contributions(db)
    pipeline = registry.load(db, "a model", None).pipeline
    assert len(pipeline.classes_) == 4
    stored_model = registry.load(db, "a model", None)
    columns = read_columns(db, "q")
    table = Reader(
        db,
        "q",
        [c for c in columns if c.name in ("amount", "loyal")],
        [c for c in columns if c.name == "colour"],
    ).table()
    decision = pipeline.decision_function(encode(stored_model.features, table)).max(axis=1)
    np.testing.assert_allclose(sums(result), decision, rtol=0, atol=1e-9)


@pytest.mark.parametrize("positive", ["true", "false"])
@pytest.mark.parametrize(
    "algorithm", ["hist_gradient_boosting", "random_forest", "gradient_boosting", "dummy"]
)
def test_contributions_sum_to_log_odds_or_probability(
    mixed: list[dict], algorithm: str, positive: str
) -> None:
    db = StandIn([{**row, "more": n % 7, "yet": n % 5} for n, row in enumerate(mixed)])
    params = {
        "hist_gradient_boosting": {"max_depth": 4, "max_iter": 10},
        "random_forest": {"max_depth": 4, "n_estimators": 10},
        "gradient_boosting": {"n_estimators": 5},
    }.get(algorithm, {})
    algorithms = json.dumps([{"algorithm": algorithm, "params": params}])
    options = {"bootstrap": 0, "importance_repeats": 0, "positive_class": positive}
    call(db, key="id", algorithms=algorithms, options=json.dumps(options))
    db.rows = db.rows[:15]
    result, chances = contributions(db, 2), scores(db)
    if algorithm == "hist_gradient_boosting":
        chances = np.log(chances / (1 - chances))
    np.testing.assert_allclose(sums(result), chances, rtol=0, atol=1e-9)
    assert result == contributions(db, 2)
    assert len({rows[0][4] for rows in result.values()}) == 1, "one baseline for all"
    assert {rows[-1][2] for rows in result.values()} == {OTHERS}


@pytest.mark.parametrize(
    ("task", "option"),
    [
        ("classification", {"calibration": "sigmoid"}),
        ("classification", {"group_by": "colour"}),
        ("classification", {"costs": {"false_positive": 1, "false_negative": 9}}),
        ("regression", {"target_transform": "log1p"}),
    ],
)
def test_wrapped_estimators_are_explained(
    mixed: list[dict], task: str, option: dict[str, Any]
) -> None:
    rows = [{**row, "colour": row["colour"] or "grey"} for row in mixed]
    if task == "regression":
        rows = [{**row, "target": n % 9 + float(row["loyal"])} for n, row in enumerate(rows)]
    db = StandIn(rows)
    options = json.dumps({"bootstrap": 0, "importance_repeats": 0, "learning_curve": 0, **option})
    linear = "ridge" if task == "regression" else "logistic_regression"
    call(db, task=task, key="id", algorithms=json.dumps([linear]), options=options)
    db.rows = rows[:10]
    totals, chances = sums(contributions(db)), scores(db)
    if "costs" in option:
        # A threshold changes no score, so this one is still taken apart in log-odds.
        chances = np.log(chances / (1 - chances))
    np.testing.assert_allclose(totals, chances, rtol=0, atol=1e-9)


def test_baseline_is_score_of_typical_row(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db, key="id", algorithms='["hist_gradient_boosting"]')
    median = float(np.median([row["amount"] for row in mixed if row["amount"] is not None]))
    loyal = sum(row["loyal"] for row in mixed) > len(mixed) / 2
    # In twelve digits, as the registry keeps it: a tree may part the rows right at the median.
    testing = {"amount": float(f"{median:.12g}"), "loyal": loyal}
    features = {f.name: f for f in registry.load(db, "a model", None).features}
    testing["colour"] = features["colour"].categories[0]
    db.rows = [{**mixed[0], **testing, "id": "typical"}, mixed[1]]
    result = contributions(db)
    chance = scores(db)[0]
    assert result["typical"][0][4] == pytest.approx(np.log(chance / (1 - chance)), abs=1e-12)
    assert all(row[4] == 0 for row in result["typical"][1:])


def game(rows: np.ndarray) -> np.ndarray:
    """Something with interactions, so that the order matters."""
    return rows[:, 0] * rows[:, 1] + rows[:, 2] ** 2 - 2 * rows[:, -1] * rows[:, 0]


def by_definition(row: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    result = np.zeros(len(row))
    every = list(permutations(range(len(row))))
    for order in every:
        mixed = baseline.copy()
        for position in order:
            before = game(mixed[None])[0]
            mixed[position] = row[position]
            result[position] += game(mixed[None])[0] - before
    return result / len(every)


@pytest.mark.parametrize(("columns", "tolerance"), [(3, 1e-12), (4, 1e-12), (7, 0.35)])
def test_shapley_values_equal_definition(columns: int, tolerance: float) -> None:
    rng = np.random.default_rng(1)
    matrix, baseline = rng.normal(size=(5, columns)), rng.normal(size=columns)
    start, result = shapley.sampled_shapley(lambda rows, _: game(rows), matrix, baseline)
    np.testing.assert_allclose(start, game(baseline[None])[0])
    np.testing.assert_allclose(start + result.sum(axis=1), game(matrix), atol=1e-12)
    for row, got in zip(matrix, result, strict=True):
        np.testing.assert_allclose(got, by_definition(row, baseline), atol=tolerance)


def test_wide_matrix_is_computed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    matrix, baseline = rng.normal(size=(3, 12)), rng.normal(size=12)
    expected = shapley.sampled_shapley(lambda rows, _: game(rows), matrix, baseline)
    monkeypatch.setattr(shapley, "_MAX_CELLS", 100)
    sizes: list[int] = []

    def answer(rows: np.ndarray, _: np.ndarray) -> np.ndarray:
        sizes.append(len(rows))
        return game(rows)

    pieces = shapley.sampled_shapley(answer, matrix, baseline)
    np.testing.assert_array_equal(expected[1], pieces[1])
    assert len(sizes) > 100
    assert max(sizes) * 12 <= 100


def test_invalid_arguments_are_refused(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db, key="id")
    with pytest.raises(GlasshouseError, match="top is 0"):
        explain(db, "a model", "q", 0)
    with pytest.raises(GlasshouseError, match="no model 'b model'"):
        db.recorded.clear()
        explain(db, "b model", "q", 1)
