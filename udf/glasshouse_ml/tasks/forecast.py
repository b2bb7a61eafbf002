"""The task forecast: the future of many series over time.

Its training and its answers go by series and step, not by row: train/forecasting.py and
use/forecast.py. What a task says about rows is therefore refused.
"""

from collections.abc import Collection
from typing import Any, NoReturn

import numpy as np
from sklearn.pipeline import Pipeline

from glasshouse_ml.core.model import Model
from glasshouse_ml.core.table import Table
from glasshouse_ml.core.target import Target
from glasshouse_ml.core.task import AlgorithmEntry, Predictions, Task
from glasshouse_ml.measure.forecast_metrics import DECIDING, DEFAULT, METRICS
from glasshouse_ml.model.forecasting.catalogue import FORECASTERS
from glasshouse_ml.model.splitters import RandomSplitter


class Forecast(Task):
    """Forecasts the next values of series."""

    name = "forecast"
    metrics = METRICS
    numeric_target = True
    is_explainable = False
    answers_by_step = True

    @property
    def deciding_metrics(self) -> Collection[str]:
        """Those of the forecast itself; the interval follows from its errors."""
        return DECIDING

    def default_metric(self, target: Target) -> str:
        """mase: comparable between series, and below 1 where it beats the seasonal naive rule."""
        return DEFAULT

    def shortlist(self, rows: int) -> list[AlgorithmEntry]:
        """All of them: together they take seconds."""
        return [{"algorithm": name, "params": {}} for name, _, _ in FORECASTERS]

    def encode_target(self, table: Table, column: str | None, options: dict[str, Any]) -> Target:
        """Not by rows."""
        _refuse()

    def splitter(self, target: Target) -> RandomSplitter:
        """Not by rows."""
        _refuse()

    def score(
        self, fitted: Pipeline, matrix: np.ndarray, actual: np.ndarray, target: Target
    ) -> Any:
        """Not by rows."""
        _refuse()

    def curves(self, scores: Any, target: Target) -> Any:
        """Not by rows."""
        _refuse()

    def predict(self, model: Model, matrix: np.ndarray) -> Predictions:
        """Not by rows."""
        _refuse()


def _refuse() -> NoReturn:
    raise TypeError("A forecast goes by series and step, not by rows")
