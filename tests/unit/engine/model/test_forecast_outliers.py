"""Wild values of a history are replaced where forecasts gain by it."""

import numpy as np
import pytest
from glasshouse_ml.model.forecasting.evaluation import (
    choose_origins,
    evaluate_candidates,
    scales,
)
from glasshouse_ml.model.forecasting.outliers import fitting_panel, replace_outliers

from .test_forecasting import panel_of, seasonal_series


@pytest.mark.parametrize("places", [[120], [299], [298, 299], [40, 170, 260]])
@pytest.mark.parametrize("factor", [30.0, -5.0])
def test_wild_values_are_replaced_by_usual_ones(places: list[int], factor: float) -> None:
    history = seasonal_series(3, 300, 7)
    wild = history.copy()
    wild[1, places] *= factor
    cleaned = replace_outliers(wild, 7)
    np.testing.assert_array_equal(cleaned[[0, 2]], history[[0, 2]])
    np.testing.assert_allclose(cleaned[1, places], history[1, places], atol=15)
    others = np.delete(np.arange(300), places)
    np.testing.assert_array_equal(cleaned[1, others], history[1, others])


def test_what_belongs_to_a_series_is_no_wild_value() -> None:
    """Rare events, heavy tails, a new level at the end, a yearly peak, no variation, few values."""
    rng = np.random.default_rng(5)
    level = seasonal_series(1, 400, 7)[0]
    new_level = level + np.where(np.arange(400) > 396, 500, 0)
    weeks = level + np.where(np.arange(400) % 40 < 3, 900, 0)
    heavy = np.exp(rng.normal(3, 1, 400))
    rare = rng.poisson(0.2, 400).astype(float)
    constant = np.where(np.arange(400) == 200, 50.0, 3.0)
    history = np.stack([new_level, weeks, heavy, rare, constant])
    np.testing.assert_array_equal(replace_outliers(history, 7), history)
    few = seasonal_series(1, 12, 7)
    few[0, 5] = 1e6
    np.testing.assert_array_equal(replace_outliers(few, 7), few)


def test_wild_values_are_left_out_where_forecasts_gain() -> None:
    """The truth and the baseline keep them."""
    history = seasonal_series(2, 300, 7)
    history[0, 250] = 5_000
    panel = panel_of(history, (7,), 14)
    origins = choose_origins(panel, 14)
    results = evaluate_candidates(panel, ["ets", "seasonal_naive"], origins, 0)
    naive = results[1].forecasts.copy()
    fitting = fitting_panel(panel, results, origins, scales(panel, origins.test), False, 0)
    assert fitting.history[0, 250] < 200
    np.testing.assert_array_equal(fitting.targets, history)
    np.testing.assert_array_equal(fitting.history[1], history[1])
    np.testing.assert_array_equal(results[1].forecasts, naive)
    # After the peak the level is that of the other days.
    after = np.flatnonzero(origins.all > 250)
    assert len(after)
    assert results[0].forecasts[after, 0].max() < 200
