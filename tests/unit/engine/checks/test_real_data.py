"""Clean data sets have no issue, and those with a known fault have that issue."""

import csv
import gzip
import io
from collections.abc import Callable
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.unit.engine.checks.outcomes import of_severity, trained_checks

Rows = list[dict[str, Any]]
QUICK_BOOSTING = '[{"algorithm": "hist_gradient_boosting", "params": {"max_iter": 40}}]'
MISSING = ("", "NA", "NULL", "?")


def value(text: str) -> Any:
    """As `make load` would type it."""
    text = text.strip()
    if text in MISSING:
        return None
    for convert in (int, float, date.fromisoformat):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def read(path: Path, most: int, first: int | None = None) -> Rows:
    """At most so many rows, spread over the file or its first rows; text where any value is."""
    if not path.is_file():
        pytest.skip(f"needs {path.name} in {path.parent}, which is not there")
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    lines = list(islice(csv.DictReader(io.StringIO(text)), first))
    lines = lines[:: max(1, len(lines) // most)]
    columns = {name: [value(line[name]) for line in lines] for name in lines[0]}
    for name, values in columns.items():
        kinds = {type(v) for v in values if v is not None}
        if kinds == {int, float}:
            columns[name] = [None if v is None else float(v) for v in values]
        elif len(kinds) > 1:
            columns[name] = [line[name].strip() or None for line in lines]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def without(rows: Rows, *names: str) -> Rows:
    return [{k: v for k, v in row.items() if k not in names} for row in rows]


def adult(folder: Path) -> Rows:
    return [
        {**row, "part": part}
        for part in ("train", "test")
        for row in read(folder / "adult" / f"adult_{part}.csv", 3_000)
    ]


def retail(folder: Path) -> Rows:
    """Each month of each series with the month before and the one a year before."""
    rows = read(folder / "aus_retail" / "aus_retail.csv.gz", 100_000, 12_000)
    series: dict[str, Rows] = {}
    for row in rows:
        series.setdefault(row["series_id"], []).append(row)
    lagged_rows = []
    for months in series.values():
        for place in range(12, len(months), 3):
            month = months[place]
            lags = {f"lag_{n}": float(months[place - n]["turnover"]) for n in (1, 12)}
            lagged_rows.append(
                {
                    "month": month["month"],
                    "state": month["state"],
                    "month_of_year": month["month"].month,
                    **lags,
                    "turnover": float(month["turnover"]),
                }
            )
    return lagged_rows


SOUND: dict[str, tuple[Callable[[Path], Rows], dict[str, Any]]] = {
    "telco": (
        lambda folder: read(folder / "telco_churn" / "Telco-Customer-Churn.csv", 8_000),
        {"target": "Churn", "key": "customerID"},
    ),
    "titanic": (
        lambda folder: read(folder / "titanic" / "train.csv", 900),
        {"target": "Survived", "algorithms": '["random_forest", "logistic_regression"]'},
    ),
    "adult": (adult, {"target": "income", "split": '{"by": "column", "column": "part"}'}),
    "bike days": (
        lambda folder: without(
            read(folder / "bike_sharing" / "day.csv", 800), "casual", "registered", "instant"
        ),
        {"task": "regression", "target": "cnt", "split": '{"by": "time", "column": "dteday"}'},
    ),
    "bike hours": (
        lambda folder: without(
            read(folder / "bike_sharing" / "hour.csv", 6_000), "casual", "registered"
        ),
        {"task": "regression", "target": "cnt", "split": '{"by": "time", "column": "dteday"}'},
    ),
    "ames": (
        lambda folder: read(folder / "ames" / "ames_train.csv", 1_500),
        {
            "task": "regression",
            "target": "SalePrice",
            "key": "Id",
            "algorithms": '["ridge", "decision_tree"]',
        },
    ),
    "retail": (
        retail,
        {"task": "regression", "target": "turnover", "split": '{"by": "time", "column": "month"}'},
    ),
    "wholesale": (
        lambda folder: read(folder / "wholesale_customers" / "wholesale_customers.csv", 500),
        {
            "task": "clustering",
            "target": None,
            "algorithms": '[{"algorithm": "k_means", "params": {"n_clusters": 3}}]',
        },
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_clean_data_has_no_issue(name: str, data_folder: Path) -> None:
    rows, arguments = SOUND[name]
    checks = trained_checks(rows(data_folder), **{"algorithms": QUICK_BOOSTING, **arguments})
    assert of_severity(checks, "issue") == []


def test_hotel_bookings_have_leakage_and_duplicates(data_folder: Path) -> None:
    rows = read(data_folder / "hotel_bookings" / "hotel_bookings.csv.gz", 200_000, 12_000)
    for row in rows:
        day = row["reservation_status_date"]
        row["reservation_status_date"] = datetime.strptime(day, "%m/%d/%Y").date()
    checks = trained_checks(rows[:6_000], target="is_canceled", algorithms=QUICK_BOOSTING)
    leaks = {row["column_name"] for row in checks if row["code"] == "target_leakage"}
    assert leaks == {"reservation_status"}
    dates = {row["column_name"] for row in checks if row["code"] == "date_with_random_split"}
    assert dates == {"reservation_status_date"}
    bookings = without(rows, "reservation_status", "reservation_status_date")
    checks = trained_checks(bookings, target="is_canceled", algorithms=QUICK_BOOSTING)
    assert of_severity(checks, "issue") == ["duplicates_across_split"]
