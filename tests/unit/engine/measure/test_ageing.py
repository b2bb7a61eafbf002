"""Which columns only age, and when the elapsed time explains their growth."""

import numpy as np
import pytest
from glasshouse_ml.measure.ageing import MAX_UNITS, Extremes, UnitSample, ageing

UNITS, PERIODS = 300, 6


def grow(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Columns of shape (periods, units): some age, some do not."""
    steps = np.arange(PERIODS)[:, None]
    purchases = rng.poisson(0.4, (PERIODS, UNITS))
    return {
        "account age": rng.integers(0, 900, UNITS) + 30.0 * steps,
        "total spending": np.cumsum(purchases * rng.exponential(40, (PERIODS, UNITS)), axis=0),
        "orders so far": np.cumsum(purchases, axis=0).astype(float),
        "sequence number": 10_000.0 * steps + np.arange(UNITS),
        "basket": rng.normal(50, 10, (PERIODS, UNITS)),
        "constant": np.broadcast_to(rng.normal(size=UNITS), (PERIODS, UNITS)).copy(),
        "one value": np.ones((PERIODS, UNITS)),
        "days since the last order": rng.exponential(60, (PERIODS, UNITS)),
        "falls": 900 - 30.0 * steps + rng.normal(size=UNITS),
    }


def ageing_by_column(columns: dict[str, np.ndarray], elapsed: list[float] | None = None) -> dict:
    periods = len(next(iter(columns.values())))
    sample, extremes = UnitSample(), Extremes(len(columns))
    for period in range(periods):
        numbers = np.column_stack([values[period] for values in columns.values()])
        places = np.full(len(numbers), period)
        sample.add(places, [f"unit {n}" for n in range(len(numbers))], numbers)
        extremes.add(places, numbers, period + 1)
    result = ageing(range(periods), elapsed or [1.0] * (periods - 1), sample, extremes)
    return dict(zip(columns, result.T.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_only_columns_that_grow_for_every_unit_age(seed: int) -> None:
    results = ageing_by_column(grow(np.random.default_rng(seed)))
    ages = {name for name, periods in results.items() if set(periods) == {1}}
    assert ages == {"account age", "total spending", "orders so far", "sequence number"}
    assert all(set(periods) == {0} for name, periods in results.items() if name not in ages)


@pytest.mark.parametrize("name", ["account age", "total spending", "orders so far"])
@pytest.mark.parametrize("change", [lambda x: x * 100, lambda x: x / 100, lambda x: x - 500])
def test_other_unit_of_measurement_is_not_explained_by_time(name: str, change) -> None:
    columns = grow(np.random.default_rng(0))
    columns[name][-1] = change(columns[name][-1])
    results = ageing_by_column(columns)
    assert results[name] == [1] * (PERIODS - 1) + [-1]
    # A column that never aged has no other way to behave.
    assert set(results["basket"]) == {0}


def test_longer_period_explains_more_growth() -> None:
    columns = grow(np.random.default_rng(0))
    columns["account age"][-1] += 30 * 5.0
    assert ageing_by_column(columns)["account age"][-1] == -1
    assert ageing_by_column(columns, [30.0] * (PERIODS - 2) + [180.0])["account age"][-1] == 1


def test_few_or_new_units_have_no_result() -> None:
    columns = {name: values[:, :20] for name, values in grow(np.random.default_rng(0)).items()}
    assert set(ageing_by_column(columns)["account age"]) == {0}
    sample, extremes = UnitSample(), Extremes(1)
    for period in range(4):
        numbers = np.arange(100.0)[:, None] + period
        sample.add(np.full(100, period), [f"{period} {n}" for n in range(100)], numbers)
        extremes.add(np.full(100, period), numbers, period + 1)
    assert not ageing(range(4), [1.0] * 3, sample, extremes).any()


def test_missing_and_infinite_values() -> None:
    columns = grow(np.random.default_rng(0))
    for name, value in (("account age", np.nan), ("basket", np.inf), ("orders so far", np.nan)):
        columns[name][:, ::7] = value
    columns["total spending"][2] = np.nan
    results = ageing_by_column(columns)
    assert set(results["account age"]) == set(results["orders so far"]) == {1}
    assert set(results["basket"]) == {0}
    assert results["total spending"] == [1, 1, 0, 0, 1, 1]


def test_sample_is_small_and_keeps_units() -> None:
    sample, count = UnitSample(), 5 * MAX_UNITS
    units = [f"unit {n}" for n in range(count)]
    for period in range(3):
        order = np.random.default_rng(period).permutation(count)
        numbers = np.full((count, 1), float(period))
        sample.add(np.full(count, period), [units[n] for n in order], numbers)
        assert len(sample._values) <= MAX_UNITS
    assert MAX_UNITS / 4 < len(sample.growth(1, 2)) <= MAX_UNITS
    assert len(sample.growth(0, 2)) > 100
