"""Forecasts of series that add up."""

from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.model.forecasting.hierarchy import (
    Hierarchy,
    build_hierarchy,
    with_mint_weights,
)

from ..standin import StandIn
from .test_forecast import FAST, daily, forecast_rows, train, weekly

STORES = {"north / a": 1.0, "north / b": 0.5, "south / a": 3.0}


def rows_of_stores(days: int = 120, **columns: Any) -> list[dict[str, Any]]:
    rows = daily(
        {name: lambda n, s=size: s * weekly(n + int(9 * s)) for name, size in STORES.items()},
        days,
        **columns,
    )
    for row in rows:
        row["region"], row["store"] = row.pop("shop").split(" / ")
    return rows


def trained(rows: list[dict[str, Any]], algorithms: str = FAST, **options: Any) -> StandIn:
    options = {"series": [], "hierarchy": ["region", "store"], **options}
    return train(rows, options, algorithms=algorithms)


def by_series(rows: list[tuple]) -> dict[str, np.ndarray]:
    values: dict[str, list[float]] = {}
    for name, *_, forecast, _, _, _ in rows:
        values.setdefault(name, []).append(forecast)
    return {name: np.array(of_series) for name, of_series in values.items()}


@pytest.mark.parametrize("reconciliation", ["bottom_up", "mint"])
def test_forecasts_of_all_levels_add_up(reconciliation: str) -> None:
    db = trained(rows_of_stores(), reconciliation=reconciliation)
    values = by_series(forecast_rows(db))
    assert list(values) == ["all", "north", "south", *STORES]
    assert values["north"] == pytest.approx(values["north / a"] + values["north / b"], rel=1e-12)
    assert values["all"] == pytest.approx(values["north"] + values["south"], rel=1e-12)
    assert all(low <= value <= high for *_, value, low, high, _ in forecast_rows(db))
    tests = [row for row in db.recorded[0]["forecasts"] if row["part"] == "test"]
    for step in range(1, 8):
        of_step = {row["series"]: row["forecast"] for row in tests if row["step"] == step}
        assert of_step["all"] == pytest.approx(sum(of_step[name] for name in STORES))
    history = [row for row in db.recorded[0]["forecast_history"] if row["at"][:10] == "2024-02-01"]
    actual = {row["series"]: row["actual"] for row in history}
    assert actual["all"] == pytest.approx(sum(actual[name] for name in STORES))


def test_whole_forecasts_add_up_and_known_columns_reach_totals() -> None:
    promotion = {"promotion": lambda n: float(n % 3 == 0)}
    rows = rows_of_stores(134, **promotion)
    for row in rows:
        row["sales"] = (
            round(row["sales"]) if row["day"].toordinal() < rows[120]["day"].toordinal() else None
        )
    db = trained(rows, '["global_boosting"]', known_ahead=["promotion"], reconciliation="mint")
    values = by_series(forecast_rows(db))
    assert (values["all"] == sum(values[name] for name in STORES)).all()
    assert all((forecast == forecast.round()).all() for forecast in values.values())
    db.rows = [row for row in rows if row["sales"] is None]
    assert by_series(forecast_rows(db, known_ahead="select 1"))["all"] == pytest.approx(
        values["all"]
    )


def test_mint_weights_equal_formula_and_use_accurate_totals() -> None:
    rng = np.random.default_rng(1)
    hierarchy = build_hierarchy(["a", "b"], 1, "all", " / ")
    assert (hierarchy.names, hierarchy.membership.tolist()) == (["all"], [[1, 1]])
    # The total is known well, and the two below are not.
    errors = rng.normal(size=(4_000, 3, 1)) * np.array([0.1, 2.0, 1.0])[None, :, None]
    weights = with_mint_weights(hierarchy, errors).weights
    precision = np.diag([1 / 0.01, 1 / 4, 1.0])
    summing = np.array([[1, 1], [1, 0], [0, 1]])
    expected = np.linalg.solve(summing.T @ precision @ summing, summing.T @ precision)
    assert weights == pytest.approx(expected, abs=0.03)
    assert weights @ summing == pytest.approx(np.eye(2))  # forecasts that add up stay as they are
    reconciled = Hierarchy(["all"], hierarchy.membership, weights).reconcile(
        np.array([[[10.0]], [[8.0]], [[5.0]]])[:, 0]
    )
    assert reconciled[:, 0] == pytest.approx([10, 5.6, 4.4], abs=0.1)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (rows_of_stores(), {"series": ["region"]}, "name different columns"),
        (rows_of_stores(), {"reconciliation": "average"}, "options.reconciliation"),
        (rows_of_stores()[:-3], {}, "ends 3 periods before others"),
        ([{**row, "region": "all"} for row in rows_of_stores()], {}, "would have the name 'all'"),
        ([{**row, "region": "x / y"} for row in rows_of_stores()], {}, "holds ' / '"),
    ],
)
def test_unusable_hierarchy_is_refused(
    rows: list[dict[str, Any]], options: dict[str, Any], message: str
) -> None:
    if message.endswith("'all'") or message.startswith("holds"):
        rows = [row for row in rows if row["store"] == "b"]
    with pytest.raises(GlasshouseError, match=message):
        trained(rows, **options)
