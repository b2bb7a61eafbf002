"""Partial dependence of two features equals scikit-learn's; the rows near a cell are counted."""

import json
from itertools import combinations

import numpy as np
import pytest
from glasshouse_ml.registry.artifacts import unpack
from sklearn.inspection import partial_dependence

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

QUICK = {"bootstrap": 0, "importance_repeats": 1, "correlations": 0, "dependence": 8}
SPLIT = '{"by": "column", "column": "part"}'


def houses() -> list[dict]:
    """A regression with two numbers that interact, a category with rare values, and a boolean."""
    rng = np.random.default_rng(11)
    rows = []
    for n in range(330):
        area, age = float(rng.gamma(4, 25)), float(rng.integers(0, 80))
        town = str(rng.choice(list("abcdefghij"), p=[0.3, 0.2, 0.1, 0.1, *[0.05] * 6]))
        rows.append(
            {
                "id": n,
                # 90 test rows, which are all in the sample.
                "part": "test" if n % 11 < 3 else "train",
                "area": None if n % 17 == 0 else area,
                "age": age,
                "town": None if n % 23 == 0 else town,
                "garden": bool(rng.random() < 0.4),
                "noise": float(rng.normal()),
                "target": area * (3 - age / 40) + 40 * (town in "abc") + float(rng.normal()),
            }
        )
    return rows


@pytest.fixture(scope="module")
def house_model() -> StandIn:
    db = StandIn(houses())
    algorithms = '[{"algorithm": "hist_gradient_boosting", "params": {"max_iter": 30}}]'
    options = json.dumps(QUICK)
    call(db, task="regression", metric="r2", algorithms=algorithms, options=options, split=SPLIT)
    return db


def grids(db: StandIn) -> dict[tuple[str, str], list[dict]]:
    result: dict[tuple[str, str], list[dict]] = {}
    for row in db.recorded[-1]["partial_dependence_pairs"]:
        result.setdefault((row["feature"], row["other"]), []).append(row)
    return result


def test_means_equal_scikit_learn(house_model: StandIn) -> None:
    model = unpack(house_model.artifacts[0])
    names = [feature.name for feature in model.features]
    codes = {feature.name: feature.codes() for feature in model.features if feature.categories}

    def encode(name: str, value: object) -> float:
        if value is None:
            return np.nan
        if name in codes:
            return float(codes[name][value])
        return float({"true": True, "false": False}.get(value, value))

    matrix = np.array(
        [[encode(name, row[name]) for name in names] for row in houses() if row["part"] == "test"]
    )
    assert len(grids(house_model)) == 6
    for (name, other), cells in grids(house_model).items():
        assert {cell["n"] for cell in cells} == {len(matrix)}
        points: dict[str, list[float]] = {}
        for feature, prefix in ((name, ""), (other, "other_")):
            is_number = cells[0][f"{prefix}kind"] == "number"
            value = f"{prefix}x" if is_number else f"{prefix}category"
            by_position = {
                cell[f"{prefix}position"]: encode(feature, cell[value]) for cell in cells
            }
            points[feature] = [by_position[position] for position in sorted(by_position)]
        reference = partial_dependence(
            model.pipeline,
            matrix,
            [names.index(name), names.index(other)],
            kind="average",
            method="brute",
            custom_values={names.index(key): np.array(grid) for key, grid in points.items()},
        )["average"][0]
        means = [cell["mean"] for cell in cells]
        assert means == pytest.approx(list(reference.ravel()))
        unchanged = model.pipeline.predict(matrix).mean()
        assert [cell["unchanged"] for cell in cells] == pytest.approx([unchanged] * len(cells))
        assert all(cell["lower"] <= cell["upper"] for cell in cells)


def test_pairs_are_those_of_the_most_important_features(house_model: StandIn) -> None:
    payload = house_model.recorded[0]
    important = [row["feature"] for row in sorted(payload["importances"], key=lambda r: r["rank"])]
    assert list(grids(house_model)) == list(combinations(important[:4], 2))
    for pair, cells in enumerate(grids(house_model).values(), 1):
        assert {cell["pair"] for cell in cells} == {pair}
        assert len(cells) <= 49


def test_support_counts_the_nearest_training_rows(house_model: StandIn) -> None:
    rows = [row for row in houses() if row["part"] == "train"]
    cells = {frozenset(pair): cells for pair, cells in grids(house_model).items()}[
        frozenset({"area", "town"})
    ]
    turned = cells[0]["feature"] == "town"
    area, town = ("other_x", "category") if turned else ("x", "other_category")
    # Seven towns of ten are shown, so that some rows are near no cell.
    towns = {cell[town] for cell in cells}
    assert len(towns) == 7
    areas = np.array(sorted({cell[area] for cell in cells}))
    expected: dict[tuple[float, str], int] = {}
    for row in rows:
        if row["area"] is not None and row["town"] in towns:
            nearest = float(areas[np.argmin(np.abs(areas - row["area"]))])
            key = nearest, row["town"]
            expected[key] = expected.get(key, 0) + 1
    assert {(c[area], c[town]): c["support"] for c in cells if c["support"]} == expected
    assert 0 < sum(expected.values()) < len(rows)


def test_pairs_of_several_classes_are_probabilities(mixed: list[dict]) -> None:
    rows = [{**r, "target": f"{r['target']} {r['colour']}"} for r in mixed]
    db = StandIn([{k: v for k, v in r.items() if k != "id"} for r in rows])
    call(db, options=json.dumps(QUICK))
    cells = db.recorded[0]["partial_dependence_pairs"]
    assert {row["n"] for row in cells} == {81}
    totals: dict[tuple, float] = {}
    for row in cells:
        key = row["pair"], row["position"], row["other_position"]
        totals[key] = totals.get(key, 0) + row["mean"]
    assert list(totals.values()) == pytest.approx([1] * len(totals))


@pytest.mark.parametrize("columns", [["amount"], ["amount", "same"]])
def test_no_pairs_of_one_feature_that_varies(mixed: list[dict], columns: list[str]) -> None:
    rows = [{**row, "same": 4.0} for row in mixed]
    db = StandIn([{name: row[name] for name in [*columns, "target"]} for row in rows])
    call(db, options=json.dumps(QUICK))
    assert db.recorded[0]["partial_dependence_pairs"] == []


def test_no_pairs_without_dependence(mixed: list[dict]) -> None:
    db = StandIn(mixed)
    call(db, options=json.dumps({**QUICK, "dependence": 0}))
    assert db.recorded[0]["partial_dependence_pairs"] == []
    call(db, options=json.dumps({**QUICK, "dependence": 1}))
    assert db.recorded[1]["partial_dependence_pairs"] == []
