"""The importance of the columns known ahead and of holidays, for the global model of a forecast."""

import numpy as np

from glasshouse_ml.core.records import Records
from glasshouse_ml.explain.permutation_importance import importance_rows, sample_rows
from glasshouse_ml.measure.forecast_metrics import DEFAULT, METRICS, ForecastScores
from glasshouse_ml.model.forecasting.calendar_features import HOLIDAY
from glasshouse_ml.model.forecasting.evaluation import actual_values, scales
from glasshouse_ml.train.forecasting import ForecastResult


def forecast_importances(result: ForecastResult) -> Records:
    """Rows of ml.importances: what is lost where a column known ahead, or of holidays, is permuted.

    The model is that of the evaluation, and the rows are the steps after its origins, which it has
    not learned from. None without a global model, or without such a column.
    """
    options, data, origins = result.request.options, result.data, result.origins
    models = [c.global_model for c in result.results if c.global_model is not None]
    repeats, seed = options["importance_repeats"], options["seed"]
    panel = data.panel
    columns = _columns(panel.ahead_names, len(data.known_ahead))
    if not models or not columns or not repeats:
        return []
    truth = actual_values(panel, origins.all, origins.horizon, panel.periods)
    scale = scales(panel, origins.test)
    place, row, step = np.nonzero(np.isfinite(truth) & np.isfinite(scale)[None, :, None])
    sampled = sample_rows(len(row), len(columns), repeats, seed)
    if not len(sampled):
        return []
    place, row, step = place[sampled], row[sampled], step[sampled]
    origin, actual = origins.all[place], truth[place, row, step]
    ahead = panel.ahead[row, origin + step]
    none = np.full(len(row), np.nan)

    positions = list(columns.values())

    def score(values: np.ndarray) -> ForecastScores:
        changed = ahead.copy()
        changed[:, positions] = values
        forecast = models[0].predict(panel, row, origin, step + 1, changed)
        return ForecastScores(
            actual, forecast, none, none, scale[row], options["level"], row, step + 1
        )

    return importance_rows(
        score, ahead[:, positions], list(columns), METRICS[DEFAULT], repeats, seed
    )


def _columns(names: list[str], known_count: int) -> dict[str, int]:
    """The positions of the columns known ahead, which come first, and of holidays, by name."""
    columns = {name: position for position, name in enumerate(names[:known_count])}
    for position, name in enumerate(names[known_count:], start=known_count):
        if name.startswith(HOLIDAY):
            while name in columns:
                name += " (calendar)"
            columns[name] = position
    return columns
