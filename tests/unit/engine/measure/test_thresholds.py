"""The chosen threshold has the least cost under `probability >= threshold`."""

import numpy as np
import pytest
from glasshouse_ml.core.target import Costs
from glasshouse_ml.measure.classification_metrics import COST, ClassificationScores
from glasshouse_ml.measure.thresholds import least_cost_threshold


@pytest.mark.parametrize("seed", range(8))
def test_threshold_has_least_cost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    costs = Costs(*rng.choice([0.1, 1.0, 30.0], 2))
    # Certain predictions, ties, and two neighbours without a number between them.
    levels = [0.0, 0.2, np.nextafter(0.2, 1), 0.5, 0.8, 1.0][: 4 + seed % 3]
    positive = rng.choice(levels, 40)
    scores = ClassificationScores(
        rng.integers(0, 2, 40), np.column_stack([1 - positive, positive]), costs=costs
    )

    def cost(threshold: float) -> float:
        class_scores = ClassificationScores(
            scores.actual, scores.probabilities, 1, threshold, costs
        )
        return COST.value(class_scores)

    threshold = least_cost_threshold([scores], costs)
    # At 0.5 itself ties go to the first class, as in scikit-learn.
    others = [*(level for level in levels if level != 0.5), 0.5 - 1e-9, 0.5 + 1e-9]
    others.append(np.nextafter(1, 2))
    assert cost(threshold) == pytest.approx(min(map(cost, others)))


def test_expensive_flagging_flags_no_row() -> None:
    scores = ClassificationScores(np.array([0, 0, 1]), np.array([[0.0, 1.0]] * 3))
    threshold = least_cost_threshold([scores], Costs(10, 1))
    assert threshold > 1
    class_scores = ClassificationScores(scores.actual, scores.probabilities, 1, threshold)
    assert class_scores.predicted.sum() == 0
