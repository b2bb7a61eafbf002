"""Checks of columns: each reports its case and not a similar valid one."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from tests.unit.engine.checks.outcomes import columns_of, finding, trained_checks

RNG = np.random.default_rng(3)
COUNT = 400
SIZES = RNG.normal(size=COUNT)
ORDER = RNG.permutation(COUNT)
WORDS = ["late", "parcel", "the", "blue", "chair", "came", "broken", "and", "nobody", "answers"]


def rows(**columns: Any) -> list[dict[str, Any]]:
    """A number that says something about the target, beside the columns of a case."""
    return [
        {
            "size": float(SIZES[n]),
            **{name: column(n) for name, column in columns.items()},
            "target": bool(SIZES[n] + RNG.normal() > 0),
        }
        for n in range(COUNT)
    ]


def sentence(n: int) -> str:
    return " ".join(np.random.default_rng(n).choice(WORDS, 9))


@pytest.fixture(scope="module")
def checks() -> list[dict[str, Any]]:
    """One training with the cases of every check of columns."""
    day = date(2024, 1, 1)
    return trained_checks(
        rows(
            serial=lambda n: int(ORDER[n]) + 1_000,
            ticket=lambda n: 7_000_000.0 + 5 * int(ORDER[-n]),
            reading=lambda n: int(SIZES[n] * 1e6),
            customer_no=lambda n: n // 3,
            grade_num=lambda n: n // 3,
            constant=lambda n: "x",
            price=lambda n: f"€ {1 + n * 7.5:,.2f}" if n % 20 else "on request",
            postal_code=lambda n: f"0{1_000 + n % 90}",
            level=lambda n: str(n % 5),
            birthday=lambda n: (day - timedelta(days=n % 300)).strftime("%d.%m.%Y"),
            product=lambda n: f"chair no. {n % 60} in the colour blue",
            label=lambda n: f"type {n % 90}",
            complaint=lambda n: sentence(n // 2),
        ),
        algorithms='["random_forest"]',
        options={
            "folds": 2,
            "importance_repeats": 0,
            "bootstrap": 0,
            "columns": {"complaint": "category"},
        },
    )


def test_serial_number_is_key_and_measurement_is_not(checks: list[dict]) -> None:
    assert columns_of(checks, "key_feature", "issue") == ["serial", "ticket"]
    assert columns_of(checks, "key_feature", "tip") == ["customer_no"]


def test_number_following_split_time_is_trend() -> None:
    day = date(2024, 1, 1)
    trend = rows(day=lambda n: day + timedelta(days=n), trend=lambda n: n)
    for split, severity in (('{"by": "time", "column": "day"}', "passed"), (None, "issue")):
        assert finding(trained_checks(trend, split=split), "key_feature")["severity"] == severity


def test_excluded_columns_have_reason(checks: list[dict]) -> None:
    result = {row["column_name"]: row for row in checks if row["code"] == "excluded_column"}
    assert set(result) == {"constant", "price"}
    assert {row["severity"] for row in result.values()} == {"tip"}
    assert "same value" in result["constant"]["message"]


def test_split_column_is_no_finding() -> None:
    split = '{"by": "column", "column": "part"}'
    checks = trained_checks(rows(part=lambda n: "test" if n % 4 == 0 else "train"), split=split)
    assert finding(checks, "excluded_column")["severity"] == "passed"


def test_numbers_and_dates_in_text_are_findings(checks: list[dict]) -> None:
    result = {row["column_name"]: row for row in checks if row["code"] == "number_or_date_as_text"}
    assert set(result) == {"price", "birthday"}
    assert "95 %" in result["price"]["message"] and "'on request'" in result["price"]["message"]
    assert "type date" in result["birthday"]["remedy"]


@pytest.mark.parametrize(
    ("values", "is_finding"),
    [
        ([f"{n / 7:.3f}" for n in range(50)], True),
        ([f"{n}%" for n in range(50)], True),
        ([f"1.{n:03d},50" for n in range(100, 150)], True),
        ([f"{n:.2e}" for n in range(1, 51)], True),
        ([f"2024-01-{1 + n % 28:02d}T10:00:00Z" for n in range(50)], True),
        ([f"{1 + n % 28} March 2024" for n in range(50)], True),
        ([f"A{n}" for n in range(50)], False),
        ([f"{n:05d}" for n in range(50)], False),
        ([f"{n} pieces" for n in range(50)], False),
        (["12 Elm Street" if n % 2 else str(n) for n in range(50)], False),
        (["9" * 10_000 + str(n) for n in range(50)], False),
    ],
)
def test_number_and_date_formats_in_text(values: list[str], is_finding: bool) -> None:
    checks = trained_checks(rows(text=lambda n: values[n % len(values)]))
    assert bool(columns_of(checks, "number_or_date_as_text", "tip")) == is_finding


def test_free_text_feature_is_no_finding() -> None:
    checks = trained_checks(rows(complaint=lambda n: sentence(n // 2)))
    assert finding(checks, "sentence_as_category")["severity"] == "passed"


def test_sentences_differ_from_long_labels(checks: list[dict]) -> None:
    assert columns_of(checks, "sentence_as_category", "issue") == ["complaint"]
    assert "each different text" in finding(checks, "sentence_as_category")["message"]


@pytest.mark.parametrize(
    ("algorithm", "start", "severity"),
    [
        ("random_forest", 1_700_000_000.0, "tip"),
        ("random_forest", 0.0, "passed"),
        ("hist_gradient_boosting", 1_700_000_000.0, "not_applicable"),
        ("logistic_regression", 1_700_000_000.0, "not_applicable"),
    ],
)
def test_epoch_seconds_in_float32_are_finding(algorithm: str, start: float, severity: str) -> None:
    moments = rows(second=lambda n: start + int(ORDER[n]) * 3)
    checks = trained_checks(moments, algorithms=f'["{algorithm}"]')
    row = finding(checks, "float32_precision")
    assert row["severity"] == severity
    if severity == "tip":
        assert row["column_name"] == "second" and "random_forest" in row["message"]
