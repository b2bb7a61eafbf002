"""A trained model as the artifact holds it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.pipeline import Pipeline

from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.interval import PredictionInterval


@dataclass(frozen=True)
class Model:
    """What a prediction needs: the fitted Pipeline and what its columns and answers mean."""

    pipeline: Pipeline
    features: Sequence[Feature]
    classes: Sequence[str]
    positive_class: str | None
    key: str | None
    task: str = "classification"
    # With two classes the probability from which a row is predicted positive.
    threshold: float = 0.5
    interval: PredictionInterval | None = None  # of a regression with options.interval
