"""Candidates, intervals and choice of a forecast, against computations of their own."""

from typing import Any

import numpy as np
import pytest
from glasshouse_ml.model.forecasting.candidates import CANDIDATES
from glasshouse_ml.model.forecasting.conformal import Offsets, conformal_offsets
from glasshouse_ml.model.forecasting.evaluation import (
    choose_origins,
    evaluate_candidates,
    scales,
    scales_before,
)
from glasshouse_ml.model.forecasting.exponential_smoothing import (
    SmoothingParameters,
    fit_smoothing,
    smoothing_forecasts,
)
from glasshouse_ml.model.forecasting.forecast_model import bounded
from glasshouse_ml.model.forecasting.panel import Panel
from glasshouse_ml.model.forecasting.selection import select_candidates
from glasshouse_ml.model.forecasting.simple_rules import (
    intermittent,
    last_value,
    seasonal_mean,
    seasonal_naive,
)
from glasshouse_ml.model.forecasting.theta import theta

DAY = 86_400


def panel_of(history: np.ndarray, seasons: tuple[int, ...], horizon: int) -> Panel:
    count, periods = history.shape
    places = (np.arange(periods + horizon) % (seasons[0] if seasons else 1)).astype(float)
    ahead = np.broadcast_to(places[None, :, None], (count, periods + horizon, 1))
    names = [str(row) for row in range(count)]
    return Panel(
        names, history, np.isfinite(history), np.zeros(count, np.int64), seasons, ahead, ["place"]
    )


def seasonal_series(count: int, periods: int, season: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    times = np.arange(periods)
    wave = 10 * np.sin(2 * np.pi * times / season + rng.uniform(0, 6, (count, 1)))
    return 100 + 0.1 * times + wave + rng.normal(0, 2, (count, periods))


def test_rules_predict_by_definition() -> None:
    history = np.array([[np.nan, 1.0, 2, 3, 4, 5, 6], [7.0, 6, 5, 4, 3, 2, 1]])
    assert last_value(history, 2).tolist() == [[6, 6], [1, 1]]
    assert seasonal_naive(history, 3, 4).tolist() == [[4, 5, 6, 4], [3, 2, 1, 3]]
    # The first series lacks the first value of the season before the last.
    assert seasonal_mean(history, 3, 2, 3).tolist() == [[2.5, 3.5, 4.5], [4.5, 3.5, 2.5]]
    # A season that is longer than the history: the last value.
    assert seasonal_naive(history, 12, 2).tolist() == [[6, 6], [1, 1]]


def test_intermittent_predicts_size_times_probability() -> None:
    steady = np.tile([0.0, 0, 0, 4.0], 200)[None, :]
    assert intermittent(steady, 3)[0] == pytest.approx(1.0, abs=0.1)


def by_hand(values: np.ndarray, parameters: Any, states: Any, season: int, horizon: int) -> Any:
    """The recursion of additive smoothing for one series, one number at a time."""
    (alpha, beta, gamma, phi), (level, slope, pattern) = parameters, states
    pattern = list(pattern)
    for time, value in enumerate(values):
        place = time % season
        error = value - level - phi * slope - pattern[place]
        level, slope = level + phi * slope + alpha * error, phi * slope + beta * error
        pattern[place] += gamma * error
    damping, forecasts = 0.0, []
    for step in range(1, horizon + 1):
        damping += phi**step
        forecasts.append(level + damping * slope + pattern[(len(values) + step - 1) % season])
    return forecasts


def test_smoothing_equals_textbook_recursion() -> None:
    from glasshouse_ml.model.forecasting.exponential_smoothing import _Smoother

    history = seasonal_series(3, 40, 4)
    values = np.array([[0.3, 0.02, 0.1, 0.9], [0.1, 0.01, 0.3, 0.95], [0.7, 0.2, 0.05, 0.85]])
    forecasts = smoothing_forecasts(
        history, 4, SmoothingParameters(values, np.zeros(3, bool)), np.array([40, 30]), 5
    )
    level, slope, pattern = _Smoother(history, 4).initial
    for row in range(3):
        states = (level[row], slope[row], pattern[:, row])
        for place, origin in enumerate((40, 30)):
            expected = by_hand(history[row, :origin], values[row], states, 4, 5)
            assert forecasts[place, row] == pytest.approx(expected)


def test_smoothing_fits_trend_and_season_of_late_series() -> None:
    full = seasonal_series(4, 96, 12)
    values = full.copy()
    values[1, :30] = np.nan
    truth = seasonal_series(4, 108, 12)[:, 96:]
    parameters = fit_smoothing(values, 12)
    answer = smoothing_forecasts(values, 12, parameters, np.array([96]), 12)[0]
    naive = np.abs(truth - full[:, -12:]).mean()
    assert np.abs(answer - truth).mean() < naive
    # Other series do not change the forecasts of one whose parameters are given.
    one_series = SmoothingParameters(parameters.values[1:2], parameters.log[1:2])
    again = smoothing_forecasts(values[1:2, 30:], 12, one_series, np.array([66]), 12)[0]
    assert answer[1] == pytest.approx(again[0])


def test_theta_is_smoothing_with_half_trend() -> None:
    line = 5 + 2.0 * np.arange(60)[None, :]
    # On a straight line the level lags, and the drift of half a slope makes up for it.
    answer = theta(line, 1, 4)[0]
    assert np.diff(answer) == pytest.approx(1.0)
    assert answer[0] == pytest.approx(line[0, -1], abs=2.5)
    wave = seasonal_series(2, 120, 12)
    truth = seasonal_series(2, 132, 12)[:, 120:]
    assert np.abs(theta(wave, 12, 12) - truth).mean() < 3


def test_intervals_cover_level_and_widen_with_step() -> None:
    rng = np.random.default_rng(5)
    walks = np.cumsum(rng.normal(size=(24 * 60, 8)), axis=1).reshape(24, 60, 8)
    origins, scale = 100 + 8 * np.arange(24), np.ones(60)
    offsets = conformal_offsets(walks, 0.8, 12, origins, np.ones((24, 60)), scale)
    assert offsets.lower.shape == (60, 12)
    assert (np.diff(offsets.upper, axis=1) >= 0).all() and (offsets.lower <= 0).all()
    new = np.cumsum(rng.normal(size=(400, 60, 8)), axis=2)
    inside = (new >= offsets.lower[:, :8]) & (new <= offsets.upper[:, :8])
    assert 0.75 < inside.mean() < 0.87


def test_intervals_without_errors_use_other_series_or_usual_change() -> None:
    rng = np.random.default_rng(6)
    errors = rng.normal(size=(10, 5, 3))
    errors[:, 4] = np.nan
    scale, origins = np.array([1.0, 1, 1, 1, 10]), np.arange(20, 50, 3)
    pooled_offsets = conformal_offsets(errors, 0.8, 3, origins, np.tile(scale, (10, 1)), scale)
    assert pooled_offsets.upper[4, 0] > 5 * pooled_offsets.upper[0, 0]
    scale, origins = np.array([2.0]), np.arange(3)
    offsets = conformal_offsets(
        np.full((3, 1, 2), np.nan), 0.8, 2, origins, np.full((3, 1), 2.0), scale
    )
    assert np.isfinite(offsets.lower).all() and (offsets.lower < 0).all()


def offsets_of_origins(errors: np.ndarray, origin_scales: np.ndarray, scale: np.ndarray) -> Offsets:
    """The 80 % interval of errors (series, origins, steps), with an origin in each period."""
    places, steps = 50 + np.arange(errors.shape[1]), errors.shape[2]
    return conformal_offsets(errors.swapaxes(0, 1), 0.8, steps, places, origin_scales, scale)


def test_each_series_has_its_own_growth_by_step() -> None:
    rng = np.random.default_rng(15)
    noise, new = rng.normal(size=(400, 35)), rng.normal(size=(400, 12))
    windows = np.lib.stride_tricks.sliding_window_view(noise, 12, axis=1)
    # Half of the series are noise, and half are walks.
    errors = np.concatenate([windows, np.cumsum(windows, axis=2)])
    truth = np.concatenate([new, np.cumsum(new, axis=1)])
    scale = np.repeat([np.sqrt(2), np.sqrt(12)], 400)  # of the change in 12 periods
    offsets = offsets_of_origins(errors, np.tile(scale, (24, 1)), scale)
    width = (offsets.upper - offsets.lower).reshape(2, 400, 12).mean(axis=1)
    growth = width[:, -1] / width[:, 0]
    assert growth[0] < 1.3 and 2.5 < growth[1] < 4
    inside = (offsets.lower <= truth) & (truth <= offsets.upper)
    shares = inside.reshape(2, -1).mean(axis=1)
    assert ((shares >= 0.75) & (shares <= 0.85)).all(), shares


def test_interval_holds_level_with_few_independent_errors() -> None:
    rng = np.random.default_rng(16)
    # Eight origins in a row have the same error, so a series has three of 24.
    slow = np.repeat(rng.normal(size=(300, 3, 1)), 8, axis=1)
    offsets = offsets_of_origins(slow, np.ones((24, 300)), np.ones(300))
    new = rng.normal(size=(300, 100))
    assert 0.75 <= ((offsets.lower <= new) & (new <= offsets.upper)).mean() <= 0.85


def test_interval_of_single_series_has_rank_of_few_errors() -> None:
    rng = np.random.default_rng(18)
    inside = []
    for _ in range(300):
        slow = np.repeat(rng.normal(size=(1, 8, 1)), 3, axis=1)  # eight independent errors
        offsets = offsets_of_origins(slow, np.ones((24, 1)), np.ones(1))
        new = rng.normal(size=50)
        inside.append(((offsets.lower[0] <= new) & (new <= offsets.upper[0])).mean())
    assert 0.75 <= np.mean(inside) <= 0.85


def test_interval_follows_scale_of_its_series() -> None:
    rng = np.random.default_rng(17)
    scales = np.tile(np.linspace(0.2, 1.0, 24)[:, None], (1, 50))
    errors = rng.normal(size=(50, 24, 3)) * scales.T[:, :, None]
    offsets = offsets_of_origins(errors, scales, np.ones(50))
    new = rng.normal(size=(200, 50, 3))
    assert 0.75 <= ((offsets.lower <= new) & (new <= offsets.upper)).mean() <= 0.85


def test_bounds_are_ordered_for_nonnegative_target() -> None:
    forecast = np.array([[-3.0, 2.4], [-3.0, 2.4]])
    yes, no = np.array([True, False]), np.array([True, False])
    answer, lower, upper = bounded(forecast, forecast - 5, forecast - 1, yes, no)
    assert answer.tolist() == [[0, 2], [-3, 2.4]]
    assert (lower <= answer).all() and (answer <= upper).all()
    assert lower[0].tolist() == [0, 0] and lower[1, 0] == -8


def test_choice_by_series_needs_better_validation() -> None:
    rng = np.random.default_rng(8)
    noise = {name: rng.uniform(0.9, 1.1, (12, 20)) for name in ("a", "b")}
    assert not select_candidates(noise, "ab", "a").is_per_series
    halves = np.arange(20) < 10
    apart = {"a": noise["a"] + halves, "b": noise["b"] + ~halves}
    first_selection = select_candidates(apart, "ab", "a")
    assert first_selection.is_per_series
    assert first_selection.by_series == ["b"] * 10 + ["a"] * 10
    selection = select_candidates(apart, ["b"], "a")
    assert (selection.best, set(selection.scores)) == ("b", {"a", "b"})


def test_candidates_have_equal_origins_and_failure_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel = panel_of(seasonal_series(3, 80, 4), (4,), 6)
    origins = choose_origins(panel, 6)
    assert origins.test == 74
    assert origins.validation.max() + origins.horizon <= origins.test

    def failing(*_: Any) -> Any:
        raise ValueError("no luck")

    monkeypatch.setitem(CANDIDATES, "theta", failing)
    results = evaluate_candidates(panel, ["last_value", "theta", "ets"], origins, 0)
    assert [result.error for result in results] == [None, "ValueError: no luck", None]
    shapes = {result.forecasts.shape for result in results if result.forecasts is not None}
    assert shapes == {(len(origins.validation) + 1, 3, 6)}


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_candidate_uses_only_rows_before_origin(name: str) -> None:
    history = np.abs(seasonal_series(6, 120, 7))
    other_history = history.copy()
    other_history[:, 90:] += 1_000
    origin = np.array([90])
    forecasts = []
    for values in (history, other_history):
        panel = panel_of(values, (7,), 5)
        forecasts.append(CANDIDATES[name](panel, 90, 5, 0).forecasts(panel, origin, 5))
    assert (forecasts[0] == forecasts[1]).all()


def test_scale_is_seasonal_error_in_history() -> None:
    panel = panel_of(np.array([[1.0, 2, 4, 7, 11, 16, 100], [3.0] * 7]), (2,), 1)
    values = scales(panel, 6)
    assert values[0] == pytest.approx(np.mean([3, 5, 7, 9]))
    assert np.isnan(values[1])
    before = scales_before(panel, np.array([2, 6, 7]))
    assert np.isnan(before[0]).all()
    assert before[1:, 0].tolist() == [scales(panel, 6)[0], scales(panel, 7)[0]]
