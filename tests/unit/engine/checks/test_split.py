"""Checks of the split: each reports its case and not a similar valid one."""

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from tests.unit.engine.checks.outcomes import columns_of, finding, trained_checks

COUNT = 600
FIRST = date(2024, 1, 1)


def rows(seed: int = 1, **columns: Any) -> list[dict[str, Any]]:
    """Two numbers, a target that follows from one of them, and the columns of a case."""
    rng = np.random.default_rng(seed)
    a, b, noise = rng.normal(size=(3, COUNT))
    return [
        {
            "a": float(a[n]),
            "b": float(b[n]),
            **{name: column(n) for name, column in columns.items()},
            "target": bool(a[n] + noise[n] > 0),
        }
        for n in range(COUNT)
    ]


def by(kind: str, column: str | None = None, test: float = 0.25) -> str:
    split = {"by": kind, "test": test} | ({"column": column} if column else {})
    return json.dumps(split)


def day(n: int) -> date:
    return FIRST + timedelta(days=n // 4)


@pytest.mark.parametrize(
    ("column", "split", "severity"),
    [
        (day, by("random"), "tip"),
        (lambda n: f"{day(n):%d/%m/%Y}", by("random"), "tip"),
        (day, by("time", "moment"), "not_applicable"),
        (lambda n: n / 100, by("random"), "passed"),
    ],
)
def test_date_with_random_split_is_finding(column: Any, split: str, severity: str) -> None:
    checks = trained_checks(rows(moment=column), split=split)
    row = finding(checks, "date_with_random_split")
    assert row["severity"] == severity
    if severity == "tip":
        assert row["column_name"] == "moment" and '"by": "time"' in row["remedy"]


def patients(n: int) -> int:
    return n // 6


def test_shared_id_in_both_parts_is_issue() -> None:
    extra_columns = {"patient_id": patients}
    patient_rows = [
        {**row, "target": bool(row["patient_id"] % 3 == 0)} for row in rows(**extra_columns)
    ]
    by_name = [
        {"doctor": f"d{r.pop('patient_id')}", **r} for r in [dict(row) for row in patient_rows]
    ]
    for data, column in ((patient_rows, "patient_id"), (by_name, "doctor")):
        checks = trained_checks(data)
        assert columns_of(checks, "id_with_random_split", "issue") == [column]
    checks = trained_checks(patient_rows, split=by("group", "patient_id"))
    assert finding(checks, "id_with_random_split")["severity"] == "not_applicable"
    # A key that repeats keeps its rows together.
    checks = trained_checks(patient_rows, key="patient_id")
    assert finding(checks, "id_with_random_split")["severity"] == "not_applicable"


def test_uninformative_id_is_tip_and_category_is_not() -> None:
    checks = trained_checks(rows(patient_id=patients))
    assert columns_of(checks, "id_with_random_split", "tip") == ["patient_id"]
    checks = trained_checks(rows(city=lambda n: f"city {n % 40}", shop_id=lambda n: n % 12))
    assert finding(checks, "id_with_random_split")["severity"] == "passed"


def test_duplicates_across_split_have_score_without_them() -> None:
    """Each row five times: a forest knows the test rows by heart."""
    rng = np.random.default_rng(4)
    noise = [
        {"a": float(rng.normal()), "b": float(rng.normal()), "target": bool(rng.random() < 0.5)}
        for _ in range(300)
    ]
    forest = '[{"algorithm": "random_forest", "params": {"n_estimators": 20}}]'
    single = rows(2)
    checks = trained_checks(noise + noise[:150] + single, algorithms=forest)
    row = finding(checks, "duplicates_across_split")
    assert row["severity"] == "issue"
    assert "without them" in row["message"]
    row = finding(trained_checks(single, algorithms=forest), "duplicates_across_split")
    assert row["severity"] == "passed"


def test_few_duplicates_are_tip_and_coarse_rows_are_not() -> None:
    checks = trained_checks([*rows(), *rows()[:20]])
    row = finding(checks, "duplicates_across_split")
    assert row["severity"] == "tip"
    coarse = [{**row, "a": row["a"] > 0, "b": row["b"] > 0} for row in rows()]
    row = finding(trained_checks(coarse), "duplicates_across_split")
    assert row["severity"] == "not_applicable"
    assert "4 different combinations" in row["message"]


def test_class_missing_from_one_part_is_tip() -> None:
    def part(n: int) -> str:
        return "test" if n % 4 == 0 else "train"

    rows_with_part = [{**row, "target": str(row["target"])} for row in rows(part=part)]
    for row in [row for row in rows_with_part if row["part"] == "train"][:12]:
        row["target"] = "rare"
    checks = trained_checks(rows_with_part, split=by("column", "part", None))
    row = finding(checks, "class_missing_from_part")
    assert row["severity"] == "tip" and "'rare'" in row["message"]
    checks = trained_checks(rows(part=part), split=by("column", "part", None))
    assert finding(checks, "class_missing_from_part")["severity"] == "passed"


def test_labels_missing_from_one_part_are_issue() -> None:
    rows_with_day = rows(day=day)
    latest = [
        {**row, "target": None} if n >= 500 and n % 2 else row
        for n, row in enumerate(rows_with_day)
    ]
    checks = trained_checks(latest, split=by("time", "day"))
    row = finding(checks, "unlabelled_rows")
    assert row["severity"] == "issue" and "0 % of the training rows" in row["message"]
    # Everywhere alike, and where the outcome of the newest rows is not known yet.
    alike = [{**row, "target": None} if n % 5 == 1 else row for n, row in enumerate(rows_with_day)]
    newest = [{**row, "target": None} if n >= 560 else row for n, row in enumerate(rows_with_day)]
    for data in (alike, newest):
        row = finding(trained_checks(data, split=by("time", "day")), "unlabelled_rows")
        assert row["severity"] == "tip"
    assert finding(trained_checks(rows_with_day), "unlabelled_rows")["severity"] == "passed"


def test_different_parts_are_covariate_shift() -> None:
    def part(n: int) -> str:
        return "test" if n % 3 == 0 else "train"

    shifted_rows = rows(part=part)
    for row in shifted_rows:
        row["b"] += 3.0 if row["part"] == "test" else 0.0
    column = by("column", "part", None)
    row = finding(trained_checks(shifted_rows, split=column), "covariate_shift")
    assert (row["severity"], row["column_name"]) == ("issue", "b")
    row = finding(trained_checks(rows(part=part), split=column), "covariate_shift")
    assert row["severity"] == "passed"
    rows_with_day = [{**row, "b": float(n)} for n, row in enumerate(rows(day=day))]
    row = finding(trained_checks(rows_with_day, split=by("time", "day")), "covariate_shift")
    assert row["severity"] == "tip"


def test_equal_parts_are_no_covariate_shift() -> None:
    """Forty data sets, many columns, few rows."""
    from types import SimpleNamespace

    from glasshouse_ml.checks.covariate_shift import covariate_shift

    for seed in range(40):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(130, 600))
        columns = {f"c{n}": rng.standard_normal(count) for n in range(30)}
        facts = SimpleNamespace(
            split=SimpleNamespace(
                facts={"by": "column"}, train=np.arange(70), test=np.arange(70, count)
            ),
            is_random=False,
            features=[{"name": name} for name in columns],
            table=SimpleNamespace(numbers=columns, texts={}),
            request=SimpleNamespace(options={"seed": seed}),
            check_interrupts=lambda: None,
        )
        assert covariate_shift(facts) == []
