"""The alarm rate of the drift tests on data without a change, and their power with one."""

from collections.abc import Callable

import numpy as np
import pytest
from glasshouse_ml.measure.change_tests import (
    AS_IN_TRAINING,
    FALSE_ALARM_RATE,
    homogeneity_p_value,
    sampling_noise,
    variation_p_value,
    verdicts,
)
from glasshouse_ml.measure.distances import stability_index
from scipy.stats import chi2_contingency, norm

ROWS, COLUMNS = 1_000, 20
EDGES = norm.ppf(np.linspace(0, 1, 21))
SEEDS = 100


def newest_period(
    rng: np.random.Generator, periods: int, variation: np.ndarray, shift: float = 0.0
) -> list[str]:
    """The verdicts of the last of several periods; `shift` moves the first column in it."""
    indices, p_values = [], []
    for column, deviation in enumerate(variation):
        means = rng.normal(0, deviation, periods)
        means[-1] += shift if column == 0 else 0
        shares = np.diff(norm.cdf(EDGES[None] - means[:, None]), axis=1)
        counts = np.array([rng.multinomial(ROWS, row) for row in shares]).astype(float)
        reference = counts[:-1].sum(axis=0)
        psi = [stability_index(reference / reference.sum(), row / ROWS) for row in counts]
        noise, error = sampling_noise(len(reference), ROWS)
        excess = [max(value - noise, 0.0) for value in psi]
        p_value = homogeneity_p_value(reference, counts[-1])
        p_values.append(max(p_value, variation_p_value(excess[:-1], excess[-1], error)))
        indices.append(psi[-1])
    return verdicts(indices, p_values)


def alarm_rate(variation: Callable[[np.random.Generator], np.ndarray], periods: int) -> float:
    alarms = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        judgements = newest_period(rng, periods, variation(rng))
        alarms += judgements != [AS_IN_TRAINING] * COLUMNS
    return alarms / SEEDS


@pytest.mark.parametrize("periods", [2, 4, 7, 13])
def test_stable_columns_have_stated_false_alarm_rate(periods: int) -> None:
    assert alarm_rate(lambda rng: np.zeros(COLUMNS), periods) <= 2 * FALSE_ALARM_RATE


@pytest.mark.parametrize("periods", [5, 8, 13])
def test_usual_variation_between_periods_is_no_change(periods: int) -> None:
    """Every column moves at random from period to period, some more than others."""
    rate = alarm_rate(lambda rng: rng.choice([0, 0.05, 0.1, 0.2, 0.4], COLUMNS), periods)
    assert rate <= 0.03


@pytest.mark.parametrize(("periods", "shift"), [(2, 0.5), (5, 2.0), (7, 1.0), (13, 1.0)])
def test_change_beyond_usual_variation_is_reported(periods: int, shift: float) -> None:
    rng = np.random.default_rng(0)
    variation = np.r_[0.02, np.full(COLUMNS - 1, 0.1 if periods > 4 else 0.0)]
    judgements = [newest_period(rng, periods, variation, shift) for _ in range(40)]
    assert np.mean([first != AS_IN_TRAINING for first, *_ in judgements]) >= 0.95
    assert np.mean([set(rest) == {AS_IN_TRAINING} for _, *rest in judgements]) >= 0.9


def test_p_value_equals_scipy() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        before, now = rng.integers(1, 40, (2, 9)).astype(float)
        assert homogeneity_p_value(before, now) == pytest.approx(
            chi2_contingency([before, now], correction=False).pvalue
        )


def test_more_columns_need_stronger_evidence() -> None:
    assert verdicts([0.3], [0.004]) == ["retrain"]
    assert verdicts([0.3, *[0.3] * 29], [0.004, *[0.5] * 29]) == [AS_IN_TRAINING] * 30
    assert verdicts([], []) == []
