"""Checks of scores: each reports its case and not a similar valid one."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

from tests.unit.engine.checks.outcomes import columns_of, finding, trained_checks

COUNT = 500
TREE = '["decision_tree"]'


def rows(signal: float, seed: int = 0) -> list[dict[str, Any]]:
    """Five numbers; the target follows from the first by as much as `signal`."""
    rng = np.random.default_rng(seed)
    matrix, noise = rng.normal(size=(COUNT, 5)), rng.normal(size=COUNT)
    return [
        {
            **{f"x{place}": float(value) for place, value in enumerate(row)},
            "target": bool(signal * row[0] + noise[n] > 0),
        }
        for n, row in enumerate(matrix)
    ]


def test_column_equal_to_target_is_leakage() -> None:
    data = [
        {
            **row,
            "closed_on": float(n) if row["target"] else None,
            "good": row["target"] ^ (n % 5 == 0),
        }
        for n, row in enumerate(rows(1))
    ]
    checks = trained_checks(data)
    assert columns_of(checks, "target_leakage", "issue") == ["closed_on"]
    assert "ROC AUC 1" in finding(checks, "target_leakage")["message"]


def test_flag_of_one_class_is_leakage_and_measurement_is_not() -> None:
    """The kind of a flower follows from its size; a flag that only one class has is a leak."""
    data = load_iris()
    flowers = [
        {
            "petal_length": float(row[2]),
            "sepal_width": float(row[1]),
            "code": "xyz"[label] + str(n % 3),
            "closed": bool(label == 2),
            "closed_on": n + 0.5 if label == 1 else None,
            "target": str(data.target_names[label]),
        }
        for n, (row, label) in enumerate(zip(data.data, data.target, strict=True))
    ]
    checks = trained_checks(flowers)
    assert columns_of(checks, "target_leakage", "issue") == ["code", "closed", "closed_on"]


@pytest.mark.parametrize(("split", "noise", "severity"), [
    (None, 0.02, "issue"),
    ('{"by": "time", "column": "x1"}', 0.02, "tip"),
    ('{"by": "time", "column": "x1"}', 0.0, "issue"),
    (None, 1.0, "passed"),
])  # fmt: skip
def test_number_close_to_target_is_leakage(split: str | None, noise: float, severity: str) -> None:
    rng = np.random.default_rng(2)
    numbers = [
        {**row, "target": target, "gross": 1.2 * target + noise * float(rng.normal())}
        for row, target in zip(rows(1), rng.normal(size=COUNT).tolist(), strict=True)
    ]
    checks = trained_checks(numbers, task="regression", algorithms='["ridge"]', split=split)
    assert finding(checks, "target_leakage")["severity"] == severity


@pytest.mark.parametrize(("relation", "severity", "named"), [
    ("sum", "issue", ["x0", "x1"]),
    ("product", "issue", ["x0", "x1"]),
    ("rounded sum", "issue", ["x0", "x1"]),
    ("noisy sum", "passed", []),
    ("noise", "passed", []),
])  # fmt: skip
def test_numbers_that_give_target_together_are_leakage(
    relation: str, severity: str, named: list[str]
) -> None:
    """Neither x0 nor x1 predicts the target alone."""
    rng = np.random.default_rng(5)
    data = []
    for row in rows(1):
        parts = {"x0": 100 * abs(row["x0"]) + 1, "x1": 100 * abs(row["x1"]) + 1}
        total = sum(parts.values())
        target = {
            "sum": total,
            "product": parts["x0"] * parts["x1"],
            "rounded sum": float(round(total)),
            "noisy sum": total + 2 * float(rng.normal()),
            "noise": float(rng.normal()),
        }[relation]
        data.append({**row, **parts, "target": target})
    checks = trained_checks(data, task="regression", algorithms='["decision_tree"]')
    row = finding(checks, "target_leakage")
    assert row["severity"] == severity
    assert [name for name in ("x0", "x1", "x2") if f"'{name}'" in row["message"]] == named


@pytest.mark.parametrize("seed", range(1, 4))
def test_noise_does_not_beat_baseline(seed: int) -> None:
    row = finding(trained_checks(rows(0, seed)), "baseline_not_beaten")
    assert row["severity"] == "issue"
    row = finding(trained_checks(rows(1, seed)), "baseline_not_beaten")
    assert row["severity"] == "passed"


def test_regression_error_is_compared_with_baseline() -> None:
    numbers = [{**row, "target": row["x0"] + row["x1"] / 2} for row in rows(1)]
    for target, severity in (("target", "passed"), ("x4", "issue")):
        data = [{**row, "x4": row["x4"]} for row in numbers]
        checks = trained_checks(
            data, task="regression", target=target, algorithms='["ridge"]', metric="mae"
        )
        assert finding(checks, "baseline_not_beaten")["severity"] == severity


def test_tree_fitted_to_noise_is_overfitting() -> None:
    row = finding(trained_checks(rows(0), algorithms=TREE), "overfitting")
    assert row["severity"] in ("tip", "issue")
    assert "is 1 on training rows" in row["message"]
    assert finding(trained_checks(rows(1)), "overfitting")["severity"] == "passed"


def test_accurate_forest_is_not_overfitting() -> None:
    """Its training score is 1 whatever the test score is."""
    row = finding(trained_checks(rows(3), algorithms='["random_forest"]'), "overfitting")
    assert row["severity"] == "passed"


def test_rare_class_below_threshold_is_tip() -> None:
    def rare(signal: float, limit: float) -> list[dict[str, Any]]:
        rng = np.random.default_rng(5)
        return [
            {**row, "target": bool(signal * row["x0"] + rng.normal() / 2 > limit)}
            for row in rows(1) * 2
        ]

    row = finding(trained_checks(rare(0.3, 1.0)), "rare_class")
    assert row["severity"] == "tip"
    assert "'true'" in row["message"] and "At the threshold 0.5" in row["message"]
    assert finding(trained_checks(rare(8, 13)), "rare_class")["severity"] == "passed"
    assert finding(trained_checks(rows(1)), "rare_class")["severity"] == "passed"
    # The threshold of the least cost predicts the rare class.
    costs = {"costs": {"false_positive": 1, "false_negative": 30}, "folds": 2, "bootstrap": 0}
    assert (
        finding(trained_checks(rare(0.3, 1.0), options=costs), "rare_class")["severity"] == "passed"
    )


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_text_containing_target_is_leakage(task: str) -> None:
    rng = np.random.default_rng(4)
    words = ["order", "came", "after", "some", "days", "with", "a", "card", "in", "the", "box"]
    records: list[dict[str, Any]] = []
    for row in rows(1):
        outcome = "contract closed" if row["target"] else "contract goes on"
        likely = "refund" if row["target"] and rng.random() < 0.8 else "thanks"
        target: Any = row["target"] if task == "classification" else 10.0 * row["target"]
        note = " ".join(rng.choice(words, 7))
        records.append(
            {
                **row,
                "leak": f"{note} and {outcome}",
                "sound": f"{note} and {likely}",
                "tags": "; ".join(["closed" if row["target"] else "open", *rng.choice(words, 2)]),
                "target": target,
            }
        )
    checks = trained_checks(records, task=task, algorithms=TREE)
    assert columns_of(checks, "target_leakage", "issue") == ["leak", "tags"]
