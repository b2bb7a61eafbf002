"""Partial dependence, correlations and residuals equal scikit-learn and SciPy."""

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.measure.correlations import CorrelationColumn, correlation_rows
from glasshouse_ml.measure.residuals import iso_timestamp
from glasshouse_ml.registry.artifacts import unpack
from scipy.stats import f_oneway, pearsonr, spearmanr
from scipy.stats.contingency import association
from sklearn.inspection import partial_dependence

from tests.unit.engine.conftest import call
from tests.unit.engine.standin import StandIn

QUICK = {"bootstrap": 0, "importance_repeats": 1, "dependence": 8}


@pytest.fixture(scope="module")
def breast_cancer_model(breast_cancer: list[dict]) -> StandIn:
    db = StandIn(breast_cancer)
    call(db, key="id", options=json.dumps({**QUICK, "dependence": 3}))
    return db


def test_partial_dependence_equals_scikit_learn(
    breast_cancer_model: StandIn, breast_cancer: list[dict]
) -> None:
    payload = breast_cancer_model.recorded[0]
    result = payload["partial_dependence"]
    important = [r["feature"] for r in payload["importances"] if r["rank"] <= 3]
    assert list(dict.fromkeys(r["feature"] for r in result)) == important
    assert {row["class"] for row in result} == {"malignant"}
    content = breast_cancer_model.artifacts[0]
    model = unpack(content)
    names = [feature.name for feature in model.features]
    # The 113 test rows are all in the sample; which ones they are, the residue of the model tells.
    n = {row["n"] for row in result}
    assert n == {113}
    name = important[0]
    points = [row for row in result if row["feature"] == name]
    assert len(points) <= 20
    assert [p["x"] for p in points] == sorted({p["x"] for p in points})
    values = {row[name] for row in breast_cancer}
    assert {p["x"] for p in points} <= {float(f"{value:.12g}") for value in values}
    # On all rows instead of the test rows scikit-learn's curve has the same course.
    matrix = np.array([[row[n] for n in names] for row in breast_cancer])
    grid = np.array([p["x"] for p in points])
    reference = partial_dependence(
        model.pipeline,
        matrix,
        [names.index(name)],
        kind="both",
        method="brute",
        response_method="predict_proba",
        custom_values={names.index(name): grid},
    )
    assert np.corrcoef(reference["average"][0], [p["mean"] for p in points])[0, 1] > 0.99
    assert all(p["lower"] <= p["median"] <= p["upper"] for p in points)


def test_partial_dependence_of_each_kind_of_feature(mixed: list[dict]) -> None:
    rows = [{**row, "part": "test" if n % 2 else "train"} for n, row in enumerate(mixed)]
    db = StandIn(rows)
    call(db, options=json.dumps(QUICK), split='{"by": "column", "column": "part"}')
    payload = db.recorded[0]
    content = db.artifacts[0]
    model = unpack(content)
    result: dict[str, dict] = {}
    for row in payload["partial_dependence"]:
        result.setdefault(row["feature"], {})[row.get("category", row.get("x"))] = row
    assert set(result["colour"]) == {"red", "green", "blue"}
    assert set(result["loyal"]) == {"true", "false"}
    assert len(result["amount"]) == 20
    # By hand: every row of the test part painted in one colour.
    colours = model.features[1]
    assert colours.name == "colour"
    code = {**colours.codes(), None: np.nan}
    matrix = np.array(
        [
            [np.nan if r["amount"] is None else r["amount"], code[r["colour"]], float(r["loyal"])]
            for r in rows
            if r["part"] == "test"
        ]
    )
    for colour, row in result["colour"].items():
        changed_matrix = matrix.copy()
        changed_matrix[:, 1] = code[colour]
        predictions = model.pipeline.predict_proba(changed_matrix)[:, 1]
        quantiles = np.quantile(predictions, (0.1, 0.5, 0.9))
        assert row["n"] == 200
        assert row["mean"] == pytest.approx(predictions.mean())
        assert [row["lower"], row["median"], row["upper"]] == pytest.approx(quantiles)


def test_partial_dependence_is_limited_and_optional(mixed: list[dict]) -> None:
    rows = [{**r, "target": f"{r['target']} {r['colour']}"} for r in mixed * 4]
    db = StandIn([{k: v for k, v in r.items() if k != "id"} for r in rows])
    call(db, options=json.dumps({**QUICK, "dependence": 1}))
    result = db.recorded[0]["partial_dependence"]
    assert len({row["feature"] for row in result}) == 1
    assert {row["n"] for row in result} == {200}
    assert len({row["class"] for row in result}) == 8
    at_one = [row["mean"] for row in result if row["position"] == 1]
    assert sum(at_one) == pytest.approx(1)
    call(db, options=json.dumps({**QUICK, "dependence": 0, "correlations": 0}))
    assert db.recorded[1]["partial_dependence"] == db.recorded[1]["correlations"] == []


def columns(count: int = 500) -> dict[str, np.ndarray]:
    """Three numbers with holes, one constant, two categories with holes."""
    rng = np.random.default_rng(3)
    a = rng.normal(size=count)
    b = a * 1e9 + rng.normal(size=count) * 1e9 + 1e14
    c = np.round(np.exp(a) * 3)
    one = (a > 0).astype(int) + rng.integers(0, 2, count)
    other = np.where(rng.random(count) < 0.5, one, rng.integers(0, 4, count))
    a[::7], c[::5], one[::11], other[::13] = np.nan, np.nan, -1, -1
    return {"a": a, "b": b, "c": c, "same": np.full(count, 0.1), "one": one, "other": other}


def correlations(table: dict[str, np.ndarray], **options: Any) -> dict[tuple, dict]:
    values = [CorrelationColumn(n, v, v.dtype.kind == "i") for n, v in table.items()]
    result = correlation_rows(values, 0, **options)
    assert len(result) == len({(r["feature"], r["other"], r["method"]) for r in result})
    return {(r["feature"], r["other"], r["method"]): r for r in result}


def test_correlations_equal_scipy() -> None:
    table = columns()
    result = correlations(table)
    is_present = {n: ~np.isnan(v) if v.dtype.kind == "f" else v >= 0 for n, v in table.items()}
    for pair in (("a", "b"), ("a", "c"), ("b", "c")):
        x, y = (table[name] for name in pair)
        both = is_present[pair[0]] & is_present[pair[1]]
        row = result[(*pair, "pearson")]
        assert row["value"] == pytest.approx(pearsonr(x[both], y[both]).statistic, abs=1e-9)
        assert row["n"] == both.sum()
        # Ranks are those of the whole column, so that holes make a small difference.
        exact = spearmanr(x[both], y[both]).statistic
        assert result[(*pair, "spearman")]["value"] == pytest.approx(exact, abs=5e-3)
    both = is_present["one"] & is_present["other"]
    contingency = np.zeros((3, 4))
    np.add.at(contingency, (table["one"][both], table["other"][both]), 1)
    row = result["one", "other", "cramers_v"]
    assert row["value"] == pytest.approx(association(contingency.astype(int), method="cramer"))
    assert row["n"] == both.sum()
    for name in ("a", "b", "c"):
        both = is_present["one"] & is_present[name]
        groups = [table[name][both & (table["one"] == code)] for code in range(3)]
        f, n = f_oneway(*groups).statistic, both.sum()
        eta = np.sqrt(2 * f / (2 * f + n - 3))
        assert result[name, "one", "correlation_ratio"]["value"] == pytest.approx(eta)
        assert result[name, "one", "correlation_ratio"]["n"] == n
    for other in ("a", "b", "c"):
        assert result[other, "same", "pearson"]["value"] is None
    assert result["same", "one", "correlation_ratio"]["value"] is None


def test_ranks_without_missing_values_are_exact() -> None:
    table = {n: v for n, v in columns().items() if n in ("b", "c")}
    table["c"] = np.nan_to_num(table["c"], nan=2.0)
    result = correlations(table)["b", "c", "spearman"]["value"]
    assert result == pytest.approx(spearmanr(table["b"], table["c"]).statistic, abs=1e-12)


def test_only_closest_columns_are_paired_and_all_with_last() -> None:
    result = correlations(columns(), paired=2)
    assert {(a, b) for a, b, _ in result} == {("a", "b")} | {
        (name, "other") for name in ("a", "b", "c", "same", "one")
    }


def test_correlations_without_values_are_null() -> None:
    hole = np.full(50, np.nan)
    result = correlations({"a": hole, "b": np.arange(50.0), "c": np.full(50, -1)})
    assert {row["value"] for row in result.values()} == {None}
    assert {row["n"] for row in result.values()} == {0}
    assert correlations({"a": hole}) == {}
    assert correlation_rows([], 0) == []


def test_target_correlations_have_sign(mixed: list[dict]) -> None:
    for positive in ("true", "false"):
        db = StandIn(mixed)
        call(db, options=json.dumps({**QUICK, "positive_class": positive}))
        rows = {
            (r["feature"], r["method"]): r["value"]
            for r in db.recorded[0]["correlations"]
            if r["other"] == "target"
        }
        numbers = {(n, m) for n in ("amount", "loyal") for m in ("pearson", "spearman")}
        assert set(rows) == numbers | {("colour", "correlation_ratio")}
        assert (rows["amount", "pearson"] > 0.3) == (positive == "true")
        assert rows["colour", "correlation_ratio"] > 0.1


def series(count: int) -> list[dict]:
    rng = np.random.default_rng(2)
    start = date(2026, 1, 1)
    return [
        {
            "id": n,
            "day": start + timedelta(days=n // 10),
            "x": float(n % 17),
            "target": float(n % 17) * 2 + float(rng.normal()),
        }
        for n in range(count)
    ]


def test_residuals_are_ordered_by_time() -> None:
    rows = series(500)
    db = StandIn(rows)
    split = '{"by": "time", "column": "day"}'
    call(db, task="regression", key="id", algorithms='["ridge"]', split=split)
    result = db.recorded[0]["residuals"]
    assert len(result) == 100
    truth = {str(row["id"]): row for row in rows}
    for row in result:
        assert row["actual"] == pytest.approx(truth[row["key"]]["target"])
        assert row["at"][:10] == truth[row["key"]]["day"].isoformat()
        assert row["segment"] is None
    assert [row["at"] for row in result] == sorted(row["at"] for row in result)
    (rmse,) = [
        m["value"]
        for m in db.recorded[0]["metrics"]
        if (m["metric"], m["series"], m["split"]) == ("rmse", "model", "test")
    ]
    errors = [row["actual"] - row["predicted"] for row in result]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(rmse)


def test_large_residuals_have_deterministic_sample() -> None:
    drawn = []
    for _ in range(2):
        db = StandIn(series(12_000))
        call(db, task="regression", key="id", algorithms='["ridge"]')
        drawn.append([row["key"] for row in db.recorded[0]["residuals"]])
    assert len(set(drawn[0])) == 2_000
    assert drawn[0] == drawn[1]


def test_moment_outside_calendar_has_no_timestamp() -> None:
    assert iso_timestamp(1.5) == "1970-01-02T12:00:00+00:00"
    assert iso_timestamp(1e9) is None
