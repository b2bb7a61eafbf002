"""The global model: one boosted model for all series, which forecasts each step directly."""

from dataclasses import dataclass

import numpy as np
from glasshouse_ml.data.interrupts import check_interrupts
from glasshouse_ml.model.forecasting.lag_features import lag_features
from glasshouse_ml.model.forecasting.panel import Panel
from glasshouse_ml.model.interruptible.ensemble import HistGradientBoostingRegressor

# Examples that are drawn for a fit, and the fewest to learn from.
MAX_EXAMPLES, MIN_EXAMPLES = 30_000, 100
# Predictions at a time.
_BATCH = 100_000
# Answers beyond so many units teach nothing but an accident.
_MAX_ANSWER = 30.0
_PARAMS = {
    "loss": "absolute_error",  # as MASE counts
    "learning_rate": 0.05,
    "max_iter": 200,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 30,
    "l2_regularization": 1.0,
}


@dataclass(frozen=True)
class GlobalModel:
    """A fitted boosted model."""

    regressor: HistGradientBoostingRegressor

    def forecasts(self, panel: Panel, origins: np.ndarray, horizon: int) -> np.ndarray:
        """Forecasts of shape (origins, series, horizon)."""
        shape = (len(origins), len(panel.names), horizon)
        positions = [grid.ravel() for grid in np.indices(shape)]
        result = np.empty(len(positions[0]))
        for begin in range(0, len(result), _BATCH):
            origin, row, step = (grid[begin : begin + _BATCH] for grid in positions)
            ahead = panel.ahead[row, origins[origin] + step]
            result[begin : begin + _BATCH] = self.predict(
                panel, row, origins[origin], step + 1, ahead
            )
        return result.reshape(shape)

    def predict(
        self,
        panel: Panel,
        row: np.ndarray,
        origin: np.ndarray,
        step: np.ndarray,
        ahead: np.ndarray,
    ) -> np.ndarray:
        """The forecast of each example, given as lag_features() takes them."""
        check_interrupts()
        examples = lag_features(panel.history, panel.seasons, row, origin, step, ahead)
        return self.regressor.predict(examples.matrix) * examples.unit + examples.level


def fit_global_model(panel: Panel, end: int, horizon: int, seed: int) -> GlobalModel:
    """Learn from random origins and steps before period `end`."""
    rng = np.random.default_rng(seed)
    first = panel.periods - panel.lengths
    # An origin needs a past: two seasons, or a quarter of what there is.
    reach = np.minimum(2 * panel.season, (end - first) // 4)
    earliest = first + np.maximum(reach, 2)
    rows = np.flatnonzero(earliest < end - 1)
    if not len(rows):
        raise ValueError("No series is long enough.")
    possible = (end - earliest[rows]).astype(float)
    count = int(min(MAX_EXAMPLES, possible.sum() * min(horizon, 6)))
    row = rng.choice(rows, count, p=possible / possible.sum())
    origin = earliest[row] + (rng.random(count) * (end - earliest[row])).astype(int)
    step = 1 + (rng.random(count) * np.minimum(horizon, end - origin)).astype(int)
    period = origin + step - 1
    usable = (period < end) & panel.observed[row, np.minimum(period, panel.periods - 1)]
    row, origin, step, period = row[usable], origin[usable], step[usable], period[usable]
    if len(row) < MIN_EXAMPLES:
        raise ValueError(f"{len(row)} examples are too few, it needs {MIN_EXAMPLES}.")
    ahead = panel.ahead[row, period]
    examples = lag_features(panel.history, panel.seasons, row, origin, step, ahead)
    values = panel.history if panel.targets is None else panel.targets
    targets = (values[row, period] - examples.level) / examples.unit
    regressor = HistGradientBoostingRegressor(random_state=seed, **_PARAMS)
    regressor.fit(examples.matrix, np.clip(targets, -_MAX_ANSWER, _MAX_ANSWER))
    return GlobalModel(regressor)
