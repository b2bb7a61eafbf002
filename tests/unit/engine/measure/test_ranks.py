"""Ranks and sorted numbers equal those of scipy and numpy."""

import numpy as np
import pytest
from glasshouse_ml.measure.numeric_summary import sorted_values
from glasshouse_ml.measure.ranks import average_ranks
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

NUMBERS = st.one_of(st.integers(-3, 3).map(float), st.floats(allow_nan=False))


@given(st.lists(NUMBERS, max_size=40))
def test_ranks_equal_those_of_scipy(values: list[float]) -> None:
    assert average_ranks(np.array(values)).tolist() == rankdata(values).tolist()


@pytest.mark.parametrize(
    "scale", [1.0, 0.1, 1e300], ids=["of 32 bits", "of 64 bits", "beyond 32 bits"]
)
def test_sorted_values_are_unchanged(scale: float) -> None:
    values = np.random.default_rng(1).integers(-9, 9, 500) * scale
    values[::7] = np.nan
    values[:3] = np.inf, -np.inf, 2.0**24 + 1
    np.testing.assert_array_equal(sorted_values(values), np.sort(values[~np.isnan(values)]))
