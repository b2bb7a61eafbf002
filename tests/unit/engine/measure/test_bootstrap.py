"""Bootstrap samples, and the coverage of 95 % intervals.

Each simulation has a fixed seed and known truth. The tolerance follows from the binomial
distribution of the number of intervals that cover it.
"""

from collections.abc import Callable

import numpy as np
import pytest
from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.split import ResamplingUnits
from glasshouse_ml.measure.bootstrap import bootstrap_weights, percentile_interval
from glasshouse_ml.measure.classification_metrics import METRICS as OF_CLASSES
from glasshouse_ml.measure.classification_metrics import ClassificationScores
from glasshouse_ml.measure.intervals import metric_intervals, wilson_interval
from glasshouse_ml.measure.regression_metrics import METRICS as OF_NUMBERS
from glasshouse_ml.measure.regression_metrics import RegressionScores
from glasshouse_ml.train.champion_comparison import compare_scores
from scipy.stats import binom, norm

RUNS, SAMPLES = 300, 200


def assert_covers(hits: list[bool], at_least: float = 0.95, at_most: float = 0.95) -> None:
    """The number of hits is one that this coverage gives in all but one of 10,000 simulations."""
    lowest, highest = (
        binom.ppf(5e-5, len(hits), at_least),
        binom.isf(5e-5, len(hits), at_most),
    )
    assert lowest <= sum(hits) <= highest, f"{np.mean(hits):.3f}"


def test_rows_of_unit_are_drawn_together() -> None:
    codes = np.array([0, 0, 1, 2, 2, 2])
    (weights,) = bootstrap_weights(6, 50, 0, ResamplingUnits(codes))
    assert (weights[:, 0] == weights[:, 1]).all() and (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    blocks = np.concatenate(list(bootstrap_weights(12, 50, 0, ResamplingUnits(np.arange(12), 4))))
    assert (blocks.sum(axis=1) == 12).all()
    # Of moments drawn in blocks, a moment without a drawn neighbour does not exist.
    is_drawn = blocks > 0
    assert (is_drawn <= np.roll(is_drawn, 1, axis=1) | np.roll(is_drawn, -1, axis=1)).all()
    assert blocks.mean(axis=0) == pytest.approx(1, abs=0.3), "the ends are drawn as often"


def test_subset_of_units() -> None:
    units = ResamplingUnits(np.array([3, 0, 3, 1, 2]), 3)
    assert units.take(np.array([0, 2, 3])).codes.tolist() == [1, 1, 0]
    assert units.take(np.array([0, 2])).block_length == 1


def test_number_of_samples_is_limited_for_many_rows() -> None:
    assert sum(len(block) for block in bootstrap_weights(100_000, 10_000, 0)) == 200


def test_single_unit_has_no_interval() -> None:
    assert np.isnan(percentile_interval(np.ones(9), 1)).all()
    scores = _binary(np.random.default_rng(0), 30)
    result = metric_intervals(scores, 50, 0, ResamplingUnits(np.zeros(30, int)))
    assert np.isnan(list(result.values())).all(), "rows of a single group say nothing of others"


def _binary(rng: np.random.Generator, rows: int) -> ClassificationScores:
    """Two classes whose log-odds are normal: the area under the ROC curve is known."""
    actual = (rng.random(rows) < 0.4).astype(int)
    odds = rng.normal(actual * 1.0, 1.0)
    return ClassificationScores(actual, np.column_stack([1 - norm.cdf(odds), norm.cdf(odds)]))


@pytest.mark.parametrize("rows", [40, 200])
def test_classification_intervals_cover(rows: int) -> None:
    rng = np.random.default_rng(rows)
    large = _binary(rng, 400_000)
    names = ["roc_auc", "log_loss", "brier", "accuracy", "recall", "balanced_accuracy"]
    truth = {name: OF_CLASSES[name].value(large) for name in names}
    truth["roc_auc"] = norm.cdf(1 / np.sqrt(2))
    covered: dict[str, list[bool]] = {name: [] for name in names}
    for seed in range(RUNS):
        result = metric_intervals(_binary(rng, rows), SAMPLES, seed)
        for name in names:
            covered[name].append(result[name][0] <= truth[name] <= result[name][1])
    for name in names:
        assert_covers(covered[name], 0.92, 0.97), name


@pytest.mark.parametrize("rows", [30, 200])
def test_regression_intervals_cover(rows: int) -> None:
    rng = np.random.default_rng(rows)
    covered: dict[str, list[bool]] = {"mae": [], "rmse": []}
    truth = {"mae": np.sqrt(2 / np.pi), "rmse": 1.0}
    for seed in range(RUNS):
        scores = RegressionScores(rng.normal(size=rows), np.zeros(rows))
        result = metric_intervals(scores, SAMPLES, seed)
        for name, hits in covered.items():
            hits.append(result[name][0] <= truth[name] <= result[name][1])
    for hits in covered.values():
        assert_covers(hits, 0.92, 0.97)


def _grouped(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The errors of 40 groups of 8 rows with a common part, and the group of each row."""
    groups = np.repeat(np.arange(40), 8)
    return rng.normal(size=40)[groups] + rng.normal(size=320), groups


def _autocorrelated(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """200 moments, each error with a correlation of 0.5 to the one before."""
    errors = rng.normal(size=260)
    for moment in range(1, 260):
        errors[moment] += 0.5 * errors[moment - 1]
    return errors[60:], np.arange(200)


@pytest.mark.parametrize(
    ("simulate", "block_length", "least", "independent_limit"),
    [(_grouped, 1, 0.92, 0.75), (_autocorrelated, 6, 0.88, 0.85)],
)
def test_intervals_of_dependent_rows_cover(
    simulate: Callable, block_length: int, least: float, independent_limit: float
) -> None:
    rng = np.random.default_rng(1)
    mean = Metric("mean", lambda rows, weights: weights @ rows.actual / weights.sum(axis=1))
    together, apart = [], []
    for seed in range(RUNS):
        errors, codes = simulate(rng)
        units = ResamplingUnits(codes, block_length)
        scores = RegressionScores(errors, np.zeros(len(errors)))
        for resampling_units, hits in ((units, together), (None, apart)):
            weights = np.concatenate(
                list(bootstrap_weights(len(errors), SAMPLES, seed, resampling_units))
            )
            independent = units.independent if resampling_units else len(errors)
            lower, upper = percentile_interval(mean.measure(scores, weights), independent)
            hits.append(lower <= 0 <= upper)
    assert_covers(together, least, 0.97)
    assert np.mean(apart) < independent_limit, (
        "rows that are taken for independent promise too much"
    )


def test_proportion_interval_of_dependent_rows_covers() -> None:
    rng = np.random.default_rng(2)
    hits = []
    groups = np.repeat(np.arange(40), 8)
    for seed in range(RUNS):
        # Each group has a probability of its own to be right; the mean over groups is 0.8.
        is_right = rng.random(320) < rng.beta(4, 1, 40)[groups]
        scores = ClassificationScores(np.ones(320, int), np.eye(2)[is_right.astype(int)])
        lower, upper = metric_intervals(scores, SAMPLES, seed, ResamplingUnits(groups))["accuracy"]
        hits.append(lower <= 0.8 <= upper)
    assert_covers(hits, 0.92, 0.97)
    sure = ClassificationScores(np.ones(320, int), np.eye(2)[np.ones(320, int)])
    result = metric_intervals(sure, SAMPLES, 0, ResamplingUnits(groups))["accuracy"]
    assert result == pytest.approx(wilson_interval(1.0, 40)), "as certain as 40 groups make it"


def test_wilson_interval_covers() -> None:
    rng = np.random.default_rng(3)
    for share, rows in ((0.5, 30), (0.9, 50), (0.98, 100)):
        intervals = [wilson_interval(k / rows, rows) for k in rng.binomial(rows, share, 2_000)]
        assert_covers([lower <= share <= upper for lower, upper in intervals], 0.93, 0.975)


@pytest.mark.parametrize("gain", [0.0, 0.1])
def test_gain_interval_over_champion_covers(gain: float) -> None:
    rng = np.random.default_rng(4)

    def errors(rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Of both versions on the same rows; they are correlated."""
        challenger, other = np.abs(rng.normal(size=(2, rows)))
        return challenger, np.abs(challenger + 0.3 * (other - 0.8)) + gain

    truth = float(np.subtract(*reversed(errors(1_000_000))).mean())
    hits = []
    for seed in range(RUNS):
        scores = [RegressionScores(values, np.zeros(60)) for values in errors(60)]
        outcome = compare_scores(OF_NUMBERS["mae"], *scores, SAMPLES, seed)
        hits.append(outcome["lower"] <= truth <= outcome["upper"])
    assert_covers(hits, 0.92, 0.97)
