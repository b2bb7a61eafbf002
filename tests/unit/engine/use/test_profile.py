"""ml.profile describes every column, whatever its values."""

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.measure.numeric_summary import (
    bin_counts,
    bin_edges,
    quantiles_of_sorted,
    sorted_values,
)
from glasshouse_ml.use.profile import COLUMNS, MAX_PAIRED, profile

from tests.unit.engine.standin import StandIn

RNG = np.random.default_rng(11)
ROWS: list[dict[str, Any]] = [
    {
        "id": n,
        "amount": None if n % 7 == 0 else float(RNG.lognormal()),
        "wild": [np.inf, -np.inf, 1e308, -1e308][n] if n < 4 else float(n % 50),
        "colour": None if n % 10 == 0 else f"colour {n % 30 * (n % 3 > 0)}",
        "loyal": None if n == 0 else n % 4 == 0,
        "day": date(2026, 1, 1) + timedelta(days=n % 90),
        "nothing": None,
        "same": 5,
        "thing": {"a": 1},
    }
    for n in range(1_000)
]


@pytest.fixture(scope="module")
def stored_profile() -> dict[str, Any]:
    db = StandIn(ROWS)
    rows = profile(db, "rows", "q")
    (payload,) = db.profiles
    json.dumps(payload, allow_nan=False)
    columns = {c["column_name"]: c for c in payload["profile_columns"]}
    assert [dict(zip(COLUMNS, row, strict=True)) for row in rows] == [
        {name: column.get(name) for name in COLUMNS} for column in columns.values()
    ]
    return payload | {"by_name": columns}


def bins(stored_profile: dict[str, Any], name: str) -> list[dict]:
    return [b for b in stored_profile["profile_bins"] if b["column_name"] == name]


def test_all_columns_and_rows_are_counted(stored_profile: dict[str, Any]) -> None:
    assert list(stored_profile["by_name"]) == [name for name in ROWS[0] if name != "thing"]
    assert [e["name"] for e in stored_profile["profile"]["excluded"]] == ["thing"]
    assert (stored_profile["profile"]["rows"], stored_profile["profile"]["columns"]) == (1_000, 8)
    for name, column in stored_profile["by_name"].items():
        missing = sum(row[name] is None for row in ROWS)
        assert (column["rows"], column["missing"]) == (1_000, missing), name
        known_values = {row[name] for row in ROWS if row[name] is not None}
        assert column["distinct_values"] == len(known_values), name
        assert sum(b["n"] for b in bins(stored_profile, name)) == 1_000, name
        assert [b["bin"] for b in bins(stored_profile, name)] == list(
            range(1, len(bins(stored_profile, name)) + 1)
        )


def test_number_statistics_equal_numpy(stored_profile: dict[str, Any]) -> None:
    amounts = np.array([row["amount"] for row in ROWS if row["amount"] is not None])
    column = stored_profile["by_name"]["amount"]
    names = ("min", "lower_quartile", "median", "upper_quartile", "max")
    assert [column[n] for n in names] == pytest.approx(
        np.quantile(amounts, (0, 0.25, 0.5, 0.75, 1))
    )
    assert (column["mean"], column["sd"]) == pytest.approx((amounts.mean(), amounts.std(ddof=1)))
    result = bins(stored_profile, "amount")
    lower, upper = np.quantile(amounts, (0.005, 0.995))
    assert (result[0]["lower"], result[-2]["upper"]) == pytest.approx((lower, upper))
    inner = np.clip(amounts, lower, upper * (1 - 1e-12))
    expected, _ = np.histogram(inner, 20, (lower, upper))
    assert [b["n"] for b in result[:-1]] == expected.tolist()
    missing = {"category": "(missing)", "bin_type": "missing"}
    assert result[-1] == {"column_name": "amount", "bin": 21, **missing, "n": 143}


def test_infinite_and_extreme_numbers_have_no_moments(stored_profile: dict[str, Any]) -> None:
    wild = stored_profile["by_name"]["wild"]
    assert (wild["min"], wild["max"], wild["sd"]) == (None, None, None)
    assert wild["median"] == pytest.approx(24.5, abs=1)
    assert stored_profile["by_name"]["nothing"]["missing"] == 1_000
    assert bins(stored_profile, "nothing") == [
        {
            "column_name": "nothing",
            "bin": 1,
            "category": "(missing)",
            "bin_type": "missing",
            "n": 1_000,
        }
    ]
    assert [(b["lower"], b["upper"], b["n"]) for b in bins(stored_profile, "same")] == [
        (5, 5, 1_000)
    ]


def test_categories_booleans_and_dates_have_statistics(stored_profile: dict[str, Any]) -> None:
    colour = stored_profile["by_name"]["colour"]
    texts = [row["colour"] for row in ROWS if row["colour"] is not None]
    assert colour["most_frequent"] == "colour 0"
    assert colour["most_frequent_n"] == texts.count("colour 0")
    result = bins(stored_profile, "colour")
    assert [b["category"] for b in result][-2:] == ["other", "(missing)"]
    assert [b["bin_type"] for b in result][-3:] == ["value", "other", "missing"]
    assert result[0]["n"] == texts.count("colour 0")
    loyal = stored_profile["by_name"]["loyal"]
    assert (loyal["kind"], loyal["most_frequent"]) == ("boolean", "false")
    assert loyal["mean"] == pytest.approx(249 / 999)
    day = stored_profile["by_name"]["day"]
    assert (day["kind"], day["min"]) == ("time", (date(2026, 1, 1) - date(1970, 1, 1)).days)


def test_pairs_have_correlations(stored_profile: dict[str, Any]) -> None:
    pairs = {(c["column_name"], c["other"]) for c in stored_profile["profile_correlations"]}
    names = list(stored_profile["by_name"])
    assert pairs == {(a, b) for a in names for b in names if names.index(a) < names.index(b)}


def test_wide_table_pairs_are_limited() -> None:
    rows = [{f"c{position}": float(n * position % 17) for position in range(160)}
            for n in range(50)]  # fmt: skip
    db = StandIn(rows)
    assert len(profile(db, "wide", "q")) == 160
    (payload,) = db.profiles
    count = len(payload["profile_correlations"])
    assert count == 2 * MAX_PAIRED * (MAX_PAIRED - 1) / 2
    assert "first 150 columns" in db.notices[0]


def test_order_statistics_equal_numpy() -> None:
    for count in (1, 2, 3, 10, 101):
        values = RNG.normal(size=count)
        values[RNG.random(count) < 0.2] = np.nan
        values[0] = 1.0
        numbers = sorted_values(values)
        shares = (0, 0.005, 0.3, 0.5, 0.995, 1)
        present_values = values[~np.isnan(values)]
        assert quantiles_of_sorted(numbers, *shares) == pytest.approx(
            np.quantile(present_values, shares)
        )
        inner = bin_edges(numbers)[1:-1]
        places = np.searchsorted(inner, present_values, side="right")
        assert (
            bin_counts(numbers, inner).tolist()
            == np.bincount(places, minlength=len(inner) + 1).tolist()
        )


@pytest.mark.parametrize(
    ("rows", "name", "message"),
    [
        ([{"a": 1}], " ", "needs a name"),
        ([{"a": 1}], "n" * 201, "at most 200"),
        ([{"a": {"b": 1}}], "x", "no column that can be profiled"),
    ],
)
def test_invalid_arguments_are_refused(rows: list[dict], name: str, message: str) -> None:
    db = StandIn(rows)
    with pytest.raises(GlasshouseError, match=message):
        profile(db, name, "q")
    assert not db.profiles


def test_query_without_rows_is_refused() -> None:
    db = StandIn([{"a": 1}])
    columns = db.columns("q")
    db.rows = []
    db.columns = lambda query: columns  # type: ignore[method-assign]
    with pytest.raises(GlasshouseError, match="returns no row"):
        profile(db, "x", "q")
